"""Loads exports of forms that were dropped in a folder: each good one once, each bad one set aside whole."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.applications.exports import read_export
from pipelines.dropped.folder import Dropped, Sleep, take_files
from pipelines.sources.reading import Desk
from pipelines.store.landing import Lander
from schemas.payloads.pindena import OrderForm
from schemas.tables.registration import application_file


@dataclass
class Intake(Dropped):
    """What became of the files in a folder, in numbers."""

    loaded: int = 0
    seen_before: int = 0
    rows: int = 0
    stored: int = 0
    suppressed: int = 0


def load_folder(
    desk: Desk,
    folder: Path,
    activities: Collection[int],
    secret: bytes,
    run_id: str,
    now: datetime,
    sleep: Sleep = time.sleep,
) -> Intake:
    """Load every waiting file; safe to call again after a kill, and by two at once."""
    intake = Intake()

    def load(content: bytes) -> None:
        digest = hashlib.sha256(content).digest()
        if _is_known(desk.engine, digest):
            intake.seen_before += 1
            return
        page = read_export(content, activities, secret)
        lander = Lander(
            desk.engine, OrderForm, run_id=run_id, suppression=desk.suppression, expired=desk.expired
        )
        tally = lander.land([page])
        _note(desk.engine, digest, page.received, run_id, now)
        intake.loaded += 1
        intake.rows += tally.received
        intake.stored += tally.stored
        intake.suppressed += tally.suppressed

    take_files(folder, load, now, intake, sleep)
    return intake


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
