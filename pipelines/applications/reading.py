"""Reads the applications that are held, with the cards they belong to and what was decided about them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from pipelines.applications.verdicts import Applicant, Organization
from pipelines.identity.normalise.organizations import company_name
from schemas.tables import crm
from schemas.tables.landing import TABLES, brreg_name
from schemas.tables.privacy import hold
from schemas.tables.registration import application_decision

_FORM = TABLES["order_form"]


def read_applicants(connection: sa.Connection) -> list[Applicant]:
    """Every form that is held and still at its source, in the order of its id."""
    looked_up = sa.select(brreg_name.c.name_key, brreg_name.c.hits)
    hits = {row.name_key: row.hits for row in connection.execute(looked_up)}
    return [_applicant(row, hits) for row in connection.execute(_statement()).mappings()]


def _statement() -> sa.Select[Any]:
    form, link, org, unit = _FORM, crm.source_link, crm.organization, TABLES["brreg_unit"]
    ledger, customer = crm.source_link.alias("ledger"), TABLES["tripletex_customer"]
    is_private = sa.exists().where(
        ledger.c.source == "tripletex_customer",
        ledger.c.person_id == link.c.person_id,
        customer.c.id == sa.cast(ledger.c.source_id, sa.BigInteger()),
        customer.c.is_private_individual,
        customer.c.deleted_at_source.is_(None),
    )
    is_restricted = sa.exists().where(
        hold.c.kind == "restriction",
        hold.c.lifted_at.is_(None),
        hold.c.data == "landing.order_form",
        hold.c.value == sa.cast(form.c.id, sa.Text()),
    )
    return (
        sa.select(
            form.c.id,
            form.c.first_seen_at,
            form.c.is_active,
            form.c.status.label("form_status"),
            form.c.first_name,
            form.c.last_name,
            form.c.email,
            form.c.phone,
            form.c.company_name,
            crm.person.c.person_id,
            crm.person.c.is_internal,
            org.c.organization_id,
            org.c.organization_number,
            org.c.status.label("organization_status"),
            unit.c.status.label("unit_status"),
            *(
                org.c[name].label(f"organization_{name}")
                for name in "name email phone website address postal_code city country".split()
            ),
            application_decision.c.decision,
            is_private.label("is_private_in_ledger"),
            is_restricted.label("is_restricted"),
        )
        .select_from(
            form.outerjoin(
                link, (link.c.source == "order_form") & (link.c.source_id == sa.cast(form.c.id, sa.Text()))
            )
            .outerjoin(crm.person, crm.person.c.person_id == link.c.person_id)
            .outerjoin(org, org.c.organization_id == link.c.organization_id)
            .outerjoin(
                unit, (unit.c.number == org.c.organization_number) & unit.c.deleted_at_source.is_(None)
            )
            .outerjoin(application_decision, application_decision.c.application_id == form.c.id)
        )
        .where(form.c.deleted_at_source.is_(None))
        .order_by(form.c.id)
    )


def _applicant(row: sa.RowMapping, hits: dict[str, int]) -> Applicant:
    organization = None
    if row["organization_id"] is not None:
        organization = Organization(
            id=row["organization_id"],
            number=row["organization_number"],
            status=row["organization_status"],
            unit=row["unit_status"],
            **{
                name: row[f"organization_{name}"]
                for name in "name email phone website address postal_code city country".split()
            },
        )
    return Applicant(
        application_id=row["id"],
        received_at=row["first_seen_at"],
        organization=organization,
        is_internal=bool(row["is_internal"]),
        name_hits=hits.get(company_name(row["company_name"]).full),
        **{
            name: row[name]
            for name in (
                "is_active form_status first_name last_name email phone company_name person_id decision"
                " is_private_in_ledger is_restricted"
            ).split()
        },
    )
