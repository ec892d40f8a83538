"""Several organisations of one name: which of them a record means, by what it has beside the name.

That is a mail domain, a telephone, a place, or where others at its domain are. Must not know how names are
compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

from pipelines.identity.normalise.domains import label_of
from pipelines.identity.organization_domains import ADDRESSES_FOR_AN_UNLIKE_DOMAIN
from pipelines.identity.organization_state import Resolution

MOST_NEIGHBOURS = 10
"""A domain at which more organisations are seen is a provider's, whether or not it is listed as one."""

K = TypeVar("K", bound=Hashable)
Few = frozenset[int]
_NONE: Few = frozenset()


class Namesakes:
    """The organisations that one text may mean, by what can point at them.

    However many they are, a record costs a look-up for each thing that it has.
    """

    def __init__(self, state: Resolution, nodes: Sequence[int]) -> None:
        self._state = state
        self._nodes = nodes
        facts = [(node, state.facts(node)) for node in nodes]
        self._under = _by_key((state.known.top(node), node) for node in nodes)
        self._at = _by_key((domain, node) for node, known in facts for domain in known.domains)
        self._on = _by_key((line, node) for node in nodes for line in state.lines.get(node, ()))
        self._behind = _by_key((known.postal_code, node) for node, known in facts if known.postal_code)
        self._in = _by_key((known.city, node) for node, known in facts if known.city)
        self._places: dict[tuple[str | None, ...], Few] = {}

    def meant(self, row: int) -> tuple[int, str, float] | None:
        """The one that a record means, with rule and score.

        What points at several leaves these to what comes next, which is less sure.
        """
        left: Few | None = None
        for kind, found in self._witnesses(row):
            hit = found if left is None else found & left
            if len(hit) == 1:
                (node,) = hit
                return node, f"name_and_{kind}", 0.97
            left = hit or left
        new = self._without_a_domain(row)
        return None if new is None else (new, "name_and_own_domain", 0.95)

    def speaks_for_one(self, row: int) -> bool:
        """Whether anything in the record, other than the name, points at one of them."""
        return any(found for _, found in self._witnesses(row))

    def _witnesses(self, row: int) -> Iterator[tuple[str, Few]]:
        """What points at which of them, the surest first."""
        data = self._state.data
        domains = self._state.domains_of(row)
        yield "domain", _union(part for domain in domains for part in self._of_domain(domain))
        yield "phone", _union(self._on.get(line, _NONE) for line in self._state.row_phones[row])
        department = data.companies[data.company[row]].department if data.company[row] >= 0 else None
        yield "place", self._of_place(data.postal_code[row], data.city[row], department)
        yield "neighbours", _union(self._neighbours(domain) for domain in domains)

    def _of_domain(self, domain: str) -> Iterator[Few]:
        yield self._under.get(self._state.owner.get(domain, -1), _NONE)
        yield self._at.get(domain, _NONE)

    def _of_place(self, code: str | None, city: str | None, department: str | None) -> Few:
        place = (code, city, department)
        found = self._places.get(place)
        if found is None:
            towns = (self._in.get(town, _NONE) for town in (city, department) if town)
            found = self._places[place] = _union((self._behind.get(code or "", _NONE), *towns))
        return found

    def _neighbours(self, domain: str) -> Few:
        """Those for which nine in ten addresses at a domain are their own or of others in their town.

        A domain of few organisations that share a house or an owner, so to speak; not a provider's.
        """
        state = self._state
        votes = state.domain_votes.get(domain)
        if not votes or len(votes) > MOST_NEIGHBOURS:
            return _NONE
        total = sum(votes.values())
        towns = {node: state.city(node) for node in votes}
        near = _union(
            (
                *(self._under.get(node, _NONE) for node in votes),
                *(self._in.get(town, _NONE) for town in set(towns.values()) if town),
            )
        )
        return frozenset(
            node
            for node in near
            if not state.is_gone(node)
            and (total >= ADDRESSES_FOR_AN_UNLIKE_DOMAIN or state.known.likeness(label_of(domain), node))
            and 10 * sum(votes[at] for at, town in towns.items() if self._is_near(node, at, town))
            >= 9 * total
        )

    def _is_near(self, node: int, other: int, town: str | None) -> bool:
        return other == self._state.known.top(node) or (town is not None and town == self._state.city(node))

    def _without_a_domain(self, row: int) -> int | None:
        """The only one without a domain, when the record's spells the name and nobody was seen at it yet."""
        state = self._state
        new = [domain for domain in state.domains_of(row) if domain not in state.domain_votes]
        spells = any(state.known.likeness(label_of(domain), self._nodes[0]) > 1 for domain in new)
        return self._only_one_without if spells else None

    @cached_property
    def _only_one_without(self) -> int | None:
        state = self._state
        left = [n for n in self._nodes if n not in state.owners and not state.facts(n).domains]
        return left[0] if len(left) == 1 and not state.is_gone(left[0]) else None


def _by_key(pairs: Iterable[tuple[K, int]]) -> dict[K, Few]:
    found: dict[K, set[int]] = defaultdict(set)
    for key, node in pairs:
        found[key].add(node)
    return {key: frozenset(nodes) for key, nodes in found.items()}


def _union(parts: Iterable[Few]) -> Few:
    """All of them; one alone is not copied."""
    some = [part for part in parts if part]
    return some[0] if len(some) == 1 else _NONE.union(*some)
