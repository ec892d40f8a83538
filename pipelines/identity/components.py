"""Clusters of the deterministic tier: what hangs together, divided again where names or decisions exclude.

Knows edges and names; nothing of keys.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.clustering import Clusters, Edge
from pipelines.identity.decisions import Decisions
from pipelines.identity.features import Features, Ints, distinct
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation
from pipelines.identity.person_edges import RULES, Edges


def components(data: Features, edges: Edges, pairs: NamePairs, decisions: Decisions) -> tuple[Ints, Edges]:
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
            if clusters.find(row) == row:
                members = clusters.members(row)
                head[members] = min(members)
    return head, Edges(edges.left[kept], edges.right[kept], edges.score[kept], edges.rule[kept])


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
