"""Short names at a key that few share: the only one there whose whole name they may stand for.

"Kari fra Fjord Bakeri" and "K. Hansen" write from one mailbox with Kari Hansen, and with nobody else of that
name. Comes after all other evidence; must not know organisations.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from pipelines.identity.clustering import Clusters, Edge
from pipelines.identity.evidence import LINK
from pipelines.identity.features import Features, Ints
from pipelines.identity.guards import Keys, Standing
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation

# So many names on one key, and another person of a short name is only not known yet.
MOST_NAMES = 12
_SHORT = (Relation.PARTIAL, Relation.INITIAL)


class Reading(NamedTuple):
    """The cluster of a short name, that of a whole name at one of its keys that it may mean, and the rule."""

    short: int
    whole: int
    rule: str


def readings(data: Features, keys: Keys, pairs: NamePairs, cluster: Ints) -> list[Reading]:
    """Every whole name that a short one may stand for at a key that both have and few share."""
    found: dict[Reading, None] = {}
    for key, rows in _shared(keys, pairs):
        rule = f"short_name_and_{_kind(data, keys, key)}"
        # Behind a switchboard are many of a first name.
        rows = rows if keys.is_email[key] else [row for row in rows if _has_two_tokens(pairs, row)]
        whole = [row for row in rows if pairs.is_full[pairs.of_row[row]]]
        for row in sorted(set(rows) - set(whole)):
            for other in whole:
                if pairs.relation(int(pairs.of_row[row]), int(pairs.of_row[other])) in _SHORT:
                    found[Reading(int(cluster[row]), int(cluster[other]), rule)] = None
    return [reading for reading in found if reading.short != reading.whole]


def only_readings(found: list[Reading], clusters: Clusters) -> list[Edge]:
    """Edges of the short names that have one reading among the clusters as they stand."""
    meant: dict[int, dict[int, Edge]] = defaultdict(dict)
    for short, whole, rule in found:
        edge = Edge(min(short, whole), max(short, whole), LINK, rule)
        meant[short].setdefault(clusters.find(whole), edge)
    return [
        edge
        for short, by_cluster in sorted(meant.items())
        if len(by_cluster) == 1 and clusters.find(short) not in by_cluster
        for edge in by_cluster.values()
    ]


def _shared(keys: Keys, pairs: NamePairs) -> list[tuple[int, list[int]]]:
    """Shared keys of a few names, whole ones and others, with the rows that bear one."""
    chosen = (keys.standing[keys.key] == Standing.SHARED) & (pairs.of_row[keys.row] >= 0)
    key, row = keys.key[chosen], keys.row[chosen]
    full = pairs.is_full[pairs.of_row[row]]
    size = len(keys.standing)
    some = (np.bincount(key[full], minlength=size) > 0) & (np.bincount(key[~full], minlength=size) > 0)
    wanted = some[key]
    key, row = key[wanted], row[wanted]
    found = []
    for rows in np.split(np.arange(len(key)), np.flatnonzero(np.diff(key)) + 1) if len(key) else []:
        if len({pairs.whole(at) for at in pairs.of_row[row[rows]].tolist()}) <= MOST_NAMES:
            found.append((int(key[rows[0]]), row[rows].tolist()))
    return found


def _has_two_tokens(pairs: NamePairs, row: int) -> bool:
    return len(pairs.names[pairs.of_row[row]].tokens) > 1


def _kind(data: Features, keys: Keys, key: int) -> str:
    if not keys.is_email[key]:
        return "shared_phone"
    return "role_address" if data.email_values[key].is_role else "shared_email"
