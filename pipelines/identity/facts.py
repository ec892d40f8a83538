"""What hangs on the cards: inquiries, sign-ups, forms, invoices and subscriptions, from landing and links.

Each query gives the whole of its table; `about` narrows it to some source ids. Nothing is read into memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from schemas.tables import crm
from schemas.tables.landing import TABLES

FACTS: Mapping[str, sa.Table] = {
    "helpscout_conversation": crm.inquiry,
    "course_signup": crm.course_signup,
    "order_form": crm.application,
    "tripletex_invoice": crm.invoice,
    "tripletex_subscription": crm.subscription,
}
"""The table that shows each source entity. Its first column is the source's id."""

OWNERS: Mapping[str, tuple[str, str]] = {
    "helpscout_conversation": ("helpscout_customer", "customer_id"),
    "course_signup": ("course_signup", "id"),
    "order_form": ("order_form", "id"),
    "tripletex_invoice": ("tripletex_customer", "customer_id"),
    "tripletex_subscription": ("tripletex_customer", "customer_id"),
}
"""Source and column of the record whose cards a fact hangs on."""


def wanted(source: str, about: Sequence[int] | None = None) -> sa.Select[Any]:
    """The rows that FACTS[source] should hold, or those of some source ids."""
    statement = _STATEMENTS[source]()
    if about is not None:
        statement = statement.where(
            TABLES[source].c.id == sa.func.any(sa.literal(list(about), sa.ARRAY(sa.BigInteger())))
        )
    return statement


def _inquiries() -> sa.Select[Any]:
    table, mailbox = TABLES["helpscout_conversation"], TABLES["helpscout_mailbox"]
    link, joined = _linked("helpscout_conversation")
    return (
        sa.select(
            table.c.id.label("inquiry_id"),
            table.c.number,
            table.c.status,
            table.c.type,
            mailbox.c.name.label("mailbox"),
            table.c.tags,
            table.c.created_at,
            table.c.closed_at,
            link.c.person_id,
            link.c.organization_id,
        )
        .select_from(joined.outerjoin(mailbox, mailbox.c.id == table.c.mailbox_id))
        .where(table.c.deleted_at_source.is_(None))
    )


def _course_signups() -> sa.Select[Any]:
    table = TABLES["course_signup"]
    return _participants(
        "course_signup", table.c.id.label("course_signup_id"), table.c.status.label("status")
    )


def _applications() -> sa.Select[Any]:
    table = TABLES["order_form"]
    return _participants(
        "order_form", table.c.id.label("application_id"), table.c.status.label("form_status")
    )


def _participants(source: str, key: sa.ColumnElement[Any], status: sa.ColumnElement[Any]) -> sa.Select[Any]:
    table = TABLES[source]
    link, joined = _linked(source)
    return (
        sa.select(
            key,
            table.c.activity_id,
            status,
            table.c.is_active,
            table.c.company_name,
            table.c.first_seen_at,
            link.c.person_id,
            link.c.organization_id,
        )
        .select_from(joined)
        .where(table.c.deleted_at_source.is_(None))
    )


def _invoices() -> sa.Select[Any]:
    shown = (
        "invoice_number invoice_date due_date amount amount_excluding_vat amount_outstanding amount_currency"
        " amount_currency_outstanding currency is_credit_note is_credited credited_invoice_id"
    )
    return _billed("tripletex_invoice", "invoice_id", shown)


def _subscriptions() -> sa.Select[Any]:
    shown = (
        "order_id order_number order_date is_closed closed_at duration duration_unit periods_on_invoice"
        " period_unit line_is_subscription product_id product_number product_name quantity unit_price"
        " discount currency"
    )
    return _billed("tripletex_subscription", "subscription_id", shown)


def _billed(source: str, key: str, shown: str) -> sa.Select[Any]:
    table, fact = TABLES[source], FACTS[source]
    link, joined = _linked(source)
    return (
        sa.select(
            table.c.id.label(key),
            # As the fact can hold it: an amount with more decimals would differ from itself every night.
            *(sa.cast(table.c[name], fact.c[name].type).label(name) for name in shown.split()),
            link.c.person_id,
            link.c.organization_id,
        )
        .select_from(joined)
        .where(table.c.deleted_at_source.is_(None))
    )


def _linked(source: str) -> tuple[sa.FromClause, sa.Join]:
    owner, column = OWNERS[source]
    table, link = TABLES[source], crm.source_link
    return link, table.outerjoin(
        link, (link.c.source == owner) & (link.c.source_id == sa.cast(table.c[column], sa.Text()))
    )


_STATEMENTS = {
    "helpscout_conversation": _inquiries,
    "course_signup": _course_signups,
    "order_form": _applications,
    "tripletex_invoice": _invoices,
    "tripletex_subscription": _subscriptions,
}
