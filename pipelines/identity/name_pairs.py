"""Relations between the names of records, each pair of distinct names compared once.

Names are numbers here: equal names have equal numbers, a record without a name has -1.
"""

from __future__ import annotations

import numpy as np

from pipelines.identity.features import Features, Ints
from pipelines.identity.normalise.lexicon import GIVEN_SKELETONS, PET_CIRCLES
from pipelines.identity.normalise.names import (
    EQUAL,
    MISSING,
    PARTIAL,
    PersonName,
    Relation,
    relation_by_key,
    same_token,
)
from pipelines.identity.normalise.text import skeleton


class NamePairs:
    """Distinct names of the records, and their pairwise relations on demand."""

    def __init__(self, data: Features) -> None:
        numbers: dict[tuple[str, tuple[str, ...], bool], int] = {}
        self.names: list[PersonName] = []
        of_name = np.full(len(data.names), -1, dtype=np.int64)
        for at, name in enumerate(data.names):
            if name.kind == "none":
                continue
            key = (name.first, name.rest, name.is_derived)
            if key not in numbers:
                numbers[key] = len(self.names)
                self.names.append(name)
            of_name[at] = numbers[key]
        self.of_row: Ints = np.where(data.has_person, of_name[data.name], -1)
        self.is_full = np.array([name.kind == "full" for name in self.names] or [False], dtype=bool)
        self.is_derived = np.array([name.is_derived for name in self.names] or [False], dtype=bool)
        self._keys = [name.key for name in self.names]
        self._cache: dict[tuple[int, int], Relation] = {}

    def relation(self, a: int, b: int) -> Relation:
        """The relation of two names by number; a name with itself is as sure as it is whole."""
        if a < 0 or b < 0:
            return MISSING
        if a == b:
            return EQUAL if self.is_full[a] else PARTIAL
        pair = (a, b) if a < b else (b, a)
        found = self._cache.get(pair)
        if found is None:
            found = self._cache[pair] = relation_by_key(
                self.names[a], self.names[b], self._keys[a], self._keys[b]
            )
        return found

    def blocks(self, number: int, *, by_first_name: bool = False) -> set[str]:
        """Keys of which two names share one if they may agree: a surname, and what else may be alike.

        That is the initial of another token or a circle of pet forms. Where the lexicon does not know the
        first token for a given name it may be the surname, in the wrong field; `by_first_name` takes every
        first token for one, so that names meet whose surname has a slip. A slip in the very first letter is
        not worth all the comparisons it would take to find it.
        """
        name = self.names[number]
        tokens = [skeleton(token) for token in name.tokens]
        circles = PET_CIRCLES.get(tokens[0], frozenset())
        found: set[str] = set()
        first_too = by_first_name or tokens[0] not in GIVEN_SKELETONS
        for at, surname in enumerate(tokens):
            if (at or first_too) and len(surname) > 1:
                found.update(f"{surname} {other[:1]}" for place, other in enumerate(tokens) if place != at)
                found.update(f"{surname} {circle}" for circle in circles)
        return found

    def share_first_name(self, a: int, b: int) -> bool:
        """Whether the first name of each is the other's first name, or both are somewhere in the other."""
        one, other = self.names[a], self.names[b]
        return same_token(one.first, other.first) or all(
            any(same_token(first.first, token) for token in second.tokens)
            for first, second in ((one, other), (other, one))
        )

    def whole(self, number: int) -> str:
        """One key for the whole name in any order."""
        return " ".join(self._keys[number])
