"""What a customer did with us or was billed: one row per inquiry, sign-up, form, invoice, subscription."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import BEHAVIOR, EMPLOYER, FINANCIAL, ID, OPERATIONS
from schemas.tables.base import MONEY, TIMESTAMP, column, metadata
from schemas.tables.crm.columns import SCHEMA, organization_id, person_id

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
    person_id(index=True),
    organization_id(index=True),
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
    person_id(index=True),
    organization_id(index=True),
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
    person_id(index=True),
    organization_id(index=True),
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
    person_id(index=True),
    organization_id(index=True),
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
    person_id(index=True),
    organization_id(index=True),
    schema=SCHEMA,
    comment="One row per line of a recurring order, as the ledger has it; crm.license says which run",
)  # fmt: skip
