"""How far each application has come: its verdict, and what became of it in Tripletex. Written to crm.

The table is worked out anew every time; what people decided and what was registered is kept elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from pipelines.applications.reading import read_applicants
from pipelines.applications.verdicts import Applicant, Kind, Status, Verdict, judge
from pipelines.registration.registrations import Registrations, forget_gone, read_registrations
from pipelines.registration.targets import Target, customer_target, has_contact
from pipelines.store.bulk import upsert
from schemas.tables.registration import application_case

_COLUMNS = (
    "application_id status kind reasons warnings tripletex_customer_id tripletex_contact_id received_at"
    " status_since"
).split()


@dataclass(frozen=True, slots=True)
class Case:
    """One row of crm.application_case, without its times."""

    status: Status
    kind: Kind | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    customer_id: int | None = None
    contact_id: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a refresh found, in numbers: applications by status, rows written."""

    by_status: Mapping[str, int]
    changed: int


def case_of(applicant: Applicant, verdict: Verdict, registered: Registrations) -> Case:
    """A verdict, with what became of the application in Tripletex."""
    case = Case(verdict.status, verdict.kind, verdict.reasons, verdict.warnings)
    customer = customer_target(applicant, verdict)
    if verdict.status != "enriched" or customer is None:
        return case
    ids = registered.ids(customer)
    if len(ids) > 1:
        return _reviewed(case, f"it is registered as {len(ids)} customers in Tripletex")
    if not ids:
        return _open(case, registered, customer)
    (customer_id,) = ids
    if verdict.kind == "private" or not has_contact(applicant):
        return replace(case, status="registered", reasons=(), customer_id=customer_id)
    contact = Target("contact", str(applicant.person_id), customer_id)
    contacts = registered.ids(contact)
    if not contacts:
        reasons = ("the customer is registered, its contact person is not yet",)
        return _open(replace(case, reasons=reasons, customer_id=customer_id), registered, contact)
    return replace(case, status="registered", reasons=(), customer_id=customer_id, contact_id=min(contacts))


def refresh(engine: sa.Engine, now: datetime) -> Report:
    """Bring crm.application_case up to date, and drop what is held of forms and cards that are gone.

    `now` is aware. A second call changes nothing.
    """
    with engine.begin() as connection:
        forget_gone(connection)
        applicants = read_applicants(connection)
        registered = read_registrations(connection)
        since = dict(_since(connection))
        rows = []
        by_status: Counter[str] = Counter()
        for applicant in applicants:
            case = case_of(applicant, judge(applicant, now), registered)
            by_status[case.status] += 1
            before, moment = since.pop(applicant.application_id, (None, now))
            rows.append(_row(applicant, case, moment if before == case.status else now))
        written = upsert(connection, application_case, _COLUMNS, rows)
        gone = connection.execute(
            sa.delete(application_case).where(application_case.c.application_id.in_(list(since)))
        ).rowcount
    return Report(dict(by_status), written.changed + gone)


def _open(case: Case, registered: Registrations, target: Target) -> Case:
    """An application that is not registered yet: refused, under way, or not begun."""
    refusal = registered.refused(target)
    if refusal is not None:
        named = ", ".join(refusal.refused_fields) or "the request"
        return _reviewed(case, f"Tripletex refused {named} of the {target.object}")
    if registered.pending(target):
        return replace(case, reasons=("its registration is under way",))
    return case


def _reviewed(case: Case, reason: str) -> Case:
    return replace(case, status="needs_review", reasons=(reason,))


def _since(connection: sa.Connection) -> list[tuple[int, tuple[str, datetime]]]:
    table = application_case.c
    rows = connection.execute(sa.select(table.application_id, table.status, table.status_since))
    return [(row.application_id, (row.status, row.status_since)) for row in rows]


def _row(applicant: Applicant, case: Case, since: datetime) -> tuple[object, ...]:
    return (
        applicant.application_id,
        case.status,
        case.kind,
        list(case.reasons),
        list(case.warnings),
        case.customer_id,
        case.contact_id,
        applicant.received_at,
        since,
    )
