"""Candidates in parts that have nothing to do with each other, so that they can be judged one after another.

What is known of a cluster while its links are weighed takes much memory: of a part it is little. Must not
decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pipelines.identity.evidence import Candidates
from pipelines.identity.features import Bools, Ints
from pipelines.identity.short_names import Reading

Renamed = dict[tuple[int, int], list[str]]
"""Pairs of clusters by head row, with the rules of the keys at which one first name has two surnames."""

LARGEST_PART = 50_000
"""Pairs in a part, unless more hang together."""


@dataclass(frozen=True)
class Part:
    """Pairs of clusters that may be one: by evidence, by a change of surname, by a short name."""

    found: Candidates
    renamed: Renamed
    short: list[Reading]

    def pairs(self) -> tuple[Ints, Ints]:
        """The ends of all pairs: those of the candidates, of the renamed in order, of the short names."""
        others = [*sorted(self.renamed), *((one.short, one.whole) for one in self.short)]
        ends = np.array(others, dtype=np.int64).reshape(-1, 2)
        return np.concatenate([self.found.left, ends[:, 0]]), np.concatenate([self.found.right, ends[:, 1]])

    def heads(self) -> list[int]:
        """The clusters, by head row."""
        heads: list[int] = np.unique(np.concatenate(self.pairs())).tolist()
        return heads


def parts(whole: Part, size: int, largest: int = LARGEST_PART) -> Iterator[Part]:
    """The pairs, of rows below `size`, in parts of whole components."""
    left, right = whole.pairs()
    if len(left) <= largest:
        yield whole
        return
    part = _part_of(left, right, size, largest)
    ends = len(whole.found.left), len(whole.found.left) + len(whole.renamed)
    of_found, of_renamed, of_short = part[: ends[0]], part[ends[0] : ends[1]], part[ends[1] :]
    renamed = sorted(whole.renamed)
    for number in range(int(part.max()) + 1):
        yield Part(
            _only(whole.found, of_found == number),
            {renamed[at]: whole.renamed[renamed[at]] for at in np.flatnonzero(of_renamed == number)},
            [whole.short[at] for at in np.flatnonzero(of_short == number)],
        )


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
