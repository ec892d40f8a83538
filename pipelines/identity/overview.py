"""What people look at to see whether the matching is sane: sizes of cards, newest merges and splits.

Ids, rules and counts only, no value of anybody. Knows tables only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from schemas.tables import crm

SHOWN = 6
"""Rows of a list: so many fit where Dagster shows a table without a click."""

_LINKED = {"person": crm.source_link.c.person_id, "organization": crm.source_link.c.organization_id}


class Event(NamedTuple):
    """A card that was merged into another, or split from one."""

    occurred_at: datetime
    event: str
    entity: str
    entity_id: str
    other_entity_id: str | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """Cards of one kind by how many source records are on them."""

    cards: int
    records: int
    """Source records on them."""
    singletons: int
    """Cards with one record only."""
    largest: Sequence[tuple[str, int]]
    """(id of the card, records on it), the largest first."""

    @property
    def singleton_share(self) -> float:
        """Singletons among the cards, 0 to 1; 0 without cards."""
        return self.singletons / self.cards if self.cards else 0.0

    @property
    def most(self) -> int:
        """Records on the largest card."""
        return self.largest[0][1] if self.largest else 0


@dataclass(frozen=True, slots=True)
class Overview:
    """The cards as they stand."""

    sizes: Mapping[str, Sizes]
    """For `person` and `organization`."""
    newest: Sequence[Event]
    """Merges and splits, the newest first."""


def overview(connection: sa.Connection) -> Overview:
    """Read it: one pass over the links for each kind of card, and the end of the list of events."""
    return Overview(
        sizes={entity: _sizes(connection, card) for entity, card in _LINKED.items()},
        newest=_newest(connection),
    )


def _sizes(connection: sa.Connection, card: sa.Column[str]) -> Sizes:
    records = sa.func.count().label("records")
    sizes = sa.select(card.label("card"), records).where(card.is_not(None)).group_by(card).cte("sizes")
    cards = sa.select(sa.func.count()).select_from(sizes)
    rows = connection.execute(
        sa.select(
            sizes.c.card,
            sizes.c.records,
            cards.scalar_subquery(),
            sa.select(sa.func.sum(sizes.c.records)).scalar_subquery(),
            cards.where(sizes.c.records == 1).scalar_subquery(),
        )
        .order_by(sizes.c.records.desc(), sizes.c.card)
        .limit(SHOWN)
    ).all()
    _, _, number, linked, singletons = rows[0] if rows else (None, 0, 0, 0, 0)
    largest = [(str(card_id), count) for card_id, count, *_ in rows]
    return Sizes(number, int(linked), singletons, largest)


def _newest(connection: sa.Connection) -> list[Event]:
    event = crm.identity_event.c
    rows = connection.execute(
        sa.select(
            event.occurred_at, event.event, event.entity, event.entity_id, event.other_entity_id, event.rule
        )
        .where(event.event.in_(["MERGED", "SPLIT"]))
        .order_by(event.event_id.desc())
        .limit(SHOWN)
    )
    return [
        Event(at, kind, entity, str(card), None if other is None else str(other), rule)
        for at, kind, entity, card, other, rule in rows
    ]
