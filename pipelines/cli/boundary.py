"""How every command ends: with an exit code, and with one line where something went wrong.

No traceback: those of drivers quote statements with their values, and an operator wants to know what to do.
"""

from __future__ import annotations

import errno
import io
import os
import sqlite3
import sys
from collections.abc import Callable
from typing import NoReturn

import sqlalchemy as sa

from pipelines.cli.startup import terminal
from pipelines.errors import CleanedError, StoreError, nothing_personal
from schemas.errors import SafeError

INTERRUPTED = 130
"""What shells expect of a program that Ctrl-C has ended."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def end(command: Callable[[list[str]], int]) -> NoReturn:
    """Run a command with the arguments of this process, and end the process with its exit code.

    Exits with 1 after an error that the command did not foresee, and with 130 after Ctrl-C.
    """
    _print_what_the_terminal_can()
    try:
        code = command(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has gone, as `| head` does: what is left to say goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        terminal(stderr=True).print(f"[red]Stopped.[/] {in_one_line(error)}")
        sys.exit(1)
    sys.exit(code)


def in_one_line(error: Exception) -> str:
    """What went wrong and what to do; nothing of anybody's data."""
    if isinstance(error, sa.exc.DBAPIError) and isinstance(error.orig, sqlite3.Error):
        # SQLite's own messages name tables and conditions, never values.
        return (
            f"Dagster's records in DAGSTER_HOME cannot be used ({error.orig}). Is the disk full, or may the"
            " folder not be written? Mend that, then run the same command again."
        )
    if isinstance(error, OSError):
        return _of_the_machine(error)
    try:
        with nothing_personal():
            raise error
    except CleanedError as cleaned:
        return f"{cleaned}. This is a fault of the program: report this line."
    except StoreError as refused:
        return f"The database failed: {refused}. Its log says more. Then run the same command again."
    except SafeError as safe:
        return str(safe)


def _of_the_machine(error: OSError) -> str:
    place = f": {error.filename}" if error.filename else ""
    if error.errno in _NO_ROOM:
        return f"The disk is full{place}. Make room, then run the same command again."
    return f"{error.strerror or type(error).__name__}{place}. Mend that, then run the same command again."


def _print_what_the_terminal_can() -> None:
    """A sign that the terminal's encoding lacks is printed as `?`, where it would end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
