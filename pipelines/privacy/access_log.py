"""Expiry of users' IP addresses (clause S3) in the registration system's own access log.

Whole partitions are dropped, which leaves nothing on disk; the partly expired one, or a table without
partitions, loses its rows to the second. Runs under the retention role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import psycopg.errors
import sqlalchemy as sa

from pipelines.privacy.batches import delete_in_batches, delete_in_order
from pipelines.privacy.expiry import Expiry
from pipelines.privacy.holds import EVERY, RowHold, rulings
from pipelines.privacy.platform import Part, PlatformError, configured_table, has_index_on, parts
from pipelines.privacy.retention import Plan, Removal, count_expired
from pipelines.privacy.rewrite import rewrite_statistics
from schemas.policy import Policy
from schemas.tables.platform import PlatformNames

DATA = "platform.access_log"
"""The table's name in policy.yaml, whatever it is called in the registration system."""
SETTING = "PLATFORM_ACCESS_LOG"

LOCK_TIMEOUT = "2s"
"""Longer than this a partition drop does not stand in the way of the registration system's own queries."""
LOCK_ATTEMPTS = 5
COUNTED_BYTES = 8 * 1024 * 1024
"""A partition up to this size is counted exactly before it is dropped; of a larger one the planner's
estimate is logged, since counting would read it whole."""


@dataclass(frozen=True, slots=True)
class _Division:
    """What goes as a whole and what may hold some expired rows."""

    expired: tuple[Part, ...]
    mixed: tuple[Part, ...]


def preview(
    connection: sa.Connection,
    policy: Policy,
    names: PlatformNames,
    now: datetime,
    holds: tuple[RowHold, ...] = (),
) -> Plan:
    """What `expire` would do: partitions to drop, rows to delete, and when the next address expires."""
    expiry = access_log_expiry(connection, policy, names, now, holds)
    division = _divided(connection, expiry, names)
    mixed_rows = sum(
        count_expired(connection, expiry.on(part.table(expiry.table))) for part in division.mixed
    )
    return Plan(
        rule=expiry.rule.id,
        data=DATA,
        cutoff=expiry.cutoff,
        rows=mixed_rows + sum(_rows(connection, part) for part in division.expired),
        held=_held(connection, expiry),
        next_at=_next(connection, expiry, names),
        partitions=tuple(part.name for part in division.expired),
        rulings=tuple(one for one in rulings(holds) if one.data == DATA),
    )


def expire(
    engine: sa.Engine,
    policy: Policy,
    names: PlatformNames,
    now: datetime,
    holds: tuple[RowHold, ...] = (),
) -> Removal:
    """Remove every address older than the rule allows; safe to repeat and to kill anywhere.

    The promise leaves no room to ask first, so a plan is never refused for its size. Raises PlatformError
    when the table is not as configured, or when the registration system does not let go of a partition.
    """
    with engine.begin() as connection:
        expiry = access_log_expiry(connection, policy, names, now, holds)
        division = _divided(connection, expiry, names)
        held = _held(connection, expiry)
    dropped = [_drop(engine, expiry, part) for part in division.expired]
    kept = [part for part, rows in zip(division.expired, dropped, strict=True) if rows is None]
    deleted = sum(
        _delete(engine, expiry, part) for part in (*division.mixed, *_leaves(engine, expiry, names, kept))
    )
    whole = [rows for rows in dropped if rows is not None]
    if whole or deleted:
        # Addresses of the day stand among the planner's samples, too.
        rewrite_statistics(engine)
    return Removal(expiry.rule.id, DATA, expiry.cutoff, sum(whole) + deleted, held, len(whole))


def overdue(
    connection: sa.Connection,
    policy: Policy,
    names: PlatformNames,
    now: datetime,
    holds: tuple[RowHold, ...] = (),
) -> int:
    """Addresses that are older than the rule allows and held by nothing: 0 after a run.

    The predicate names the clock column bare, so PostgreSQL leaves out every partition that is too young.
    """
    return count_expired(connection, access_log_expiry(connection, policy, names, now, holds))


def create_partitions(
    engine: sa.Engine, names: PlatformNames, now: datetime, days_ahead: int = 14
) -> tuple[str, ...]:
    """Make the partitions of today and the coming days, one per UTC day; return the names of the new ones.

    Does nothing for a table that is not partitioned by the clock alone, and nothing for a day that some
    partition holds already.
    """
    with engine.begin() as connection:
        table = configured_table(connection, names.access_log, (names.occurred_at,), SETTING)
        if not _is_partitioned_by(connection, table, names.occurred_at):
            return ()
        existing = [part for part in parts(connection, table, names.occurred_at, names.zone) if part.parent]
        today = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
        made = []
        for day in (today + timedelta(days=offset) for offset in range(days_ahead + 1)):
            if any(_overlaps(part, day, day + timedelta(days=1)) for part in existing):
                continue
            name = f"{table.name}_p{day:%Y%m%d}"
            quote = connection.dialect.identifier_preparer.quote
            connection.exec_driver_sql(
                f"CREATE TABLE {quote(str(table.schema))}.{quote(name)} PARTITION OF"
                f" {quote(str(table.schema))}.{quote(table.name)}"
                f" FOR VALUES FROM ('{day.isoformat()}') TO ('{(day + timedelta(days=1)).isoformat()}')"
            )
            made.append(name)
    return tuple(made)


def access_log_expiry(
    connection: sa.Connection,
    policy: Policy,
    names: PlatformNames,
    now: datetime,
    holds: tuple[RowHold, ...] = (),
) -> Expiry:
    """The rule's predicate over the table as it is configured."""
    held = sorted({one.column for one in holds if one.data == DATA} - {EVERY})
    table = configured_table(connection, names.access_log, (names.occurred_at, *held), SETTING)
    return Expiry(policy.retention_of(DATA), table, now, holds, (names.occurred_at,), names.zone)


def _divided(connection: sa.Connection, expiry: Expiry, names: PlatformNames) -> _Division:
    assert isinstance(expiry.table, sa.Table)
    tree = parts(connection, expiry.table, names.occurred_at, names.zone)
    expired: list[Part] = []
    mixed: list[Part] = []
    gone: set[int] = set()
    for part in tree:
        if part.parent in gone:
            gone.add(part.oid)
        elif part.is_by_clock and part.end is not None and part.end <= expiry.cutoff:
            expired.append(part)
            gone.add(part.oid)
        elif part.is_leaf and (part.start is None or part.start < expiry.cutoff):
            mixed.append(part)
    return _Division(tuple(expired), tuple(mixed))


def _leaves(
    engine: sa.Engine, expiry: Expiry, names: PlatformNames, kept: Sequence[Part]
) -> tuple[Part, ...]:
    """The leaves below partitions that stay because of a hold."""
    if not kept:
        return ()
    assert isinstance(expiry.table, sa.Table)
    with engine.begin() as connection:
        tree = parts(connection, expiry.table, names.occurred_at, names.zone)
    inside = {part.oid for part in kept}
    for part in tree:
        if part.parent in inside:
            inside.add(part.oid)
    return tuple(part for part in tree if part.oid in inside and part.is_leaf)


def _drop(engine: sa.Engine, expiry: Expiry, part: Part) -> int | None:
    """Drop one partition; return the rows that were in it, None when a hold keeps some of them."""
    quote = engine.dialect.identifier_preparer.quote
    table = part.table(expiry.table)
    for _ in range(LOCK_ATTEMPTS):
        try:
            with engine.begin() as connection:
                if expiry.holds and connection.scalar(
                    sa.select(sa.exists().where(expiry.on(table).is_held()).select_from(table))
                ):
                    return None
                rows = _rows(connection, part)
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
                connection.exec_driver_sql(f"DROP TABLE {quote(part.schema)}.{quote(part.name)}")
                return rows
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
        except sa.exc.ProgrammingError as error:
            if isinstance(error.orig, psycopg.errors.UndefinedTable):
                return 0  # another run dropped it in the meantime
            raise
    raise PlatformError(
        f"{SETTING}: partition {part.name} is past its period, and a long query of the registration system "
        "keeps it from being dropped: end that query, then run retention again"
    )


def _delete(engine: sa.Engine, expiry: Expiry, part: Part) -> int:
    """Delete the expired rows of one table or leaf."""
    table = part.table(expiry.table)
    condition = expiry.on(table).is_expired()
    clock = expiry.columns[0]
    with engine.begin() as connection:
        is_indexed = has_index_on(connection, part, clock)
    if is_indexed:
        return delete_in_order(engine, table, condition, table.c[clock])
    return delete_in_batches(engine, table, condition)


def _rows(connection: sa.Connection, part: Part) -> int:
    if part.size > COUNTED_BYTES or not part.is_leaf:
        return part.estimated_rows
    counted = sa.select(sa.func.count()).select_from(sa.table(part.name, schema=part.schema))
    return connection.execute(counted).scalar_one()


def _held(connection: sa.Connection, expiry: Expiry) -> int:
    if not any(one.data == DATA for one in expiry.holds):
        return 0
    held = sa.select(sa.func.count()).select_from(expiry.table).where(expiry.is_past(), expiry.is_held())
    return connection.execute(held).scalar_one()


def _next(connection: sa.Connection, expiry: Expiry, names: PlatformNames) -> datetime | None:
    """When the oldest address that is not yet expired will be; reads the oldest partition that has one."""
    assert isinstance(expiry.table, sa.Table)
    leaves = [
        part
        for part in parts(connection, expiry.table, names.occurred_at, names.zone)
        if part.is_leaf and (part.end is None or part.end > expiry.cutoff)
    ]
    bounded = sorted((part for part in leaves if part.start), key=lambda part: part.start or expiry.now)
    unbounded = [part for part in leaves if part.start is None]
    oldest: list[datetime] = []
    for part in (*unbounded, *bounded):
        rule = expiry.on(part.table(expiry.table))
        found = connection.scalar(sa.select(sa.func.min(rule.clock())).where(sa.not_(rule.is_past())))
        if found is not None:
            oldest.append(found)
            if part.start is not None:
                break
    return expiry.ends(min(oldest)) if oldest else None


def _is_partitioned_by(connection: sa.Connection, table: sa.Table, clock: str) -> bool:
    return bool(
        connection.scalar(
            sa.text(
                "SELECT p.partstrat = 'r' AND p.partnatts = 1 AND a.attname = :clock"
                " FROM pg_partitioned_table AS p JOIN pg_class AS c ON c.oid = p.partrelid"
                " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                " LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]"
                " WHERE n.nspname = :schema AND c.relname = :table"
            ),
            {"schema": table.schema, "table": table.name, "clock": clock},
        )
    )


def _overlaps(part: Part, start: datetime, end: datetime) -> bool:
    if not part.is_by_clock:
        return False
    return (part.start is None or part.start < end) and (part.end is None or part.end > start)
