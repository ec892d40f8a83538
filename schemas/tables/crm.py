"""The crm schema: one card per customer, what hangs on it and where each value comes from.

This is the read contract (schemas/README.md): columns are added, not renamed or removed.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import (
    ADDRESS,
    BEHAVIOR,
    EMAIL,
    EMPLOYER,
    FINANCIAL,
    ID,
    NAME,
    OPERATIONS,
    PHONE,
    PUBLIC,
)
from schemas.tables.base import MONEY, TIMESTAMP, UUID, column, metadata

SCHEMA = "crm"


def _person_id(**kwargs: object) -> sa.Column[str]:
    return column("person_id", UUID, ID, comment="The person's card", **kwargs)


def _organization_id(**kwargs: object) -> sa.Column[str]:
    return column("organization_id", UUID, ID, comment="The organisation's card", **kwargs)


def _source(**kwargs: object) -> sa.Column[str]:
    return column("source", sa.Text(), OPERATIONS, comment="Source entity", **kwargs)


def _source_id(**kwargs: object) -> sa.Column[str]:
    return column("source_id", sa.Text(), ID, comment="Id of the record at its source", **kwargs)


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
    _person_id(primary_key=True),
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
    _organization_id(primary_key=True),
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
    _person_id(primary_key=True),
    column("email", sa.Text(), EMAIL, primary_key=True, index=True, comment="E-mail, normalised"),
    column("is_primary", sa.Boolean(), OPERATIONS, nullable=False, comment="The one on the card"),
    column("is_role_address", sa.Boolean(), OPERATIONS, nullable=False,
           comment="Shared by a role (post@, faktura@), does not identify a person"),
    _source(nullable=False),
    _source_id(nullable=False),
    schema=SCHEMA,
    comment="Every e-mail address of a person",
)  # fmt: skip

person_phone = sa.Table(
    "person_phone",
    metadata,
    _person_id(primary_key=True),
    column("phone", sa.Text(), PHONE, primary_key=True, index=True,
           comment="Phone number, E.164 where it is valid"),
    column("is_primary", sa.Boolean(), OPERATIONS, nullable=False, comment="The one on the card"),
    _source(nullable=False),
    _source_id(nullable=False),
    schema=SCHEMA,
    comment="Every phone number of a person",
)  # fmt: skip

affiliation = sa.Table(
    "affiliation",
    metadata,
    _person_id(primary_key=True),
    _organization_id(primary_key=True, index=True),
    _source(nullable=False),
    _source_id(nullable=False),
    column("rule", sa.Text(), OPERATIONS, nullable=False, comment="Rule that tied the two"),
    schema=SCHEMA,
    comment="Which persons act for which organisations",
)  # fmt: skip

inquiry = sa.Table(
    "inquiry",
    metadata,
    column("inquiry_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Help Scout conversation id"),
    column("number", sa.BigInteger(), OPERATIONS, comment="Number shown in Help Scout"),
    column("status", sa.Text(), BEHAVIOR, comment="active, pending, closed or spam"),
    column("type", sa.Text(), BEHAVIOR, comment="email, phone or chat"),
    column("mailbox", sa.Text(), OPERATIONS, comment="Inbox it came to"),
    column("tags", pg.ARRAY(sa.Text()), BEHAVIOR, comment="Tags"),
    column("created_at", TIMESTAMP, BEHAVIOR, comment="When it was made"),
    column("closed_at", TIMESTAMP, BEHAVIOR, comment="When it was closed"),
    _person_id(index=True),
    _organization_id(index=True),
    schema=SCHEMA,
    comment="One row per support inquiry: that there was one, never what it said",
)  # fmt: skip

course_signup = sa.Table(
    "course_signup",
    metadata,
    column("course_signup_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Participant id in the registration system"),
    column("activity_id", sa.BigInteger(), BEHAVIOR, nullable=False, comment="Own course"),
    column("status", sa.Text(), BEHAVIOR, comment="registered, confirmed, …"),
    column("is_active", sa.Boolean(), BEHAVIOR, comment="The sign-up stands"),
    column("company_name", sa.Text(), EMPLOYER, comment="Company as it was written"),
    column("first_seen_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was first read"),
    _person_id(index=True),
    _organization_id(index=True),
    schema=SCHEMA,
    comment="One row per sign-up for an own course",
)  # fmt: skip

application = sa.Table(
    "application",
    metadata,
    column("application_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Participant id in the registration system"),
    column("activity_id", sa.BigInteger(), BEHAVIOR, nullable=False, comment="Own form"),
    column("form_status", sa.Text(), BEHAVIOR, comment="Status in the registration system"),
    column("is_active", sa.Boolean(), BEHAVIOR, comment="The form stands"),
    column("company_name", sa.Text(), EMPLOYER, comment="Company as it was written"),
    column("first_seen_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was first read"),
    _person_id(index=True),
    _organization_id(index=True),
    schema=SCHEMA,
    comment="One row per sample-solution or order form",
)  # fmt: skip

invoice = sa.Table(
    "invoice",
    metadata,
    column("invoice_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Tripletex invoice id"),
    column("invoice_number", sa.BigInteger(), FINANCIAL, comment="Invoice number"),
    column("invoice_date", sa.Date(), FINANCIAL, comment="Invoice date"),
    column("due_date", sa.Date(), FINANCIAL, comment="Due date"),
    column("amount", MONEY, FINANCIAL, comment="Amount with VAT in the company's currency"),
    column("amount_excluding_vat", MONEY, FINANCIAL, comment="Amount without VAT"),
    column("amount_outstanding", MONEY, FINANCIAL, comment="What is not yet paid"),
    column("amount_currency", MONEY, FINANCIAL, comment="Amount with VAT in the invoice's currency"),
    column("amount_currency_outstanding", MONEY, FINANCIAL,
           comment="What is not yet paid, in the invoice's currency; null where it was read without"),
    column("currency", sa.Text(), FINANCIAL, comment="Currency of the invoice, ISO 4217"),
    column("is_credit_note", sa.Boolean(), FINANCIAL, comment="A credit note"),
    column("is_credited", sa.Boolean(), FINANCIAL, comment="Credited by another invoice"),
    column("credited_invoice_id", sa.BigInteger(), ID, comment="The invoice this one credits"),
    _person_id(index=True),
    _organization_id(index=True),
    schema=SCHEMA,
    comment="One row per charged invoice or credit note",
)  # fmt: skip

subscription = sa.Table(
    "subscription",
    metadata,
    column("subscription_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Tripletex order line id"),
    column("order_id", sa.BigInteger(), ID, nullable=False, comment="The recurring order, Tripletex id"),
    column("order_number", sa.Text(), FINANCIAL, comment="Its number"),
    column("order_date", sa.Date(), FINANCIAL, comment="Its date, from which the subscription runs"),
    column("is_closed", sa.Boolean(), FINANCIAL, comment="It can no longer be invoiced"),
    column("closed_at", TIMESTAMP, FINANCIAL, comment="Last change of a closed order"),
    column("duration", sa.BigInteger(), FINANCIAL,
           comment="How long it shall run, in duration_unit; null: without an end"),
    column("duration_unit", sa.Text(), FINANCIAL, comment="MONTHS or YEAR"),
    column("periods_on_invoice", sa.BigInteger(), FINANCIAL, comment="Periods that one invoice bills"),
    column("period_unit", sa.Text(), FINANCIAL, comment="MONTHS"),
    column("line_is_subscription", sa.Boolean(), FINANCIAL, comment="The line itself recurs"),
    column("product_id", sa.BigInteger(), FINANCIAL, comment="Tripletex product"),
    column("product_number", sa.Text(), FINANCIAL, comment="Its number"),
    column("product_name", sa.Text(), FINANCIAL, comment="Its name"),
    column("quantity", sa.Numeric(), FINANCIAL, comment="How many"),
    column("unit_price", sa.Numeric(), FINANCIAL,
           comment="Price of one without VAT, in the order's currency"),
    column("discount", sa.Numeric(), FINANCIAL, comment="Discount in percent"),
    column("currency", sa.Text(), FINANCIAL, comment="Currency of the order, ISO 4217"),
    _person_id(index=True),
    _organization_id(index=True),
    schema=SCHEMA,
    comment="One row per line of a recurring order, as the ledger has it; crm.license says which run",
)  # fmt: skip

source_link = sa.Table(
    "source_link",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True,
           comment="helpscout_customer, tripletex_customer, tripletex_contact, course_signup, "
                   "order_form or brreg_unit"),
    _source_id(primary_key=True),
    _person_id(index=True),
    _organization_id(index=True),
    schema=SCHEMA,
    comment="Which card each source record belongs to",
)  # fmt: skip

field_origin = sa.Table(
    "field_origin",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    column("entity_id", UUID, ID, primary_key=True, comment="Id of the card"),
    column("field", sa.Text(), OPERATIONS, primary_key=True, comment="Column of the card"),
    _source(nullable=False),
    _source_id(nullable=False),
    column("rule", sa.Text(), OPERATIONS, nullable=False, comment="Why this source won"),
    column("source_changed_at", TIMESTAMP, OPERATIONS, comment="When the source changed it"),
    schema=SCHEMA,
    comment="Where each value on a card comes from",
)  # fmt: skip


def _pair() -> tuple[sa.Column[str], ...]:
    return tuple(
        column(f"{side}_{name}", sa.Text(), category, primary_key=True, comment=comment)
        for side in ("left", "right")
        for name, category, comment in (
            ("source", OPERATIONS, "Source entity"),
            ("source_id", ID, "Id of the record at its source"),
        )
    )


match_link = sa.Table(
    "match_link",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    *_pair(),
    column("rule", sa.Text(), OPERATIONS, nullable=False, index=True, comment="Rule that linked"),
    column("score", sa.Double(), OPERATIONS, comment="Score of the scored tier, 0 to 1"),
    column("explanation", sa.Text(), OPERATIONS, nullable=False, comment="Why, in words"),
    schema=SCHEMA,
    comment="Why two source records share a card",
)  # fmt: skip

match_review = sa.Table(
    "match_review",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    *_pair(),
    column("score", sa.Double(), OPERATIONS, comment="Score of the scored tier, 0 to 1"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="What speaks for and against"),
    schema=SCHEMA,
    comment="Pairs that may be one customer, for a person to decide",
)  # fmt: skip

match_decision = sa.Table(
    "match_decision",
    metadata,
    column("decision_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("decision", sa.Text(), OPERATIONS, nullable=False,
           comment="same, different or not_identifying"),
    column("left_source", sa.Text(), OPERATIONS, comment="Source entity"),
    column("left_source_id", sa.Text(), ID, comment="Id of the record at its source"),
    column("right_source", sa.Text(), OPERATIONS, comment="Source entity"),
    column("right_source_id", sa.Text(), ID, comment="Id of the record at its source"),
    column("key_kind", sa.Text(), OPERATIONS, comment="email, phone or domain (not_identifying)"),
    column("key_value", sa.Text(), EMAIL, comment="The key that does not identify"),
    column("decided_by", sa.Text(), OPERATIONS, comment="Who decided"),
    column("decided_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When"),
    column("reason", sa.Text(), OPERATIONS, comment="Why"),
    sa.CheckConstraint("decision IN ('same', 'different', 'not_identifying')", name="known"),
    sa.CheckConstraint(
        "(decision = 'not_identifying' AND key_kind IS NOT NULL AND key_value IS NOT NULL)"
        " OR (decision <> 'not_identifying' AND left_source IS NOT NULL AND left_source_id IS NOT"
        " NULL AND right_source IS NOT NULL AND right_source_id IS NOT NULL)",
        name="complete",
    ),
    schema=SCHEMA,
    comment="What a person decided about a pair or a key; never overridden by a run",
)  # fmt: skip

identity_guard = sa.Table(
    "identity_guard",
    metadata,
    column("key_kind", sa.Text(), OPERATIONS, primary_key=True, comment="email, phone or domain"),
    column("key_value", sa.Text(), EMAIL, primary_key=True, comment="The key"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="Why it does not identify"),
    column("people", sa.BigInteger(), OPERATIONS, comment="Different names that use it"),
    column("organizations", sa.BigInteger(), OPERATIONS, comment="Organisations that use it"),
    schema=SCHEMA,
    comment="Keys that do not identify a person, learned from the data at the last run",
)  # fmt: skip

identity_alias = sa.Table(
    "identity_alias",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    column("alias_id", UUID, ID, primary_key=True, comment="An id that is no longer a card"),
    column("current_id", UUID, ID, nullable=False, comment="The card it became part of"),
    schema=SCHEMA,
    comment="Former ids and the cards they became part of",
)  # fmt: skip

identity_event = sa.Table(
    "identity_event",
    metadata,
    column("event_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number; read on from the last one seen"),
    column("occurred_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When"),
    column("event", sa.Text(), OPERATIONS, nullable=False,
           comment="CREATED, MERGED, SPLIT or ERASED"),
    column("entity", sa.Text(), OPERATIONS, nullable=False, comment="person or organization"),
    column("entity_id", UUID, ID, nullable=False, index=True, comment="The card"),
    column("other_entity_id", UUID, ID, index=True, comment="The card merged into it or split from it"),
    column("rule", sa.Text(), OPERATIONS, comment="Rule behind the event"),
    column("run_id", sa.Text(), OPERATIONS, comment="Dagster run"),
    schema=SCHEMA,
    comment="What happened to cards, in order, for consumers that keep copies",
)  # fmt: skip

match_block = sa.Table(
    "match_block",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True, comment="Source entity"),
    _source_id(primary_key=True),
    column("block", sa.BigInteger(), ID, nullable=False, index=True,
           comment="Records that share a key, directly or through others; recomputed together"),
    schema=SCHEMA,
    comment="Which source records must be matched together",
)  # fmt: skip

match_key = sa.Table(
    "match_key",
    metadata,
    column("key_hash", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Hash of a key by which records may meet"),
    column("block", sa.BigInteger(), ID, nullable=False, index=True, comment="Block that holds it"),
    schema=SCHEMA,
    comment="Where a record with a given key belongs",
)  # fmt: skip

match_pending = sa.Table(
    "match_pending",
    metadata,
    column("source", sa.Text(), OPERATIONS, nullable=False, comment="Source entity"),
    column("source_id", sa.Text(), ID,
           comment="Id of the record at its source; null: any of them may have changed"),
    schema=SCHEMA,
    comment="Landing rows written or removed since the cards were made; triggers note them, the next run "
            "takes them away",
)  # fmt: skip

identity_state = sa.Table(
    "identity_state",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="Always `cards`: one row"),
    column("rules", sa.Text(), OPERATIONS, nullable=False,
           comment="Hash of the rules the cards were made by; others need a full rebuild"),
    column("transaction_id", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="Transaction that made the cards"),
    column("decisions", pg.JSONB(), EMAIL, nullable=False, comment="Decisions the cards follow"),
    column("totals", pg.JSONB(), OPERATIONS, nullable=False, server_default="{}",
           comment="How many cards, links and so on there are, by rule where they have one"),
    schema=SCHEMA,
    comment="What the cards were last made from, so that the next run knows what is new",
)  # fmt: skip
