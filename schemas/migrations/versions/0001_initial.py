# ruff: noqa: E501  # as Alembic and the database write it
"""The first release: landing, crm and privacy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMAS = ("crm", "landing", "privacy")


def upgrade() -> None:
    for schema in _SCHEMAS:
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "affiliation",
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=False, comment="The organisation's card"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("rule", sa.Text(), nullable=False, comment="Rule that tied the two"),
        sa.PrimaryKeyConstraint("person_id", "organization_id", name=op.f("pk_affiliation")),
        schema="crm",
        comment="Which persons act for which organisations",
    )
    op.create_index(
        op.f("ix_affiliation_organization_id"), "affiliation", ["organization_id"], unique=False, schema="crm"
    )
    op.create_table(
        "application",
        sa.Column(
            "application_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Participant id in the registration system",
        ),
        sa.Column("activity_id", sa.BigInteger(), nullable=False, comment="Own form"),
        sa.Column("form_status", sa.Text(), nullable=True, comment="Status in the registration system"),
        sa.Column("is_active", sa.Boolean(), nullable=True, comment="The form stands"),
        sa.Column("company_name", sa.Text(), nullable=True, comment="Company as it was written"),
        sa.Column(
            "first_seen_at", sa.DateTime(timezone=True), nullable=False, comment="When it was first read"
        ),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=True, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=True, comment="The organisation's card"
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application")),
        schema="crm",
        comment="One row per sample-solution or order form",
    )
    op.create_index(
        op.f("ix_application_organization_id"), "application", ["organization_id"], unique=False, schema="crm"
    )
    op.create_index(
        op.f("ix_application_person_id"), "application", ["person_id"], unique=False, schema="crm"
    )
    op.create_table(
        "application_case",
        sa.Column(
            "application_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The form (crm.application)",
        ),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="new, enriched, needs_review, registered or declined"
        ),
        sa.Column(
            "kind", sa.Text(), nullable=True, comment="company, private, or null while it is not known"
        ),
        sa.Column(
            "reasons", postgresql.ARRAY(sa.Text()), nullable=False, comment="Why it has this status, in words"
        ),
        sa.Column(
            "warnings",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="What the register says that matters for billing, in words",
        ),
        sa.Column(
            "tripletex_customer_id",
            sa.BigInteger(),
            nullable=True,
            comment="The customer it became in Tripletex",
        ),
        sa.Column(
            "tripletex_contact_id",
            sa.BigInteger(),
            nullable=True,
            comment="The contact person it became in Tripletex",
        ),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="When the form was first read"
        ),
        sa.Column(
            "status_since", sa.DateTime(timezone=True), nullable=False, comment="When it got this status"
        ),
        sa.CheckConstraint("kind IN ('company', 'private')", name=op.f("ck_application_case_known_kind")),
        sa.CheckConstraint(
            "status IN ('new', 'enriched', 'needs_review', 'registered', 'declined')",
            name=op.f("ck_application_case_known"),
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application_case")),
        schema="crm",
        comment="How far each application has come, from form to customer",
    )
    op.create_index(
        op.f("ix_application_case_status"), "application_case", ["status"], unique=False, schema="crm"
    )
    op.create_table(
        "application_decision",
        sa.Column(
            "application_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="The form (crm.application)",
        ),
        sa.Column(
            "decision",
            sa.Text(),
            nullable=False,
            comment="decline, company or private: register in spite of what the review found, as which",
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="Who decided"),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why, without personal data"),
        sa.CheckConstraint(
            "decision IN ('decline', 'company', 'private')", name=op.f("ck_application_decision_known")
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_application_decision")),
        schema="crm",
        comment="What a person decided about an application; never overridden by a run",
    )
    op.create_table(
        "application_file",
        sa.Column("content_hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the file"),
        sa.Column("form_rows", sa.Integer(), nullable=False, comment="Applications in it"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run that loaded it"),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_application_file")),
        schema="crm",
        comment="Exports of forms that were loaded, so that none is loaded twice",
    )
    op.create_table(
        "audience_change",
        sa.Column(
            "audience_change_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Running number",
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run"),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.Column("audience", sa.Text(), nullable=False, comment="important_updates or course_invitations"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("change", sa.Text(), nullable=False, comment="in or out"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.CheckConstraint(
            "audience IN ('important_updates', 'course_invitations')", name=op.f("ck_audience_change_known")
        ),
        sa.CheckConstraint("change IN ('in', 'out')", name=op.f("ck_audience_change_known_change")),
        sa.PrimaryKeyConstraint("audience_change_id", name=op.f("pk_audience_change")),
        schema="crm",
        comment="Who came into an audience or fell out of it, when and why",
    )
    op.create_index(
        op.f("ix_audience_change_person_id"), "audience_change", ["person_id"], unique=False, schema="crm"
    )
    op.create_index(
        op.f("ix_audience_change_run_id"), "audience_change", ["run_id"], unique=False, schema="crm"
    )
    op.create_table(
        "audience_member",
        sa.Column("audience", sa.Text(), nullable=False, comment="important_updates or course_invitations"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("email", sa.Text(), nullable=False, comment="Address to write to"),
        sa.Column(
            "is_role_address",
            sa.Boolean(),
            nullable=False,
            comment="A mailbox of the organisation, not of a person",
        ),
        sa.Column(
            "organization_id",
            sa.Uuid(as_uuid=False),
            nullable=True,
            comment="The customer; null for a private one",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why the person is in it"),
        sa.Column("legal_basis", sa.Text(), nullable=False, comment="By which right"),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity of the address"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of that record at its source"),
        sa.CheckConstraint(
            "audience IN ('important_updates', 'course_invitations')", name=op.f("ck_audience_member_known")
        ),
        sa.PrimaryKeyConstraint("audience", "person_id", name=op.f("pk_audience_member")),
        sa.UniqueConstraint(
            "audience",
            "email",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_audience_member_audience_email"),
        ),
        schema="crm",
        comment="Who may be written to, one row per person and audience",
    )
    op.create_table(
        "course_signup",
        sa.Column(
            "course_signup_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Participant id in the registration system",
        ),
        sa.Column("activity_id", sa.BigInteger(), nullable=False, comment="Own course"),
        sa.Column("status", sa.Text(), nullable=True, comment="registered, confirmed, …"),
        sa.Column("is_active", sa.Boolean(), nullable=True, comment="The sign-up stands"),
        sa.Column("company_name", sa.Text(), nullable=True, comment="Company as it was written"),
        sa.Column(
            "first_seen_at", sa.DateTime(timezone=True), nullable=False, comment="When it was first read"
        ),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=True, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=True, comment="The organisation's card"
        ),
        sa.PrimaryKeyConstraint("course_signup_id", name=op.f("pk_course_signup")),
        schema="crm",
        comment="One row per sign-up for an own course",
    )
    op.create_index(
        op.f("ix_course_signup_organization_id"),
        "course_signup",
        ["organization_id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_course_signup_person_id"), "course_signup", ["person_id"], unique=False, schema="crm"
    )
    op.create_table(
        "field_origin",
        sa.Column("entity", sa.Text(), nullable=False, comment="person or organization"),
        sa.Column("entity_id", sa.Uuid(as_uuid=False), nullable=False, comment="Id of the card"),
        sa.Column("field", sa.Text(), nullable=False, comment="Column of the card"),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("rule", sa.Text(), nullable=False, comment="Why this source won"),
        sa.Column(
            "source_changed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the source changed it",
        ),
        sa.PrimaryKeyConstraint("entity", "entity_id", "field", name=op.f("pk_field_origin")),
        schema="crm",
        comment="Where each value on a card comes from",
    )
    op.create_table(
        "identity_alias",
        sa.Column("entity", sa.Text(), nullable=False, comment="person or organization"),
        sa.Column(
            "alias_id", sa.Uuid(as_uuid=False), nullable=False, comment="An id that is no longer a card"
        ),
        sa.Column("current_id", sa.Uuid(as_uuid=False), nullable=False, comment="The card it became part of"),
        sa.PrimaryKeyConstraint("entity", "alias_id", name=op.f("pk_identity_alias")),
        schema="crm",
        comment="Former ids and the cards they became part of",
    )
    op.create_table(
        "identity_event",
        sa.Column(
            "event_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Running number; read on from the last one seen",
        ),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When",
        ),
        sa.Column("event", sa.Text(), nullable=False, comment="CREATED, MERGED, SPLIT or ERASED"),
        sa.Column("entity", sa.Text(), nullable=False, comment="person or organization"),
        sa.Column("entity_id", sa.Uuid(as_uuid=False), nullable=False, comment="The card"),
        sa.Column(
            "other_entity_id",
            sa.Uuid(as_uuid=False),
            nullable=True,
            comment="The card merged into it or split from it",
        ),
        sa.Column("rule", sa.Text(), nullable=True, comment="Rule behind the event"),
        sa.Column("run_id", sa.Text(), nullable=True, comment="Dagster run"),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_identity_event")),
        schema="crm",
        comment="What happened to cards, in order, for consumers that keep copies",
    )
    op.create_index(
        op.f("ix_identity_event_entity_id"), "identity_event", ["entity_id"], unique=False, schema="crm"
    )
    op.create_index(
        op.f("ix_identity_event_other_entity_id"),
        "identity_event",
        ["other_entity_id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "identity_guard",
        sa.Column("key_kind", sa.Text(), nullable=False, comment="email, phone or domain"),
        sa.Column("key_value", sa.Text(), nullable=False, comment="The key"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it does not identify"),
        sa.Column("people", sa.BigInteger(), nullable=True, comment="Different names that use it"),
        sa.Column("organizations", sa.BigInteger(), nullable=True, comment="Organisations that use it"),
        sa.PrimaryKeyConstraint("key_kind", "key_value", name=op.f("pk_identity_guard")),
        schema="crm",
        comment="Keys that do not identify a person, learned from the data at the last run",
    )
    op.create_table(
        "identity_state",
        sa.Column("entity", sa.Text(), nullable=False, comment="Always `cards`: one row"),
        sa.Column(
            "rules",
            sa.Text(),
            nullable=False,
            comment="Hash of the rules the cards were made by; others need a full rebuild",
        ),
        sa.Column(
            "transaction_id",
            sa.BigInteger(),
            nullable=False,
            comment="Oldest transaction that the cards may not have seen",
        ),
        sa.Column(
            "decisions",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Decisions the cards follow",
        ),
        sa.PrimaryKeyConstraint("entity", name=op.f("pk_identity_state")),
        schema="crm",
        comment="What the cards were last made from, so that the next run knows what is new",
    )
    op.create_table(
        "inquiry",
        sa.Column(
            "inquiry_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Help Scout conversation id",
        ),
        sa.Column("number", sa.BigInteger(), nullable=True, comment="Number shown in Help Scout"),
        sa.Column("status", sa.Text(), nullable=True, comment="active, pending, closed or spam"),
        sa.Column("type", sa.Text(), nullable=True, comment="email, phone or chat"),
        sa.Column("mailbox", sa.Text(), nullable=True, comment="Inbox it came to"),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=True, comment="Tags"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True, comment="When it was made"),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True, comment="When it was closed"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=True, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=True, comment="The organisation's card"
        ),
        sa.PrimaryKeyConstraint("inquiry_id", name=op.f("pk_inquiry")),
        schema="crm",
        comment="One row per support inquiry: that there was one, never what it said",
    )
    op.create_index(
        op.f("ix_inquiry_organization_id"), "inquiry", ["organization_id"], unique=False, schema="crm"
    )
    op.create_index(op.f("ix_inquiry_person_id"), "inquiry", ["person_id"], unique=False, schema="crm")
    op.create_table(
        "invoice",
        sa.Column(
            "invoice_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Tripletex invoice id"
        ),
        sa.Column("invoice_number", sa.BigInteger(), nullable=True, comment="Invoice number"),
        sa.Column("invoice_date", sa.Date(), nullable=True, comment="Invoice date"),
        sa.Column("due_date", sa.Date(), nullable=True, comment="Due date"),
        sa.Column(
            "amount",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Amount with VAT in the company's currency",
        ),
        sa.Column(
            "amount_excluding_vat",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Amount without VAT",
        ),
        sa.Column(
            "amount_outstanding",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="What is not yet paid",
        ),
        sa.Column(
            "amount_currency",
            sa.Numeric(precision=18, scale=2),
            nullable=True,
            comment="Amount with VAT in the invoice's currency",
        ),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency of the invoice, ISO 4217"),
        sa.Column("is_credit_note", sa.Boolean(), nullable=True, comment="A credit note"),
        sa.Column("is_credited", sa.Boolean(), nullable=True, comment="Credited by another invoice"),
        sa.Column(
            "credited_invoice_id", sa.BigInteger(), nullable=True, comment="The invoice this one credits"
        ),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=True, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=True, comment="The organisation's card"
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice")),
        schema="crm",
        comment="One row per charged invoice or credit note",
    )
    op.create_index(
        op.f("ix_invoice_organization_id"), "invoice", ["organization_id"], unique=False, schema="crm"
    )
    op.create_index(op.f("ix_invoice_person_id"), "invoice", ["person_id"], unique=False, schema="crm")
    op.create_table(
        "match_block",
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column(
            "block",
            sa.BigInteger(),
            nullable=False,
            comment="Records that share a key, directly or through others; recomputed together",
        ),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_match_block")),
        schema="crm",
        comment="Which source records must be matched together",
    )
    op.create_index(op.f("ix_match_block_block"), "match_block", ["block"], unique=False, schema="crm")
    op.create_table(
        "match_decision",
        sa.Column(
            "decision_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Running number",
        ),
        sa.Column("decision", sa.Text(), nullable=False, comment="same, different or not_identifying"),
        sa.Column("left_source", sa.Text(), nullable=True, comment="Source entity"),
        sa.Column("left_source_id", sa.Text(), nullable=True, comment="Id of the record at its source"),
        sa.Column("right_source", sa.Text(), nullable=True, comment="Source entity"),
        sa.Column("right_source_id", sa.Text(), nullable=True, comment="Id of the record at its source"),
        sa.Column("key_kind", sa.Text(), nullable=True, comment="email, phone or domain (not_identifying)"),
        sa.Column("key_value", sa.Text(), nullable=True, comment="The key that does not identify"),
        sa.Column("decided_by", sa.Text(), nullable=True, comment="Who decided"),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When",
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why"),
        sa.CheckConstraint(
            "(decision = 'not_identifying' AND key_kind IS NOT NULL AND key_value IS NOT NULL) OR (decision <> 'not_identifying' AND left_source IS NOT NULL AND left_source_id IS NOT NULL AND right_source IS NOT NULL AND right_source_id IS NOT NULL)",
            name=op.f("ck_match_decision_complete"),
        ),
        sa.CheckConstraint(
            "decision IN ('same', 'different', 'not_identifying')", name=op.f("ck_match_decision_known")
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_match_decision")),
        schema="crm",
        comment="What a person decided about a pair or a key; never overridden by a run",
    )
    op.create_table(
        "match_key",
        sa.Column(
            "key_hash",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Hash of a key by which records may meet",
        ),
        sa.Column("block", sa.BigInteger(), nullable=False, comment="Block that holds it"),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_match_key")),
        schema="crm",
        comment="Where a record with a given key belongs",
    )
    op.create_index(op.f("ix_match_key_block"), "match_key", ["block"], unique=False, schema="crm")
    op.create_table(
        "match_link",
        sa.Column("entity", sa.Text(), nullable=False, comment="person or organization"),
        sa.Column("left_source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("left_source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("right_source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("right_source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("rule", sa.Text(), nullable=False, comment="Rule that linked"),
        sa.Column("score", sa.Double(), nullable=True, comment="Score of the scored tier, 0 to 1"),
        sa.Column("explanation", sa.Text(), nullable=False, comment="Why, in words"),
        sa.PrimaryKeyConstraint(
            "entity",
            "left_source",
            "left_source_id",
            "right_source",
            "right_source_id",
            name=op.f("pk_match_link"),
        ),
        schema="crm",
        comment="Why two source records share a card",
    )
    op.create_index(op.f("ix_match_link_rule"), "match_link", ["rule"], unique=False, schema="crm")
    op.create_table(
        "match_review",
        sa.Column("entity", sa.Text(), nullable=False, comment="person or organization"),
        sa.Column("left_source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("left_source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("right_source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("right_source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("score", sa.Double(), nullable=True, comment="Score of the scored tier, 0 to 1"),
        sa.Column("reason", sa.Text(), nullable=False, comment="What speaks for and against"),
        sa.PrimaryKeyConstraint(
            "entity",
            "left_source",
            "left_source_id",
            "right_source",
            "right_source_id",
            name=op.f("pk_match_review"),
        ),
        schema="crm",
        comment="Pairs that may be one customer, for a person to decide",
    )
    op.create_table(
        "organization",
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=False, comment="The organisation's card"
        ),
        sa.Column(
            "organization_number",
            sa.CHAR(length=9),
            nullable=True,
            comment="Organisation number, nine digits",
        ),
        sa.Column(
            "name", sa.Text(), nullable=True, comment="Name; for a sole proprietor it holds a person's name"
        ),
        sa.Column(
            "organization_form", sa.Text(), nullable=True, comment="Organisation form, e.g. AS, ENK, FLI"
        ),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="active, bankrupt, liquidation, deleted, removed, subunit or unverified",
        ),
        sa.Column(
            "is_personal",
            sa.Boolean(),
            nullable=False,
            comment="The organisation is a natural person (sole proprietor): its data are personal",
        ),
        sa.Column(
            "parent_organization_id",
            sa.Uuid(as_uuid=False),
            nullable=True,
            comment="Card of the unit this one belongs to",
        ),
        sa.Column(
            "parent_organization_number",
            sa.CHAR(length=9),
            nullable=True,
            comment="Organisation number of the unit this one belongs to",
        ),
        sa.Column("vat_registered", sa.Boolean(), nullable=True, comment="Registered for VAT"),
        sa.Column("industry_code", sa.Text(), nullable=True, comment="Industry code (SN2025)"),
        sa.Column("industry", sa.Text(), nullable=True, comment="Industry in words"),
        sa.Column(
            "employees",
            sa.BigInteger(),
            nullable=True,
            comment="Employees; null where the register withholds it (0 to 4)",
        ),
        sa.Column("website", sa.Text(), nullable=True, comment="Web site"),
        sa.Column("email", sa.Text(), nullable=True, comment="General e-mail address"),
        sa.Column("invoice_email", sa.Text(), nullable=True, comment="Where invoices go"),
        sa.Column("phone", sa.Text(), nullable=True, comment="Phone number, E.164"),
        sa.Column("address", sa.Text(), nullable=True, comment="Street address or post box"),
        sa.Column("postal_code", sa.Text(), nullable=True, comment="Postal code"),
        sa.Column("city", sa.Text(), nullable=True, comment="Postal town"),
        sa.Column("country", sa.Text(), nullable=True, comment="Country, ISO 3166 two letters"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the card was made",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a value on the card last changed",
        ),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_organization")),
        sa.UniqueConstraint(
            "organization_number",
            deferrable=True,
            initially="DEFERRED",
            name=op.f("uq_organization_organization_number"),
        ),
        schema="crm",
        comment="One row per organisation, sub-units included",
    )
    op.create_table(
        "person",
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("first_name", sa.Text(), nullable=True, comment="Given names"),
        sa.Column("last_name", sa.Text(), nullable=True, comment="Surname"),
        sa.Column("full_name", sa.Text(), nullable=True, comment="Name as it is written"),
        sa.Column("email", sa.Text(), nullable=True, comment="E-mail address to use first"),
        sa.Column("phone", sa.Text(), nullable=True, comment="Phone number to use first, E.164"),
        sa.Column(
            "is_internal", sa.Boolean(), nullable=False, comment="The company's own employee, not a customer"
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the card was made",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a value on the card last changed",
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person")),
        schema="crm",
        comment="One row per person",
    )
    op.create_table(
        "person_email",
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("email", sa.Text(), nullable=False, comment="E-mail, normalised"),
        sa.Column("is_primary", sa.Boolean(), nullable=False, comment="The one on the card"),
        sa.Column(
            "is_role_address",
            sa.Boolean(),
            nullable=False,
            comment="Shared by a role (post@, faktura@), does not identify a person",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.PrimaryKeyConstraint("person_id", "email", name=op.f("pk_person_email")),
        schema="crm",
        comment="Every e-mail address of a person",
    )
    op.create_index(op.f("ix_person_email_email"), "person_email", ["email"], unique=False, schema="crm")
    op.create_table(
        "person_phone",
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("phone", sa.Text(), nullable=False, comment="Phone number, E.164 where it is valid"),
        sa.Column("is_primary", sa.Boolean(), nullable=False, comment="The one on the card"),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.PrimaryKeyConstraint("person_id", "phone", name=op.f("pk_person_phone")),
        schema="crm",
        comment="Every phone number of a person",
    )
    op.create_index(op.f("ix_person_phone_phone"), "person_phone", ["phone"], unique=False, schema="crm")
    op.create_table(
        "registration",
        sa.Column("object", sa.Text(), nullable=False, comment="customer or contact"),
        sa.Column(
            "entity_id",
            sa.Uuid(as_uuid=False),
            nullable=False,
            comment="Card of the organisation or person (crm.identity_alias follows merges)",
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Tripletex customer that a contact belongs to; 0 for a customer",
        ),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="sending (a request may be under way), registered or refused",
        ),
        sa.Column(
            "tripletex_id", sa.BigInteger(), nullable=True, comment="Its id in Tripletex, once it is known"
        ),
        sa.Column(
            "was_created", sa.Boolean(), nullable=True, comment="Made by this pipeline; false: found there"
        ),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was last sent; noted down before",
        ),
        sa.Column(
            "settled_at", sa.DateTime(timezone=True), nullable=True, comment="When its outcome was known"
        ),
        sa.Column(
            "refused_fields",
            postgresql.ARRAY(sa.Text()),
            server_default="{}",
            nullable=False,
            comment="Fields that Tripletex found fault with",
        ),
        sa.Column(
            "fields_hash",
            sa.LargeBinary(),
            nullable=True,
            comment="Keyed hash of what was refused: the same is not sent twice",
        ),
        sa.CheckConstraint(
            "(object = 'customer') = (customer_id = 0)", name=op.f("ck_registration_contacts_have_a_customer")
        ),
        sa.CheckConstraint(
            "(state = 'registered') = (tripletex_id IS NOT NULL)", name=op.f("ck_registration_complete")
        ),
        sa.CheckConstraint("object IN ('customer', 'contact')", name=op.f("ck_registration_known")),
        sa.CheckConstraint(
            "state IN ('sending', 'registered', 'refused')", name=op.f("ck_registration_known_state")
        ),
        sa.PrimaryKeyConstraint("object", "entity_id", "customer_id", name=op.f("pk_registration")),
        schema="crm",
        comment="Which customer or contact person of Tripletex a card is, and what was sent to make it one",
    )
    op.create_table(
        "registration_plan",
        sa.Column(
            "step",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="Place in the order in which they are taken",
        ),
        sa.Column("action", sa.Text(), nullable=False, comment="create, update, link or review"),
        sa.Column("object", sa.Text(), nullable=False, comment="customer or contact"),
        sa.Column("entity", sa.Text(), nullable=False, comment="organization or person"),
        sa.Column(
            "entity_id", sa.Uuid(as_uuid=False), nullable=False, comment="Card of the organisation or person"
        ),
        sa.Column(
            "customer_id",
            sa.BigInteger(),
            nullable=True,
            comment="Tripletex customer that a contact belongs to; null while there is none",
        ),
        sa.Column(
            "record_id",
            sa.BigInteger(),
            nullable=True,
            comment="The object in Tripletex; null while there is none",
        ),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False, comment="Fields that would be sent"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, in words"),
        sa.Column(
            "application_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="The forms it comes from",
        ),
        sa.CheckConstraint(
            "action IN ('create', 'update', 'link', 'review')", name=op.f("ck_registration_plan_known_action")
        ),
        sa.CheckConstraint("object IN ('customer', 'contact')", name=op.f("ck_registration_plan_known")),
        sa.PrimaryKeyConstraint("step", name=op.f("pk_registration_plan")),
        schema="crm",
        comment="What the next registration in Tripletex would do, and why; nothing of it is sent by itself",
    )
    op.create_table(
        "source_link",
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            comment="helpscout_customer, tripletex_customer, tripletex_contact, course_signup, order_form or brreg_unit",
        ),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Id of the record at its source"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=True, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=True, comment="The organisation's card"
        ),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_source_link")),
        schema="crm",
        comment="Which card each source record belongs to",
    )
    op.create_index(
        op.f("ix_source_link_organization_id"), "source_link", ["organization_id"], unique=False, schema="crm"
    )
    op.create_index(
        op.f("ix_source_link_person_id"), "source_link", ["person_id"], unique=False, schema="crm"
    )
    op.create_table(
        "brreg_name",
        sa.Column(
            "name_key",
            sa.Text(),
            nullable=False,
            comment="Name of an organisation without a number, in comparison form",
        ),
        sa.Column(
            "number",
            sa.CHAR(length=9),
            nullable=True,
            comment="Organisation number of the one living unit of that name; null: none, or several",
        ),
        sa.Column("hits", sa.Integer(), nullable=False, comment="Living units of that name"),
        sa.Column(
            "looked_up_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the register was asked",
        ),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_brreg_name")),
        schema="landing",
        comment="Names of organisations that were looked up in the register, so that none is asked for nightly",
    )
    op.create_table(
        "brreg_unit",
        sa.Column("number", sa.Text(), autoincrement=False, nullable=False, comment="number"),
        sa.Column(
            "status",
            sa.Text(),
            autoincrement=False,
            nullable=False,
            comment="What the register says of the unit",
        ),
        sa.Column(
            "is_subunit", sa.Boolean(), autoincrement=False, nullable=False, comment="A sub-unit (underenhet)"
        ),
        sa.Column(
            "name",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="For a sole proprietor it holds a person's name",
        ),
        sa.Column(
            "former_names",
            postgresql.ARRAY(sa.Text()),
            autoincrement=False,
            nullable=False,
            comment="Earlier names, oldest first",
        ),
        sa.Column(
            "organization_form", sa.Text(), autoincrement=False, nullable=True, comment="E.g. AS, ENK, BEDR"
        ),
        sa.Column(
            "parent_number",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="Number of the unit this one belongs to",
        ),
        sa.Column("deleted_on", sa.Date(), autoincrement=False, nullable=True, comment="deleted on"),
        sa.Column(
            "vat_registered", sa.Boolean(), autoincrement=False, nullable=True, comment="vat registered"
        ),
        sa.Column("industry_code", sa.Text(), autoincrement=False, nullable=True, comment="SN2025"),
        sa.Column("industry", sa.Text(), autoincrement=False, nullable=True, comment="Industry in words"),
        sa.Column(
            "employees",
            sa.BigInteger(),
            autoincrement=False,
            nullable=True,
            comment="Null where the register withholds it (0 to 4)",
        ),
        sa.Column("website", sa.Text(), autoincrement=False, nullable=True, comment="website"),
        sa.Column("address", sa.Text(), autoincrement=False, nullable=True, comment="address"),
        sa.Column("postal_code", sa.Text(), autoincrement=False, nullable=True, comment="postal code"),
        sa.Column("city", sa.Text(), autoincrement=False, nullable=True, comment="city"),
        sa.Column(
            "country", sa.Text(), autoincrement=False, nullable=True, comment="Country, ISO 3166 two letters"
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_brreg_unit")),
        schema="landing",
        comment="A unit or sub-unit of the register. One row per organisation number that was looked up.",
    )
    op.create_index(
        op.f("ix_brreg_unit_last_changed_at"),
        "brreg_unit",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "course_signup",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Participant id"),
        sa.Column(
            "activity_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Own course or form"
        ),
        sa.Column(
            "is_active", sa.Boolean(), autoincrement=False, nullable=True, comment="The sign-up stands"
        ),
        sa.Column("first_name", sa.Text(), autoincrement=False, nullable=True, comment="first name"),
        sa.Column("last_name", sa.Text(), autoincrement=False, nullable=True, comment="last name"),
        sa.Column("email", sa.Text(), autoincrement=False, nullable=True, comment="email"),
        sa.Column("phone", sa.Text(), autoincrement=False, nullable=True, comment="phone"),
        sa.Column(
            "company_name", sa.Text(), autoincrement=False, nullable=True, comment="Company as it was written"
        ),
        sa.Column(
            "status", sa.Text(), autoincrement=False, nullable=True, comment="registered, confirmed, …"
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course_signup")),
        schema="landing",
        comment="A sign-up for an own course (clause S4). One row per participant id.",
    )
    op.create_index(
        op.f("ix_course_signup_last_changed_at"),
        "course_signup",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "cursor",
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column(
            "read_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="The next nightly read starts here, less the overlap",
        ),
        sa.Column(
            "position",
            sa.BigInteger(),
            nullable=True,
            comment="Last update id read from a change feed, where the source has one",
        ),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_cursor")),
        schema="landing",
        comment="Where the next nightly read of a source begins; moved in the transaction that lands rows",
    )
    op.create_table(
        "helpscout_conversation",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="id"),
        sa.Column(
            "number",
            sa.BigInteger(),
            autoincrement=False,
            nullable=True,
            comment="Number shown in Help Scout",
        ),
        sa.Column(
            "status", sa.Text(), autoincrement=False, nullable=True, comment="active, pending, closed or spam"
        ),
        sa.Column("type", sa.Text(), autoincrement=False, nullable=True, comment="email, phone or chat"),
        sa.Column("mailbox_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="mailbox id"),
        sa.Column(
            "customer_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Help Scout customer"
        ),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), autoincrement=False, nullable=False, comment="tags"),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True, comment="created at"
        ),
        sa.Column(
            "closed_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True, comment="closed at"
        ),
        sa.Column(
            "source_changed_at",
            sa.DateTime(timezone=True),
            autoincrement=False,
            nullable=True,
            comment="When a user last changed it",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpscout_conversation")),
        schema="landing",
        comment="That there was an inquiry, when and by whom. One row per conversation; no subject, no body.",
    )
    op.create_index(
        op.f("ix_helpscout_conversation_last_changed_at"),
        "helpscout_conversation",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "helpscout_customer",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="id"),
        sa.Column("first_name", sa.Text(), autoincrement=False, nullable=True, comment="first name"),
        sa.Column("last_name", sa.Text(), autoincrement=False, nullable=True, comment="last name"),
        sa.Column(
            "organization", sa.Text(), autoincrement=False, nullable=True, comment="Company as free text"
        ),
        sa.Column(
            "organization_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=True,
            comment="Help Scout organisation",
        ),
        sa.Column(
            "organization_number",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="Organisation number among the customer's properties",
        ),
        sa.Column(
            "emails", postgresql.ARRAY(sa.Text()), autoincrement=False, nullable=False, comment="emails"
        ),
        sa.Column(
            "phones", postgresql.ARRAY(sa.Text()), autoincrement=False, nullable=False, comment="phones"
        ),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), autoincrement=False, nullable=True, comment="created at"
        ),
        sa.Column(
            "source_changed_at",
            sa.DateTime(timezone=True),
            autoincrement=False,
            nullable=True,
            comment="When Help Scout last changed the record",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpscout_customer")),
        schema="landing",
        comment="A person, or a mailbox, that has written to support. One row per Help Scout customer id.",
    )
    op.create_index(
        op.f("ix_helpscout_customer_last_changed_at"),
        "helpscout_customer",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "helpscout_mailbox",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="id"),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=True, comment="name"),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helpscout_mailbox")),
        schema="landing",
        comment="A support inbox of the company's own. One row per mailbox.",
    )
    op.create_index(
        op.f("ix_helpscout_mailbox_last_changed_at"),
        "helpscout_mailbox",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "load",
        sa.Column(
            "load_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Running number"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run"),
        sa.Column("kind", sa.Text(), nullable=False, comment="nightly or backfill"),
        sa.Column(
            "window_start",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the window read; null: all",
        ),
        sa.Column(
            "window_end",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="End of the window read; null: open",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="Start of the read"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False, comment="End of the read"),
        sa.Column("requests", sa.BigInteger(), nullable=False, comment="HTTP requests sent"),
        sa.Column(
            "told",
            sa.BigInteger(),
            nullable=False,
            comment="Records that the API said there were; as received where it does not say",
        ),
        sa.Column("received", sa.BigInteger(), nullable=False, comment="Records in the API's answers"),
        sa.Column("rejected", sa.BigInteger(), nullable=False, comment="Records set aside as malformed"),
        sa.Column(
            "repeated",
            sa.BigInteger(),
            nullable=False,
            comment="Records answered more than once, the newest kept",
        ),
        sa.Column("stored", sa.BigInteger(), nullable=False, comment="Rows inserted or changed"),
        sa.Column(
            "unchanged", sa.BigInteger(), nullable=False, comment="Rows that were already the same or newer"
        ),
        sa.Column(
            "suppressed",
            sa.BigInteger(),
            nullable=False,
            comment="Records held back because they were erased or are past their period",
        ),
        sa.Column(
            "deleted", sa.BigInteger(), nullable=False, comment="Rows found to be gone from the source"
        ),
        sa.Column(
            "unknown_fields",
            sa.BigInteger(),
            nullable=False,
            comment="Values of undeclared fields in the answers, dropped",
        ),
        sa.Column(
            "unknown_names",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Names of the undeclared fields",
        ),
        sa.Column(
            "seen_names",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Names of the declared fields that came in some record",
        ),
        sa.Column(
            "refused_names",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Names of declared fields that the API does not know, read as absent",
        ),
        sa.PrimaryKeyConstraint("load_id", name=op.f("pk_load")),
        schema="landing",
        comment="One read of one source entity, in numbers that must add up",
    )
    op.create_index(op.f("ix_load_run_id"), "load", ["run_id"], unique=False, schema="landing")
    op.create_table(
        "order_form",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Participant id"),
        sa.Column(
            "activity_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Own course or form"
        ),
        sa.Column(
            "is_active", sa.Boolean(), autoincrement=False, nullable=True, comment="The sign-up stands"
        ),
        sa.Column("first_name", sa.Text(), autoincrement=False, nullable=True, comment="first name"),
        sa.Column("last_name", sa.Text(), autoincrement=False, nullable=True, comment="last name"),
        sa.Column("email", sa.Text(), autoincrement=False, nullable=True, comment="email"),
        sa.Column("phone", sa.Text(), autoincrement=False, nullable=True, comment="phone"),
        sa.Column(
            "company_name", sa.Text(), autoincrement=False, nullable=True, comment="Company as it was written"
        ),
        sa.Column(
            "status", sa.Text(), autoincrement=False, nullable=True, comment="registered, confirmed, …"
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_form")),
        schema="landing",
        comment="A sample-solution or order form (clause S2). One row per participant id.",
    )
    op.create_index(
        op.f("ix_order_form_last_changed_at"),
        "order_form",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "rejected",
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column(
            "source_id",
            sa.Text(),
            nullable=False,
            comment="Id of the record at its source, or a hash of the record where it has none",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Field and kind of fault, never the value"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run that last met it"),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When it was last met",
        ),
        sa.PrimaryKeyConstraint("source", "source_id", name=op.f("pk_rejected")),
        schema="landing",
        comment="Records set aside because they are malformed; the record itself is not kept",
    )
    op.create_table(
        "tripletex_contact",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="id"),
        sa.Column(
            "version_number", sa.BigInteger(), autoincrement=False, nullable=True, comment="version number"
        ),
        sa.Column("first_name", sa.Text(), autoincrement=False, nullable=True, comment="first name"),
        sa.Column("last_name", sa.Text(), autoincrement=False, nullable=True, comment="last name"),
        sa.Column("email", sa.Text(), autoincrement=False, nullable=True, comment="email"),
        sa.Column("mobile", sa.Text(), autoincrement=False, nullable=True, comment="mobile"),
        sa.Column("work_phone", sa.Text(), autoincrement=False, nullable=True, comment="work phone"),
        sa.Column(
            "customer_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Tripletex customer"
        ),
        sa.Column("is_inactive", sa.Boolean(), autoincrement=False, nullable=True, comment="is inactive"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            autoincrement=False,
            nullable=True,
            comment="When the contact was made",
        ),
        sa.Column(
            "source_changed_at",
            sa.DateTime(timezone=True),
            autoincrement=False,
            nullable=True,
            comment="When the contact was last changed",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tripletex_contact")),
        schema="landing",
        comment="A contact person of a customer. One row per Tripletex contact id.",
    )
    op.create_index(
        op.f("ix_tripletex_contact_last_changed_at"),
        "tripletex_contact",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "tripletex_customer",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="id"),
        sa.Column(
            "version_number", sa.BigInteger(), autoincrement=False, nullable=True, comment="version number"
        ),
        sa.Column(
            "name",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="Name of the company or private customer",
        ),
        sa.Column(
            "customer_number", sa.BigInteger(), autoincrement=False, nullable=True, comment="customer number"
        ),
        sa.Column(
            "organization_number",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="organization number",
        ),
        sa.Column(
            "is_private_individual",
            sa.Boolean(),
            autoincrement=False,
            nullable=True,
            comment="is private individual",
        ),
        sa.Column("is_customer", sa.Boolean(), autoincrement=False, nullable=True, comment="is customer"),
        sa.Column("is_inactive", sa.Boolean(), autoincrement=False, nullable=True, comment="is inactive"),
        sa.Column("email", sa.Text(), autoincrement=False, nullable=True, comment="email"),
        sa.Column(
            "invoice_email",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="Where invoices go; several with ; between",
        ),
        sa.Column("phone", sa.Text(), autoincrement=False, nullable=True, comment="phone"),
        sa.Column("mobile", sa.Text(), autoincrement=False, nullable=True, comment="mobile"),
        sa.Column("website", sa.Text(), autoincrement=False, nullable=True, comment="website"),
        sa.Column(
            "postal_address_1", sa.Text(), autoincrement=False, nullable=True, comment="postal address 1"
        ),
        sa.Column(
            "postal_address_2", sa.Text(), autoincrement=False, nullable=True, comment="postal address 2"
        ),
        sa.Column("postal_code", sa.Text(), autoincrement=False, nullable=True, comment="postal code"),
        sa.Column("postal_city", sa.Text(), autoincrement=False, nullable=True, comment="postal city"),
        sa.Column(
            "postal_country",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="Country, ISO 3166 two letters",
        ),
        sa.Column(
            "physical_address_1", sa.Text(), autoincrement=False, nullable=True, comment="physical address 1"
        ),
        sa.Column(
            "physical_address_2", sa.Text(), autoincrement=False, nullable=True, comment="physical address 2"
        ),
        sa.Column("physical_code", sa.Text(), autoincrement=False, nullable=True, comment="physical code"),
        sa.Column("physical_city", sa.Text(), autoincrement=False, nullable=True, comment="physical city"),
        sa.Column(
            "physical_country",
            sa.Text(),
            autoincrement=False,
            nullable=True,
            comment="Country, ISO 3166 two letters",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            autoincrement=False,
            nullable=True,
            comment="When the customer was made",
        ),
        sa.Column(
            "source_changed_at",
            sa.DateTime(timezone=True),
            autoincrement=False,
            nullable=True,
            comment="When the customer was last changed",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tripletex_customer")),
        schema="landing",
        comment="A customer in the ledger, company or private. One row per Tripletex customer id.",
    )
    op.create_index(
        op.f("ix_tripletex_customer_last_changed_at"),
        "tripletex_customer",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "tripletex_invoice",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="id"),
        sa.Column(
            "invoice_number", sa.BigInteger(), autoincrement=False, nullable=True, comment="invoice number"
        ),
        sa.Column("invoice_date", sa.Date(), autoincrement=False, nullable=True, comment="invoice date"),
        sa.Column("due_date", sa.Date(), autoincrement=False, nullable=True, comment="due date"),
        sa.Column(
            "customer_id", sa.BigInteger(), autoincrement=False, nullable=True, comment="Tripletex customer"
        ),
        sa.Column(
            "amount",
            sa.Numeric(),
            autoincrement=False,
            nullable=True,
            comment="With VAT, in the company's currency",
        ),
        sa.Column(
            "amount_excluding_vat",
            sa.Numeric(),
            autoincrement=False,
            nullable=True,
            comment="Without VAT, in the company's currency",
        ),
        sa.Column(
            "amount_outstanding",
            sa.Numeric(),
            autoincrement=False,
            nullable=True,
            comment="What is not yet paid",
        ),
        sa.Column(
            "amount_currency",
            sa.Numeric(),
            autoincrement=False,
            nullable=True,
            comment="With VAT, in the invoice's currency",
        ),
        sa.Column("currency", sa.Text(), autoincrement=False, nullable=True, comment="ISO 4217"),
        sa.Column(
            "is_credit_note", sa.Boolean(), autoincrement=False, nullable=True, comment="is credit note"
        ),
        sa.Column("is_credited", sa.Boolean(), autoincrement=False, nullable=True, comment="is credited"),
        sa.Column(
            "credited_invoice_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=True,
            comment="The invoice that this one credits",
        ),
        sa.Column(
            "content_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="Hash of the declared fields; a row is written only when it differs",
        ),
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the record was first read",
        ),
        sa.Column(
            "last_changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When a read last changed this row",
        ),
        sa.Column(
            "deleted_at_source",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the record was found to be gone from its source; null while it is there",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tripletex_invoice")),
        schema="landing",
        comment="A charged invoice or a credit note. One row per Tripletex invoice id.",
    )
    op.create_index(
        op.f("ix_tripletex_invoice_last_changed_at"),
        "tripletex_invoice",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "webhook_mark",
        sa.Column("system", sa.Text(), nullable=False, comment="helpscout or tripletex"),
        sa.Column("event", sa.Text(), nullable=False, comment="Event, as the source calls it"),
        sa.Column(
            "record_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Id of the record at its source",
        ),
        sa.Column(
            "marked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the last delivery about it came",
        ),
        sa.PrimaryKeyConstraint("system", "event", "record_id", name=op.f("pk_webhook_mark")),
        schema="landing",
        comment="What webhooks say has changed; taken away by the read that they start",
    )
    op.create_index(
        op.f("ix_webhook_mark_marked_at"), "webhook_mark", ["marked_at"], unique=False, schema="landing"
    )
    op.create_table(
        "audit_chain",
        sa.Column(
            "part",
            sa.Text(),
            nullable=False,
            comment="pruned (last entry that was removed) or head (last entry there is)",
        ),
        sa.Column("entry_no", sa.BigInteger(), nullable=False, comment="Number of that entry"),
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False, comment="Its hash"),
        sa.CheckConstraint("part IN ('pruned', 'head')", name=op.f("ck_audit_chain_known")),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_audit_chain")),
        schema="privacy",
        comment="Both ends of the audit log, so that a missing first or last entry shows",
    )
    op.create_table(
        "audit_log",
        sa.Column(
            "entry_no",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Number in the chain, without gaps",
        ),
        sa.Column(
            "occurred_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When; never before the last one",
        ),
        sa.Column("action", sa.Text(), nullable=False, comment="What was done"),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="Counts and ids, never a value",
        ),
        sa.Column(
            "entry_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 over this entry and the hash of the one before",
        ),
        sa.PrimaryKeyConstraint("entry_no", name=op.f("pk_audit_log")),
        schema="privacy",
        comment="What the privacy engine did, as a chain in which no link can be changed or left out",
    )
    op.create_table(
        "disclosure",
        sa.Column(
            "disclosure_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Running number",
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run, or the request's number"),
        sa.Column("recipient", sa.Text(), nullable=False, comment="Recipient of policy.yaml"),
        sa.Column("purpose", sa.Text(), nullable=False, comment="Purpose of policy.yaml"),
        sa.Column(
            "categories",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="Data categories that the recipient was told",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity it was about"),
        sa.Column("source_id", sa.Text(), nullable=False, comment="Its id at its source"),
        sa.PrimaryKeyConstraint("disclosure_id", name=op.f("pk_disclosure")),
        schema="privacy",
        comment="Who was told which categories about which record, when and for which purpose (GDPR art. 15, 19)",
    )
    op.create_index(
        "ix_disclosure_record", "disclosure", ["source", "source_id"], unique=False, schema="privacy"
    )
    op.create_table(
        "hold",
        sa.Column(
            "hold_id", sa.BigInteger(), sa.Identity(always=False), nullable=False, comment="Running number"
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="legal (a duty to keep) or restriction (GDPR art. 18: neither used nor deleted)",
        ),
        sa.Column("data", sa.Text(), nullable=False, comment="Table, as policy.yaml names it"),
        sa.Column("column_name", sa.Text(), nullable=False, comment="Column that names the rows"),
        sa.Column("value", sa.Text(), nullable=False, comment="Its value: an id, never a name"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, without personal data"),
        sa.Column(
            "until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it ends; null: when it is lifted",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was set"),
        sa.Column(
            "lifted_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was lifted; null while it stands",
        ),
        sa.CheckConstraint("kind IN ('legal', 'restriction')", name=op.f("ck_hold_known")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("pk_hold")),
        schema="privacy",
        comment="Rows that must be kept past their period, and why",
    )
    op.create_table(
        "instruction",
        sa.Column(
            "instruction_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Running number",
        ),
        sa.Column("customer_org", sa.Text(), nullable=False, comment="Customer who instructs"),
        sa.Column(
            "activity_id", sa.BigInteger(), nullable=True, comment="Its event; null: all of its events"
        ),
        sa.Column(
            "submitted_before",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Submissions before this are to be deleted",
        ),
        sa.Column("document", sa.Text(), nullable=False, comment="Where the instruction is kept"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, comment="When it was received"),
        sa.Column(
            "carried_out_at", sa.DateTime(timezone=True), nullable=True, comment="When; null while it is open"
        ),
        sa.Column("rows_removed", sa.BigInteger(), nullable=True, comment="Submissions deleted"),
        sa.PrimaryKeyConstraint("instruction_id", name=op.f("pk_instruction")),
        schema="privacy",
        comment="What customers instructed their processor to delete (GDPR art. 28(3)(a)); none by default",
    )
    op.create_table(
        "objection",
        sa.Column("key_kind", sa.Text(), nullable=False, comment="source_id, email or phone"),
        sa.Column(
            "key_hmac", sa.LargeBinary(), nullable=False, comment="Keyed HMAC-SHA-256 of the normalised key"
        ),
        sa.Column("key_id", sa.Text(), nullable=False, comment="Fingerprint of the secret"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.CheckConstraint("key_kind IN ('source_id', 'email', 'phone')", name=op.f("ck_objection_known")),
        sa.PrimaryKeyConstraint("key_kind", "key_hmac", name=op.f("pk_objection")),
        schema="privacy",
        comment="Who wants no marketing (GDPR art. 21(2)): holds whatever card they are on",
    )
    op.create_table(
        "request_log",
        sa.Column("day", sa.Date(), nullable=False, comment="UTC day"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run"),
        sa.Column("recipient", sa.Text(), nullable=False, comment="Recipient of policy.yaml"),
        sa.Column("method", sa.Text(), nullable=False, comment="HTTP method"),
        sa.Column(
            "path",
            sa.Text(),
            nullable=False,
            comment="Path template; ids stay out of it, except activity ids",
        ),
        sa.Column("status", sa.Integer(), nullable=False, comment="HTTP status; 0: no answer"),
        sa.Column("requests", sa.BigInteger(), nullable=False, comment="How many"),
        sa.PrimaryKeyConstraint(
            "day", "run_id", "recipient", "method", "path", "status", name=op.f("pk_request_log")
        ),
        schema="privacy",
        comment="Who outside was asked what, in numbers",
    )
    op.create_table(
        "retention_log",
        sa.Column(
            "retention_log_id",
            sa.BigInteger(),
            sa.Identity(always=False),
            nullable=False,
            comment="Running number",
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run"),
        sa.Column("rule", sa.Text(), nullable=False, comment="Retention rule of policy.yaml"),
        sa.Column("cutoff", sa.DateTime(timezone=True), nullable=False, comment="Older than this goes"),
        sa.Column(
            "rows_removed",
            sa.BigInteger(),
            nullable=False,
            comment="Rows deleted; those of a dropped partition as the planner counted them",
        ),
        sa.Column(
            "rows_held", sa.BigInteger(), nullable=False, comment="Rows past their period that a hold keeps"
        ),
        sa.Column("partitions_dropped", sa.BigInteger(), nullable=False, comment="Partitions dropped"),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.PrimaryKeyConstraint("retention_log_id", name=op.f("pk_retention_log")),
        schema="privacy",
        comment="What each retention rule removed in each run, in numbers",
    )
    op.create_index(
        op.f("ix_retention_log_run_id"), "retention_log", ["run_id"], unique=False, schema="privacy"
    )
    op.create_table(
        "rewrite_log",
        sa.Column("data", sa.Text(), nullable=False, comment="Table, as policy.yaml names it"),
        sa.Column(
            "rewritten_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Nothing that was deleted or replaced before this is in the table's files",
        ),
        sa.Column(
            "writes",
            sa.BigInteger(),
            nullable=False,
            comment="The server's count of updated and deleted rows at that time",
        ),
        sa.PrimaryKeyConstraint("data", name=op.f("pk_rewrite_log")),
        schema="privacy",
        comment="When the files of each table were last written anew",
    )
    op.create_table(
        "subject_request",
        sa.Column(
            "request_id", sa.Uuid(as_uuid=False), nullable=False, comment="Number of the request, at random"
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="access, rectification, restriction, objection or erasure",
        ),
        sa.Column("received_on", sa.Date(), nullable=False, comment="Day it was received, in Norway"),
        sa.Column("due_on", sa.Date(), nullable=False, comment="Last day to answer (GDPR art. 12(3))"),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was carried out; null while it is open",
        ),
        sa.Column("outcome", sa.Text(), nullable=True, comment="done, nothing_held or partly"),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What was found and done, in numbers",
        ),
        sa.CheckConstraint(
            "kind IN ('access', 'rectification', 'restriction', 'objection', 'erasure')",
            name=op.f("ck_subject_request_known"),
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_subject_request")),
        schema="privacy",
        comment="Requests of data subjects: what was asked and when it was answered, never by whom",
    )
    op.create_table(
        "suppression_key",
        sa.Column(
            "key_id",
            sa.Text(),
            nullable=False,
            comment="Fingerprint of a secret under which entries of the ledger were made",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was first used"),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_suppression_key")),
        schema="privacy",
        comment="Which secrets the suppression ledger needs; without one of them nothing is landed",
    )
    op.create_table(
        "receipt",
        sa.Column("request_id", sa.Uuid(as_uuid=False), nullable=False, comment="Number of the request"),
        sa.Column(
            "statement",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="What is signed; no personal data",
        ),
        sa.Column("signature", sa.LargeBinary(), nullable=False, comment="Ed25519"),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="Key to verify it with"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["privacy.subject_request.request_id"],
            name=op.f("fk_receipt_request_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_receipt")),
        schema="privacy",
        comment="Signed receipts that a stranger can verify",
    )
    op.create_table(
        "suppression",
        sa.Column("key_id", sa.Text(), nullable=False, comment="Fingerprint of the secret"),
        sa.Column("key_kind", sa.Text(), nullable=False, comment="source_id, email or phone"),
        sa.Column(
            "key_hmac", sa.LargeBinary(), nullable=False, comment="Keyed HMAC-SHA-256 of the normalised key"
        ),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="erasure (a person's request) or the retention rule"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="When it was written"),
        sa.Column(
            "last_met_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When a source last sent it, to the month: while it is still sent it is still held back",
        ),
        sa.CheckConstraint("key_kind IN ('source_id', 'email', 'phone')", name=op.f("ck_suppression_known")),
        sa.ForeignKeyConstraint(
            ["key_id"], ["privacy.suppression_key.key_id"], name=op.f("fk_suppression_key_id")
        ),
        sa.PrimaryKeyConstraint("key_id", "key_kind", "key_hmac", name=op.f("pk_suppression")),
        schema="privacy",
        comment="What was erased, as keyed hashes, so that no read brings it back",
    )

    for name, columns, query, comments in _VIEWS:
        # A percent sign is a placeholder to the driver.
        op.get_bind().exec_driver_sql(f"CREATE VIEW {name} ({columns}) AS {query}".replace("%", "%%"))
        for column, comment in comments.items():
            quoted = comment.replace("'", "''")
            op.get_bind().exec_driver_sql(
                f"COMMENT ON COLUMN {name}.{column} IS '{quoted}'".replace("%", "%%")
            )


def downgrade() -> None:
    for schema in _SCHEMAS:
        op.execute(f"DROP SCHEMA {schema} CASCADE")


# Name, columns, query and comments of the columns.
_VIEWS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "crm.audience_course_invitations",
        "person_id, full_name, email, is_role_address, organization_id, organization_name, reason, legal_basis",
        """
SELECT crm.audience_member.person_id, crm.person.full_name, crm.audience_member.email,
crm.audience_member.is_role_address, crm.organization.organization_id, crm.organization.name,
crm.audience_member.reason, crm.audience_member.legal_basis
FROM crm.audience_member JOIN crm.person ON crm.person.person_id = crm.audience_member.person_id
LEFT OUTER JOIN crm.organization ON crm.organization.organization_id =
crm.audience_member.organization_id
WHERE crm.audience_member.audience = 'course_invitations'
""",
        {
            "person_id": "The person's card",
            "full_name": "Name as it is written",
            "email": "Address to write to",
            "is_role_address": "A mailbox of the organisation, not of a person",
            "organization_id": "The customer; null for a private one",
            "organization_name": "Name of the customer",
            "reason": "Why the person is in it",
            "legal_basis": "By which right",
        },
    ),
    (
        "crm.audience_important_updates",
        "person_id, full_name, email, is_role_address, organization_id, organization_name, reason, legal_basis",
        """
SELECT crm.audience_member.person_id, crm.person.full_name, crm.audience_member.email,
crm.audience_member.is_role_address, crm.organization.organization_id, crm.organization.name,
crm.audience_member.reason, crm.audience_member.legal_basis
FROM crm.audience_member JOIN crm.person ON crm.person.person_id = crm.audience_member.person_id
LEFT OUTER JOIN crm.organization ON crm.organization.organization_id =
crm.audience_member.organization_id
WHERE crm.audience_member.audience = 'important_updates'
""",
        {
            "person_id": "The person's card",
            "full_name": "Name as it is written",
            "email": "Address to write to",
            "is_role_address": "A mailbox of the organisation, not of a person",
            "organization_id": "The customer; null for a private one",
            "organization_name": "Name of the customer",
            "reason": "Why the person is in it",
            "legal_basis": "By which right",
        },
    ),
    (
        "crm.billing",
        "organization_id, person_id, currency, customer_since, last_invoice_id, last_invoice_number, last_invoice_date, last_invoice_amount, invoices, amount_outstanding, amount_overdue, days_overdue",
        """
WITH bill AS
(SELECT crm.invoice.invoice_id AS invoice_id, crm.invoice.invoice_number AS invoice_number,
crm.invoice.invoice_date AS invoice_date, crm.invoice.due_date AS due_date, crm.invoice.amount AS
amount, crm.invoice.amount_excluding_vat AS amount_excluding_vat, crm.invoice.amount_outstanding AS
amount_outstanding, crm.invoice.amount_currency AS amount_currency, crm.invoice.currency AS
currency, crm.invoice.is_credit_note AS is_credit_note, crm.invoice.is_credited AS is_credited,
crm.invoice.credited_invoice_id AS credited_invoice_id, crm.invoice.person_id AS person_id,
crm.invoice.organization_id AS organization_id, CASE WHEN (crm.invoice.organization_id IS NULL) THEN
crm.invoice.person_id END AS private_id, coalesce(crm.invoice.is_credit_note, false) AS is_credit,
coalesce(crm.invoice.amount_outstanding, 0) AS open
FROM crm.invoice
WHERE crm.invoice.organization_id IS NOT NULL OR crm.invoice.person_id IS NOT NULL)
 SELECT bill.organization_id, bill.private_id, bill.currency, min(min(bill.invoice_date) FILTER
(WHERE NOT bill.is_credit)) OVER (PARTITION BY bill.organization_id, bill.private_id) AS anon_1,
(array_agg(bill.invoice_id ORDER BY bill.invoice_date DESC NULLS LAST, bill.invoice_id DESC) FILTER
(WHERE NOT bill.is_credit))[1] AS anon_2, (array_agg(bill.invoice_number ORDER BY bill.invoice_date
DESC NULLS LAST, bill.invoice_id DESC) FILTER (WHERE NOT bill.is_credit))[1] AS anon_3,
(array_agg(bill.invoice_date ORDER BY bill.invoice_date DESC NULLS LAST, bill.invoice_id DESC)
FILTER (WHERE NOT bill.is_credit))[1] AS anon_4, (array_agg(bill.amount_currency ORDER BY
bill.invoice_date DESC NULLS LAST, bill.invoice_id DESC) FILTER (WHERE NOT bill.is_credit))[1] AS
anon_5, count(*) FILTER (WHERE NOT bill.is_credit) AS anon_6, sum(bill.open) AS sum_1,
coalesce(sum(bill.open) FILTER (WHERE NOT bill.is_credit AND bill.open > 0 AND bill.due_date <
CAST(timezone('Europe/Oslo', now()) AS DATE)), 0) AS coalesce_1,
coalesce(max(CAST(timezone('Europe/Oslo', now()) AS DATE) - bill.due_date) FILTER (WHERE NOT
bill.is_credit AND bill.open > 0 AND bill.due_date < CAST(timezone('Europe/Oslo', now()) AS DATE)),
0) AS coalesce_2
FROM bill GROUP BY bill.organization_id, bill.private_id, bill.currency
""",
        {
            "organization_id": "The customer's card; null for a private one",
            "person_id": "The private customer's card; null for an organisation",
            "currency": "Currency of the invoices, ISO 4217",
            "customer_since": "Date of the first invoice in any currency",
            "last_invoice_id": "The newest invoice that is no credit note",
            "last_invoice_number": "Its number",
            "last_invoice_date": "Its date",
            "last_invoice_amount": "Its amount with VAT, in its currency",
            "invoices": "Invoices that are no credit notes",
            "amount_outstanding": "Not yet paid, in the company's currency, less open credit notes",
            "amount_overdue": "What of it is past its due date, in the company's currency",
            "days_overdue": "Days since the oldest due date that has passed, in Norway; 0 where none has",
        },
    ),
)
