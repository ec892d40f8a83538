"""Rows that must be kept: legal holds of policy.yaml and of privacy.hold, and restrictions (GDPR art. 18)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

import sqlalchemy as sa

from pipelines.privacy.periods import OSLO
from schemas.policy import Hold, Policy
from schemas.tables.privacy import hold as hold_table

HoldKind = Literal["legal", "restriction"]


@dataclass(frozen=True, slots=True)
class RowHold:
    """Rows of `data` whose `column` has `value` are kept until `until`; None: until it is lifted."""

    name: str
    """Id in policy.yaml, or `hold 17` for a row of privacy.hold."""
    data: str
    column: str
    value: str
    until: datetime | None
    reason: str
    kind: HoldKind = "legal"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Which of the holds on the same rows counts, and why."""

    data: str
    column: str
    value: str
    wins: RowHold
    others: tuple[RowHold, ...]

    @property
    def why(self) -> str:
        """One sentence for the report; holds no personal data."""
        end = self.wins.until.astimezone(OSLO).date().isoformat() if self.wins.until else "it is lifted"
        if not self.others:
            return f"{self.wins.name} keeps it until {end}: {self.wins.reason}"
        names = ", ".join(one.name for one in self.others)
        return (
            f"{self.wins.name} keeps it until {end}: {self.wins.reason} (the longest of several; {names} "
            "ends no later)"
        )


def load_holds(connection: sa.Connection, policy: Policy, now: datetime) -> tuple[RowHold, ...]:
    """Every hold that stands at `now`, from the policy and from privacy.hold of the CRM database."""
    standing = sa.and_(
        hold_table.c.lifted_at.is_(None),
        sa.or_(hold_table.c.until.is_(None), hold_table.c.until > now),
    )
    rows = connection.execute(sa.select(hold_table).where(standing).order_by(hold_table.c.hold_id))
    stored = tuple(
        RowHold(f"hold {row.hold_id}", row.data, row.column_name, row.value, row.until, row.reason, row.kind)
        for row in rows
    )
    return (*_declared(policy, now), *stored)


def set_hold(
    connection: sa.Connection,
    data: str,
    column: str,
    value: str,
    *,
    kind: HoldKind,
    reason: str,
    now: datetime,
    until: datetime | None = None,
) -> int:
    """Keep rows; return the hold's number. `reason` must hold no personal data, `value` is an id."""
    number: int = connection.execute(
        sa.insert(hold_table)
        .values(
            kind=kind,
            data=data,
            column_name=column,
            value=value,
            reason=reason,
            until=until,
            created_at=now,
        )
        .returning(hold_table.c.hold_id)
    ).scalar_one()
    return number


def lift_hold(connection: sa.Connection, hold_id: int, now: datetime) -> bool:
    """End a hold; False where there is none that stands."""
    lifted = connection.execute(
        sa.update(hold_table)
        .where(hold_table.c.hold_id == hold_id, hold_table.c.lifted_at.is_(None))
        .values(lifted_at=now)
    )
    return lifted.rowcount > 0


def rulings(holds: Iterable[RowHold]) -> tuple[Ruling, ...]:
    """For each set of held rows the hold that lasts longest; one without an end outlasts all others."""
    groups: dict[tuple[str, str, str], list[RowHold]] = defaultdict(list)
    for one in holds:
        groups[one.data, one.column, one.value].append(one)
    found = []
    for (data, column, value), group in groups.items():
        ranked = sorted(group, key=lambda one: (one.until is None, one.until or _NEVER), reverse=True)
        found.append(Ruling(data, column, value, ranked[0], tuple(ranked[1:])))
    return tuple(found)


def held_values(holds: Iterable[RowHold], data: str) -> Mapping[str, list[str]]:
    """The held values of a table by column."""
    values: dict[str, set[str]] = defaultdict(set)
    for one in holds:
        if one.data == data:
            values[one.column].add(one.value)
    return {column: sorted(group) for column, group in sorted(values.items())}


_NEVER = datetime.max.replace(tzinfo=UTC)


def _declared(policy: Policy, now: datetime) -> tuple[RowHold, ...]:
    ends = ((hold, _end(hold)) for hold in policy.holds)
    return tuple(
        RowHold(hold.id, hold.data, hold.column, hold.value, end, hold.reason.en)
        for hold, end in ends
        if end is not None and end > now and hold.column is not None and hold.value is not None
    )


def _end(hold: Hold) -> datetime | None:
    """The end of the hold's last day in Norway."""
    if hold.until is None:
        return None
    return datetime.combine(hold.until + timedelta(days=1), time.min, OSLO).astimezone(UTC)
