"""Retention of the CRM database: what is past its period is shown, deleted, counted and proved.

Each rule is one predicate (`expiry.py`). The registration system's tables have their own ways
(`access_log.py`, `submissions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipelines.laps import Laps
from pipelines.privacy import audit_log
from pipelines.privacy.batches import BLOCKS, delete_in_batches
from pipelines.privacy.expiry import Expiry, expiries, is_arrivals_clock
from pipelines.privacy.holds import Ruling, load_holds, rulings
from pipelines.privacy.keys import source_key
from pipelines.privacy.suppression import Suppression
from schemas.errors import SafeError
from schemas.policy import Policy
from schemas.tables import landing
from schemas.tables import privacy as tables
from schemas.tables.privacy import retention_log

UNUSUAL_FACTOR = 10
"""A plan that would delete this many times the most of any run before is not carried out unasked …"""
UNUSUAL_ROWS = 1_000
"""… when it is at least so many rows …"""
USUAL_WINDOW = timedelta(days=180)
"""… and the rule has run within this time, so that there is a usual to compare with."""


class UnusualDeletionError(SafeError, RuntimeError):
    """A plan would delete far more than usual; nothing was deleted. The message says how to confirm."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one rule would do now."""

    rule: str
    data: str
    cutoff: datetime
    rows: int
    held: int
    """Rows past their period that a hold keeps."""
    next_at: datetime | None
    """When the next row's period is over; None where no row's period is running."""
    partitions: tuple[str, ...] = ()
    """Partitions that would be dropped whole."""
    rulings: tuple[Ruling, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """What one rule did."""

    rule: str
    data: str
    cutoff: datetime
    rows: int
    held: int
    partitions: int = 0


def preview(
    connection: sa.Connection, policy: Policy, now: datetime, only: Iterable[str] | None = None
) -> tuple[Plan, ...]:
    """What every rule would delete at `now`, by the predicate that deletes. Changes nothing."""
    holds = load_holds(connection, policy, now)
    return tuple(plan(connection, expiry) for expiry in expiries(policy, now, holds, only))


def plan(connection: sa.Connection, expiry: Expiry) -> Plan:
    """What one rule would delete now. One pass over the table."""
    is_expired, is_past = expiry.is_expired(), expiry.is_past()
    row = connection.execute(
        sa.select(
            sa.func.count().filter(is_expired).label("rows"),
            sa.func.count().filter(is_past).label("past"),
            sa.func.min(expiry.clock()).filter(sa.not_(is_past)).label("next_clock"),
        ).select_from(expiry.table)
    ).one()
    return Plan(
        rule=expiry.rule.id,
        data=expiry.rule.data,
        cutoff=expiry.cutoff,
        rows=row.rows,
        held=row.past - row.rows,
        next_at=expiry.ends(row.next_clock) if row.next_clock else None,
        rulings=tuple(one for one in rulings(expiry.holds) if one.data == expiry.rule.data),
    )


def apply(
    engine: sa.Engine,
    policy: Policy,
    now: datetime,
    *,
    run_id: str,
    suppression: Suppression,
    only: Iterable[str] | None = None,
    confirmed: bool = False,
    blocks: int = BLOCKS,
) -> tuple[Removal, ...]:
    """Delete what is past its period, in bounded transactions, and log each rule's numbers.

    A landing row whose period was counted from its first read goes into the suppression ledger with it, or
    the next read would begin the period anew. Killed at any point, the next call ends in the same store.
    Raises UnusualDeletionError, before anything is deleted, when a rule would delete far more than it ever
    did and `confirmed` is not given.
    """
    laps = Laps("retention")
    with engine.connect() as connection:
        holds = load_holds(connection, policy, now)
        rules = expiries(policy, now, holds, only)
        plans = [plan(connection, expiry) for expiry in rules]
        if not confirmed:
            refuse_unusual(connection, plans, now)
    laps.lap("plan")
    done = []
    for expiry, planned in zip(rules, plans, strict=True):
        done.append(_carry_out(engine, expiry, planned, run_id, suppression, blocks))
        laps.lap(expiry.rule.id)
    return tuple(done)


def overdue(
    connection: sa.Connection, policy: Policy, now: datetime, only: Iterable[str] | None = None
) -> dict[str, int]:
    """Rows that are past their period and held by nothing, by rule: 0 everywhere after a run."""
    holds = load_holds(connection, policy, now)
    return {
        expiry.rule.id: count_expired(connection, expiry) for expiry in expiries(policy, now, holds, only)
    }


def count_expired(connection: sa.Connection, expiry: Expiry) -> int:
    """Rows of a table that a rule would delete."""
    counted = sa.select(sa.func.count()).select_from(expiry.table).where(expiry.is_expired())
    return connection.execute(counted).scalar_one()


def refuse_unusual(connection: sa.Connection, plans: Sequence[Plan], now: datetime) -> None:
    """Raise UnusualDeletionError for a plan far above the most that its rule removed in a run.

    A rule that has not run yet has no usual: its first plan may be as large as it is.
    """
    usual = connection.execute(
        sa.select(retention_log.c.rule, sa.func.max(retention_log.c.rows_removed).label("most"))
        .where(retention_log.c.finished_at > now - USUAL_WINDOW)
        .group_by(retention_log.c.rule)
    )
    most = {row.rule: row.most for row in usual}
    for planned in plans:
        limit = max(UNUSUAL_FACTOR * most.get(planned.rule, 0), UNUSUAL_ROWS)
        if planned.rule in most and planned.rows > limit:
            raise UnusualDeletionError(
                f"retention rule {planned.rule} would delete {planned.rows} rows of {planned.data}, and at "
                f"most {most[planned.rule]} in a run before: look at the preview, then launch the job with "
                "`confirmed: true`"
            )


def log_removal(connection: sa.Connection, removal: Removal, run_id: str, now: datetime) -> None:
    """Keep what a rule did in privacy.retention_log, and in the audit log when it removed something."""
    if removal.rows or removal.partitions:
        audit_log.append(
            connection,
            "retention",
            now,
            rule=removal.rule,
            rows=removal.rows,
            partitions=removal.partitions,
            run=run_id,
        )
    connection.execute(
        sa.insert(retention_log).values(
            run_id=run_id,
            rule=removal.rule,
            cutoff=removal.cutoff,
            rows_removed=removal.rows,
            rows_held=removal.held,
            partitions_dropped=removal.partitions,
            finished_at=now,
        )
    )


def _carry_out(
    engine: sa.Engine,
    expiry: Expiry,
    planned: Plan,
    run_id: str,
    suppression: Suppression,
    blocks: int,
) -> Removal:
    removed = 0
    if planned.rows:
        removed = _delete(engine, expiry, suppression, blocks)
    removal = Removal(planned.rule, planned.data, planned.cutoff, removed, planned.held)
    with engine.begin() as connection:
        log_removal(connection, removal, run_id, expiry.now)
    return removal


def _delete(engine: sa.Engine, expiry: Expiry, suppression: Suppression, blocks: int) -> int:
    table = expiry.table
    assert isinstance(table, sa.Table)
    if table is tables.audit_log:
        with engine.begin() as connection:
            return audit_log.prune(connection, expiry.is_expired(), expiry.now)
    if table.name not in landing.TABLES or table.schema != landing.SCHEMA:
        return delete_in_batches(engine, table, expiry.is_expired(), blocks=blocks)
    key = table.primary_key.columns[0]
    return delete_in_batches(
        engine,
        table,
        expiry.is_expired(),
        returning=[key, is_arrivals_clock(expiry)],
        before=suppression.lock,
        deleted=_suppress(suppression, table.name, expiry.rule.id),
        blocks=blocks,
    )


def _suppress(
    suppression: Suppression, source: str, reason: str
) -> Callable[[sa.Connection, Sequence[Any]], None]:
    def write(connection: sa.Connection, rows: Sequence[Any]) -> None:
        keys = [source_key(source, key) for key, comes_expired in rows if not comes_expired]
        suppression.add(connection, keys, reason)

    return write
