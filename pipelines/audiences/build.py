"""Builds the audiences anew from the cards, honours what stands against it, and notes who came and went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipelines.audiences import rules
from pipelines.audiences.screening import leave_out
from pipelines.store.bulk import replace_from
from schemas.payloads.types import OSLO
from schemas.tables.audiences import audience_exclusion, audience_preview

BOUNCED = "no address that may be used takes letters: it bounced"
FELL_BACK = "; an address of theirs bounced, this one did not"
SAME_MAILBOX = "another person has the same address"

_WORDS = {
    "contract": rules.CONTRACT,
    "customer": rules.CUSTOMER,
    "not_a_person": rules.NOT_A_PERSON,
    "bounced": BOUNCED,
    "fell_back": FELL_BACK,
    "same_mailbox": SAME_MAILBOX,
}


@dataclass(frozen=True, slots=True)
class Audiences:
    """What a build found, in numbers by audience."""

    members: Mapping[str, int]
    came: Mapping[str, int]
    """`audience: reason` and how many."""
    went: Mapping[str, int]
    excluded: Mapping[str, int]
    """Who would be in but for something that stands against it, as `audience: reason`."""
    changed: int
    """Rows of members that are other than before, removed ones included."""


def build_audiences(
    engine: sa.Engine, secrets: Sequence[bytes], run_id: str, now: datetime, *, keep: bool = True
) -> Audiences:
    """Make crm.audience_member what the rules say now, in one transaction; a second call changes nothing.

    `secrets`: PRIVACY_SECRET and those before it; `now` is aware. With `keep` off the members stay as they
    are, and crm.audience_preview tells who would come and go. Raises SuppressionError when objections or
    erasures cannot be recognised.
    """
    today = now.astimezone(OSLO).date()
    days = {"today": today, "since": today - timedelta(days=rules.AGREEMENT_DAYS)}
    # One view of the cards throughout: they may be made anew while this runs.
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        # A lock on a table takes no snapshot: what is read afterwards is what the last builder left.
        connection.exec_driver_sql("LOCK TABLE crm.audience_member IN SHARE ROW EXCLUSIVE MODE")
        _plan_for_many(connection)
        for statement in rules.PREPARE:
            connection.exec_driver_sql(statement, days)
        leave_out(connection, secrets)
        for statement in (*rules.CANDIDATES, *rules.NARROW):
            connection.exec_driver_sql(statement, _WORDS)
        for statement in rules.DIFFERENCE:
            connection.exec_driver_sql(statement)
        changes = connection.exec_driver_sql(rules.CHANGES).all()
        connection.execute(sa.delete(audience_preview))
        if keep:
            _write(connection, run_id, now)
        else:
            connection.exec_driver_sql(rules.PREVIEW)
        return Audiences(
            members=_counted(connection, "SELECT audience, count(*) FROM candidate GROUP BY 1 ORDER BY 1"),
            came={f"{row.audience}: {row.why}": row.number for row in changes if row.change == "in"},
            went={f"{row.audience}: {row.why}": row.number for row in changes if row.change == "out"},
            excluded=_counted(
                connection,
                "SELECT audience || ': ' || reason, count(*) FROM excluded GROUP BY audience, reason"
                " ORDER BY audience, count(*) DESC, reason",
            ),
            changed=sum(row.number for row in changes),
        )


def _plan_for_many(connection: sa.Connection) -> None:
    """Fresh temporary tables look small to the planner; hash joins are never much the worse here."""
    connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
    connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
    connection.exec_driver_sql("SET LOCAL jit = off")


def _write(connection: sa.Connection, run_id: str, now: datetime) -> None:
    connection.exec_driver_sql(rules.NOTE, {"run_id": run_id, "now": now})
    # What differs is counted by now, and often little: then it is looked up.
    connection.exec_driver_sql("SET LOCAL enable_nestloop = on")
    for statement in rules.WRITE:
        connection.exec_driver_sql(statement)
    wanted = sa.table("excluded", *map(sa.column, audience_exclusion.c.keys()))
    replace_from(connection, audience_exclusion, sa.select(wanted))


def _counted(connection: sa.Connection, statement: str) -> dict[str, int]:
    return {name: number for name, number in connection.exec_driver_sql(statement)}  # noqa: C416  # a Result is no mapping's items
