"""Blocks: records that share a key, directly or through others. Matching a whole block needs nothing else.

Pure functions on keys. Must not know which keys there are (keys.py says) or how records are matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = npt.NDArray[np.int64]

_NO_NAMES: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Block of each record, and of each key that a record holds, each key once.

    A block is named by the hash of one of its keys, so that no two blocks ever bear one name.
    """

    of_record: Ints
    key_hash: Ints
    of_key: Ints


def key_hashes(kind: str, values: Sequence[str]) -> Ints:
    """64 bits for each key, the same in any process. Keys that collide share a block, which does no harm."""
    salted = np.empty(len(values), dtype=object)
    salted[:] = [f"{kind} {value}" for value in values]
    return pd.util.hash_array(salted, categorize=False).view(np.int64)


def blocks(records: int, row: Ints, key_hash: Ints, names: Ints = _NO_NAMES) -> Blocks:
    """Blocks of `records` records, from pairs of a record and the hash of a key it holds.

    Every record must hold a key of its own, so that it is in a block. A block bears the first of `names` that
    is among its keys, else the smallest hash: the same in any order of the pairs.
    """
    key, hashes = pd.factorize(key_hash)
    # The first record of each key stands for it: the others are tied to it, and the key is in its block.
    holder = np.empty(len(hashes), dtype=np.int64)
    holder[key[::-1]] = row[::-1]
    first = holder[key]
    tied = first != row
    edges = (np.ones(np.count_nonzero(tied), dtype=np.int8), (first[tied], row[tied]))
    found, component = connected_components(coo_array(edges, shape=(records, records)), directed=False)
    name = _smallest(found, component[holder], hashes)
    if len(names):
        place = pd.Index(names).get_indexer(pd.Index(hashes))
        named = place >= 0
        first = _smallest(found, component[holder[named]], place[named])
        name = np.where(first < len(names), names[np.minimum(first, len(names) - 1)], name)
    block = name[component]
    return Blocks(block, hashes, block[holder])


def _smallest(groups: int, group: Ints, values: Ints) -> Ints:
    """The smallest value of each group; of a group without any the largest that there can be."""
    smallest = np.full(groups, np.iinfo(np.int64).max)
    np.minimum.at(smallest, group, values)
    return smallest


def gathered(parts: Iterable[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Pairs (record, key hash) of several kinds of key as one."""
    rows, hashes = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for row, key_hash in parts:
        rows.append(row)
        hashes.append(key_hash)
    return np.concatenate(rows), np.concatenate(hashes)
