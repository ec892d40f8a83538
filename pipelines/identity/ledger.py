"""Ids that last: which id each cluster of records takes, and what that means for those who keep copies.

Pure functions over clusters and the previous links. Must not know why records are clustered.

The rule. A cluster takes the id that the most of its records had before; between ids with as many, the one
whose card is older, then the smaller id. An id goes to one cluster only, the one that holds the most of its
records; between clusters with as many, the one with the first record (by source, then id). So a merge keeps
the larger card's id, and a split leaves the id with the larger part. An id that finds no cluster any more
becomes an alias of the card that took most of its records (MERGED), or ends with its last record (ERASED).
A part that splits off takes back the id it had before the merge that is being undone, if that id was born
from one of its records; else it gets a new one (SPLIT). New ids are uuid5 of the cluster's first record, so
that an empty store filled from the same records gets the same ids; an id is never used for a second card.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]
Entity = Literal["person", "organization"]

NAMESPACE = uuid.UUID("7d3f2b56-7c59-5b0e-9a3a-0f1d6a2c9e41")
"""Namespace of the ids; any constant would do, it must only never change."""


@dataclass(frozen=True, slots=True)
class Previous:
    """What the store says before the run, for one entity.

    `cards` are the ids of all cards, the oldest first; `before` is the position in `cards` of the card that
    each record belonged to (-1: none); `aliases` maps a former id to the current one.
    """

    before: Ints
    cards: Sequence[str]
    aliases: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The id of every cluster, and what changed.

    `ids` are the cards in ascending order, `card` is the position in `ids` per record (-1: no card). `events`
    holds event, entity, entity_id and other_entity_id. `aliases` is the whole new alias map of the cards at
    hand.
    """

    entity: Entity
    card: Ints
    ids: list[str]
    events: pd.DataFrame
    aliases: dict[str, str]

    def count(self, event: str) -> int:
        """How many events of one kind."""
        return int((self.events["event"] == event).sum())

    @property
    def largest(self) -> int:
        """Records on the card that has the most."""
        card = self.card[self.card >= 0]
        return int(np.bincount(card).max()) if len(card) else 0


def assign(
    entity: Entity,
    keys: Sequence[str],
    order: Ints,
    labels: Ints,
    previous: Previous,
    *,
    weight: Ints | None = None,
    used: Callable[[Collection[str]], Collection[str]] = lambda ids: (),
) -> Assignment:
    """Ids for the clusters of one entity.

    `keys` are the record keys, `order` their canonical rank, `labels` the cluster of each record (-1: none),
    `weight` how many records each counts for (default 1); `used` tells which of some ids were ever given to
    a card, those in `previous` aside.
    """
    rows = np.flatnonzero(labels >= 0)
    _, cluster = np.unique(labels[rows], return_inverse=True)
    clusters = int(cluster.max()) + 1 if len(rows) else 0
    first = _first_rows(cluster, order[rows], clusters)
    before, old_ids = previous.before[rows], previous.cards
    weights = np.ones(len(rows), dtype=np.int64) if weight is None else weight[rows]
    pairs = _pairs(cluster, before, weights, order[rows][first], len(old_ids))
    taken = _taken(pairs, clusters, len(old_ids))
    parent = _first_of(pairs.cluster, pairs.old, clusters)

    ids: list[str | None] = [old_ids[old] if old >= 0 else None for old in taken.tolist()]
    aliases = dict(previous.aliases)
    homeless = np.flatnonzero(taken < 0)
    split = homeless[parent[homeless] >= 0]
    mine = [keys[row] for row in rows.tolist()]
    _take_back(entity, ids, split, cluster, before, mine, order[rows], old_ids, aliases)
    _name_the_rest(entity, ids, [mine[row] for row in first.tolist()], {*old_ids, *aliases}, used)

    events: list[_Event] = [("CREATED", ids[at], None) for at in homeless[parent[homeless] < 0].tolist()]
    events += [("SPLIT", old_ids[parent[at]], ids[at]) for at in split.tolist()]
    events += _retired(taken, pairs, old_ids, ids, aliases)
    return _assignment(entity, labels, rows, cluster, ids, events, aliases)


def born_id(entity: Entity, key: str, generation: int = 0) -> str:
    """The id of a card born from a record: uuid5 over entity and record key (RFC 9562, section 5.5)."""
    name = f"{entity}:{key}" if generation == 0 else f"{entity}:{key}#{generation}"
    digest = bytearray(hashlib.sha1(NAMESPACE.bytes + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_Event = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Which cluster holds records of which old id, the strongest claim first."""

    cluster: Ints
    old: Ints


def _pairs(cluster: Ints, before: Ints, weight: Ints, cluster_rank: Ints, olds: int) -> _Pairs:
    """Old ids are numbered by age, so their number is their rank."""
    known = before >= 0
    combined, pair = np.unique(cluster[known] * max(olds, 1) + before[known], return_inverse=True)
    claims, old = np.divmod(combined, max(olds, 1))
    records = np.bincount(pair, weights=weight[known], minlength=len(combined))
    strongest = np.lexsort((cluster_rank[claims], old, -records))
    return _Pairs(claims[strongest], old[strongest])


def _taken(pairs: _Pairs, clusters: int, olds: int) -> Ints:
    """The old id of each cluster, -1 for none: claims are met in order, each id and cluster once.

    A claim that is the first of its cluster and of its id is met whatever the others are, so whole rounds of
    them can be met at once.
    """
    taken = np.full(clusters, -1, dtype=np.int64)
    given = np.zeros(olds, dtype=bool)
    cluster, old = pairs.cluster, pairs.old
    while len(cluster):
        met = np.zeros(len(cluster), dtype=np.int8)
        for side in (cluster, old):
            met[np.unique(side, return_index=True)[1]] += 1
        now = met == 2
        taken[cluster[now]] = old[now]
        given[old[now]] = True
        left = (taken[cluster] < 0) & ~given[old]
        cluster, old = cluster[left], old[left]
    return taken


def _take_back(
    entity: Entity,
    ids: list[str | None],
    split: Ints,
    cluster: Ints,
    before: Ints,
    keys: list[str],
    order: Ints,
    old_ids: Sequence[str],
    aliases: dict[str, str],
) -> None:
    """A part that splits off takes back the id it had before it was merged in, and the alias ends."""
    if not len(split) or not aliases:
        return
    rows = np.flatnonzero(np.isin(cluster, split))
    for row in rows[np.argsort(order[rows], kind="stable")].tolist():
        candidate = born_id(entity, keys[row])
        if ids[cluster[row]] is None and before[row] >= 0 and aliases.get(candidate) == old_ids[before[row]]:
            ids[cluster[row]] = candidate
            del aliases[candidate]


def _name_the_rest(
    entity: Entity,
    ids: list[str | None],
    first_keys: list[str],
    taboo: set[str],
    used: Callable[[Collection[str]], Collection[str]],
) -> None:
    """New ids for clusters without one; a record that bore a card before bears the next generation."""
    generation = 0
    while unnamed := [at for at, card in enumerate(ids) if card is None]:
        candidates = {at: born_id(entity, first_keys[at], generation) for at in unnamed}
        refused = taboo.union(used([card for card in candidates.values() if card not in taboo]))
        for at, card in candidates.items():
            if card not in refused:
                ids[at] = card
        generation += 1


def _retired(
    taken: Ints, pairs: _Pairs, old_ids: Sequence[str], ids: list[str | None], aliases: dict[str, str]
) -> list[_Event]:
    """Events of the ids that no cluster took, and the aliases they leave behind or take with them."""
    events: list[_Event] = []
    heir = _first_of(pairs.old, pairs.cluster, len(old_ids))
    is_taken = np.zeros(len(old_ids), dtype=bool)
    is_taken[taken[taken >= 0]] = True
    became: dict[str, str | None] = {}
    for old in np.flatnonzero(~is_taken).tolist():
        card = ids[heir[old]] if heir[old] >= 0 else None
        became[old_ids[old]] = card
        events.append(("MERGED", card, old_ids[old]) if card else ("ERASED", old_ids[old], None))
    if became:
        for alias, current in list(aliases.items()):
            if current in became:
                card = became[current]
                if card is None:
                    del aliases[alias]
                else:
                    aliases[alias] = card
        aliases.update({old: card for old, card in became.items() if card is not None})
    return events


def _assignment(
    entity: Entity,
    labels: Ints,
    rows: Ints,
    cluster: Ints,
    ids: list[str | None],
    events: list[_Event],
    aliases: dict[str, str],
) -> Assignment:
    named = np.array(ids, dtype="S36")
    by_id = np.argsort(named, kind="stable")
    position = np.empty(len(ids), dtype=np.int64)
    position[by_id] = np.arange(len(ids))
    card = np.full(len(labels), -1, dtype=np.int64)
    card[rows] = position[cluster]
    events.sort(key=lambda event: (_EVENT_ORDER[event[0]], event[1] or "", event[2] or ""))
    frame = pd.DataFrame(events, columns=["event", "entity_id", "other_entity_id"], dtype=object)
    frame.insert(1, "entity", entity)
    return Assignment(entity, card, [text.decode() for text in named[by_id].tolist()], frame, aliases)


_EVENT_ORDER = {"CREATED": 0, "MERGED": 1, "SPLIT": 2, "ERASED": 3}


def _first_rows(cluster: Ints, order: Ints, clusters: int) -> Ints:
    """Position of each cluster's first record in canonical order."""
    first = np.empty(clusters, dtype=np.int64)
    backwards = np.argsort(-order, kind="stable")
    first[cluster[backwards]] = backwards
    return first


def _first_of(group: Ints, value: Ints, groups: int) -> Ints:
    """The value that comes first for each group, -1 for none."""
    first = np.full(groups, -1, dtype=np.int64)
    first[group[::-1]] = value[::-1]
    return first
