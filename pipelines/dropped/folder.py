"""A folder that files are dropped in: each good one is loaded and removed, each bad one set aside whole.

Knows names and times of files, and not what is in them. A loaded file is removed: its rows are in the store,
which has periods for them, and a folder has none.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.dropped.sheets import SUFFIXES, SheetFault, read_content

SET_ASIDE = "set_aside"
"""Folder beside the files for those that cannot be loaded, each with a report of the same name."""
REPORT = ".report.txt"
KEPT = timedelta(days=30)
"""So long a bad file waits to be mended, as a rejected record does."""
QUIET = 3.0
"""Seconds that a file must have been left alone: one that is still being written is not read."""

_LONGEST_NAME = 200
"""Bytes; with `REPORT` behind it a longer one is no name to most file systems."""

Sleep = Callable[[float], None]


@dataclass
class Dropped:
    """What became of the files in a folder, in numbers."""

    set_aside: int = 0
    unfinished: int = 0
    """Files that were still being written, or changed while they were read: the next run takes them."""
    removed: int = 0
    """Files that were set aside and not mended in time."""
    faults: list[str] = field(default_factory=list)
    """Why files were set aside, without their names: a name can be a person's."""


def waiting_files(folder: Path) -> list[Path]:
    """The files in a folder that are to be loaded, in the order of their names."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith((".", "~"))
    )


def fingerprints(paths: Iterable[Path]) -> dict[str, str]:
    """What tells whether files have changed, by a hash of their names."""
    found = {}
    for path in paths:
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
        found[name] = f"{state.st_size}-{state.st_mtime_ns}"
    return found


def steady(before: dict[str, str], present: dict[str, str]) -> str | None:
    """The run key for the files that are as they were at the last look; None where there are none.

    The same files in the same state have one key, however often they are seen.
    """
    still = sorted((name, state) for name, state in present.items() if before.get(name) == state)
    return hashlib.sha256(repr(still).encode()).hexdigest() if still else None


def take_files(
    folder: Path, load: Callable[[bytes], None], now: datetime, dropped: Dropped, sleep: Sleep = time.sleep
) -> None:
    """Give `load` the content of every waiting file that has come to rest, and remove it from the folder.

    A SheetFault of `load` sets the file aside; nothing of it may have been used then. Safe to call again
    after a kill, and by two at once, where loading a content twice is as loading it once.
    """
    dropped.removed += _forget_set_aside(folder / SET_ASIDE, now)
    for path in waiting_files(folder):
        try:
            _take(path, load, dropped, sleep)
        except FileNotFoundError:
            # Somebody has taken it away, or another run has loaded it.
            continue


def _take(path: Path, load: Callable[[bytes], None], dropped: Dropped, sleep: Sleep) -> None:
    before = _at_rest(path, sleep)
    try:
        content = read_content(path)
        if _state(path) != before:
            dropped.unfinished += 1
            return
        load(content)
    except SheetFault as fault:
        _set_aside(path, str(fault), dropped)
    except PermissionError:
        _set_aside(path, "the file may not be read: give the pipeline's user the right to", dropped)
    else:
        # What has been written since then is another file, for the next run.
        if _state(path) == before:
            path.unlink()


def _at_rest(path: Path, sleep: Sleep) -> tuple[int, ...]:
    """The state of a file; one that was written just now is given a moment to be written on."""
    before = _state(path)
    age = time.time() - path.stat().st_mtime
    if age < QUIET:
        sleep(min(QUIET, QUIET - age))
    return before


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _set_aside(path: Path, fault: str, dropped: Dropped) -> None:
    """Move a file away with a report beside it; one that is there under the same name is replaced."""
    folder = path.parent / SET_ASIDE
    folder.mkdir(mode=0o700, exist_ok=True)
    name = path.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:16] + path.suffix
    (folder / (name + REPORT)).write_text(
        f"Not loaded: {fault}\nNothing of the file was used. Mend it and put it back into the folder above;"
        f" it is removed from here after {KEPT.days} days.\n",
        encoding="utf-8",
    )
    path.replace(folder / name)
    # The period counts from now, however old the file itself is.
    os.utime(folder / name)
    dropped.set_aside += 1
    dropped.faults.append(fault)


def _forget_set_aside(folder: Path, now: datetime) -> int:
    """Remove what was set aside too long ago; return how many files, reports not counted."""
    removed = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - KEPT:
            path.unlink(missing_ok=True)
            removed += not path.name.endswith(REPORT)
    return removed
