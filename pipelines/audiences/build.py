"""Builds the audiences anew from the cards, honours what stands against it, and notes who came and went."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from pipelines.audiences import rules
from pipelines.audiences.members import Audiences, compare_members, preview_members, write_members
from pipelines.audiences.screening import leave_out, screen
from pipelines.laps import Laps
from pipelines.privacy.bounces import renew_bounces
from pipelines.privacy.subjects.objections_renewed import renew_objections
from pipelines.store.planner import without_nested_loops
from schemas.audience_reasons import BOUNCED, FELL_BACK, SAME_MAILBOX, WAYS
from schemas.zone import OSLO

_AGAINST = {"bounced": BOUNCED, "same_mailbox": SAME_MAILBOX}


def build_audiences(
    engine: sa.Engine, secrets: Sequence[bytes], run_id: str, now: datetime, *, keep: bool = True
) -> Audiences:
    """Make crm.audience_member what the rules say now, in one transaction; a second call changes nothing.

    `secrets`: PRIVACY_SECRET and those before it; `now` is aware. With `keep` off the members stay as they
    are, and crm.audience_preview tells who would come and go. Raises SuppressionError when objections or
    erasures cannot be recognised.
    """
    laps = Laps("audiences")
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
        with without_nested_loops(connection):
            _prepare(connection, now.astimezone(OSLO).date())
        laps.lap("ways to write")
        screened = screening.result()
        leave_out(connection, screened)
        laps.lap("screening")
        with without_nested_loops(connection):
            for statement in rules.CANDIDATES:
                connection.exec_driver_sql(statement, _AGAINST)
            built = compare_members(connection)
        laps.lap("comparing")
        if keep:
            write_members(connection, run_id, now)
        else:
            preview_members(connection)
    laps.lap("writing")
    if keep:
        renew_bounces(engine, secrets, screened.bounces_to_move)
        renew_objections(engine, secrets, screened.objections_to_move)
    return built


def _prepare(connection: sa.Connection, today: date) -> None:
    """Fill the temporary tables that the rules ask."""
    days = {"today": today, "since": today - timedelta(days=rules.AGREEMENT_DAYS)}
    for statement in rules.PREPARE:
        connection.exec_driver_sql(statement, days)
    connection.exec_driver_sql(rules.WORDS, _wordings())


def _wordings() -> list[dict[str, object]]:
    """Every way in words, once for the address that comes first and once for another in its place."""
    return [
        {
            "way": way,
            "fell_back": fell_back,
            "reason": reason + FELL_BACK * fell_back,
            "legal_basis": legal_basis,
        }
        for way, (reason, legal_basis) in WAYS.items()
        for fell_back in (False, True)
    ]
