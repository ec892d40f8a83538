"""The marks that webhooks leave: written by the receiver, taken away when the record has been read again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.webhooks.events import source_of
from pipelines.webhooks.receiver import Mark
from schemas.tables.landing import webhook_mark


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark as it stood when it was looked at (`marked_at` aware)."""

    system: str
    event: str
    record_id: int
    marked_at: datetime


def note(engine: sa.Engine, mark: Mark) -> None:
    """Mark a record; a second delivery about it only moves the time."""
    insert = pg.insert(webhook_mark).values(system=mark.system, event=mark.event, record_id=mark.record_id)
    moved = insert.on_conflict_do_update(
        index_elements=webhook_mark.primary_key.columns, set_={"marked_at": sa.func.clock_timestamp()}
    )
    with engine.begin() as connection:
        connection.execute(moved)


def numbers_marked(connection: sa.Connection) -> tuple[dict[str, int], datetime | None]:
    """How many records are marked by system, and when the last mark was made."""
    rows = connection.execute(
        sa.select(
            webhook_mark.c.system,
            sa.func.count(sa.distinct(sa.tuple_(_kind(), webhook_mark.c.record_id))),
            sa.func.max(webhook_mark.c.marked_at),
        ).group_by(webhook_mark.c.system)
    ).all()
    latest = max((moment for _, _, moment in rows), default=None)
    return {system: number for system, number, _ in rows}, latest


def marked(connection: sa.Connection, system: str, source: str) -> list[Marked]:
    """The marks of one source entity, oldest first."""
    rows = connection.execute(
        sa.select(webhook_mark.c.event, webhook_mark.c.record_id, webhook_mark.c.marked_at)
        .where(webhook_mark.c.system == system)
        .order_by(webhook_mark.c.marked_at, webhook_mark.c.record_id)
    )
    return [
        Marked(system, row.event, row.record_id, row.marked_at)
        for row in rows
        if source_of(system, row.event) == source
    ]


def settle(connection: sa.Connection, marks: Collection[Marked]) -> int:
    """Take away marks that were dealt with; one whose record was marked again meanwhile stays."""
    return sum(
        connection.execute(
            sa.delete(webhook_mark).where(
                webhook_mark.c.system == mark.system,
                webhook_mark.c.event == mark.event,
                webhook_mark.c.record_id == mark.record_id,
                webhook_mark.c.marked_at <= mark.marked_at,
            )
        ).rowcount
        for mark in marks
    )


def settle_before(connection: sa.Connection, system: str, source: str, read_at: datetime) -> int:
    """Take away the marks of a source entity that are older than a read of it began; return how many."""
    older: Sequence[Marked] = [
        mark for mark in marked(connection, system, source) if mark.marked_at < read_at
    ]
    return settle(connection, older)


def _kind() -> sa.ColumnElement[str]:
    """The first word of an event: several events about one record are read once."""
    return sa.func.split_part(webhook_mark.c.event, ".", 1)
