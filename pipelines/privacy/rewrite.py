"""Deleted means gone from disk: tables are written anew on the policy's schedule.

After DELETE, UPDATE and an ordinary VACUUM the old values stay readable in a table's files. VACUUM FULL
copies what is alive into new files and removes the old ones. The planner's statistics hold values as samples,
also those of partitions that were dropped, so their file is written anew as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

import psycopg.errors
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.privacy.periods import Period
from schemas.errors import SafeError
from schemas.policy import Policy
from schemas.tables import metadata, qualified
from schemas.tables.privacy import rewrite_log

MARGIN = timedelta(days=1)
"""A table is rewritten by the last nightly run before its time is up."""
LOCK_TIMEOUT = "10s"
STATISTICS_TIMEOUT = "1s"
_STATISTICS = "pg_catalog.pg_statistic"
_UNKNOWN = -1
"""Stands for a count of writes that was lost; the server never counts so."""
_UNCOUNTED = sa.text(
    "SELECT schemaname || '.' || relname FROM pg_stat_user_tables"
    " WHERE n_tup_ins + n_tup_upd + n_tup_del = 0 AND pg_relation_size(relid) > 0"
)
"""Tables with something in their files although the server has counted no write."""

logger = logging.getLogger(__name__)


class RewriteError(SafeError, RuntimeError):
    """A table's files were not written anew; the message says what is in the way."""


def overdue_rewrites(connection: sa.Connection, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Tables whose files may hold what was deleted longer ago than the policy allows: none after a run."""
    return tuple(_due(connection, policy, now, timedelta(0)))


def rewrite_due(
    engine: sa.Engine, policy: Policy, now: datetime, only: Iterable[str] | None = None
) -> tuple[str, ...]:
    """Write anew the files of the CRM tables whose time is up (or of `only`, at once); return their names.

    The engine's role must own the tables or hold MAINTAIN on them (PostgreSQL 17). Readers wait while a
    table is copied; one that is in use for LOCK_TIMEOUT is left for the next run. Raises RewriteError when
    the server does not carry it out.
    """
    with engine.begin() as connection:
        _begin_to_watch(connection, policy, now)
        names = _due(connection, policy, now, MARGIN) if only is None else list(only)
    rewritten = tuple(name for name in names if _rewrite(engine, name, now))
    if rewritten and not rewrite_statistics(engine):
        logger.warning(
            "the planner's statistics may still hold samples of what was deleted: let the owner of the"
            " database run VACUUM FULL pg_catalog.pg_statistic"
        )
    return rewritten


def rewrite_table(engine: sa.Engine, schema: str, table: str, *, lock_timeout: str | None = None) -> bool:
    """Write one table's files anew; False when it was in use. Raises RewriteError as `rewrite_due`."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        quote = connection.dialect.identifier_preparer.quote
        name = f"{quote(schema)}.{quote(table)}"
        before = _file_of(connection, name)
        try:
            connection.exec_driver_sql(f"SET lock_timeout = '{lock_timeout or LOCK_TIMEOUT}'")
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {name}")
        except sa.exc.OperationalError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                return False
            raise
        finally:
            connection.exec_driver_sql("RESET lock_timeout")
        # Without the right to it the server only warns.
        if _file_of(connection, name) == before:
            raise RewriteError(
                f"{schema}.{table} was not written anew: the role must own it, or be granted MAINTAIN"
            )
    return True


def rewrite_statistics(engine: sa.Engine) -> bool:
    """Write the file of the planner's statistics anew; False where the login may not, or it was in use.

    It belongs to the database's owner, so the login does it with its own rights and not under its role. Takes
    milliseconds, in which no statement of the database can be planned.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        before = _file_of(connection, _STATISTICS)
        try:
            connection.exec_driver_sql("SET ROLE NONE")
            connection.exec_driver_sql(f"SET lock_timeout = '{STATISTICS_TIMEOUT}'")
            connection.exec_driver_sql(f"VACUUM FULL {_STATISTICS}")
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
        finally:
            # The next user of the session is to have its role again.
            connection.invalidate()
    with engine.connect() as connection:
        return _file_of(connection, _STATISTICS) != before


def note_rewrite(connection: sa.Connection, writes: dict[str, int], now: datetime) -> None:
    """Note that tables were written anew at `now`, and the server's count of their writes at that time."""
    if not writes:
        return
    statement = pg.insert(rewrite_log)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[rewrite_log.c.data],
            set_={"rewritten_at": statement.excluded.rewritten_at, "writes": statement.excluded.writes},
        ),
        [{"data": name, "writes": count, "rewritten_at": now} for name, count in writes.items()],
    )


def _rewrite(engine: sa.Engine, name: str, now: datetime) -> bool:
    schema, table = name.split(".")
    with engine.connect() as connection:
        # Counted before: what is deleted during the copy is not taken for gone.
        writes = _writes(connection).get(name, 0)
    if not rewrite_table(engine, schema, table):
        return False
    with engine.begin() as connection:
        note_rewrite(connection, {name: writes}, now)
    return True


def _due(connection: sa.Connection, policy: Policy, now: datetime, margin: timedelta) -> list[str]:
    """Tables with a rewrite period that is over, less the margin, and something old in their files."""
    periods = _periods(policy)
    writes = _writes(connection)
    seen = connection.execute(sa.select(rewrite_log)).all()
    return [
        row.data
        for row in seen
        if row.data in periods
        and periods[row.data].ends(row.rewritten_at) - margin <= now
        and writes.get(row.data, 0) != row.writes
    ]


def _begin_to_watch(connection: sa.Connection, policy: Policy, now: datetime) -> None:
    """Count the first period of a table from the first run that sees it.

    A server that crashed counts from nothing again, and what was deleted before is in no count: such a table
    is written anew at the end of its period whatever the count says then.
    """
    known = set(connection.scalars(sa.select(rewrite_log.c.data)))
    note_rewrite(connection, {name: 0 for name in _periods(policy) if name not in known}, now)
    uncounted = set(connection.scalars(_UNCOUNTED))
    writes = _writes(connection)
    lost = [
        row.data
        for row in connection.execute(sa.select(rewrite_log))
        if row.data in uncounted or writes.get(row.data, 0) < row.writes
    ]
    if lost:
        connection.execute(sa.update(rewrite_log).where(rewrite_log.c.data.in_(lost)).values(writes=_UNKNOWN))


def _periods(policy: Policy) -> dict[str, Period]:
    """The tables of the CRM database whose files the policy wants written anew."""
    found = {}
    for table in metadata.sorted_tables:
        name = qualified(table)
        text = policy.retention_of(name).rewrite
        if text is not None:
            found[name] = Period.parse(text)
    return found


def _writes(connection: sa.Connection) -> dict[str, int]:
    """Updated and deleted rows by table, as the server has counted them since its statistics began."""
    rows = connection.execute(
        sa.text("SELECT schemaname || '.' || relname, n_tup_upd + n_tup_del FROM pg_stat_user_tables")
    )
    return {name: count for name, count in rows}  # noqa: C416  # a Result is no mapping's items to mypy


def _file_of(connection: sa.Connection, name: str) -> int | None:
    """The number of the file that holds the table now."""
    number: int | None = connection.scalar(
        sa.text("SELECT pg_relation_filenode(to_regclass(:name))"), {"name": name}
    )
    return number
