"""Which records belong to which person: personal keys first, then equal names with a witness.

The deterministic tier joins what a personal key joins and no name excludes. The scored tier may add a link
between whole names only, with a witness (organisation, shared key, address, a nearly identical address or
number), and never against what speaks for two people. What lies between goes up for review.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from pipelines.identity.clustering import Edge
from pipelines.identity.components import components
from pipelines.identity.decisions import Decisions
from pipelines.identity.evidence import candidates
from pipelines.identity.features import Features, Ints
from pipelines.identity.guards import Keys, judge_keys
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.organizations import Organizations
from pipelines.identity.person_edges import Edges, spanning
from pipelines.identity.personal_keys import personal_edges
from pipelines.identity.scored_tier import second_tier


@dataclass(frozen=True)
class People:
    """Person of each canonical row, -1 for none, with the links behind it."""

    label: Ints
    edges: list[Edge]  # a spanning tree of every cluster
    reviews: list[tuple[int, int, float, str]]
    guards: list[tuple[str, str, str, int | None, int | None]]


def match_people(data: Features, organizations: Organizations, decisions: Decisions) -> People:
    """Persons of all records; decisions bind."""
    pairs = NamePairs(data)
    keys = judge_keys(data, pairs, decisions.not_identifying)
    sure, doubtful = personal_edges(data, keys, pairs)
    forced = [
        Edge(left, right, 1.0, "decision")
        for left, right in decisions.same
        if data.has_person[left] and data.has_person[right]
    ]
    edges = Edges.joined([sure, Edges.of(forced)])
    cluster, kept = components(data, edges, pairs, decisions)
    found = candidates(data, organizations, keys, pairs, cluster)
    label, more, reviews = second_tier(data, keys, pairs, organizations, decisions, cluster, found, doubtful)
    return People(label, spanning(len(data), kept, more), reviews, _guards(data, keys, organizations))


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
