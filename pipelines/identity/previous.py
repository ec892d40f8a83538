"""What the store says of the cards before a run: which record belonged to which, and which ids were used.

Reads crm. Must not know how records are matched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity import invariants
from pipelines.identity.ledger import Entity, Previous
from pipelines.identity.match import Matching
from pipelines.store.bulk import copy_frame
from schemas.tables import crm
from schemas.tables.base import UUID


@dataclass(frozen=True, slots=True)
class Linked:
    """The cards that some records belong to, and nothing but these: ids by record key, and ids by age."""

    card: Mapping[Entity, Mapping[str, str]]
    by_age: Mapping[Entity, Sequence[str]]


def linked(connection: sa.Connection, records: pd.DataFrame) -> Linked | None:
    """The cards that some records belong to; None when one of them has a record besides these."""
    mine, link = staged(connection, records), crm.source_link
    same = (link.c.source == mine.c.source) & (link.c.source_id == mine.c.source_id)
    rows = connection.execute(
        sa.select(
            link.c.source + ":" + link.c.source_id,
            # As texts: to read ids into objects takes longer than all else here.
            *(sa.cast(link.c[f"{entity}_id"], sa.Text()) for entity in get_args(Entity)),
        ).join(mine, same)
    ).all()
    card: dict[Entity, dict[str, str]] = {}
    by_age: dict[Entity, list[str]] = {}
    for at, entity in enumerate(get_args(Entity), 1):
        card[entity] = {row[0]: row[at] for row in rows if row[at] is not None}
        ids = set(card[entity].values())
        key = link.c[f"{entity}_id"]
        if connection.scalar(sa.select(sa.func.count()).where(key == any_of(ids, UUID))) != len(card[entity]):
            return None
        by_age[entity] = _cards_by_age(connection, entity, ids)
    return Linked(card, by_age)


def read_previous(
    connection: sa.Connection, keys: Sequence[str], entity: Entity, known: Linked | None = None
) -> Previous:
    """What the store says of the ids of one entity; `keys` are the record keys at hand.

    `known` are the cards at hand, where these are not all there are.
    """
    alias = crm.identity_alias.c
    theirs: list[sa.ColumnElement[bool]] = [alias.entity == entity]
    if known is None:
        cards: Sequence[str] = _cards_by_age(connection, entity)
        link = crm.source_link.c
        id_ = link[f"{entity}_id"]
        links = connection.execute(
            sa.select(link.source + ":" + link.source_id, id_).where(id_.is_not(None)),
            execution_options={"yield_per": 50_000},
        )
        position = {name: at for at, name in enumerate(cards)}
        before = {record: position[name] for record, name in links}
    else:
        cards = known.by_age[entity]
        position = {name: at for at, name in enumerate(cards)}
        before = {record: position[name] for record, name in known.card[entity].items()}
        theirs.append(alias.current_id == any_of(cards, UUID))
    aliases = connection.execute(sa.select(alias.alias_id, alias.current_id).where(*theirs))
    return Previous(
        before=np.fromiter((before.get(key, -1) for key in keys), dtype=np.int64, count=len(keys)),
        cards=cards,
        aliases=dict(map(tuple, aliases)),
    )


def _cards_by_age(
    connection: sa.Connection, entity: Entity, among: Collection[str] | None = None
) -> list[str]:
    """Ids of all cards, or of those among some, the oldest first."""
    card = invariants.CARDS[entity]
    key = card.c[f"{entity}_id"]
    statement = sa.select(key).order_by(card.c.created_at, key)
    return list(
        connection.scalars(statement if among is None else statement.where(key == any_of(among, UUID)))
    )


def staged(connection: sa.Connection, records: pd.DataFrame) -> sa.TableClause:
    """A temporary table of source and source_id."""
    columns = ["source", "source_id"]
    name = copy_frame(connection, crm.source_link, records, columns, prefix="some")
    return sa.table(name.as_string(None).strip('"'), *map(sa.column, columns))


def any_of(values: Collection[Any], type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """`= ANY (array)`: one parameter, however many values."""
    return sa.func.any(sa.literal(list(values), pg.ARRAY(type_)))


def ever_used(connection: sa.Connection, entity: Entity, ids: Collection[str]) -> set[str]:
    """Those of some ids that were ever given to a card, by the events on record."""
    if not ids:
        return set()
    event = crm.identity_event.c
    wanted = any_of(ids, UUID)
    as_card = sa.select(event.entity_id).where(event.entity == entity, event.entity_id == wanted)
    as_other = sa.select(event.other_entity_id).where(event.entity == entity, event.other_entity_id == wanted)
    return set(connection.scalars(as_card.union(as_other)))


def merge_rules(matching: Matching, entity: Entity, previous: Previous) -> dict[str, str]:
    """For each id that was met by a link to another one, the rule of the first such link."""
    links = matching.links[matching.links["entity"] == entity]
    left, right = (previous.before[links[side].to_numpy(dtype=np.int64)] for side in ("left", "right"))
    between = left != right
    rules: dict[str, str] = {}
    for one, other, rule in zip(
        left[between].tolist(), right[between].tolist(), links["rule"].to_numpy()[between], strict=True
    ):
        for card in (one, other):
            if card >= 0:
                rules.setdefault(previous.cards[card], str(rule))
    return rules
