"""Read-only views of the crm schema: part of the read contract, beside the tables that they are made from.

Their columns are declared as those of tables are, in metadata of their own, so that nothing creates, empties
or rewrites them as tables.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schemas.categories import BEHAVIOR, EMAIL, FINANCIAL, ID, NAME, OPERATIONS
from schemas.tables.audiences import audience_member
from schemas.tables.base import MONEY, NAMING, UUID, column, qualified
from schemas.tables.crm import invoice, organization, person, subscription

SCHEMA = "crm"


metadata = sa.MetaData(naming_convention=NAMING)

_NOW = sa.func.now()

DEFINITIONS: dict[str, sa.Select[Any]] = {}
"""The query behind each view, by its name (`crm.billing`)."""


def _audience(audience: str, comment: str) -> sa.Table:
    view = sa.Table(
        f"audience_{audience}",
        metadata,
        column("person_id", UUID, ID, comment="The person's card"),
        column("full_name", sa.Text(), NAME, comment="Name as it is written"),
        column("email", sa.Text(), EMAIL, comment="Address to write to"),
        column("is_role_address", sa.Boolean(), OPERATIONS,
               comment="A mailbox of the organisation, not of a person"),
        column("organization_id", UUID, ID, comment="The customer; null for a private one"),
        column("organization_name", sa.Text(), NAME, comment="Name of the customer"),
        column("reason", sa.Text(), BEHAVIOR, comment="Why the person is in it"),
        column("legal_basis", sa.Text(), OPERATIONS, comment="By which right"),
        schema=SCHEMA,
        comment=comment,
    )  # fmt: skip
    member = audience_member
    DEFINITIONS[qualified(view)] = (
        sa.select(
            member.c.person_id,
            person.c.full_name,
            member.c.email,
            member.c.is_role_address,
            organization.c.organization_id,
            organization.c.name,
            member.c.reason,
            member.c.legal_basis,
        )
        .select_from(
            member.join(person, person.c.person_id == member.c.person_id).outerjoin(
                organization, organization.c.organization_id == member.c.organization_id
            )
        )
        .where(member.c.audience == audience)
    )
    return view


def _license() -> sa.Table:
    view = sa.Table(
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
    DEFINITIONS[qualified(view)] = licenses()
    return view


def licenses(now: sa.ColumnElement[Any] = _NOW) -> sa.Select[Any]:
    """The query behind crm.license at an instant, the present one in the database.

    The ledger has no state "active". It is made of what the contract of its API says: a closed order can no
    longer be invoiced; an order runs from its date, the only one of its dates that is about it;
    `subscriptionDuration` is how many months or years it shall run, and 0 is no such number. Where lines
    of an order say that they recur, the others do not. The period on a line is one that is billed, and
    ends nothing.
    """
    line, today = subscription, _day(now)
    # Beyond two centuries a duration is a slip and says nothing.
    months = sa.case(
        (sa.and_(line.c.duration_unit == "MONTHS", line.c.duration.between(1, 2_400)), line.c.duration),
        (sa.and_(line.c.duration_unit == "YEAR", line.c.duration.between(1, 200)), line.c.duration * 12),
    )
    after = line.c.order_date + sa.func.make_interval(0, sa.cast(months, sa.Integer()))
    agreed = sa.case((line.c.order_date < date(2200, 1, 1), sa.cast(after, sa.Date()) - 1))
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
            sa.func.least(agreed, sa.case((closed, _day(line.c.closed_at)))).label("valid_to"),
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


def _billing() -> sa.Table:
    view = sa.Table(
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
    DEFINITIONS[qualified(view)] = bills()
    return view


def bills(now: sa.ColumnElement[Any] = _NOW, having: sa.FromClause | None = None) -> sa.Select[Any]:
    """The query behind crm.billing at an instant, the present one in the database.

    `having` gives the licences at that instant, crm.license by default.
    What is outstanding is told in the currency of the invoice, by the API's contract. Currencies are never
    added up: each has a row.
    """
    today = _day(now)
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


def _day(moment: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The date in Norway at an instant."""
    return sa.cast(sa.func.timezone("Europe/Oslo", moment), sa.Date())


audience_important_updates = _audience(
    "important_updates", "Who is told of important updates of the system: contacts of active customers"
)
audience_course_invitations = _audience(
    "course_invitations", "Who may be invited to own courses (Marketing Act § 15); nobody else may"
)
license = _license()
billing = _billing()
