"""What must hold of the crm schema whenever a transaction on it ends, as counts in SQL.

Knows tables only. A violation is reported as a name and a number, never as a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipelines.identity.records import SOURCES
from schemas.categories import ID, OPERATIONS
from schemas.errors import SafeError
from schemas.tables import crm
from schemas.tables.landing import TABLES

PERSON, ORGANIZATION = "person", "organization"
CARDS = {PERSON: crm.person, ORGANIZATION: crm.organization}


class InvariantError(SafeError, AssertionError):
    """The cards contradict their records; nothing was written. The message names what, in numbers."""


def value_columns(table: sa.Table) -> tuple[str, ...]:
    """Columns of a card table that hold a value about the customer: those need an origin."""
    return tuple(column.name for column in table.columns if column.info["category"] not in (OPERATIONS, ID))


@dataclass(frozen=True, slots=True)
class Touched:
    """Tables with the ids of the records and cards to look at, instead of all of them."""

    records: sa.FromClause
    person: sa.FromClause
    organization: sa.FromClause


def check(connection: sa.Connection, touched: Touched | None = None) -> None:
    """Raise InvariantError when the cards in this transaction contradict their records."""
    broken = {name: count for name, query in queries(touched) if (count := connection.scalar(query))}
    if broken:
        listed = "; ".join(f"{name}: {count}" for name, count in broken.items())
        raise InvariantError(
            f"identity: the cards were not published, since they contradict their records ({listed}). "
            "The store is as it was; run the rebuild again, and report it when it comes back."
        )


def queries(touched: Touched | None = None) -> Iterator[tuple[str, sa.Select[Any]]]:
    """(what is wrong, how many) for each invariant; a store in order answers 0 to all of them."""
    link = crm.source_link
    mine = _record_in(link, touched)
    for entity, card in CARDS.items():
        key = card.c[f"{entity}_id"]
        linked = link.c[f"{entity}_id"]
        yield (
            f"{entity} without a record",
            _count(card, *_card_in(key, entity, touched), ~_exists(link, linked == key)),
        )
        yield f"link to no {entity}", _count(link, *mine, linked.is_not(None), ~_exists(card, key == linked))
        yield f"{entity} with values and origins that differ", _unlike_origins(entity, card, touched)
        yield f"{entity} origin in a record of another card", _foreign_origins(entity, touched)
    live = _live_records(touched).subquery()
    yield (
        "link to a record that is not live",
        _count(
            link, *mine, ~_exists(live, live.c.source == link.c.source, live.c.source_id == link.c.source_id)
        ),
    )
    yield (
        "live record without a link",
        _count(
            live,
            ~_exists(link, live.c.source == link.c.source, live.c.source_id == link.c.source_id),
        ),
    )
    for table in (crm.person_email, crm.person_phone, crm.affiliation):
        yield (
            f"{table.name} from a record of another card",
            _count(
                table,
                *_card_in(table.c.person_id, PERSON, touched),
                ~_exists(
                    link,
                    link.c.source == table.c.source,
                    link.c.source_id == table.c.source_id,
                    link.c.person_id == table.c.person_id,
                ),
            ),
        )


def _record_in(table: sa.FromClause, touched: Touched | None) -> list[sa.ColumnElement[bool]]:
    if touched is None:
        return []
    records = touched.records.c
    key = sa.tuple_(table.c.source, table.c.source_id)
    return [key.in_(sa.select(records.source, records.source_id))]


def _card_in(
    key: sa.ColumnElement[Any], entity: str, touched: Touched | None
) -> list[sa.ColumnElement[bool]]:
    if touched is None:
        return []
    cards = touched.person if entity == PERSON else touched.organization
    return [key.in_(sa.select(cards.c[f"{entity}_id"]))]


def _unlike_origins(entity: str, card: sa.Table, touched: Touched | None) -> sa.Select[Any]:
    """Cards whose values are not exactly the fields that have an origin: one bit per field."""
    origin = crm.field_origin
    key = card.c[f"{entity}_id"]
    bits = {name: 1 << at for at, name in enumerate(value_columns(card))}
    fields = sa.case(*((origin.c.field == name, bit) for name, bit in bits.items()), else_=-(1 << 40))
    known = (
        sa.select(origin.c.entity_id, sa.func.sum(fields).label("fields"))
        .where(origin.c.entity == entity, *_card_in(origin.c.entity_id, entity, touched))
        .group_by(origin.c.entity_id)
        .subquery()
    )
    values = sum(
        (sa.case((card.c[name].is_not(None), bit), else_=0) for name, bit in bits.items()), sa.literal(0)
    )
    held = (
        sa.select(key.label("card"), values.label("fields")).where(*_card_in(key, entity, touched)).subquery()
    )
    joined = held.join(known, known.c.entity_id == held.c.card, full=True)
    return (
        sa.select(sa.func.count())
        .select_from(joined)
        .where(sa.or_(held.c.card.is_(None), held.c.fields != sa.func.coalesce(known.c.fields, 0)))
    )


def _foreign_origins(entity: str, touched: Touched | None) -> sa.Select[Any]:
    origin, link = crm.field_origin, crm.source_link
    same = (link.c.source == origin.c.source) & (link.c.source_id == origin.c.source_id)
    return (
        sa.select(sa.func.count())
        .select_from(origin.outerjoin(link, same))
        .where(
            origin.c.entity == entity,
            *_card_in(origin.c.entity_id, entity, touched),
            link.c[f"{entity}_id"].is_distinct_from(origin.c.entity_id),
        )
    )


def _live_records(touched: Touched | None) -> sa.CompoundSelect[Any]:
    return sa.union_all(*(_live(source, touched) for source in SOURCES))


def _live(source: str, touched: Touched | None) -> sa.Select[str, str]:
    table = TABLES[source]
    key = next(iter(table.primary_key))
    live = sa.select(
        sa.literal(source, sa.Text()).label("source"), sa.cast(key, sa.Text()).label("source_id")
    ).where(table.c.deleted_at_source.is_(None))
    if touched is None:
        return live
    records = touched.records.c
    mine = sa.select(sa.cast(records.source_id, key.type)).where(records.source == source)
    return live.where(key.in_(mine))


def _count(table: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(*conditions)


def _exists(table: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists(sa.select(sa.literal(1)).select_from(table).where(*conditions))
