"""A retention rule as one SQL predicate: what is past its period and held by nothing.

The same object serves preview, deletion, post-check, "expires next" and arriving records, so none of them
can disagree with another.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.privacy.holds import EVERY, RowHold, held_values
from pipelines.privacy.periods import Period
from schemas.payloads.base import Payload
from schemas.policy import Policy, RetentionRule
from schemas.tables import metadata, qualified
from schemas.tables.landing import BOOKKEEPING, TABLES
from schemas.zone import ZONE_NAME


@dataclass(frozen=True)
class Expiry:
    """One rule on one table at one moment."""

    rule: RetentionRule
    table: sa.FromClause
    now: datetime
    holds: tuple[RowHold, ...] = ()
    columns: tuple[str, ...] = ()
    """Clock columns by their real names; the rule's own where they are not configured otherwise."""
    zone: str = ZONE_NAME
    """Time zone of clock columns that have none."""

    @property
    def period(self) -> Period:
        """The rule's period."""
        assert self.rule.expires_after is not None
        return Period.parse(self.rule.expires_after)

    @property
    def cutoff(self) -> datetime:
        """Rows whose clock stands before this instant (UTC) are past their period."""
        return self.period.cutoff(self.now)

    def at(self, now: datetime) -> Expiry:
        """The same rule at another moment, e.g. tomorrow for what expires next."""
        return replace(self, now=now)

    def on(self, rows: sa.FromClause) -> Expiry:
        """The same rule over other rows with the same columns, e.g. one partition."""
        return replace(self, table=rows)

    def clock(self) -> sa.ColumnElement[datetime]:
        """The instant the period is counted from, per row: the first clock column that has a value."""
        instants = [
            _instant(self.table.c[name], self.zone) for name in self.columns or self.rule.clock_columns
        ]
        return instants[0] if len(instants) == 1 else sa.func.coalesce(*instants)

    def is_past(self) -> sa.ColumnElement[bool]:
        """The period is over. A single clock column stands bare on its side, so an index on it can serve."""
        names = self.columns or self.rule.clock_columns
        if len(names) > 1:
            return self.clock() < sa.literal(self.cutoff, sa.DateTime(timezone=True))
        column = self.table.c[names[0]]
        return column < _in_type_of(column, self.cutoff, self.zone)

    def is_held(self) -> sa.ColumnElement[bool]:
        """A hold or a restriction keeps the row."""
        values = held_values(self.holds, self.rule.data)
        if EVERY in values:
            return sa.true()
        # A value of another type than the column's must not fail the comparison, so both are text.
        held = [
            sa.cast(self.table.c[column], sa.Text) == sa.func.any(sa.literal(group, pg.ARRAY(sa.Text())))
            for column, group in values.items()
        ]
        return sa.func.coalesce(sa.or_(*held), sa.false()) if held else sa.false()

    def is_expired(self) -> sa.ColumnElement[bool]:
        """The predicate: past the period and held by nothing."""
        if not held_values(self.holds, self.rule.data):
            return self.is_past()
        return sa.and_(self.is_past(), sa.not_(self.is_held()))

    def ends(self, clock: datetime) -> datetime:
        """When the period of a row with this clock is over (UTC), at the latest when the calendar ends."""
        try:
            return self.period.ends(clock)
        except (ValueError, OverflowError):
            return datetime.max.replace(tzinfo=UTC)


def expiries(
    policy: Policy, now: datetime, holds: tuple[RowHold, ...] = (), only: Iterable[str] | None = None
) -> tuple[Expiry, ...]:
    """The rules that the engine counts on tables of the CRM database, in the policy's order.

    `only` narrows them to some tables (`schema.table`).
    """
    tables = {qualified(table): table for table in metadata.sorted_tables}
    wanted = set(tables if only is None else only)
    return tuple(
        Expiry(rule, tables[rule.data], now, holds)
        for rule in policy.retention
        if rule.expires_after is not None and rule.data in wanted and rule.data in tables
    )


def expired_on_arrival(
    connection: sa.Connection, expiry: Expiry, payload: type[Payload], records: Sequence[Payload]
) -> set[Any]:
    """Keys of the arriving records that the rule would delete at once.

    A record whose clock is not in the payload (the time of the first read) is never expired on arrival;
    what was deleted by such a rule is held back by the suppression ledger instead.
    """
    columns = [name for name in expiry.rule.clock_columns if name not in BOOKKEEPING]
    if not columns or not records:
        return set()
    held = [name for name in held_values(expiry.holds, expiry.rule.data) if name in payload.model_fields]
    names = list(dict.fromkeys((payload.key, *columns, *held)))
    types = {name: TABLES[payload.source].c[name].type for name in names}
    arrays = [
        sa.cast(
            sa.literal([getattr(record, name) for record in records], pg.ARRAY(types[name])),
            pg.ARRAY(types[name]),
        )
        for name in names
    ]
    arriving = (
        sa.func.unnest(*arrays)
        .table_valued(*(sa.column(name, types[name]) for name in names), name="arriving")
        .render_derived()
    )
    rule = replace(expiry, table=arriving, columns=tuple(columns))
    return set(connection.scalars(sa.select(arriving.c[payload.key]).where(rule.is_expired())))


def is_arrivals_clock(expiry: Expiry) -> sa.ColumnElement[bool]:
    """Whether a row's clock came from its source, so that the same record would be expired on arrival."""
    columns = [expiry.table.c[name] for name in expiry.rule.clock_columns if name not in BOOKKEEPING]
    return sa.or_(*(column.is_not(None) for column in columns)) if columns else sa.false()


def _in_type_of(column: sa.ColumnElement[Any], cutoff: datetime, zone: str) -> sa.ColumnElement[Any]:
    """The cutoff in the type of a clock column: a day in Norway, a local time, or an instant."""
    if isinstance(column.type, sa.Date):
        return sa.literal(cutoff.astimezone(ZoneInfo(zone)).date(), sa.Date())
    if isinstance(column.type, sa.DateTime) and not column.type.timezone:
        local = cutoff.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        return sa.literal(local, sa.DateTime(timezone=False))
    return sa.literal(cutoff, sa.DateTime(timezone=True))


def _instant(column: sa.ColumnElement[Any], zone: str) -> sa.ColumnElement[Any]:
    """A clock column as an instant: a date counts from its end in Norway, a time without zone is local."""
    if isinstance(column.type, sa.Date):
        next_midnight = sa.cast(column + 1, sa.DateTime(timezone=False))
        return sa.func.timezone(zone, next_midnight, type_=sa.DateTime(timezone=True))
    if isinstance(column.type, sa.DateTime) and not column.type.timezone:
        return sa.func.timezone(zone, column, type_=sa.DateTime(timezone=True))
    return column
