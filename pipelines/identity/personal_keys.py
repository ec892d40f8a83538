"""The deterministic tier: what a personal key joins, and no name excludes.

Addresses with an owner, keys that were handed over, one first name with two surnames and names with slips
have ways of their own.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from pipelines.identity.clustering import Edge
from pipelines.identity.features import Features
from pipelines.identity.guards import Keys, Standing, Turn, holds_surname, is_unfit, people
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation
from pipelines.identity.person_edges import BY_RELATION, RULE_CODE, Edges, key_rule, relations


def personal_edges(data: Features, keys: Keys, pairs: NamePairs) -> tuple[Edges, list[Edge]]:
    """Edges that personal keys prove, and those of a first name with two surnames that they do not prove."""
    standing = keys.standing[keys.key]
    proved: list[Edge] = []
    doubtful: list[Edge] = []
    own_way = keys.standing == Standing.RENAMED
    own_way[[key for key, found in (*keys.owners.items(), *keys.turns.items()) if found]] = True
    own_way[list(keys.spelled)] = True
    special = own_way[keys.key]
    star = _stars(keys, pairs, (standing == Standing.PERSONAL) & ~special)
    at = np.flatnonzero(special)
    for rows in np.split(at, np.flatnonzero(np.diff(keys.key[at])) + 1) if len(at) else []:
        key = int(keys.key[rows[0]])
        _special_key(data, keys, pairs, key, keys.row[rows].tolist(), proved, doubtful)
    return Edges.joined([star, Edges.of(proved)]), doubtful


def _stars(keys: Keys, pairs: NamePairs, chosen: np.ndarray) -> Edges:
    """Every row of a key tied to the row whose name says most."""
    row, key = keys.row[chosen], keys.key[chosen]
    name = pairs.of_row[row]
    says = np.where(name < 0, 2, np.where(pairs.is_full[name] & ~pairs.is_derived[name], 0, 1))
    order = np.lexsort((row, says, key))
    row, key, name = row[order], key[order], name[order]
    first = np.r_[True, key[1:] != key[:-1]] if len(key) else np.zeros(0, dtype=bool)
    hub = (
        np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
        if len(key)
        else np.zeros(0, dtype=np.int64)
    )
    leaf = np.flatnonzero(~first)
    left, right = row[hub[leaf]], row[leaf]
    relation = relations(pairs, name[hub[leaf]], name[leaf])
    score = np.array([BY_RELATION[Relation(code)][1] for code in range(len(Relation))])[relation]
    email = keys.is_email[key[leaf]]
    rule = np.array(
        [
            [RULE_CODE[key_rule(kind, Relation(code))] for code in range(len(Relation))]
            for kind in ("phone", "email")
        ]
    )[email.astype(int), relation]
    return Edges(np.minimum(left, right), np.maximum(left, right), score - np.where(email, 0.0, 0.005), rule)


def _special_key(
    data: Features,
    keys: Keys,
    pairs: NamePairs,
    key: int,
    rows: list[int],
    proved: list[Edge],
    doubtful: list[Edge],
) -> None:
    """Edges of a shared address that has an owner, or of a key with one first name and two surnames."""
    kind = "email" if keys.is_email[key] else "phone"
    by_name: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_name[int(pairs.of_row[row])].append(row)
    if key in keys.spelled:
        proved.extend(_spellings(kind, keys.spelled[key], by_name, pairs))
        return
    if keys.standing[key] == Standing.SHARED:
        owner = keys.owners.get(key)
        if owner:
            mine = [row for name in owner for row in by_name.get(name, [])]
            proved.extend(_star(kind, sorted(mine) + by_name.get(-1, []), pairs))
            return
        named = {name for turn in keys.turns[key] for name in turn.names}
        others = sorted(row for name, of_name in by_name.items() if name not in named for row in of_name)
        for turn in keys.turns[key]:
            mine = sorted(row for name in turn.names for row in by_name.get(name, []))
            then = [row for row in others if _fits(data, pairs, row, turn)]
            proved.extend(_star(kind, mine + then, pairs))
        return
    names = sorted(by_name.keys() - {-1})
    relations_ = {(a, b): pairs.relation(a, b) for i, a in enumerate(names) for b in names[i + 1 :]}
    groups = people(names, relations_)
    whole = [group for group in groups if any(pairs.is_full[name] for name in group)]
    heads = []
    for group in whole:
        mine = sorted(row for name in group for row in by_name[name])
        proved.extend(_star(kind, mine, pairs))
        heads.append(mine[0])
    edge = Edge(min(heads), max(heads), BY_RELATION[Relation.RENAMED][1], f"renamed_{kind}")
    if kind == "email" and _keeps_a_surname(data, pairs, key, names):
        proved.append(edge)
        rest = [
            row
            for name, of_name in by_name.items()
            for row in of_name
            if not any(name in group for group in whole)
        ]
        proved.extend(_star(kind, [heads[0], *sorted(rest)], pairs))
    else:
        doubtful.append(edge)


def _spellings(kind: str, right: int, by_name: dict[int, list[int]], pairs: NamePairs) -> list[Edge]:
    """Every row of a key tied to one whose name the others spell; what they spell is one name then."""
    rows = [row for name, of_name in by_name.items() if name != right for row in of_name]
    edges = _star(kind, by_name[right] + sorted(rows), pairs)
    spelling = (key_rule(kind, Relation.SIMILAR), key_rule(kind, Relation.EQUAL))
    other = {row for name, of_name in by_name.items() if name not in (right, -1) for row in of_name}
    return [
        edge._replace(rule=f"spelled_{kind}")
        if edge.rule in spelling and not other.isdisjoint(edge[:2])
        else edge
        for edge in edges
    ]


def _fits(data: Features, pairs: NamePairs, row: int, turn: Turn) -> bool:
    """Whether a record without a whole name comes from the time in which these names had the key."""
    if not (turn.start <= data.first_seen[row] and data.last_seen[row] <= turn.end):
        return False
    name = int(pairs.of_row[row])
    return all(
        pairs.relation(name, other) not in (Relation.CONFLICT, Relation.RENAMED) for other in turn.names
    )


def _keeps_a_surname(data: Features, pairs: NamePairs, key: int, names: list[int]) -> bool:
    """A private address, or one that spells either surname: it stays with the person who marries."""
    address = data.email_values[key]
    if any(is_unfit(address.local, pairs.names[name]) for name in names):
        spelled = [holds_surname(address.local, pairs.names[name]) for name in names]
        return any(spelled)
    return address.is_public or any(holds_surname(address.local, pairs.names[name]) for name in names)


def _star(kind: str, rows: list[int], pairs: NamePairs) -> list[Edge]:
    edges = []
    for row in rows[1:]:
        relation = pairs.relation(int(pairs.of_row[rows[0]]), int(pairs.of_row[row]))
        score = BY_RELATION[relation][1]
        edges.append(Edge(min(rows[0], row), max(rows[0], row), score, key_rule(kind, relation)))
    return edges
