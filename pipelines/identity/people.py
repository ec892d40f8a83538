"""Which records belong to which person: personal keys first, then equal names with a witness.

The deterministic tier joins what a personal key joins and no name excludes. The scored tier may add a link
between whole names only, with a witness (organisation, shared key, address, a nearly identical address or
number), and never against what speaks for two people. What lies between goes up for review.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import KeysView
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from pipelines.identity.clustering import Clusters, Edge, Own, against
from pipelines.identity.decisions import Decisions
from pipelines.identity.evidence import LINK, REVIEW, Candidates, candidates
from pipelines.identity.features import Features, Ints, distinct
from pipelines.identity.guards import (
    OWN,
    Keys,
    Standing,
    Turn,
    fit,
    holds_surname,
    is_unfit,
    judge_keys,
    people,
)
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation
from pipelines.identity.organizations import Organizations
from pipelines.identity.parts import Part, Renamed, parts
from pipelines.identity.short_names import only_readings, readings

# Rules of the deterministic tier by the relation of names: what the link rests on, and how sure it is.
_BY_RELATION = {
    Relation.EQUAL: ("name", 0.99),
    Relation.VARIANT: ("name_variant", 0.985),
    Relation.SIMILAR: ("similar_name", 0.97),
    Relation.INITIAL: ("abbreviated_name", 0.965),
    Relation.PARTIAL: ("part_of_name", 0.96),
    Relation.RENAMED: ("", 0.94),
    Relation.MISSING: ("", 0.95),
    Relation.CONFLICT: ("", 0.0),
}
RULES = sorted(
    {
        f"{kind}{'_and_' + name if name else ''}"
        for kind in ("email", "phone")
        for name, _ in _BY_RELATION.values()
    }
    | {"renamed_email", "renamed_phone", "spelled_email", "spelled_phone", "decision"}
)
# Witnesses that are the surroundings of many: a namesake has them too.
_SURROUNDINGS = frozenset(
    f"name_and_{kind}"
    for kind in ("organization", "company_name", "role_address", "shared_phone", "shared_email")
)
_NUMBERED = re.compile(r"[a-z][2-9]$")
_RULE_CODE = {rule: at for at, rule in enumerate(RULES)}


@dataclass(frozen=True)
class People:
    """Person of each canonical row, -1 for none, with the links behind it."""

    label: Ints
    edges: list[Edge]  # a spanning tree of every cluster
    reviews: list[tuple[int, int, float, str]]
    guards: list[tuple[str, str, str, int | None, int | None]]


@dataclass(frozen=True)
class _Edges:
    """Edges as columns."""

    left: Ints
    right: Ints
    score: np.ndarray
    rule: Ints

    @staticmethod
    def of(edges: list[Edge]) -> _Edges:
        return _Edges(
            np.array([edge.left for edge in edges], dtype=np.int64),
            np.array([edge.right for edge in edges], dtype=np.int64),
            np.array([edge.score for edge in edges], dtype=float),
            np.array([_RULE_CODE[edge.rule] for edge in edges], dtype=np.int64),
        )

    @staticmethod
    def joined(parts: list[_Edges]) -> _Edges:
        return _Edges(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("left", "right", "score", "rule")
            )
        )

    def at(self, chosen: np.ndarray) -> list[Edge]:
        """The chosen edges, best first."""
        where = np.flatnonzero(chosen)
        where = where[np.lexsort((self.right[where], self.left[where], -self.score[where]))]
        return [
            Edge(int(self.left[i]), int(self.right[i]), float(self.score[i]), RULES[self.rule[i]])
            for i in where
        ]


def match_people(data: Features, organizations: Organizations, decisions: Decisions) -> People:
    """Persons of all records; decisions bind."""
    pairs = NamePairs(data)
    keys = judge_keys(data, pairs, decisions.not_identifying)
    sure, doubtful = _personal_edges(data, keys, pairs)
    forced = [
        Edge(left, right, 1.0, "decision")
        for left, right in decisions.same
        if data.has_person[left] and data.has_person[right]
    ]
    edges = _Edges.joined([sure, _Edges.of(forced)])
    cluster, kept = _components(data, edges, pairs, decisions)
    found = candidates(data, organizations, keys, pairs, cluster)
    label, more, reviews = _second_tier(data, keys, pairs, organizations, decisions, cluster, found, doubtful)
    return People(label, _spanning(len(data), kept, more), reviews, _guards(data, keys, organizations))


# The deterministic tier.


def _personal_edges(data: Features, keys: Keys, pairs: NamePairs) -> tuple[_Edges, list[Edge]]:
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
    return _Edges.joined([star, _Edges.of(proved)]), doubtful


def _stars(keys: Keys, pairs: NamePairs, chosen: np.ndarray) -> _Edges:
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
    score = np.array([_BY_RELATION[Relation(code)][1] for code in range(len(Relation))])[relation]
    email = keys.is_email[key[leaf]]
    rule = np.array(
        [
            [_RULE_CODE[_rule(kind, Relation(code))] for code in range(len(Relation))]
            for kind in ("phone", "email")
        ]
    )[email.astype(int), relation]
    return _Edges(np.minimum(left, right), np.maximum(left, right), score - np.where(email, 0.0, 0.005), rule)


def relations(pairs: NamePairs, a: Ints, b: Ints) -> Ints:
    """Relations of two columns of names, each distinct pair once."""
    width = len(pairs.names) + 2
    unique, inverse = np.unique((a + 1) * width + b + 1, return_inverse=True)
    codes = np.fromiter(
        (int(pairs.relation(int(pair // width) - 1, int(pair % width) - 1)) for pair in unique.tolist()),
        dtype=np.int64,
        count=len(unique),
    )
    return codes[inverse] if len(codes) else np.zeros(0, dtype=np.int64)


def _rule(kind: str, relation: Relation) -> str:
    name = _BY_RELATION[relation][0]
    return f"{kind}_and_{name}" if name else kind


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
    edge = Edge(min(heads), max(heads), _BY_RELATION[Relation.RENAMED][1], f"renamed_{kind}")
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
    spelling = (_rule(kind, Relation.SIMILAR), _rule(kind, Relation.EQUAL))
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
        score = _BY_RELATION[relation][1]
        edges.append(Edge(min(rows[0], row), max(rows[0], row), score, _rule(kind, relation)))
    return edges


def _components(data: Features, edges: _Edges, pairs: NamePairs, decisions: Decisions) -> tuple[Ints, _Edges]:
    """Clusters of the deterministic tier by their first row, and the edges that were followed.

    Most components hold one name; those whose names or decisions exclude each other are built again, best
    edge first.
    """
    size = len(data)
    graph = coo_array(
        (np.ones(len(edges.left), dtype=np.int8), (edges.left, edges.right)), shape=(size, size)
    )
    component = connected_components(graph, directed=False)[1]
    doubtful = _inconsistent(component, pairs)
    for left, right in decisions.different:
        doubtful.update({int(component[left]), int(component[right])})
    doubtful.update(int(component[left]) for left, _ in decisions.same)
    head = _heads(component)
    kept = np.ones(len(edges.left), dtype=bool)
    if doubtful:
        is_doubtful = np.zeros(int(component.max()) + 1, dtype=bool)
        is_doubtful[list(doubtful)] = True
        rows = np.flatnonzero(is_doubtful[component])
        clusters = Clusters(pairs, decisions.different)
        for row in rows.tolist():
            clusters.start([row])
        again = is_doubtful[component[edges.left]]
        order = np.flatnonzero(again)
        order = order[
            np.lexsort((edges.rule[order], edges.right[order], edges.left[order], -edges.score[order]))
        ]
        for at in order.tolist():
            edge = Edge(
                int(edges.left[at]), int(edges.right[at]), float(edges.score[at]), RULES[edges.rule[at]]
            )
            kept[at] = clusters.join(edge)
        for row in rows.tolist():
            members = clusters.members(row)
            if members[0] is not None:
                head[row] = min(members)
    return head, _Edges(edges.left[kept], edges.right[kept], edges.score[kept], edges.rule[kept])


def _heads(component: Ints) -> Ints:
    first = np.full(int(component.max()) + 1 if len(component) else 0, len(component), dtype=np.int64)
    np.minimum.at(first, component, np.arange(len(component)))
    return first[component]


def _inconsistent(component: Ints, pairs: NamePairs) -> set[int]:
    """Components that hold two names which are not compatible as they stand."""
    named = pairs.of_row >= 0
    width = len(pairs.names) + 1
    used = distinct(component[named].astype(np.int64) * width + pairs.of_row[named])
    owner, name = used // width, used % width
    starts = (
        np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]) if len(owner) else np.zeros(0, dtype=np.int64)
    )
    ends = np.r_[starts[1:], len(owner)]
    found = set()
    for start, end in zip(starts[ends - starts > 1].tolist(), ends[ends - starts > 1].tolist(), strict=True):
        names = name[start:end].tolist()
        if any(
            pairs.relation(a, b) in (Relation.CONFLICT, Relation.RENAMED)
            for i, a in enumerate(names)
            for b in names[i + 1 :]
        ):
            found.add(int(owner[start]))
    return found


# The scored tier.


def _second_tier(
    data: Features,
    keys: Keys,
    pairs: NamePairs,
    organizations: Organizations,
    decisions: Decisions,
    cluster: Ints,
    found: Candidates,
    doubtful: list[Edge],
) -> tuple[Ints, list[Edge], list[tuple[int, int, float, str]]]:
    """Links between the clusters of the first tier, best first, and the pairs that are left to a person."""
    label = cluster.copy()
    followed: list[Edge] = []
    reviews: list[_Review] = []
    whole = Part(found, _renamed(cluster, doubtful), readings(data, keys, pairs, cluster))
    for part in parts(whole, len(cluster)):
        heads = part.heads()
        members = _members(cluster, heads)
        own = _owned(data, keys, pairs, cluster, heads)
        clusters = _clusters(members, own, pairs, decisions)
        more, left = _scored_tier(organizations, cluster, part, own, clusters)
        followed += more
        for head in heads:
            label[members[head]] = clusters.find(head)
        reviews += left
    reviews = [
        review
        for review in reviews
        if label[review[0]] != label[review[1]] and not decisions.decided(review[0], review[1])
    ]
    ranked = np.where(data.has_person, label, -1)
    _, final = np.unique(_heads_of(ranked), return_inverse=True)
    return (final - 1 if (ranked < 0).any() else final), followed, reviews


def _clusters(
    members: dict[int, list[int]], own: dict[int, Own], pairs: NamePairs, decisions: Decisions
) -> Clusters:
    """The clusters of the first tier, by their heads, ready to grow."""
    clusters = Clusters(pairs, decisions.different)
    bound = {row for group in decisions.groups.values() for row in group}
    for head, rows in members.items():
        clusters.start(rows, own[head])
        if not bound.isdisjoint(rows) or _two_surnames(rows, pairs):
            clusters.as_one_name(head)
    return clusters


def _scored_tier(
    organizations: Organizations,
    cluster: Ints,
    part: Part,
    own: dict[int, Own],
    clusters: Clusters,
) -> tuple[list[Edge], list[_Review]]:
    """Let the clusters of one part grow, best link first; the links that were followed, and the doubts."""
    reviews: list[_Review] = []
    edges: list[Edge] = []
    scored = [
        (
            edge,
            words,
            [what for what in against(own[edge.left], own[edge.right]) if what not in edge.forgives],
        )
        for edge, words in part.found.scored()
    ]
    rivals = _rivals(scored)
    at_work = _employers(cluster, organizations, own.keys())

    def crowded(edge: Edge) -> bool:
        """Whether all they share is an organisation of very many, and each has an address of their own."""
        shared = at_work[edge.left] & at_work[edge.right]
        return (
            own[edge.left].has_address()
            and own[edge.right].has_address()
            and all(organizations.crowded[root] for root in shared)
        )

    for edge, words, contra in scored:
        objections = [f"different {what}" for what in contra]
        score = edge.score - 0.4 * len(contra)
        if (
            not contra
            and edge.rule in _SURROUNDINGS
            and (own[edge.left].numbered or own[edge.right].numbered)
        ):
            objections, score = ["a numbered address: somebody of that name works there too"], REVIEW
        elif not contra and edge.rule == "name_and_organization" and crowded(edge):
            objections, score = ["so many act for it that two may bear one name"], REVIEW
        elif not contra and edge.score >= LINK and _torn(edge, scored_by_pair=rivals):
            objections, score = ["two records that are not one person both fit"], REVIEW
        if score >= LINK and not contra:
            edges.append(edge)
        elif score >= REVIEW or (contra and edge.score >= LINK):
            reviews.append((edge.left, edge.right, max(score, REVIEW), "; ".join([words, *objections])))
    for (left, right), witnesses in sorted(part.renamed.items()):
        if len(witnesses) > 1:
            edges.append(Edge(left, right, 0.92, "renamed_two_keys"))
        elif "renamed_phone" in witnesses and (
            at_work[left] & at_work[right] or not own[left].has_address() or not own[right].has_address()
        ):
            # A work address follows the surname.
            forgives = ("addresses",) if at_work[left] & at_work[right] else ()
            edges.append(Edge(left, right, 0.9, "renamed_phone", forgives))
        else:
            reviews.append((left, right, 0.6, "same address and first name, another surname"))
    followed = []
    for edge in sorted(edges, key=lambda edge: (-edge.score, edge.left, edge.right, edge.rule)):
        if clusters.join(edge, check_own=True):
            followed.append(edge)
        else:
            reviews.append(
                (edge.left, edge.right, REVIEW, "speaks for one person, but their group holds another")
            )
    for edge in only_readings(part.short, clusters):
        if clusters.join(edge, check_own=True):
            followed.append(edge)
    return followed, reviews


def _heads_of(label: Ints) -> Ints:
    """Labels as the first row of each cluster, -1 kept."""
    first = np.full(len(label) + 1, len(label), dtype=np.int64)
    np.minimum.at(first, label, np.arange(len(label)))
    return np.where(label >= 0, first[label], -1)


def _renamed(cluster: Ints, doubtful: list[Edge]) -> Renamed:
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    for edge in doubtful:
        left, right = sorted((int(cluster[edge.left]), int(cluster[edge.right])))
        if left != right:
            found[left, right].append(edge.rule)
    return found


def _employers(cluster: Ints, organizations: Organizations, heads: KeysView[int]) -> dict[int, set[int]]:
    """Organisations (on top) that the records of each cluster act for."""
    found: dict[int, set[int]] = {head: set() for head in heads}
    for row in np.flatnonzero(np.isin(cluster, sorted(heads)) & (organizations.root >= 0)).tolist():
        found[int(cluster[row])].add(int(organizations.root[row]))
    return found


def _members(cluster: Ints, heads: list[int]) -> dict[int, list[int]]:
    wanted = np.isin(cluster, heads)
    found: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(wanted).tolist():
        found[int(cluster[row])].append(row)
    return found


def _two_surnames(rows: list[int], pairs: NamePairs) -> bool:
    if len(rows) == 1:
        return False
    names = sorted({int(pairs.of_row[row]) for row in rows} - {-1})
    return any(pairs.relation(a, b) is Relation.RENAMED for i, a in enumerate(names) for b in names[i + 1 :])


def _owned(data: Features, keys: Keys, pairs: NamePairs, cluster: Ints, heads: list[int]) -> dict[int, Own]:
    """What each cluster owns: addresses that are its own by key or by spelling, mobiles nobody else uses."""
    own = {head: Own() for head in heads}
    wanted = np.zeros(len(data) + 1, dtype=bool)
    wanted[heads] = True
    chosen = wanted[cluster[keys.row]]
    row, key = keys.row[chosen], keys.key[chosen]
    width, depth = len(pairs.names) + 1, len(keys.standing)
    seen = distinct((cluster[row] * depth + key) * width + pairs.of_row[row] + 1)
    heads_keys, names = seen // width, seen % width - 1
    held = heads_keys % depth
    columns = (heads_keys // depth, held, names, keys.standing[held], keys.is_email[held])
    # Looking a member up on its class costs as much as all else here.
    personal, shared, worthless = {Standing.PERSONAL, Standing.RENAMED}, Standing.SHARED, Standing.WORTHLESS
    for head, key, name, standing, is_email in zip(*(column.tolist() for column in columns), strict=True):
        mine = own[head]
        if not is_email:
            number = data.phone_values[key - keys.emails]
            if standing in personal and number.kind in ("mobile", "foreign"):
                mine.mobiles.add(number.key)
            continue
        address = data.email_values[key]
        if standing == worthless or address.is_role:
            continue
        if standing == shared and name not in keys.owners.get(key, []):
            continue
        if name >= 0 and is_unfit(address.local, pairs.names[name]):
            continue
        local = address.key.rpartition("@")[0]
        if address.is_public:
            mine.public.add(address.key)
        else:
            mine.locals.setdefault(address.domain, set()).add(local)
            if name >= 0 and _NUMBERED.search(local) and fit(address.local, pairs.names[name]) >= OWN:
                mine.numbered = True
    return own


_Scored = tuple[Edge, str, list[str]]
_Review = tuple[int, int, float, str]


def _rivals(scored: list[_Scored]) -> dict[int, dict[int, tuple[float, bool]]]:
    """For each cluster its possible partners: how good the link is and whether something objects."""
    found: dict[int, dict[int, tuple[float, bool]]] = defaultdict(dict)
    for edge, _, contra in scored:
        found[edge.left][edge.right] = (edge.score, bool(contra))
        found[edge.right][edge.left] = (edge.score, bool(contra))
    return found


def _torn(edge: Edge, scored_by_pair: dict[int, dict[int, tuple[float, bool]]]) -> bool:
    """Whether one end has another partner, as good, that cannot be the same person as the other end."""
    for mine, partner in ((edge.left, edge.right), (edge.right, edge.left)):
        for other, (score, contra) in scored_by_pair[mine].items():
            if other == partner or contra or score < edge.score - 0.01:
                continue
            between = scored_by_pair[partner].get(other)
            if between is not None and between[1]:
                return True
    return False


# Output.


def _spanning(size: int, sure: _Edges, more: list[Edge]) -> list[Edge]:
    """The best edges that hold every cluster together, one less than its rows."""
    rules = sorted({edge.rule for edge in more} | set(RULES))
    code = {rule: at for at, rule in enumerate(rules)}
    recode = np.array([code[rule] for rule in RULES], dtype=np.int64)
    left = np.concatenate([sure.left, np.array([edge.left for edge in more], dtype=np.int64)])
    right = np.concatenate([sure.right, np.array([edge.right for edge in more], dtype=np.int64)])
    score = np.concatenate([sure.score, np.array([edge.score for edge in more], dtype=float)])
    rule = np.concatenate([recode[sure.rule], np.array([code[edge.rule] for edge in more], dtype=np.int64)])
    if not len(left):
        return []
    frame = pd.DataFrame({"left": left, "right": right, "score": score, "rule": rule})
    frame = frame.sort_values(["left", "right", "score", "rule"], ascending=[True, True, False, True])
    frame = frame.drop_duplicates(["left", "right"]).reset_index(drop=True)
    # Distinct weights in a fixed order make the tree unique.
    order = np.lexsort((frame["right"], frame["left"], -frame["score"]))
    weight = np.empty(len(frame))
    weight[order] = np.arange(1, len(frame) + 1)
    graph = csr_array((weight, (frame["left"], frame["right"])), shape=(size, size))
    tree = minimum_spanning_tree(graph).tocoo()
    chosen = frame.iloc[order[tree.data.astype(np.int64) - 1]].sort_values(["left", "right"])
    return [
        Edge(int(a), int(b), float(s), rules[int(r)])
        for a, b, s, r in chosen[["left", "right", "score", "rule"]].itertuples(index=False)
    ]


def _guards(
    data: Features, keys: Keys, organizations: Organizations
) -> list[tuple[str, str, str, int | None, int | None]]:
    """Keys that were demoted, with the reason and who uses them."""
    rows_of: dict[int, set[int]] = defaultdict(set)
    if keys.reason:
        wanted = np.zeros(len(keys.standing), dtype=bool)
        wanted[list(keys.reason)] = True
        chosen = wanted[keys.key]
        for row, key in zip(keys.row[chosen].tolist(), keys.key[chosen].tolist(), strict=True):
            if organizations.label[row] >= 0:
                rows_of[key].add(int(organizations.label[row]))
    return [
        (
            "email" if keys.is_email[key] else "phone",
            keys.value(data, key),
            reason,
            keys.people.get(key),
            len(rows_of[key]),
        )
        for key, reason in sorted(keys.reason.items())
    ]
