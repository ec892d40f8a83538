"""Work that takes long tells of its steps as they end; what is short says nothing."""

from __future__ import annotations

import logging
import time

import pytest

from pipelines.laps import LONG, Laps


def test_steps_are_told_from_ten_seconds_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    moments = iter([100.0, 104.0, 100.0 + LONG, 153.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(moments))
    with caplog.at_level(logging.INFO):
        laps = Laps("cards")
        for step in ("read", "match", "publish"):
            laps.lap(step)
    assert laps.seconds == {"read": 4.0, "match": 6.0, "publish": 43.0}
    assert caplog.messages == ["cards: match done after 10 s", "cards: publish done after 53 s"]
