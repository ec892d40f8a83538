"""The cards: one per person and per organisation, with all their addresses, and who acts for whom."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.categories import ADDRESS, EMAIL, ID, NAME, OPERATIONS, PHONE, PUBLIC
from schemas.tables.base import TIMESTAMP, UUID, column, metadata
from schemas.tables.crm.columns import SCHEMA, organization_id, person_id, source, source_id


def _stamps() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        column("created_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
               comment="When the card was made"),
        column("updated_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
               comment="When a value on the card last changed"),
    )  # fmt: skip


person = sa.Table(
    "person",
    metadata,
    person_id(primary_key=True),
    column("first_name", sa.Text(), NAME, comment="Given names"),
    column("last_name", sa.Text(), NAME, comment="Surname"),
    column("full_name", sa.Text(), NAME, comment="Name as it is written"),
    column("email", sa.Text(), EMAIL, comment="E-mail address to use first"),
    column("phone", sa.Text(), PHONE, comment="Phone number to use first, E.164"),
    column("is_internal", sa.Boolean(), OPERATIONS, nullable=False,
           comment="The company's own employee, not a customer"),
    *_stamps(),
    schema=SCHEMA,
    comment="One row per person",
)  # fmt: skip

organization = sa.Table(
    "organization",
    metadata,
    organization_id(primary_key=True),
    column("organization_number", sa.CHAR(9), PUBLIC, comment="Organisation number, nine digits"),
    column("name", sa.Text(), NAME, comment="Name; for a sole proprietor it holds a person's name"),
    column("organization_form", sa.Text(), PUBLIC, comment="Organisation form, e.g. AS, ENK, FLI"),
    column("status", sa.Text(), PUBLIC, nullable=False,
           comment="active, bankrupt, liquidation, deleted, removed, subunit or unverified"),
    column("is_personal", sa.Boolean(), OPERATIONS, nullable=False,
           comment="The organisation is a natural person (sole proprietor): its data are personal"),
    column("parent_organization_id", UUID, ID, comment="Card of the unit this one belongs to"),
    column("parent_organization_number", sa.CHAR(9), PUBLIC,
           comment="Organisation number of the unit this one belongs to"),
    column("vat_registered", sa.Boolean(), PUBLIC, comment="Registered for VAT"),
    column("industry_code", sa.Text(), PUBLIC, comment="Industry code (SN2025)"),
    column("industry", sa.Text(), PUBLIC, comment="Industry in words"),
    column("employees", sa.BigInteger(), PUBLIC,
           comment="Employees; null where the register withholds it (0 to 4)"),
    column("website", sa.Text(), PUBLIC, comment="Web site"),
    column("email", sa.Text(), EMAIL, comment="General e-mail address"),
    column("invoice_email", sa.Text(), EMAIL, comment="Where invoices go"),
    column("phone", sa.Text(), PHONE, comment="Phone number, E.164"),
    column("address", sa.Text(), ADDRESS, comment="Street address or post box"),
    column("postal_code", sa.Text(), ADDRESS, comment="Postal code"),
    column("city", sa.Text(), ADDRESS, comment="Postal town"),
    column("country", sa.Text(), ADDRESS, comment="Country, ISO 3166 two letters"),
    *_stamps(),
    # Checked at the end of a transaction: numbers may change places between cards in one statement.
    sa.UniqueConstraint("organization_number", deferrable=True, initially="DEFERRED"),
    schema=SCHEMA,
    comment="One row per organisation, sub-units included",
)  # fmt: skip

person_email = sa.Table(
    "person_email",
    metadata,
    person_id(primary_key=True),
    column("email", sa.Text(), EMAIL, primary_key=True, index=True, comment="E-mail, normalised"),
    column("is_primary", sa.Boolean(), OPERATIONS, nullable=False, comment="The one on the card"),
    column("is_role_address", sa.Boolean(), OPERATIONS, nullable=False,
           comment="Shared by a role (post@, faktura@), does not identify a person"),
    source(nullable=False),
    source_id(nullable=False),
    schema=SCHEMA,
    comment="Every e-mail address of a person",
)  # fmt: skip

person_phone = sa.Table(
    "person_phone",
    metadata,
    person_id(primary_key=True),
    column("phone", sa.Text(), PHONE, primary_key=True, index=True,
           comment="Phone number, E.164 where it is valid"),
    column("is_primary", sa.Boolean(), OPERATIONS, nullable=False, comment="The one on the card"),
    source(nullable=False),
    source_id(nullable=False),
    schema=SCHEMA,
    comment="Every phone number of a person",
)  # fmt: skip

affiliation = sa.Table(
    "affiliation",
    metadata,
    person_id(primary_key=True),
    organization_id(primary_key=True, index=True),
    source(nullable=False),
    source_id(nullable=False),
    column("rule", sa.Text(), OPERATIONS, nullable=False, comment="Rule that tied the two"),
    schema=SCHEMA,
    comment="Which persons act for which organisations",
)  # fmt: skip
