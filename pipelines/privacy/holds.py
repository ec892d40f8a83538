"""Rows that must be kept: legal holds of policy.yaml and of privacy.hold, and restrictions (GDPR art. 18)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.privacy.holds_cards import CARDS, rows_of_card
from pipelines.privacy.periods import midnight
from schemas.policy import Policy
from schemas.tables.privacy import hold as hold_table
from schemas.zone import OSLO

HoldKind = Literal["legal", "restriction"]

EVERY = "*"
"""Column and value of a hold on all rows of a table."""


@dataclass(frozen=True, slots=True)
class RowHold:
    """Rows of `data` whose `column` has `value` are kept until `until`; None: until it is lifted.

    All rows of `data` where both are EVERY.
    """

    name: str
    """Id in policy.yaml, or `hold 17` for a row of privacy.hold."""
    data: str
    column: str
    value: str
    until: datetime | None
    reason: str
    kind: HoldKind = "legal"
    basis: str | None = None
    """The duty, as it is cited; None where nobody said."""

    def keeps(self, data: str, values: Mapping[str, Any]) -> bool:
        """Whether it is about a row of a table (`schema.table`), given by its columns."""
        if self.data != data:
            return False
        return self.column == EVERY or str(values.get(self.column)) == self.value


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
        day = last_day(self.wins.until)
        end = day.isoformat() if day else "it is lifted"
        if not self.others:
            return f"{self.wins.name} keeps it until {end}: {self.wins.reason}"
        names = ", ".join(one.name for one in self.others)
        return (
            f"{self.wins.name} keeps it until {end}: {self.wins.reason} (the longest of several; {names} "
            "ends no later)"
        )


def load_holds(connection: sa.Connection, policy: Policy, now: datetime) -> tuple[RowHold, ...]:
    """Every hold that stands at `now`, from the policy and from privacy.hold of the CRM database.

    One on a card is given as one on each of the source records that are on it, and on what hangs on them.
    """
    rows = connection.execute(sa.select(hold_table).where(standing(now)).order_by(hold_table.c.hold_id))
    stored = [
        (
            RowHold(
                f"hold {row.hold_id}",
                row.data,
                row.column_name,
                row.value,
                row.until,
                row.reason,
                row.kind,
                row.basis,
            ),
            row.records or (),
        )
        for row in rows
    ]
    found: list[RowHold] = []
    for one, recorded in (*((one, ()) for one in _declared(policy, now)), *stored):
        if one.data in CARDS and one.column != EVERY:
            held = rows_of_card(connection, one.data, one.value, recorded)
            found += [replace(one, data=data, column=column, value=value) for data, column, value in held]
        else:
            found.append(one)
    return tuple(found)


def standing(now: datetime) -> sa.ColumnElement[bool]:
    """The rows of privacy.hold that are neither lifted nor over."""
    return sa.and_(
        hold_table.c.lifted_at.is_(None), sa.or_(hold_table.c.until.is_(None), hold_table.c.until > now)
    )


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
    **particulars: Any,
) -> int:
    """Keep rows; return the hold's number. `reason` must hold no personal data, `value` is an id.

    `particulars`: other columns of privacy.hold.
    """
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
            **particulars,
        )
        .returning(hold_table.c.hold_id)
    ).scalar_one()
    return number


def lift_hold(connection: sa.Connection, hold_id: int, now: datetime, **particulars: Any) -> bool:
    """End a hold; False where there is none that stands. `particulars`: other columns of privacy.hold."""
    lifted = connection.execute(
        sa.update(hold_table)
        .where(hold_table.c.hold_id == hold_id, standing(now))
        .values(lifted_at=now, **particulars)
    )
    return lifted.rowcount > 0


def rulings(holds: Iterable[RowHold]) -> tuple[Ruling, ...]:
    """For each set of held rows the hold that lasts longest; one without an end outlasts all others."""
    groups: dict[tuple[str, str, str], list[RowHold]] = defaultdict(list)
    for one in holds:
        groups[one.data, one.column, one.value].append(one)
    found = []
    for (data, column, value), group in groups.items():
        # One on all rows of the table is about these too.
        all_rows = groups.get((data, EVERY, EVERY), []) if column != EVERY else []
        ranked = longest_first((*group, *all_rows))
        found.append(Ruling(data, column, value, ranked[0], tuple(ranked[1:])))
    return tuple(found)


def longest_first(holds: Iterable[RowHold]) -> list[RowHold]:
    """One without an end outlasts all others."""
    return sorted(holds, key=_length, reverse=True)


def held_values(holds: Iterable[RowHold], data: str) -> Mapping[str, list[str]]:
    """The held values of a table by column; under EVERY where all its rows are held."""
    values: dict[str, set[str]] = defaultdict(set)
    for one in holds:
        if one.data == data:
            values[one.column].add(one.value)
    return {column: sorted(group) for column, group in sorted(values.items())}


def _length(one: RowHold) -> tuple[bool, datetime]:
    return one.until is None, one.until or _NEVER


_LAST_DAY = date(9999, 12, 30)
_NEVER = datetime.max.replace(tzinfo=UTC)


def last_day(until: datetime | None) -> date | None:
    """The last day in Norway on which a hold stands; None where it has no end."""
    return (until - timedelta(microseconds=1)).astimezone(OSLO).date() if until else None


def end_of(day: date) -> datetime:
    """The end of a day in Norway (UTC); "for ever" ends with the calendar."""
    return midnight(min(day, _LAST_DAY) + timedelta(days=1))


def _declared(policy: Policy, now: datetime) -> tuple[RowHold, ...]:
    return tuple(
        RowHold(
            hold.id,
            hold.data,
            hold.column,
            hold.value,
            end_of(hold.until),
            hold.reason.en,
            basis=next((duty.cites[0] for duty in policy.duties if duty.id == hold.duty), None),
        )
        for hold in policy.holds
        if hold.column is not None
        and hold.value is not None
        and hold.until is not None
        and end_of(hold.until) > now
    )
