"""`make backfill`: what cannot be is said in one line; nothing starts that nobody agreed to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import time_machine
from rich.console import Console

from pipelines.cli import backfill
from pipelines.settings import Settings

DAYS = ["--from", "2026-03-01", "--to", "2026-03-02"]


@pytest.fixture(autouse=True)
def _today() -> Iterator[None]:
    with time_machine.travel("2026-11-25T03:00:00+00:00", tick=False):
        yield


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The runs that are started, where the sources answer and the cost is known."""
    runs: list[Any] = []

    @contextmanager
    def configured(_: Console) -> Iterator[tuple[Settings, bool]]:
        yield Settings(), False

    def run(*_: object, **options: Any) -> int:
        runs.append(options["days"])
        return 0

    monkeypatch.setattr(backfill, "configured", configured)
    for name in ("check_doors", "prepare_store", "_say_cost"):
        monkeypatch.setattr(backfill, name, lambda *_, **__: None)
    monkeypatch.setattr(backfill, "run_nightly", run)
    return runs


@pytest.mark.parametrize(
    ("answer", "code", "runs"),
    [("y\n", 0, 1), ("ja\n", 0, 1), ("n\n", 0, 0), ("\n", 0, 0), ("", 2, 0)],
    ids=["yes", "ja", "no", "return", "nobody"],
)
def test_nothing_starts_unless_somebody_agrees(
    started: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    code: int,
    runs: int,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert backfill.main(DAYS) == code
    assert started == [("2026-03-01", "2026-03-02")] * runs
    shown = capsys.readouterr().out
    assert "Start? [y/N] " in shown
    assert ("YES=1" in shown) is (code == 2)


@pytest.mark.parametrize("written", ["", "yesterday", "31.03.2026", "2026-02-30"])
def test_a_day_that_is_none_is_refused_with_how_one_is_written(
    started: list[Any], capsys: pytest.CaptureFixture[str], written: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        backfill.main(["--from", written, "--to", "2026-03-02"])
    assert ended.value.code == 2
    assert "a day is written 2026-03-31" in capsys.readouterr().err
    assert started == []
