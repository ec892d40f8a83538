"""What customers subscribe to: landed, on cards, as licences, in the billing; open amounts as invoiced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tripletex_invoice",
        sa.Column(
            "amount_currency_outstanding",
            sa.Numeric(),
            nullable=True,
            comment="What is not yet paid, in the invoice's currency",
        ),
        schema="landing",
    )
    op.add_column(
        "invoice",
        sa.Column(
            "amount_currency_outstanding",
            sa.Numeric(18, 2),
            nullable=True,
            comment="What is not yet paid, in the invoice's currency; null where it was read without",
        ),
        schema="crm",
    )
    op.create_table(
        "tripletex_subscription",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Order line"),
        sa.Column(
            "order_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="The recurring order"
        ),
        sa.Column("order_number", sa.Text(), nullable=True, comment="order number"),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="Tripletex customer"),
        sa.Column("order_date", sa.Date(), nullable=True, comment="Day the subscription runs from"),
        sa.Column("is_closed", sa.Boolean(), nullable=True, comment="The order can no longer be invoiced"),
        sa.Column(
            "closed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Last change of a closed order; null for an open one",
        ),
        sa.Column("is_subscription", sa.Boolean(), nullable=True, comment="The order recurs"),
        sa.Column(
            "duration",
            sa.BigInteger(),
            nullable=True,
            comment="How long the subscription shall run, in duration_unit; null: without an end",
        ),
        sa.Column("duration_unit", sa.Text(), nullable=True, comment="MONTHS or YEAR"),
        sa.Column(
            "periods_on_invoice", sa.BigInteger(), nullable=True, comment="Periods that one invoice bills"
        ),
        sa.Column("period_unit", sa.Text(), nullable=True, comment="MONTHS"),
        sa.Column("line_is_subscription", sa.Boolean(), nullable=True, comment="The line itself recurs"),
        sa.Column("product_id", sa.BigInteger(), nullable=True, comment="Tripletex product"),
        sa.Column("product_number", sa.Text(), nullable=True, comment="product number"),
        sa.Column("product_name", sa.Text(), nullable=True, comment="product name"),
        sa.Column("quantity", sa.Numeric(), nullable=True, comment="quantity"),
        sa.Column(
            "unit_price", sa.Numeric(), nullable=True, comment="For one, without VAT, in the order's currency"
        ),
        sa.Column("discount", sa.Numeric(), nullable=True, comment="Discount in percent"),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency of the order, ISO 4217"),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tripletex_subscription")),
        schema="landing",
        comment="What a customer subscribes to: a line of a recurring order. One row per order line id.",
    )
    op.create_index(
        op.f("ix_tripletex_subscription_last_changed_at"),
        "tripletex_subscription",
        ["last_changed_at"],
        unique=False,
        schema="landing",
    )
    op.create_table(
        "subscription",
        sa.Column(
            "subscription_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Tripletex order line id",
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="The recurring order, Tripletex id"),
        sa.Column("order_number", sa.Text(), nullable=True, comment="Its number"),
        sa.Column(
            "order_date", sa.Date(), nullable=True, comment="Its date, from which the subscription runs"
        ),
        sa.Column("is_closed", sa.Boolean(), nullable=True, comment="It can no longer be invoiced"),
        sa.Column(
            "closed_at", sa.DateTime(timezone=True), nullable=True, comment="Last change of a closed order"
        ),
        sa.Column(
            "duration",
            sa.BigInteger(),
            nullable=True,
            comment="How long it shall run, in duration_unit; null: without an end",
        ),
        sa.Column("duration_unit", sa.Text(), nullable=True, comment="MONTHS or YEAR"),
        sa.Column(
            "periods_on_invoice", sa.BigInteger(), nullable=True, comment="Periods that one invoice bills"
        ),
        sa.Column("period_unit", sa.Text(), nullable=True, comment="MONTHS"),
        sa.Column("line_is_subscription", sa.Boolean(), nullable=True, comment="The line itself recurs"),
        sa.Column("product_id", sa.BigInteger(), nullable=True, comment="Tripletex product"),
        sa.Column("product_number", sa.Text(), nullable=True, comment="Its number"),
        sa.Column("product_name", sa.Text(), nullable=True, comment="Its name"),
        sa.Column("quantity", sa.Numeric(), nullable=True, comment="How many"),
        sa.Column(
            "unit_price",
            sa.Numeric(),
            nullable=True,
            comment="Price of one without VAT, in the order's currency",
        ),
        sa.Column("discount", sa.Numeric(), nullable=True, comment="Discount in percent"),
        sa.Column("currency", sa.Text(), nullable=True, comment="Currency of the order, ISO 4217"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=True, comment="The person's card"),
        sa.Column(
            "organization_id", sa.Uuid(as_uuid=False), nullable=True, comment="The organisation's card"
        ),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_subscription")),
        schema="crm",
        comment="One row per line of a recurring order, as the ledger has it; crm.license says which run",
    )
    op.create_index(
        op.f("ix_subscription_organization_id"),
        "subscription",
        ["organization_id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        op.f("ix_subscription_person_id"), "subscription", ["person_id"], unique=False, schema="crm"
    )
    # The cards learn from triggers which rows change.
    for event, side in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
        op.execute(
            f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON landing.tripletex_subscription"
            f" REFERENCING {side} TABLE AS touched"
            " FOR EACH STATEMENT EXECUTE FUNCTION landing.note_changed('id')"
        )
    op.execute(
        "CREATE TRIGGER note_truncate AFTER TRUNCATE ON landing.tripletex_subscription"
        " FOR EACH STATEMENT EXECUTE FUNCTION landing.note_emptied()"
    )
    op.execute("DROP VIEW crm.billing")
    _make(_VIEWS)


def downgrade() -> None:
    op.execute("DROP VIEW crm.billing, crm.license")
    op.drop_table("subscription", schema="crm")
    op.drop_table("tripletex_subscription", schema="landing")
    op.execute("DELETE FROM crm.match_pending WHERE source = 'tripletex_subscription'")
    op.execute("DELETE FROM landing.cursor WHERE source = 'tripletex_subscription'")
    op.execute("DELETE FROM landing.rejected WHERE source = 'tripletex_subscription'")
    op.drop_column("invoice", "amount_currency_outstanding", schema="crm")
    op.drop_column("tripletex_invoice", "amount_currency_outstanding", schema="landing")
    _make(_VIEWS_BEFORE)


def _make(views: tuple[tuple[str, str, str, dict[str, str]], ...]) -> None:
    """Create views and the comments of their columns."""
    for name, columns, query, comments in views:
        op.get_bind().exec_driver_sql(f"CREATE VIEW {name} ({columns}) AS {query}".replace("%", "%%"))
        for column, comment in comments.items():
            quoted = comment.replace("'", "''")
            op.get_bind().exec_driver_sql(
                f"COMMENT ON COLUMN {name}.{column} IS '{quoted}'".replace("%", "%%")
            )


# Name, columns, query and comments of the columns.
_VIEWS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "crm.license",
        "license_id, organization_id, person_id, order_id, order_number, product_id, product_number, "
        "product_name, quantity, unit_price, discount, amount, currency, periods_on_invoice, period_unit, "
        "valid_from, valid_to, is_closed, is_active",
        """
WITH line AS
(SELECT crm.subscription.subscription_id AS subscription_id, crm.subscription.order_id AS order_id,
crm.subscription.order_number AS order_number, crm.subscription.order_date AS order_date,
crm.subscription.is_closed AS is_closed, crm.subscription.closed_at AS closed_at,
crm.subscription.duration AS duration, crm.subscription.duration_unit AS duration_unit,
crm.subscription.periods_on_invoice AS periods_on_invoice, crm.subscription.period_unit AS
period_unit, crm.subscription.line_is_subscription AS line_is_subscription,
crm.subscription.product_id AS product_id, crm.subscription.product_number AS product_number,
crm.subscription.product_name AS product_name, crm.subscription.quantity AS quantity,
crm.subscription.unit_price AS unit_price, crm.subscription.discount AS discount,
crm.subscription.currency AS currency, crm.subscription.person_id AS person_id,
crm.subscription.organization_id AS organization_id, CASE WHEN (crm.subscription.organization_id IS
NULL) THEN crm.subscription.person_id END AS private_id, coalesce(crm.subscription.is_closed, false)
AS closed, least(CASE WHEN (crm.subscription.order_date < '2200-01-01') THEN
CAST(crm.subscription.order_date + make_interval(0, CAST(CASE WHEN (crm.subscription.duration_unit =
'MONTHS' AND crm.subscription.duration BETWEEN 1 AND 2400) THEN crm.subscription.duration WHEN
(crm.subscription.duration_unit = 'YEAR' AND crm.subscription.duration BETWEEN 1 AND 200) THEN
crm.subscription.duration * 12 END AS INTEGER)) AS DATE) - 1 END, CASE WHEN
coalesce(crm.subscription.is_closed, false) THEN CAST(timezone('Europe/Oslo',
crm.subscription.closed_at) AS DATE) END) AS valid_to,
coalesce(crm.subscription.line_is_subscription, false) OR NOT
bool_or(coalesce(crm.subscription.line_is_subscription, false)) OVER (PARTITION BY
crm.subscription.organization_id, crm.subscription.person_id, crm.subscription.order_id) AS
is_license
FROM crm.subscription
WHERE crm.subscription.organization_id IS NOT NULL OR crm.subscription.person_id IS NOT NULL)
 SELECT line.subscription_id AS license_id, line.organization_id, line.private_id AS person_id,
line.order_id, line.order_number, line.product_id, line.product_number, line.product_name,
line.quantity, line.unit_price, line.discount, round((line.quantity * line.unit_price * (100 -
coalesce(line.discount, 0))) / CAST(100 AS NUMERIC), 2) AS amount, line.currency,
line.periods_on_invoice, line.period_unit, line.order_date AS valid_from, line.valid_to, line.closed
AS is_closed, NOT line.closed AND coalesce(line.order_date <= CAST(timezone('Europe/Oslo', now()) AS
DATE), true) AND coalesce(line.valid_to >= CAST(timezone('Europe/Oslo', now()) AS DATE), true) AS
is_active
FROM line
WHERE line.is_license
""",
        {
            "license_id": "Tripletex order line id",
            "organization_id": "The customer's card; null for a private one",
            "person_id": "The private customer's card; null for an organisation",
            "order_id": "The recurring order, Tripletex id",
            "order_number": "Its number",
            "product_id": "Tripletex product",
            "product_number": "Its number",
            "product_name": "Its name",
            "quantity": "How many",
            "unit_price": "Price of one without VAT, in the currency",
            "discount": "Discount in percent",
            "amount": "Quantity times price less discount, without VAT, for one period",
            "currency": "Currency of the order, ISO 4217",
            "periods_on_invoice": "Periods that one invoice bills",
            "period_unit": "MONTHS",
            "valid_from": "First day: the date of the order",
            "valid_to": "Last day, by the agreed duration or by the closing; null: none is known",
            "is_closed": "The order can no longer be invoiced",
            "is_active": "Not closed, begun and not over, by the date in Norway",
        },
    ),
    (
        "crm.billing",
        "organization_id, person_id, currency, customer_since, last_invoice_id, last_invoice_number, "
        "last_invoice_date, last_invoice_amount, invoices, amount_outstanding, amount_overdue, "
        "days_overdue, active_licenses, active_license_names",
        """
WITH item AS
(SELECT crm.invoice.organization_id AS organization_id, CASE WHEN (crm.invoice.organization_id IS
NULL) THEN crm.invoice.person_id END AS person_id, crm.invoice.currency AS currency, CASE WHEN NOT
coalesce(crm.invoice.is_credit_note, false) THEN crm.invoice.invoice_date END AS since,
crm.invoice.invoice_id AS invoice_id, crm.invoice.invoice_number AS invoice_number,
crm.invoice.invoice_date AS invoice_date, crm.invoice.due_date AS due_date,
crm.invoice.amount_currency AS amount, coalesce(crm.invoice.is_credit_note, false) AS is_credit,
coalesce(crm.invoice.amount_currency_outstanding, crm.invoice.amount_outstanding, 0) AS open,
CAST(NULL AS BOOLEAN) AS is_active, CAST(NULL AS TEXT) AS license
FROM crm.invoice
WHERE crm.invoice.organization_id IS NOT NULL OR crm.invoice.person_id IS NOT NULL UNION ALL SELECT
crm.license.organization_id AS organization_id, crm.license.person_id AS person_id,
crm.license.currency AS currency, CASE WHEN (crm.license.valid_from <= CAST(timezone('Europe/Oslo',
now()) AS DATE)) THEN crm.license.valid_from END AS anon_8, CAST(NULL AS BIGINT) AS anon_9,
CAST(NULL AS BIGINT) AS anon__1, CAST(NULL AS DATE) AS anon__2, CAST(NULL AS DATE) AS anon__3,
CAST(NULL AS NUMERIC(18, 2)) AS anon__4, CAST(NULL AS BOOLEAN) AS anon__5, CAST(NULL AS NUMERIC(18,
2)) AS anon__6, crm.license.is_active AS is_active, crm.license.product_name AS product_name
FROM crm.license)
 SELECT item.organization_id, item.person_id, item.currency, min(min(item.since)) OVER (PARTITION BY
item.organization_id, item.person_id) AS anon_1, (array_agg(item.invoice_id ORDER BY
item.invoice_date DESC NULLS LAST, item.invoice_id DESC) FILTER (WHERE NOT item.is_credit))[1] AS
anon_2, (array_agg(item.invoice_number ORDER BY item.invoice_date DESC NULLS LAST, item.invoice_id
DESC) FILTER (WHERE NOT item.is_credit))[1] AS anon_3, (array_agg(item.invoice_date ORDER BY
item.invoice_date DESC NULLS LAST, item.invoice_id DESC) FILTER (WHERE NOT item.is_credit))[1] AS
anon_4, (array_agg(item.amount ORDER BY item.invoice_date DESC NULLS LAST, item.invoice_id DESC)
FILTER (WHERE NOT item.is_credit))[1] AS anon_5, count(*) FILTER (WHERE NOT item.is_credit) AS
anon_6, coalesce(sum(item.open), 0) AS coalesce_1, coalesce(sum(item.open) FILTER (WHERE NOT
item.is_credit AND item.open > 0 AND item.due_date < CAST(timezone('Europe/Oslo', now()) AS DATE)),
0) AS coalesce_2, coalesce(max(CAST(timezone('Europe/Oslo', now()) AS DATE) - item.due_date) FILTER
(WHERE NOT item.is_credit AND item.open > 0 AND item.due_date < CAST(timezone('Europe/Oslo', now())
AS DATE)), 0) AS coalesce_3, count(*) FILTER (WHERE item.is_active) AS anon_7,
coalesce(array_agg(DISTINCT item.license) FILTER (WHERE item.is_active AND item.license IS NOT
NULL), CAST(ARRAY[]::TEXT[] AS TEXT[])) AS coalesce_4
FROM item GROUP BY item.organization_id, item.person_id, item.currency
""",
        {
            "organization_id": "The customer's card; null for a private one",
            "person_id": "The private customer's card; null for an organisation",
            "currency": "Currency of the invoices and licences of this row, ISO 4217",
            "customer_since": "First invoice, or first licence that has begun, in any currency",
            "last_invoice_id": "The newest invoice that is no credit note",
            "last_invoice_number": "Its number",
            "last_invoice_date": "Its date",
            "last_invoice_amount": "Its amount with VAT, in the currency",
            "invoices": "Invoices that are no credit notes",
            "amount_outstanding": "Not yet paid, in the currency, less open credit notes",
            "amount_overdue": "What of it is past its due date",
            "days_overdue": "Days since the oldest due date that has passed, in Norway; 0 where none has",
            "active_licenses": "Licences that are active today, as crm.license has them",
            "active_license_names": "Their products, each once, in the order of the alphabet",
        },
    ),
)

_VIEWS_BEFORE: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "crm.billing",
        "organization_id, person_id, currency, customer_since, last_invoice_id, last_invoice_number, "
        "last_invoice_date, last_invoice_amount, invoices, amount_outstanding, amount_overdue, "
        "days_overdue",
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
