"""Cursors: how far each source has been read, from which the next nightly read goes on."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from schemas.tables import landing as tables


def read_cursor(connection: sa.Connection, source: str) -> tuple[datetime | None, int | None]:
    """(read until, feed position) of a source; (None, None) before its first complete read."""
    found = connection.execute(
        sa.select(tables.cursor.c.read_until, tables.cursor.c.position).where(
            tables.cursor.c.source == source
        )
    ).one_or_none()
    return (found.read_until, found.position) if found else (None, None)


def move_cursor(
    connection: sa.Connection, source: str, read_until: datetime, position: int | None = None
) -> None:
    """Let the next nightly read begin at `read_until`; a cursor never moves back."""
    statement = sa.dialects.postgresql.insert(tables.cursor).values(
        source=source, read_until=read_until, position=position
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source"],
            set_={
                "read_until": sa.func.greatest(tables.cursor.c.read_until, statement.excluded.read_until),
                "position": sa.func.greatest(tables.cursor.c.position, statement.excluded.position),
            },
        )
    )
