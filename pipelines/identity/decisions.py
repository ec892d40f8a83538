"""What people decided about pairs and keys, checked for contradictions.

Reads rows of crm.match_decision; a contradiction is refused with the cycle shown by source and source id.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from pipelines.identity.features import SOURCES, Features
from pipelines.identity.normalise.domains import registrable_domain
from pipelines.identity.normalise.emails import email
from pipelines.identity.normalise.phones import phone
from schemas.errors import SafeError

Record = tuple[str, str]


class ContradictionError(SafeError, ValueError):
    """Decisions that cannot all hold: a chain of "same" between two records decided to be different."""


@dataclass(frozen=True)
class Decisions:
    """Decided pairs as canonical rows, and keys that do not identify."""

    same: list[tuple[int, int]] = field(default_factory=list)
    different: list[tuple[int, int]] = field(default_factory=list)
    not_identifying: frozenset[tuple[str, str]] = frozenset()
    groups: dict[int, frozenset[int]] = field(default_factory=dict)

    def same_group(self, row: int) -> frozenset[int]:
        """The rows decided to be the same as this one, itself included."""
        return self.groups.get(row, frozenset({row}))

    def decided(self, left: int, right: int) -> bool:
        """Whether a person has already decided about the pair, directly or through a chain of "same"."""
        pair = self._first(left), self._first(right)
        return pair[0] == pair[1] or pair in self._apart

    @cached_property
    def _apart(self) -> frozenset[tuple[int, int]]:
        """Pairs of first rows of groups that were decided to be different, either way round."""
        pairs = [(self._first(left), self._first(right)) for left, right in self.different]
        return frozenset((*pairs, *((right, left) for left, right in pairs)))

    def _first(self, row: int) -> int:
        """The first of the rows decided to be the same: it stands for all."""
        group = self.groups.get(row)
        return row if group is None else self._first_of[group]

    @cached_property
    def _first_of(self) -> dict[frozenset[int], int]:
        return {group: min(group) for group in set(self.groups.values())}


def read_decisions(decisions: pd.DataFrame, data: Features) -> Decisions:
    """Decisions on the records at hand. A record that is gone still connects those decided to be the same as
    it.

    Raises:
        ContradictionError: when the decisions contradict each other.
    """
    if decisions.empty:
        return Decisions()
    kinds: dict[str, list[tuple[Record, Record]]] = {"same": [], "different": []}
    for kind, *values in decisions.loc[decisions["decision"].isin(list(kinds)), _PAIR].itertuples(
        index=False
    ):
        kinds[kind].append(((str(values[0]), str(values[1])), (str(values[2]), str(values[3]))))
    neighbours: dict[Record, set[Record]] = defaultdict(set)
    for left, right in kinds["same"]:
        neighbours[left].add(right)
        neighbours[right].add(left)
    groups_of_records = _groups(neighbours)
    group_of = {record: at for at, group in enumerate(groups_of_records) for record in group}
    for left, right in kinds["different"]:
        if left == right or group_of.get(left, -1) == group_of.get(right, -2):
            chain = _chain(neighbours, left, right)
            shown = " = ".join(f"{source} {source_id}" for source, source_id in chain)
            raise ContradictionError(
                f"decisions contradict each other: {shown}, yet {left[0]} {left[1]} and {right[0]} {right[1]}"
                " were decided to be different; withdraw one of these decisions"
            )
    wanted = {record for pairs in kinds.values() for pair in pairs for record in pair}
    rows = {
        record: row
        for row, record in enumerate(zip((SOURCES[at] for at in data.source), data.source_id, strict=True))
        if record in wanted
    }
    groups: dict[int, frozenset[int]] = {}
    same: list[tuple[int, int]] = []
    for group in groups_of_records:
        present = sorted(rows[record] for record in group if record in rows)
        same.extend((present[0], other) for other in present[1:])
        groups.update(dict.fromkeys(present, frozenset(present)))
    different = sorted(
        {
            tuple(sorted((a, b)))
            for left, right in kinds["different"]
            for a in _standing_for(left, rows, neighbours)
            for b in _standing_for(right, rows, neighbours)
        }
    )
    return Decisions(same, [(a, b) for a, b in different if a != b], _keys(decisions), groups)


_PAIR = ["decision", "left_source", "left_source_id", "right_source", "right_source_id"]


def _chain(neighbours: dict[Record, set[Record]], start: Record, goal: Record) -> list[Record]:
    """The shortest chain of "same" from start to goal; empty when there is none."""
    came_from: dict[Record, Record | None] = {start: None}
    queue = deque([start])
    while queue:
        at = queue.popleft()
        if at == goal:
            chain = [at]
            while (before := came_from[chain[-1]]) is not None:
                chain.append(before)
            return chain[::-1]
        for other in sorted(neighbours.get(at, ())):
            if other not in came_from:
                came_from[other] = at
                queue.append(other)
    return []


def _groups(neighbours: dict[Record, set[Record]]) -> list[list[Record]]:
    seen: set[Record] = set()
    groups = []
    for start in sorted(neighbours):
        if start not in seen:
            group = sorted(_reachable(neighbours, start))
            seen.update(group)
            groups.append(group)
    return groups


def _reachable(neighbours: dict[Record, set[Record]], start: Record) -> set[Record]:
    reached, stack = {start}, [start]
    while stack:
        for other in neighbours.get(stack.pop(), ()):
            if other not in reached:
                reached.add(other)
                stack.append(other)
    return reached


def _standing_for(
    record: Record, rows: dict[Record, int], neighbours: dict[Record, set[Record]]
) -> list[int]:
    """The record's row, or when it is gone the first row decided to be the same."""
    if record in rows:
        return [rows[record]]
    return sorted(rows[other] for other in _reachable(neighbours, record) if other in rows)[:1]


def _keys(decisions: pd.DataFrame) -> frozenset[tuple[str, str]]:
    chosen = decisions[decisions["decision"] == "not_identifying"]
    keys = set()
    for kind, value in zip(chosen.get("key_kind", []), chosen.get("key_value", []), strict=True):
        text = str(value)
        if kind == "email":
            found = email(text)
            keys.add((kind, found.key if found else text.strip().lower()))
        elif kind == "phone":
            number = phone(text)
            keys.add((kind, number.key if number else text.strip()))
        else:
            keys.add((str(kind), registrable_domain(text.strip().lower()) or text.strip().lower()))
    return frozenset(keys)
