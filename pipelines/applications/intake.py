"""Loads exports of forms that were dropped in a folder: each good one once, each bad one set aside whole.

A loaded file is removed: its rows are in the store, which has periods for them, and a folder has none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.applications.exports import SUFFIXES, ExportFault, read_export
from pipelines.sources.reading import Desk
from pipelines.store.landing import Lander
from schemas.payloads.pindena import OrderForm
from schemas.tables.registration import application_file

SET_ASIDE = "set_aside"
"""Folder beside the exports for files that cannot be loaded, each with a report of the same name."""
REPORT = ".report.txt"
KEPT = timedelta(days=30)
"""So long a bad file waits to be mended, as a rejected record does."""


@dataclass
class Intake:
    """What became of the files in a folder, in numbers."""

    loaded: int = 0
    seen_before: int = 0
    set_aside: int = 0
    removed: int = 0
    """Files that were set aside and not mended in time."""
    rows: int = 0
    stored: int = 0
    suppressed: int = 0
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
        name = hashlib.sha256(path.name.encode()).hexdigest()[:16]
        found[name] = f"{state.st_size}-{state.st_mtime_ns}"
    return found


def load_folder(
    desk: Desk, folder: Path, activities: Collection[int], secret: bytes, run_id: str, now: datetime
) -> Intake:
    """Load every waiting file; safe to call again after a kill, and by two at once."""
    intake = Intake(removed=_forget_set_aside(folder / SET_ASIDE, now))
    for path in waiting_files(folder):
        try:
            _load(desk, path, activities, secret, run_id, now, intake)
        except FileNotFoundError:
            continue
    return intake


def _load(
    desk: Desk,
    path: Path,
    activities: Collection[int],
    secret: bytes,
    run_id: str,
    now: datetime,
    intake: Intake,
) -> None:
    digest = hashlib.sha256(path.read_bytes()).digest()
    if _is_known(desk.engine, digest):
        path.unlink()
        intake.seen_before += 1
        return
    try:
        page = read_export(path, activities, secret)
    except ExportFault as fault:
        _set_aside(path, str(fault))
        intake.set_aside += 1
        intake.faults.append(str(fault))
        return
    lander = Lander(desk.engine, OrderForm, run_id=run_id, suppression=desk.suppression, expired=desk.expired)
    tally = lander.land([page])
    _note(desk.engine, digest, page.received, run_id, now)
    path.unlink()
    intake.loaded += 1
    intake.rows += tally.received
    intake.stored += tally.stored
    intake.suppressed += tally.suppressed


def _is_known(engine: sa.Engine, digest: bytes) -> bool:
    with engine.connect() as connection:
        return bool(
            connection.scalar(sa.select(sa.exists().where(application_file.c.content_hash == digest)))
        )


def _note(engine: sa.Engine, digest: bytes, rows: int, run_id: str, now: datetime) -> None:
    statement = pg.insert(application_file).values(
        content_hash=digest, form_rows=rows, run_id=run_id, loaded_at=now
    )
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_nothing())


def _set_aside(path: Path, fault: str) -> None:
    """Move a file away with a report beside it; one that is there under the same name is replaced."""
    folder = path.parent / SET_ASIDE
    folder.mkdir(mode=0o700, exist_ok=True)
    report = folder / (path.name + REPORT)
    report.write_text(
        f"Not loaded: {fault}\nNothing of the file was used. Mend it and put it back into the folder above;"
        f" it is removed from here after {KEPT.days} days.\n",
        encoding="utf-8",
    )
    path.replace(folder / path.name)
    # The period counts from now, however old the file itself is.
    os.utime(folder / path.name)


def _forget_set_aside(folder: Path, now: datetime) -> int:
    """Remove what was set aside too long ago; return how many files, reports not counted."""
    removed = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - KEPT:
            path.unlink(missing_ok=True)
            removed += not path.name.endswith(REPORT)
    return removed
