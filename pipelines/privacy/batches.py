"""Deletes in bounded transactions: a table is walked once, block by block, whatever its size and indexes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

BLOCKS = 512
"""Blocks of 8 kB per transaction: some ten thousand rows."""
ROWS = 20_000
"""Rows per transaction where an index finds them."""
_PASSES = 3

Deleted = Callable[[sa.Connection, Sequence[Any]], None]


def delete_in_batches(
    engine: sa.Engine,
    table: sa.Table,
    condition: sa.ColumnElement[bool],
    *,
    returning: Sequence[sa.ColumnElement[Any]] = (),
    before: Callable[[sa.Connection], None] | None = None,
    deleted: Deleted | None = None,
    blocks: int = BLOCKS,
) -> int:
    """Delete the rows that meet the condition; return how many. Each block range is a transaction of its own.

    `before` runs at the start of each transaction, `deleted` gets the `returning` values of its rows. A row
    that is rewritten while the table is walked may move behind the walk, so the table is walked again until
    nothing is left. Safe to stop anywhere: what is deleted is deleted whole.
    """
    total = 0
    for _ in range(_PASSES):
        removed = _walk(engine, table, condition, returning, before, deleted, blocks)
        total += removed
        if not removed:
            break
    return total


def delete_in_order(
    engine: sa.Engine,
    table: sa.Table,
    condition: sa.ColumnElement[bool],
    clock: sa.ColumnElement[Any],
    *,
    rows: int = ROWS,
) -> int:
    """Delete the rows that meet the condition, oldest first; return how many.

    For a table with an index on `clock`: only the rows to delete are read, however large the table is.
    """
    total, oldest, deleted = 0, None, rows
    while deleted == rows:
        from_here = condition if oldest is None else sa.and_(condition, clock >= oldest)
        doomed = (
            sa.select(_ctid(table).label("place"))
            .where(from_here)
            .order_by(clock)
            .limit(rows)
            .with_for_update()
            .cte("doomed")
        )
        gone = (
            sa.delete(table).where(_ctid(table) == doomed.c.place).returning(clock.label("clock")).cte("gone")
        )
        with engine.begin() as connection:
            deleted, newest = connection.execute(
                sa.select(sa.func.count(), sa.func.max(gone.c.clock)).select_from(gone)
            ).one()
        total, oldest = total + deleted, newest
    return total


def _walk(
    engine: sa.Engine,
    table: sa.Table,
    condition: sa.ColumnElement[bool],
    returning: Sequence[sa.ColumnElement[Any]],
    before: Callable[[sa.Connection], None] | None,
    deleted: Deleted | None,
    blocks: int,
) -> int:
    with engine.begin() as connection:
        first, last = _affected_blocks(connection, table, condition)
    removed = 0
    for start in range(first, last, blocks):
        statement = sa.delete(table).where(_in_blocks(table, start, min(start + blocks, last)), condition)
        with engine.begin() as connection:
            if before is not None:
                before(connection)
            if deleted is None:
                removed += connection.execute(statement).rowcount
            else:
                rows = connection.execute(statement.returning(*returning)).all()
                removed += len(rows)
                deleted(connection, rows)
    return removed


def _affected_blocks(
    connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]
) -> tuple[int, int]:
    """(first, end) of the blocks that hold rows to delete; (0, 0) where there are none."""
    ctid = _ctid(table)
    first, last = connection.execute(
        sa.select(sa.func.min(ctid).cast(sa.Text), sa.func.max(ctid).cast(sa.Text)).where(condition)
    ).one()
    return (0, 0) if first is None else (_block(first), _block(last) + 1)


def _in_blocks(table: sa.Table, start: int, end: int) -> sa.ColumnElement[bool]:
    ctid = _ctid(table)
    return sa.and_(ctid >= _position(start), ctid < _position(end))


def _ctid(table: sa.Table) -> sa.ColumnElement[Any]:
    return sa.column("ctid", _Tid(), _selectable=table)


def _position(block: int) -> sa.ColumnElement[Any]:
    return sa.cast(sa.literal(f"({block},0)"), _Tid())


def _block(ctid: str) -> int:
    return int(ctid.strip("()").split(",")[0])


class _Tid(sa.types.UserDefinedType[str]):
    """PostgreSQL's tid: block and place of a row."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "tid"
