"""Read-only views of the crm schema: part of the read contract, beside the tables that they are made from.

Their columns are declared as those of tables are, in metadata of their own, so that nothing creates, empties
or rewrites them as tables.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schemas.tables.audiences import audience_member
from schemas.tables.base import MONEY, NAMING, OPERATIONS, UUID, column, qualified
from schemas.tables.crm import invoice, organization, person

SCHEMA = "crm"

NAME = "user.name"
EMAIL = "user.contact.email"
ID = "user.unique_id"
BEHAVIOR = "user.behavior"
FINANCIAL = "user.financial"

metadata = sa.MetaData(naming_convention=NAMING)

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


def _billing() -> sa.Table:
    view = sa.Table(
        "billing",
        metadata,
        column("organization_id", UUID, ID, comment="The customer's card; null for a private one"),
        column("person_id", UUID, ID, comment="The private customer's card; null for an organisation"),
        column("currency", sa.Text(), FINANCIAL, comment="Currency of the invoices, ISO 4217"),
        column("customer_since", sa.Date(), BEHAVIOR, comment="Date of the first invoice in any currency"),
        column("last_invoice_id", sa.BigInteger(), ID, comment="The newest invoice that is no credit note"),
        column("last_invoice_number", sa.BigInteger(), FINANCIAL, comment="Its number"),
        column("last_invoice_date", sa.Date(), FINANCIAL, comment="Its date"),
        column("last_invoice_amount", MONEY, FINANCIAL, comment="Its amount with VAT, in its currency"),
        column("invoices", sa.BigInteger(), FINANCIAL, comment="Invoices that are no credit notes"),
        column("amount_outstanding", MONEY, FINANCIAL,
               comment="Not yet paid, in the company's currency, less open credit notes"),
        column("amount_overdue", MONEY, FINANCIAL,
               comment="What of it is past its due date, in the company's currency"),
        column("days_overdue", sa.Integer(), FINANCIAL,
               comment="Days since the oldest due date that has passed, in Norway; 0 where none has"),
        schema=SCHEMA,
        comment="What each customer was billed and owes, one row per card and currency of the invoices",
    )  # fmt: skip
    DEFINITIONS[qualified(view)] = _bills()
    return view


def _bills() -> sa.Select[Any]:
    today = sa.cast(sa.func.timezone("Europe/Oslo", sa.func.now()), sa.Date())
    bill = (
        sa.select(
            invoice,
            sa.case((invoice.c.organization_id.is_(None), invoice.c.person_id)).label("private_id"),
            sa.func.coalesce(invoice.c.is_credit_note, sa.false()).label("is_credit"),
            sa.func.coalesce(invoice.c.amount_outstanding, 0).label("open"),
        )
        .where(sa.or_(invoice.c.organization_id.is_not(None), invoice.c.person_id.is_not(None)))
        .cte("bill")
    )
    charged = ~bill.c.is_credit
    is_overdue = sa.and_(charged, bill.c.open > 0, bill.c.due_date < today)

    def newest(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """The value of the newest invoice that is no credit note."""
        order = aggregate_order_by(value, bill.c.invoice_date.desc().nulls_last(), bill.c.invoice_id.desc())
        return sa.func.array_agg(order).filter(charged)[1]

    first = sa.func.min(sa.func.min(bill.c.invoice_date).filter(charged)).over(
        partition_by=[bill.c.organization_id, bill.c.private_id]
    )
    return sa.select(
        bill.c.organization_id,
        bill.c.private_id,
        bill.c.currency,
        first,
        newest(bill.c.invoice_id),
        newest(bill.c.invoice_number),
        newest(bill.c.invoice_date),
        newest(bill.c.amount_currency),
        sa.func.count().filter(charged),
        sa.func.sum(bill.c.open),
        sa.func.coalesce(sa.func.sum(bill.c.open).filter(is_overdue), 0),
        sa.func.coalesce(sa.func.max(today - bill.c.due_date).filter(is_overdue), 0),
    ).group_by(bill.c.organization_id, bill.c.private_id, bill.c.currency)


audience_important_updates = _audience(
    "important_updates", "Who is told of important updates of the system: contacts of active customers"
)
audience_course_invitations = _audience(
    "course_invitations", "Who may be invited to own courses (Marketing Act § 15); nobody else may"
)
billing = _billing()
