"""Best link first: clusters in which no two names, decisions or own keys exclude each other.

Knows edges, names by number and what each record owns; nothing of where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from rapidfuzz.distance import OSA

from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.names import Relation
from pipelines.identity.slips import digits


class Edge(NamedTuple):
    """Evidence that two rows are one person."""

    left: int
    right: int
    score: float
    rule: str
    forgives: tuple[str, ...] = ()  # what may differ, since it nearly is the same

    @property
    def joins_surnames(self) -> bool:
        """Whether the evidence says that a person has two surnames."""
        return self.rule.startswith("renamed") or self.rule == "decision"

    @property
    def joins_names(self) -> bool:
        """Whether what else agrees with one of the names agrees with the person."""
        return self.joins_surnames or self.rule.startswith("spelled")


@dataclass
class Own:
    """What a cluster's records own themselves: work addresses by domain, other addresses, mobile numbers."""

    locals: dict[str, set[str]] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)
    mobiles: set[str] = field(default_factory=set)
    numbered: bool = False  # a work address of their name ends in a number, as for the second of a name

    def has_address(self) -> bool:
        """Whether any address of its own is known."""
        return bool(self.locals or self.public)

    def add(self, other: Own) -> None:
        """Take over another cluster's."""
        for domain, names in other.locals.items():
            self.locals[domain] = self.locals.get(domain, set()) | names
        self.public |= other.public
        self.mobiles |= other.mobiles
        self.numbered |= other.numbered


def against(a: Own, b: Own) -> list[str]:
    """What speaks against one owner: two addresses in one firm, two mobile numbers, nothing of it shared."""
    found = []
    shared = a.locals.keys() & b.locals.keys()
    if shared and all(a.locals[domain].isdisjoint(b.locals[domain]) for domain in shared):
        found.append("addresses")
    if a.mobiles and b.mobiles and a.mobiles.isdisjoint(b.mobiles):
        found.append("mobiles")
    return found


def near(a: str, b: str) -> bool:
    """One slip apart: a letter of an address (its digits alike), or a digit of a phone number."""
    if a == b:
        return True
    if min(len(a), len(b)) < 5 or OSA.distance(a, b, score_cutoff=1) > 1:
        return False
    if a.lstrip("+").isdigit() and b.lstrip("+").isdigit():
        return len(a) == len(b)
    return digits(a) == digits(b)


class Clusters:
    """Disjoint sets of rows that grow by edges and refuse those that would join what excludes each other."""

    def __init__(self, pairs: NamePairs, different: Iterable[tuple[int, int]]) -> None:
        self._pairs = pairs
        self._parent: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self._names: dict[int, list[frozenset[int]]] = {}
        self._own: dict[int, Own] = {}
        self._apart: dict[int, set[int]] = {}
        for left, right in different:
            self._apart.setdefault(left, set()).add(right)
            self._apart.setdefault(right, set()).add(left)

    def start(self, members: list[int], own: Own | None = None) -> int:
        """A cluster of rows that are known to be one."""
        head = members[0]
        for row in members:
            self._parent[row] = head
        self._members[head] = list(members)
        names = {int(self._pairs.of_row[row]) for row in members} - {-1}
        compatible = [frozenset({name}) for name in sorted(names)]
        self._names[head] = compatible
        if own is not None:
            self._own[head] = own
        return head

    def as_one_name(self, head: int) -> None:
        """The names of a cluster are names of one person, whatever they look like."""
        names = frozenset(name for names in self._names[head] for name in names)
        self._names[head] = [names] if names else []

    def find(self, row: int) -> int:
        """The head of the row's cluster; a row not seen before starts one."""
        if row not in self._parent:
            return self.start([row])
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row

    def members(self, row: int) -> list[int]:
        """The rows of the cluster."""
        return self._members[self.find(row)]

    def own(self, head: int) -> Own:
        """What the cluster owns."""
        return self._own.setdefault(head, Own())

    def join(self, edge: Edge, *, check_own: bool = False) -> bool:
        """Follow an edge; False when names, a decision or (on request) own keys forbid it."""
        left, right = self.find(edge.left), self.find(edge.right)
        if left == right:
            return True
        if edge.rule != "decision":
            if self._forbidden(left, right) or not self._names_agree(left, right, edge):
                return False
            if check_own and set(against(self.own(left), self.own(right))) - set(edge.forgives):
                return False
        if len(self._members[left]) < len(self._members[right]):
            left, right = right, left
        self._parent[right] = left
        self._members[left].extend(self._members.pop(right))
        self._names[left] = self._united(left, self._names.pop(right), edge)
        if right in self._own:
            self.own(left).add(self._own.pop(right))
        return True

    def _forbidden(self, left: int, right: int) -> bool:
        if not self._apart:
            return False
        small, large = sorted((self._members[left], self._members[right]), key=len)
        return any(
            self.find(other) == self.find(large[0]) for row in small for other in self._apart.get(row, ())
        )

    def _names_agree(self, left: int, right: int, edge: Edge) -> bool:
        lowest = Relation.RENAMED if edge.joins_surnames else Relation.PARTIAL
        for mine in self._names[left]:
            for theirs in self._names[right]:
                if not any(self._fit(a, b, lowest) for a in mine for b in theirs):
                    return False
        return True

    def _fit(self, a: int, b: int, lowest: Relation) -> bool:
        relation = self._pairs.relation(a, b)
        return relation is Relation.MISSING or (
            relation >= lowest and (relation is not Relation.RENAMED or lowest is Relation.RENAMED)
        )

    def _united(self, left: int, others: list[frozenset[int]], edge: Edge) -> list[frozenset[int]]:
        mine = self._names[left]
        if edge.joins_names:
            union = frozenset(name for names in (*mine, *others) for name in names)
            return [union] if union else []
        return list(dict.fromkeys([*mine, *others]))
