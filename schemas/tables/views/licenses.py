"""Licences: the lines of recurring orders that a customer has or had, and which are active."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from schemas.categories import FINANCIAL, ID
from schemas.tables.base import MONEY, UUID, column
from schemas.tables.crm import SCHEMA, subscription
from schemas.tables.views.base import NOW, day_in_norway, metadata

license = sa.Table(
    "license",
    metadata,
    column("license_id", sa.BigInteger(), ID, comment="Tripletex order line id"),
    column("organization_id", UUID, ID, comment="The customer's card; null for a private one"),
    column("person_id", UUID, ID, comment="The private customer's card; null for an organisation"),
    column("order_id", sa.BigInteger(), ID, comment="The recurring order, Tripletex id"),
    column("order_number", sa.Text(), FINANCIAL, comment="Its number"),
    column("product_id", sa.BigInteger(), FINANCIAL, comment="Tripletex product"),
    column("product_number", sa.Text(), FINANCIAL, comment="Its number"),
    column("product_name", sa.Text(), FINANCIAL, comment="Its name"),
    column("quantity", sa.Numeric(), FINANCIAL, comment="How many"),
    column("unit_price", sa.Numeric(), FINANCIAL, comment="Price of one without VAT, in the currency"),
    column("discount", sa.Numeric(), FINANCIAL, comment="Discount in percent"),
    column("amount", MONEY, FINANCIAL,
           comment="Quantity times price less discount, without VAT, for one period"),
    column("currency", sa.Text(), FINANCIAL, comment="Currency of the order, ISO 4217"),
    column("periods_on_invoice", sa.BigInteger(), FINANCIAL, comment="Periods that one invoice bills"),
    column("period_unit", sa.Text(), FINANCIAL, comment="MONTHS"),
    column("valid_from", sa.Date(), FINANCIAL, comment="First day: the date of the order"),
    column("valid_to", sa.Date(), FINANCIAL,
           comment="Last day, by the agreed duration or by the closing; null: none is known"),
    column("is_closed", sa.Boolean(), FINANCIAL, comment="The order can no longer be invoiced"),
    column("is_active", sa.Boolean(), FINANCIAL,
           comment="Not closed, begun and not over, by the date in Norway"),
    schema=SCHEMA,
    comment="One row per licence that a customer has or had: the lines of recurring orders in the ledger",
)  # fmt: skip


def licenses(now: sa.ColumnElement[Any] = NOW) -> sa.Select[Any]:
    """The query behind crm.license at an instant, the present one in the database.

    The ledger has no state "active". It is made of what the contract of its API says: a closed order can no
    longer be invoiced; an order runs from its date, the only one of its dates that is about it;
    `subscriptionDuration` is how many months or years it shall run, and 0 is no such number. Where lines
    of an order say that they recur, the others do not. The period on a line is one that is billed, and
    ends nothing.
    """
    line, today = subscription, day_in_norway(now)
    closed = sa.func.coalesce(line.c.is_closed, sa.false())
    recurs = sa.func.coalesce(line.c.line_is_subscription, sa.false())
    # An order is one customer's; with the cards in it, the question for one card reads only its lines.
    order = [line.c.organization_id, line.c.person_id, line.c.order_id]
    told = sa.func.bool_or(recurs).over(partition_by=order)
    row = (
        sa.select(
            line,
            sa.case((line.c.organization_id.is_(None), line.c.person_id)).label("private_id"),
            closed.label("closed"),
            sa.func.least(_agreed_end(), sa.case((closed, day_in_norway(line.c.closed_at)))).label(
                "valid_to"
            ),
            sa.or_(recurs, ~told).label("is_license"),
        )
        .where(sa.or_(line.c.organization_id.is_not(None), line.c.person_id.is_not(None)))
        .cte("line")
    )
    price = row.c.quantity * row.c.unit_price * (100 - sa.func.coalesce(row.c.discount, 0)) / 100
    is_active = sa.and_(
        ~row.c.closed,
        sa.func.coalesce(row.c.order_date <= today, sa.true()),
        sa.func.coalesce(row.c.valid_to >= today, sa.true()),
    )
    return sa.select(
        row.c.subscription_id.label("license_id"),
        row.c.organization_id,
        row.c.private_id.label("person_id"),
        row.c.order_id,
        row.c.order_number,
        row.c.product_id,
        row.c.product_number,
        row.c.product_name,
        row.c.quantity,
        row.c.unit_price,
        row.c.discount,
        sa.func.round(price, 2).label("amount"),
        row.c.currency,
        row.c.periods_on_invoice,
        row.c.period_unit,
        row.c.order_date.label("valid_from"),
        row.c.valid_to,
        row.c.closed.label("is_closed"),
        is_active.label("is_active"),
    ).where(row.c.is_license)


def _agreed_end() -> sa.ColumnElement[Any]:
    """The last day by the agreed duration; beyond two centuries that is a slip and says nothing."""
    line = subscription.c
    months = sa.case(
        (sa.and_(line.duration_unit == "MONTHS", line.duration.between(1, 2_400)), line.duration),
        (sa.and_(line.duration_unit == "YEAR", line.duration.between(1, 200)), line.duration * 12),
    )
    after = line.order_date + sa.func.make_interval(0, sa.cast(months, sa.Integer()))
    return sa.case((line.order_date < date(2200, 1, 1), sa.cast(after, sa.Date()) - 1))
