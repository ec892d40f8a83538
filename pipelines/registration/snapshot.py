"""What Tripletex held at the last sweep: customers and contact persons by the keys they are known by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.normalise.emails import email
from pipelines.identity.normalise.organizations import organization_number
from schemas.tables.crm import source_link
from schemas.tables.landing import TABLES

_CUSTOMER, _CONTACT = TABLES["tripletex_customer"], TABLES["tripletex_contact"]
_READ = (
    "id organization_number is_private_individual is_inactive email phone mobile website"
    " postal_address_1 postal_address_2 postal_code postal_city"
    " physical_address_1 physical_code physical_city"
).split()


@dataclass(frozen=True)
class Snapshot:
    """Customers and contacts by id and by key. Values by the field names of the payloads; personal data."""

    customers: dict[int, dict[str, Any]] = field(default_factory=dict)
    by_number: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    by_email: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Customers without an organisation number, by the key of their e-mail address."""
    by_card: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Customers by the card that matching gave them."""
    contacts: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """Contact persons by customer, each with the card of the person (`person_id`)."""


def read_customers(connection: sa.Connection) -> Snapshot:
    """All customers as they were landed, without their contacts."""
    snapshot = Snapshot()
    link, customer = source_link, _CUSTOMER
    statement = (
        sa.select(*(customer.c[name] for name in _READ), link.c.organization_id, link.c.person_id)
        .select_from(customer.outerjoin(link, _linked("tripletex_customer", customer)))
        .where(customer.c.deleted_at_source.is_(None))
    )
    for row in connection.execute(statement).mappings():
        add_customer(snapshot, dict(row))
    return snapshot


def read_contacts(connection: sa.Connection, snapshot: Snapshot, customer_ids: Iterable[int]) -> None:
    """Add the contact persons of some customers: of all, they would be many times as many."""
    link, contact = source_link, _CONTACT
    wanted = sa.literal(sorted(customer_ids), pg.ARRAY(sa.BigInteger()))
    statement = (
        sa.select(
            *(contact.c[name] for name in CONTACT_READ), contact.c.id, contact.c.customer_id, link.c.person_id
        )
        .select_from(contact.outerjoin(link, _linked("tripletex_contact", contact)))
        .where(contact.c.deleted_at_source.is_(None), contact.c.customer_id == sa.func.any(wanted))
    )
    for row in connection.execute(statement).mappings():
        snapshot.contacts[row["customer_id"]].append(dict(row))


CONTACT_READ = "first_name last_name email mobile work_phone is_inactive".split()


def add_customer(snapshot: Snapshot, row: dict[str, Any]) -> None:
    """Put one customer where it can be found."""
    number = organization_number(row["organization_number"])
    snapshot.customers[row["id"]] = row
    if row["organization_number"]:
        snapshot.by_number[number or row["organization_number"]].add(row["id"])
    else:
        address = email(row["email"])
        if address is not None:
            snapshot.by_email[address.key].add(row["id"])
    card = row["person_id"] if row["is_private_individual"] else row["organization_id"]
    if card is not None:
        snapshot.by_card[card].add(row["id"])


def _linked(source: str, table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(source_link.c.source == source, source_link.c.source_id == sa.cast(table.c.id, sa.Text()))
