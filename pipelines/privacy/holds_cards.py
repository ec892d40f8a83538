"""Which rows of landing a hold on a card keeps: the cards themselves are made from them every night.

Those that were on the card when the hold was set are kept whatever becomes of the card; those that are on it
now, under whichever id, as long as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from pipelines.identity.facts import OWNERS
from schemas.tables import crm, landing, qualified

CARDS: Mapping[str, str] = {
    qualified(crm.person): "person",
    qualified(crm.organization): "organization",
}
"""The tables of cards, and what the card is of."""


def records_of_card(connection: sa.Connection, data: str, card_id: str) -> tuple[str, ...]:
    """The source records (`helpscout_customer:17`) on a card, also under an id that it has no longer."""
    entity, link, alias = CARDS[data], crm.source_link.c, crm.identity_alias.c
    current = sa.select(alias.current_id).where(alias.entity == entity, alias.alias_id == card_id)
    on_card = link[f"{entity}_id"]
    rows = connection.execute(
        sa.select(link.source, link.source_id)
        .where(sa.or_(on_card == card_id, on_card.in_(current)))
        .order_by(link.source, link.source_id)
    )
    return tuple(f"{row.source}:{row.source_id}" for row in rows)


def rows_of_card(
    connection: sa.Connection, data: str, card_id: str, recorded: Iterable[str]
) -> tuple[tuple[str, str, str], ...]:
    """(table, column, value) of the landing rows that a hold on a card keeps.

    `recorded`: the source records that were on the card when the hold was set.
    """
    records = sorted({*recorded, *records_of_card(connection, data, card_id)})
    held = []
    for record in records:
        source, _, source_id = record.partition(":")
        table = landing.TABLES[source]
        held.append((qualified(table), table.primary_key.columns[0].name, source_id))
        held += [
            (qualified(landing.TABLES[fact]), column, source_id)
            for fact, (owner, column) in OWNERS.items()
            if owner == source and fact != source
        ]
    return tuple(held)


def is_card(connection: sa.Connection, data: str, card_id: str) -> bool:
    """Whether there is such a card, or was one that became part of another."""
    entity, alias = CARDS[data], crm.identity_alias.c
    card = (crm.person if entity == "person" else crm.organization).c[f"{entity}_id"]
    former = sa.exists().where(alias.entity == entity, alias.alias_id == card_id)
    return bool(connection.scalar(sa.select(sa.or_(sa.exists().where(card == card_id), former))))
