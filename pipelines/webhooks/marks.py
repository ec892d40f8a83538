"""The marks that webhooks leave: written by the receiver, taken away by the read that they start."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.webhooks.receiver import Mark
from schemas.tables.landing import webhook_mark


def note(engine: sa.Engine, mark: Mark) -> None:
    """Mark a record; a second delivery about it only moves the time."""
    insert = pg.insert(webhook_mark).values(system=mark.system, event=mark.event, record_id=mark.record_id)
    moved = insert.on_conflict_do_update(
        index_elements=webhook_mark.primary_key.columns, set_={"marked_at": sa.func.now()}
    )
    with engine.begin() as connection:
        connection.execute(moved)


def marked(connection: sa.Connection) -> tuple[dict[str, int], datetime | None]:
    """How many records are marked by system, and when the last mark was made."""
    rows = connection.execute(
        sa.select(webhook_mark.c.system, sa.func.count(), sa.func.max(webhook_mark.c.marked_at)).group_by(
            webhook_mark.c.system
        )
    ).all()
    latest = max((moment for _, _, moment in rows), default=None)
    return {system: number for system, number, _ in rows}, latest


def settle(connection: sa.Connection, system: str, read_at: datetime) -> int:
    """Take away the marks of a system that are older than a read of it began; return how many."""
    return connection.execute(
        sa.delete(webhook_mark).where(webhook_mark.c.system == system, webhook_mark.c.marked_at < read_at)
    ).rowcount
