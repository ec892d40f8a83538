"""What each customer has, was billed and owes."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schemas.categories import BEHAVIOR, FINANCIAL, ID
from schemas.tables.base import MONEY, UUID, column
from schemas.tables.crm import SCHEMA, invoice
from schemas.tables.views.base import NOW, day_in_norway, metadata
from schemas.tables.views.licenses import license

billing = sa.Table(
    "billing",
    metadata,
    column("organization_id", UUID, ID, comment="The customer's card; null for a private one"),
    column("person_id", UUID, ID, comment="The private customer's card; null for an organisation"),
    column("currency", sa.Text(), FINANCIAL,
           comment="Currency of the invoices and licences of this row, ISO 4217"),
    column("customer_since", sa.Date(), BEHAVIOR,
           comment="First invoice, or first licence that has begun, in any currency"),
    column("last_invoice_id", sa.BigInteger(), ID, comment="The newest invoice that is no credit note"),
    column("last_invoice_number", sa.BigInteger(), FINANCIAL, comment="Its number"),
    column("last_invoice_date", sa.Date(), FINANCIAL, comment="Its date"),
    column("last_invoice_amount", MONEY, FINANCIAL, comment="Its amount with VAT, in the currency"),
    column("invoices", sa.BigInteger(), FINANCIAL, comment="Invoices that are no credit notes"),
    column("amount_outstanding", MONEY, FINANCIAL,
           comment="Not yet paid, in the currency, less open credit notes"),
    column("amount_overdue", MONEY, FINANCIAL, comment="What of it is past its due date"),
    column("days_overdue", sa.Integer(), FINANCIAL,
           comment="Days since the oldest due date that has passed, in Norway; 0 where none has"),
    column("active_licenses", sa.BigInteger(), FINANCIAL,
           comment="Licences that are active today, as crm.license has them"),
    column("active_license_names", pg.ARRAY(sa.Text()), FINANCIAL,
           comment="Their products, each once, in the order of the alphabet"),
    schema=SCHEMA,
    comment="What each customer has, was billed and owes: one row per card and currency",
)  # fmt: skip


def bills(now: sa.ColumnElement[Any] = NOW, having: sa.FromClause | None = None) -> sa.Select[Any]:
    """The query behind crm.billing at an instant, the present one in the database.

    `having` gives the licences at that instant, crm.license by default.
    What is outstanding is told in the currency of the invoice, by the API's contract. Currencies are never
    added up: each has a row.
    """
    today = day_in_norway(now)
    has = license if having is None else having
    item = sa.union_all(_invoiced(), _licensed(has, today)).cte("item")
    charged = ~item.c.is_credit
    is_overdue = sa.and_(charged, item.c.open > 0, item.c.due_date < today)

    def newest(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """The value of the newest invoice that is no credit note."""
        order = aggregate_order_by(value, item.c.invoice_date.desc().nulls_last(), item.c.invoice_id.desc())
        return sa.func.array_agg(order).filter(charged)[1]

    first = sa.func.min(sa.func.min(item.c.since)).over(
        partition_by=[item.c.organization_id, item.c.person_id]
    )
    names = sa.func.array_agg(item.c.license.distinct()).filter(item.c.is_active, item.c.license.is_not(None))
    return sa.select(
        item.c.organization_id,
        item.c.person_id,
        item.c.currency,
        first,
        newest(item.c.invoice_id),
        newest(item.c.invoice_number),
        newest(item.c.invoice_date),
        newest(item.c.amount),
        sa.func.count().filter(charged),
        sa.func.coalesce(sa.func.sum(item.c.open), 0),
        sa.func.coalesce(sa.func.sum(item.c.open).filter(is_overdue), 0),
        sa.func.coalesce(sa.func.max(today - item.c.due_date).filter(is_overdue), 0),
        sa.func.count().filter(item.c.is_active),
        sa.func.coalesce(names, sa.cast(pg.array([], type_=sa.Text()), pg.ARRAY(sa.Text()))),
    ).group_by(item.c.organization_id, item.c.person_id, item.c.currency)


def _invoiced() -> sa.Select[Any]:
    """Invoices and credit notes of customers with a card, as items."""
    is_credit = sa.func.coalesce(invoice.c.is_credit_note, sa.false())
    still_open = sa.func.coalesce(invoice.c.amount_currency_outstanding, invoice.c.amount_outstanding, 0)
    return sa.select(
        invoice.c.organization_id,
        sa.case((invoice.c.organization_id.is_(None), invoice.c.person_id)).label("person_id"),
        invoice.c.currency,
        sa.case((~is_credit, invoice.c.invoice_date)).label("since"),
        invoice.c.invoice_id,
        invoice.c.invoice_number,
        invoice.c.invoice_date,
        invoice.c.due_date,
        invoice.c.amount_currency.label("amount"),
        is_credit.label("is_credit"),
        still_open.label("open"),
        _no(sa.Boolean()).label("is_active"),
        _no(sa.Text()).label("license"),
    ).where(sa.or_(invoice.c.organization_id.is_not(None), invoice.c.person_id.is_not(None)))


def _licensed(has: sa.FromClause, today: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Licences, in the columns of `_invoiced`."""
    return sa.select(
        has.c.organization_id,
        has.c.person_id,
        has.c.currency,
        sa.case((has.c.valid_from <= today, has.c.valid_from)),
        _no(sa.BigInteger()),
        _no(sa.BigInteger()),
        _no(sa.Date()),
        _no(sa.Date()),
        _no(MONEY),
        _no(sa.Boolean()),
        _no(MONEY),
        has.c.is_active,
        has.c.product_name,
    )


def _no(type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.null(), type_)
