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
from pipelines.identity.ledger import Entity, Ints, Previous
from pipelines.identity.match import Matching
from pipelines.identity.records import record_keys
from schemas.tables import crm
from schemas.tables.base import UUID


@dataclass(frozen=True, slots=True)
class Linked:
    """The cards that some records belong to: ids by record key."""

    card: Mapping[Entity, Mapping[str, str]]


def linked(rows: pd.DataFrame) -> Linked:
    """The cards of some records, from rows of crm.match_block."""
    names = record_keys(rows)
    return Linked(
        {
            entity: {name: id_ for name, id_ in zip(names, rows[f"{entity}_id"], strict=True) if id_}
            for entity in get_args(Entity)
        }
    )


def are_whole(connection: sa.Connection, known: Linked, entity: Entity, cards: Collection[str]) -> bool:
    """Whether no record but the known ones belongs to these cards."""
    key = crm.source_link.c[f"{entity}_id"]
    there = connection.scalar(sa.select(sa.func.count()).where(key == any_of(cards, UUID)))
    return there == sum(card in cards for card in known.card[entity].values())


def read_previous(
    connection: sa.Connection,
    keys: Sequence[str],
    entity: Entity,
    labels: Ints,
    known: Linked | None = None,
) -> Previous:
    """What the store says of the ids of one entity; `keys` are the record keys at hand, `labels` the cluster
    of each (-1: none).

    `known` are the cards at hand, where these are not all there are. Of them the age is asked only where it
    decides: two cards that met in one cluster.
    """
    alias = crm.identity_alias.c
    theirs: list[sa.ColumnElement[bool]] = [alias.entity == entity]
    if known is None:
        cards: Sequence[str] = _cards_by_age(connection, entity)
        link = crm.source_link.c
        id_ = link[f"{entity}_id"]
        links = connection.execute(
            sa.select(link.source + ":" + link.source_id, _as_text(id_)).where(id_.is_not(None)),
            execution_options={"yield_per": 50_000},
        )
        position = {name: at for at, name in enumerate(cards)}
        before = {record: position[name] for record, name in links}
    else:
        card = known.card[entity]
        met = _met(keys, labels, card)
        older = _cards_by_age(connection, entity, met) if met else []
        cards = [*older, *sorted(set(card.values()).difference(older))]
        position = {name: at for at, name in enumerate(cards)}
        before = {record: position[name] for record, name in card.items()}
        theirs.append(alias.current_id == any_of(cards, UUID))
    aliases = connection.execute(
        sa.select(_as_text(alias.alias_id), _as_text(alias.current_id)).where(*theirs)
    )
    return Previous(
        before=np.fromiter((before.get(key, -1) for key in keys), dtype=np.int64, count=len(keys)),
        cards=cards,
        aliases=dict(iter(aliases)),
    )


def _met(keys: Sequence[str], labels: Ints, card: Mapping[str, str]) -> set[str]:
    """Ids of the cards whose records are in one cluster with those of another card."""
    of_cluster: dict[int, set[str]] = {}
    for name, label in zip(keys, labels.tolist(), strict=True):
        if label >= 0 and name in card:
            of_cluster.setdefault(label, set()).add(card[name])
    return {one for cards in of_cluster.values() if len(cards) > 1 for one in cards}


def _cards_by_age(
    connection: sa.Connection, entity: Entity, among: Collection[str] | None = None
) -> list[str]:
    """Ids of all cards, or of those among some, the oldest first."""
    card = invariants.CARDS[entity]
    key = card.c[f"{entity}_id"]
    statement = sa.select(_as_text(key)).order_by(card.c.created_at, key)
    return list(
        connection.scalars(statement if among is None else statement.where(key == any_of(among, UUID)))
    )


def _as_text(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """Ids as the texts that frames hold: to read them into objects takes longer than all else here."""
    return sa.cast(column, sa.Text())


def among(records: pd.DataFrame) -> sa.TableValuedAlias:
    """Some records (source, source_id) to join with: two parameters, however many rows."""
    texts = pg.ARRAY(sa.Text())
    names = ("source", "source_id")
    columns = (sa.literal(records[name].tolist(), texts) for name in names)
    rows = sa.func.unnest(*columns).table_valued(*(sa.column(name, sa.Text()) for name in names), name="mine")
    return rows.render_derived()


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
