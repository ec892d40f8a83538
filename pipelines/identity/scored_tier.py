"""The scored tier: links between clusters by a witness, best first, never against what speaks for two people.

What lies between sure and unlikely goes up for review.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import KeysView

import numpy as np

from pipelines.identity.clustering import Clusters, Edge, Own, against
from pipelines.identity.decisions import Decisions
from pipelines.identity.evidence import LINK, REVIEW, Candidates
from pipelines.identity.features import Features, Ints
from pipelines.identity.guards import Keys
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation
from pipelines.identity.organizations import Organizations
from pipelines.identity.ownership import owned
from pipelines.identity.parts import Part, Renamed, parts
from pipelines.identity.short_names import only_readings, readings

# Witnesses that are the surroundings of many: a namesake has them too.
_SURROUNDINGS = frozenset(
    f"name_and_{kind}"
    for kind in (
        "organization",
        "company_name",
        "mail_domain",
        "role_address",
        "shared_phone",
        "shared_email",
    )
)

_Scored = tuple[Edge, str, list[str]]
_Review = tuple[int, int, float, str]


def second_tier(
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
        own = owned(data, keys, pairs, cluster, heads)
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
    for head, rows in members.items():
        clusters.start(rows, own[head])
        if not decisions.groups.keys().isdisjoint(rows) or _two_surnames(rows, pairs):
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
