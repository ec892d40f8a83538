"""Builds the audiences anew from the cards, honours what stands against it, and notes who came and went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from pipelines.audiences import rules
from pipelines.audiences.bounces import renew_bounces
from pipelines.audiences.screening import leave_out, screen
from pipelines.laps import Laps
from pipelines.privacy.subjects.objections_renewed import renew_objections
from pipelines.store.bulk import replace_from
from schemas.payloads.types import OSLO
from schemas.tables.audiences import KNOWN, audience_exclusion, audience_preview

_AGAINST = {"bounced": rules.BOUNCED, "same_mailbox": rules.SAME_MAILBOX}


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
    today, laps = now.astimezone(OSLO).date(), Laps("audiences")
    days = {"today": today, "since": today - timedelta(days=rules.AGREEMENT_DAYS)}
    # One view of the cards throughout: they may be made anew while this runs.
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
        ThreadPoolExecutor(1) as beside,
    ):
        # A lock on a table takes no snapshot: what is read afterwards is what the last builder left.
        connection.exec_driver_sql("LOCK TABLE crm.audience_member IN SHARE ROW EXCLUSIVE MODE")
        snapshot = connection.scalar(sa.select(sa.func.pg_export_snapshot()))
        screening = beside.submit(screen, engine, str(snapshot), secrets)
        connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
        connection.exec_driver_sql("SET LOCAL jit = off")
        _plan_for(connection, many=True)
        for statement in rules.PREPARE:
            connection.exec_driver_sql(statement, days)
        connection.exec_driver_sql(rules.WORDS, _wordings())
        laps.lap("ways to write")
        _plan_for(connection, many=False)
        screened = screening.result()
        leave_out(connection, screened)
        laps.lap("screening")
        _plan_for(connection, many=True)
        for statement in rules.CANDIDATES:
            connection.exec_driver_sql(statement, _AGAINST)
        for statement in rules.DIFFERENCE:
            connection.exec_driver_sql(statement)
        changes = connection.exec_driver_sql(rules.CHANGES).all()
        laps.lap("comparing")
        connection.execute(sa.delete(audience_preview))
        if keep:
            _write(connection, run_id, now)
        else:
            connection.exec_driver_sql(rules.PREVIEW)
        built = Audiences(
            members=_counted(connection, rules.MEMBERS),
            came={f"{row.audience}: {row.why}": row.number for row in changes if row.change == "in"},
            went={f"{row.audience}: {row.why}": row.number for row in changes if row.change == "out"},
            excluded=_counted(connection, rules.EXCLUSIONS),
            changed=sum(row.number for row in changes),
        )
    laps.lap("writing")
    if keep:
        renew_bounces(engine, secrets, screened.bounces_to_move)
        renew_objections(engine, secrets, screened.objections_to_move)
    return built


def _plan_for(connection: sa.Connection, *, many: bool) -> None:
    """Fresh temporary tables look small to the planner; for many rows hash joins are never much the worse."""
    connection.exec_driver_sql(f"SET LOCAL enable_nestloop = {'off' if many else 'on'}")


def _wordings() -> list[dict[str, object]]:
    """Every way in words, once for the address that comes first and once for another in its place."""
    return [
        {
            "way": way,
            "fell_back": fell_back,
            "reason": reason + rules.FELL_BACK * fell_back,
            "legal_basis": legal_basis,
        }
        for way, (reason, legal_basis) in rules.WAYS.items()
        for fell_back in (False, True)
    ]


def _write(connection: sa.Connection, run_id: str, now: datetime) -> None:
    connection.exec_driver_sql(rules.NOTE, {"run_id": run_id, "now": now})
    # What differs is counted by now, and often little: then it is looked up.
    _plan_for(connection, many=False)
    for statement in rules.WRITE:
        connection.exec_driver_sql(statement)
    for audience in KNOWN:
        connection.exec_driver_sql(rules.ADD, {"audience": audience})
    wanted = sa.table("excluded", *map(sa.column, audience_exclusion.c.keys()))
    replace_from(connection, audience_exclusion, sa.select(wanted))


def _counted(connection: sa.Connection, statement: str) -> dict[str, int]:
    return {name: number for name, number in connection.exec_driver_sql(statement)}  # noqa: C416  # a Result is no mapping's items
