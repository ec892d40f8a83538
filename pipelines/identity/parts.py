"""Candidates in parts that have nothing to do with each other, so that they can be judged one after another.

What is known of a cluster while its links are weighed takes much memory: of a part it is little. Must not
decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.evidence import Candidates
from pipelines.identity.features import Bools, Ints

Renamed = dict[tuple[int, int], list[str]]
"""Pairs of clusters by head row, with the rules of the keys at which one first name has two surnames."""

LARGEST_PART = 50_000
"""Pairs in a part, unless more hang together."""


def parts(
    found: Candidates, renamed: Renamed, size: int, largest: int = LARGEST_PART
) -> Iterator[tuple[Candidates, Renamed]]:
    """The candidates and the renamed pairs, of rows below `size`, in parts of whole components."""
    doubtful = np.array(sorted(renamed), dtype=np.int64).reshape(-1, 2)
    left = np.concatenate([found.left, doubtful[:, 0]])
    right = np.concatenate([found.right, doubtful[:, 1]])
    if len(left) <= largest:
        yield found, renamed
        return
    part = _part_of(left, right, size, largest)
    of_pair, of_renamed = part[: len(found.left)], part[len(found.left) :]
    for number in range(int(part.max()) + 1):
        some = [(int(a), int(b)) for a, b in doubtful[of_renamed == number].tolist()]
        yield _only(found, of_pair == number), {pair: renamed[pair] for pair in some}


def _part_of(left: Ints, right: Ints, size: int, largest: int) -> Ints:
    """The part of each pair: components one after another, as long as they fit."""
    ones = np.ones(len(left), dtype=np.int8)
    component = connected_components(coo_array((ones, (left, right)), shape=(size, size)), directed=False)[1]
    _, number, pairs = np.unique(component[left], return_inverse=True, return_counts=True)
    before = np.cumsum(pairs) - pairs
    # A component is in the part in which it begins; one that goes beyond it leaves no part without any.
    _, begins = np.unique(before // largest, return_inverse=True)
    return np.asarray(begins[number], dtype=np.int64)


def _only(found: Candidates, chosen: Bools) -> Candidates:
    return Candidates(*(getattr(found, column.name)[chosen] for column in fields(Candidates)))
