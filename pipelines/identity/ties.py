"""A number for each record that stands for all that ties it to others: its links, the doubts about it, its
organisation's rule.

Kept beside the record, it tells a refresh whose rows can have come out otherwise without reading them. Pure
functions on arrays. Must not know the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipelines.identity.closure import key_hashes
from pipelines.identity.ledger import Ints
from pipelines.identity.match import Matching

_Words = npt.NDArray[np.uint64]
_RECORD = "record"
# The finaliser of a 64-bit generator (Steele, Lea, Flood 2014): every bit of a word moves half of the others.
_STEP, _FIRST, _SECOND = (
    np.uint64(word) for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def earlier_first(order: Ints, pairs: pd.DataFrame) -> tuple[Ints, Ints]:
    """The two records of each pair by position, the one that comes first in canonical order on the left."""
    left, right = (pairs[side].to_numpy(dtype=np.int64) for side in ("left", "right"))
    swapped = order[left] > order[right]
    return np.where(swapped, right, left), np.where(swapped, left, right)


def tie_hashes(names: Sequence[str], order: Ints, matching: Matching) -> Ints:
    """64 bits for each record, equal where its organisation's rule and the pairs it stands left in are.

    `names` are the record keys, `order` their canonical rank. The same in any order of the pairs, and in any
    process.
    """
    total = _mixed(_words(matching.organization_rule))
    for pairs, said in ((matching.links, "rule"), (matching.reviews, "reason")):
        left, right = earlier_first(order, pairs)
        score = pairs["score"].to_numpy(dtype=np.float64).view(np.uint64)
        others = _of_records(names, right)
        # Summed up with wrap-around, so that the order of pairs does not matter.
        words = (_words(pairs["entity"].to_numpy(dtype=object)), _words(pairs[said].to_numpy(dtype=object)))
        np.add.at(total, left, _mixed(*words, score, others))
    return total.view(np.int64)


def _of_records(names: Sequence[str], rows: Ints) -> _Words:
    used, at = np.unique(rows, return_inverse=True)
    return key_hashes(_RECORD, [names[row] for row in used.tolist()]).view(np.uint64)[at]


def _words(texts: npt.NDArray[Any]) -> _Words:
    """A hash of each text, the distinct ones hashed once; 0 for None."""
    codes, distinct = pd.factorize(texts)
    hashes = np.zeros(len(distinct) + 1, dtype=np.uint64)
    hashes[:-1] = key_hashes("text", list(distinct)).view(np.uint64)
    return hashes[codes]


def _mixed(*columns: _Words) -> _Words:
    """One word of several, in their order."""
    mixed = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column) + _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    return mixed
