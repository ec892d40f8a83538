"""Reads a list of customers that is too long to be served, by their customer numbers.

The list has no parameter that divides it: each takes values that must be known beforehand. But numbers are
given out one after another, so the neighbours of a known number are worth asking for, 400 in a request. The
search goes on in both directions from every number that is known, until a stretch of numbers is nobody's.
Knows rows, no payload.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from connectors.errors import PermanentError
from connectors.pages import as_id
from connectors.tripletex.client_objects import TOO_MANY_ROWS
from connectors.tripletex.client_paging import PAGE, Fetch, SeenIds, id_of, walk
from connectors.tripletex.client_values import VALUES_PER_REQUEST, in_parts, listed

FIRST_NUMBERS = (1, 10_001)
"""Where numbers begin: Tripletex gives out 10,001 and on, and some begin with 1."""
EMPTY_STRETCH = 5 * VALUES_PER_REQUEST
"""So many numbers without a customer end the search in that direction."""

MOST_BLOCKS = 1_000
"""Queries for numbers in one read; a ledger whose numbers are strewn wider is read as far as they reach."""

_HIGHEST = 2**31 - 1
_RECENTLY = tuple(timedelta(days=days) for days in (400, 100, 30, 7, 1))

logger = logging.getLogger(__name__)

Ask: TypeAlias = Callable[[Mapping[str, object]], Fetch]
"""The list, narrowed by further parameters."""
Named: TypeAlias = Callable[[], Iterable[int]]
"""Ids of customers that are known to exist or to have existed: from earlier reads, from what names them."""


def since(moment: datetime) -> dict[str, object]:
    """The parameter for what changed since then (aware).

    Without a zone, as documented. Should Oslo time be meant, UTC only reaches back further.
    """
    return {"changedSince": moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")}


def rows_by_number(ask: Ask, named: Named, now: datetime) -> Iterator[Sequence[Any]]:
    """Rows of all customers whose numbers lie near a known one, and of those that are named; some twice.

    Known are the numbers of recently changed customers (before `now`, aware) and of those that are named. A
    customer that is neither is met only where its number is not far from another's.
    """
    search = _Search(ask)
    if recent := _recently_changed(ask, now):
        yield recent
    yield from search.from_numbers([*FIRST_NUMBERS, *_numbers(recent)])
    while missing := [number for number in dict.fromkeys(named()) if number not in search.tried]:
        yield from search.by_ids(missing)


class _Search:
    """What has been asked for, and whom that brought."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._blocks: set[int] = set()
        self.tried: set[int] = set()
        """Ids that came, or were asked for."""

    def from_numbers(self, numbers: Iterable[int]) -> Iterator[Sequence[Any]]:
        """Rows with these numbers, their neighbours, the neighbours of those, and so on."""
        waiting = sorted({_block(number) for number in numbers})
        while waiting:
            block = waiting.pop()
            if block in self._blocks:
                continue
            if len(self._blocks) == MOST_BLOCKS:
                logger.warning("customer numbers are strewn too wide: only some of them were asked for")
                return
            self._blocks.add(block)
            is_inhabited = False
            for rows in self._with("customerAccountNumber", _numbers_of(block)):
                is_inhabited |= any(_block(number) == block for number in _numbers(rows))
                yield rows
            if is_inhabited:
                waiting += [near for near in _neighbours(block) if near not in self._blocks]

    def by_ids(self, ids: Sequence[int]) -> Iterator[Sequence[Any]]:
        """Rows with these ids, and those with numbers near theirs."""
        self.tried.update(ids)
        found: set[int] = set()
        for rows in self._with("id", ids):
            found.update(_numbers(rows))
            yield rows
        yield from self.from_numbers(found)

    def _with(self, parameter: str, values: Sequence[int]) -> Iterator[Sequence[Any]]:
        def read(part: Sequence[int]) -> Iterator[Sequence[Any]]:
            return walk(self._ask({parameter: listed(part)}), SeenIds())

        for rows in in_parts(read, values):
            self.tried.update(number for row in rows if (number := id_of(row)) is not None)
            yield rows


def _recently_changed(ask: Ask, now: datetime) -> Sequence[Any]:
    """Rows of a page of customers that changed in the longest time that the list serves; perhaps none."""
    for period in _RECENTLY:
        try:
            return ask(since(now - period))(0, PAGE).rows
        except PermanentError as error:
            if error.code != TOO_MANY_ROWS:
                raise
    return ()


def _numbers(rows: Iterable[Any]) -> Iterator[int]:
    """The customer numbers in rows, as far as they have usable ones."""
    for row in rows:
        number = as_id(row.get("customerNumber")) if isinstance(row, dict) else None
        if number is not None and 0 < number <= _HIGHEST:
            yield number


def _block(number: int) -> int:
    return (number - 1) // VALUES_PER_REQUEST


def _numbers_of(block: int) -> range:
    first = block * VALUES_PER_REQUEST + 1
    return range(first, min(first + VALUES_PER_REQUEST, _HIGHEST + 1))


def _neighbours(block: int) -> range:
    reach = EMPTY_STRETCH // VALUES_PER_REQUEST
    return range(max(0, block - reach), min(block + reach, _block(_HIGHEST)) + 1)
