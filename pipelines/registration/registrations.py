"""Which cards are registered in Tripletex, and what of that is still open: crm.registration, read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from pipelines.registration.targets import Target
from schemas.tables.crm import identity_alias, organization, person
from schemas.tables.landing import TABLES
from schemas.tables.registration import registration

State = Literal["sending", "registered", "refused"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one target. `stored` is the key it is written under, before any merge of cards."""

    stored: Target
    state: State
    tripletex_id: int | None
    sent_at: datetime | None
    refused_fields: tuple[str, ...] = ()
    fields_hash: bytes | None = None


@dataclass(frozen=True)
class Registrations:
    """All entries, by the card that each belongs to today."""

    entries: dict[Target, list[Entry]] = field(default_factory=dict)

    def of(self, target: Target) -> list[Entry]:
        """The entries of a target: several where cards were merged that were registered apart."""
        return self.entries.get(target, [])

    def ids(self, target: Target) -> set[int]:
        """Ids in Tripletex that the target is registered under."""
        return {entry.tripletex_id for entry in self.of(target) if entry.tripletex_id is not None}

    def pending(self, target: Target) -> datetime | None:
        """When a request was last sent whose outcome is not known; None where there is none."""
        sent = [entry.sent_at for entry in self.of(target) if entry.state == "sending" and entry.sent_at]
        return max(sent, default=None)

    def refused(self, target: Target) -> Entry | None:
        """The refusal that stands, where there is one and nothing was registered."""
        if self.ids(target):
            return None
        return next((entry for entry in self.of(target) if entry.state == "refused"), None)


def read_registrations(connection: sa.Connection, targets: Iterable[str] | None = None) -> Registrations:
    """All that is registered, or that of some cards (by their ids of today)."""
    entry, alias = registration.c, identity_alias.c
    today = sa.func.coalesce(alias.current_id, entry.entity_id)
    statement = sa.select(registration, today.label("today")).select_from(
        registration.outerjoin(identity_alias, alias.alias_id == entry.entity_id)
    )
    if targets is not None:
        statement = statement.where(today.in_(list(targets)))
    found = Registrations()
    for row in connection.execute(statement.order_by(entry.tripletex_id, entry.entity_id)):
        stored = Target(row.object, row.entity_id, row.customer_id)
        found.entries.setdefault(stored._replace(entity_id=row.today), []).append(
            Entry(
                stored=stored,
                state=row.state,
                tripletex_id=row.tripletex_id,
                sent_at=row.sent_at,
                refused_fields=tuple(row.refused_fields),
                fields_hash=bytes(row.fields_hash) if row.fields_hash is not None else None,
            )
        )
    return found


def forget_gone(connection: sa.Connection) -> int:
    """Remove entries of cards that are gone for good, and of objects that are gone from Tripletex.

    Returns how many. Of a card that is gone the customer may stay there: the next sweep ties it by itself.
    """
    entry = registration.c
    has_card = sa.or_(
        sa.exists().where(person.c.person_id == entry.entity_id),
        sa.exists().where(organization.c.organization_id == entry.entity_id),
        sa.exists().where(identity_alias.c.alias_id == entry.entity_id),
    )
    is_gone = sa.or_(
        _deleted("tripletex_customer", sa.case((entry.object == "customer", entry.tripletex_id))),
        _deleted("tripletex_customer", entry.customer_id),
        _deleted("tripletex_contact", sa.case((entry.object == "contact", entry.tripletex_id))),
    )
    return connection.execute(sa.delete(registration).where(sa.or_(~has_card, is_gone))).rowcount


def _deleted(source: str, key: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """A sweep has confirmed that the object is gone."""
    table = TABLES[source].c
    return sa.exists().where(table.id == key, table.deleted_at_source.is_not(None))
