"""From the store to Tripletex: make the plan, show it, and carry it out where that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from pipelines.applications.reading import read_applicants
from pipelines.applications.verdicts import judge
from pipelines.registration.apply import Outcome, Service, apply
from pipelines.registration.journal import Journal
from pipelines.registration.plan import Plan, Step
from pipelines.registration.planning import customers_in_question, make_plan
from pipelines.registration.registrations import read_registrations
from pipelines.registration.snapshot import read_contacts, read_customers
from pipelines.store.bulk import replace
from schemas.tables.registration import registration_plan


def plan_registrations(engine: sa.Engine, secret: bytes, now: datetime) -> Plan:
    """What is to be registered as the store stands. Sends and writes nothing; `now` is aware."""
    with engine.connect() as connection:
        judged = [(applicant, judge(applicant, now)) for applicant in read_applicants(connection)]
        registered, snapshot = read_registrations(connection), read_customers(connection)
        read_contacts(connection, snapshot, customers_in_question(judged, snapshot, registered))
        return make_plan(judged, snapshot, registered, secret)


def store_plan(engine: sa.Engine, plan: Plan) -> int:
    """Make crm.registration_plan equal to a plan; return how many rows changed. No value is stored."""
    with engine.begin() as connection:
        return replace(connection, registration_plan, plan_rows(plan.steps)).changed


def register(
    engine: sa.Engine,
    service: Service,
    secret: bytes,
    run_id: str,
    clock: Callable[[], datetime],
    *,
    expected: str | None = None,
) -> Outcome | None:
    """Plan anew and carry the plan out. Raises as `apply`; may be called again after whatever happened.

    `expected` is the digest of the plan that somebody looked at: None is returned, and nothing was sent,
    when something else would be done now.
    """
    plan = plan_registrations(engine, secret, clock())
    if expected is not None and expected != plan.digest(secret):
        return None
    return apply(plan, service, Journal(engine, run_id), secret, clock)


def plan_rows(steps: Sequence[Step]) -> pd.DataFrame:
    """Steps as rows of crm.registration_plan."""
    rows = [
        (
            number,
            step.action,
            step.target.object,
            step.entity,
            step.target.entity_id,
            step.target.customer_id or None,
            step.record_id,
            sorted(step.fields),
            step.reason,
            sorted(step.application_ids),
        )
        for number, step in enumerate(steps, start=1)
    ]
    columns = (
        "step action object entity entity_id customer_id record_id fields reason application_ids".split()
    )
    return pd.DataFrame(rows, columns=columns, dtype=object)
