"""What `make backfill` asks before it starts, and what it takes for a yes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipelines.cli.backfill import agreed


@pytest.mark.parametrize(
    ("answer", "starts"), [("y", True), ("JA ", True), ("", False), ("n", False), ("yn", False)]
)
def test_it_starts_on_a_yes_alone_and_shows_how_to_say_it(
    monkeypatch: pytest.MonkeyPatch, answer: str, starts: bool
) -> None:
    """In brackets, which are also how the terminal's colours are written."""
    shown = io.StringIO()
    monkeypatch.setattr("builtins.input", lambda: answer)
    assert agreed(Console(file=shown)) is starts
    assert shown.getvalue() == "Start? [y/N] "
