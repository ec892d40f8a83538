"""What a command that breaks off says: one line, what to do, and nothing of anybody's data."""

from __future__ import annotations

import errno
import io
import sqlite3
import sys
from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa

from pipelines.cli.boundary import INTERRUPTED, end
from pipelines.errors import InterruptedStoreError
from schemas.errors import SafeError

PERSONAL = "kari.eksempel@skole.example.no"


def raising(error: BaseException) -> Callable[[list[str]], int]:
    """A command that breaks off."""

    def command(_: list[str]) -> int:
        raise error

    return command


def ended(command: Callable[[list[str]], int]) -> int | str | None:
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ending:
        end(command)
    return ending.value.code


def test_a_command_ends_with_its_own_code_and_gets_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["sync", "--complete"])
    given: list[str] = []

    def command(arguments: list[str]) -> int:
        given.extend(arguments)
        return 2

    assert ended(command) == 2
    assert given == ["--complete"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (SafeError("the ledger is of another database"), "the ledger is of another database"),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full. Make room"),
        (OSError(errno.EROFS, "Read-only file system", "/srv/home"), "Read-only file system: /srv/home"),
        (
            sa.exc.OperationalError("INSERT", {"name": PERSONAL}, sqlite3.OperationalError("disk I/O error")),
            "Dagster's records in DAGSTER_HOME cannot be used (disk I/O error)",
        ),
        (InterruptedStoreError("AdminShutdown"), "The database failed: AdminShutdown"),
        (
            sa.exc.OperationalError("SELECT", {"name": PERSONAL}, psycopg.OperationalError(PERSONAL)),
            "The database failed: OperationalError",
        ),
        (KeyError(PERSONAL), "This is a fault of the program"),
    ],
)
def test_an_error_is_told_in_one_line_without_what_it_quotes(
    error: Exception, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(raising(error)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Stopped. ")
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert PERSONAL not in printed.err


def test_a_fault_of_the_program_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    ended(raising(KeyError(PERSONAL)))
    assert "KeyError in command (test_boundary.py:" in capsys.readouterr().err


def test_ctrl_c_ends_a_command_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(raising(KeyboardInterrupt())) == INTERRUPTED
    assert capsys.readouterr().err == ""


def test_a_terminal_that_knows_few_signs_gets_the_others_as_question_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))

    def command(_: list[str]) -> int:
        sys.stdout.write("✓ Åse …")
        return 0

    assert ended(command) == 0
    assert written.getvalue() == b"? ?se ?"
