"""Walks a Tripletex list by offset without losing a row, however much the list changes meanwhile.

Rows are asked for in the order of their ids. Every page reaches back over the end of the one before: as
long as its first row is no later than the last row already read, nothing can have slipped through between
them. Rows that were deleted in front of the page move the rest up; the walk then steps back until the
pages meet again. Knows rows and offsets, no HTTP and no payload.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from connectors.errors import PermanentError, TransientError
from connectors.pages import as_id

PAGE = 1000
"""New rows per request; the default `count` of the API."""
OVERLAP = 8
"""Rows that a page shares with the one before: so many deletions between two requests cost nothing."""
MAX_OVERLAP = PAGE // 2
NO_VERSION = -1
MAX_PASSES = 12
"""Passes over a list that does not come sorted, before it is given up."""

# Refusals that have nothing to do with `count`: a field, the sorting, too large a result.
_ABOUT_OTHER_THINGS = (11000, 17000, 23000)


@dataclass(frozen=True, slots=True)
class Slice:
    """One answer of a list: its rows in order, and the `fullResultSize` that came with them.

    That number is no total: it is one more than what was read while there is more, and 0 for some lists.
    """

    rows: Sequence[Any]
    full_result_size: int | None = None


Fetch = Callable[[int, int], Slice]
"""Asks for the rows from an offset on, at most so many. Raises PermanentError for too large a number."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a walk ended: how many rows stood in the list, and the id of the last of them."""

    position: int
    last: int | None


class SeenIds:
    """The ids that were handed on, with the versions they had: 16 bytes each, since most come in order."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._versions = array("q")
        self._others: dict[object, int] = {}

    def __len__(self) -> int:
        return len(self._ids) + len(self._others)

    def add(self, key: object, version: int = NO_VERSION) -> bool:
        """Remember a key; whether it was new."""
        if self.version_of(key) is not None:
            return False
        if isinstance(key, int) and (not self._ids or key > self._ids[-1]):
            self._ids.append(key)
            self._versions.append(version)
        else:
            self._others[key] = version
        return True

    @property
    def highest(self) -> int:
        """The highest id; later objects have higher ones."""
        return self._ids[-1] if self._ids else -1

    def count_to(self, highest: int) -> int:
        """How many ids are not higher than this."""
        return bisect_right(self._ids, highest) + sum(
            isinstance(key, int) and key <= highest for key in self._others
        )

    def version_of(self, key: object) -> int | None:
        """The version in which a key was handed on; None when it was not."""
        if isinstance(key, int):
            place = bisect_left(self._ids, key)
            if place < len(self._ids) and self._ids[place] == key:
                return self._versions[place]
        return self._others.get(key)


def walk(fetch: Fetch, seen: SeenIds) -> Generator[list[Any], None, End | None]:
    """Pages of rows that are not in `seen` yet, each of them added to it; returns where the list ended.

    A row that is in the list throughout is always met, provided the server sorts by id; a server that
    does not is walked until a whole pass brings nothing new (None is returned then). Raises TransientError
    when that never happens.
    """
    pages = _Pages(fetch)
    position, last, overlap = 0, -1, OVERLAP
    start, step = 0, OVERLAP
    while True:
        rows, more = pages.get(start, position)
        ids = [number for row in rows if (number := id_of(row)) is not None]
        if (rows and not ids) or any(later < earlier for earlier, later in pairwise(ids)):
            yield from _walk_unsorted(pages, seen)
            return None
        if start and not (ids and ids[0] <= last):
            # Rows before this page are gone, so rows that were not read yet may stand before it too.
            start, step, overlap = max(0, start - step), 2 * step, min(2 * overlap, MAX_OVERLAP)
            continue
        if fresh := fresh_rows(rows, seen):
            yield fresh
        position, last = start + len(rows), max([last, *ids[-1:]])
        if not more:
            return End(position, ids[-1] if ids else None)
        start, step = max(0, position - overlap), overlap


def fresh_rows(rows: Sequence[Any], seen: SeenIds) -> list[Any]:
    """The rows that were not handed on yet; null entries, which lists may hold, are no rows."""
    return [row for row in rows if row is not None and seen.add(_key(row), version_of(row))]


def id_of(row: object) -> int | None:
    """The id of a row, None where it has none that could be one."""
    return as_id(row.get("id")) if isinstance(row, dict) else None


def version_of(row: object) -> int:
    """The version of a row, NO_VERSION where it has none."""
    value = row.get("version") if isinstance(row, dict) else None
    return value if isinstance(value, int) and 0 <= value < 2**63 else NO_VERSION


def _walk_unsorted(pages: _Pages, seen: SeenIds) -> Iterator[list[Any]]:
    for _ in range(MAX_PASSES):
        position, more, before = 0, True, len(seen)
        while more:
            rows, more = pages.get(position, position)
            if fresh := fresh_rows(rows, seen):
                yield fresh
            # Null entries may come on top of the rows that were asked for.
            position += min(len(rows), PAGE)
        if len(seen) == before:
            return
    raise TransientError(f"the list is not sorted and still changing after {MAX_PASSES} passes")


class _Pages:
    """Asks for slices of one list, and tells whether more rows follow."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._large = True
        """The server may serve more than PAGE rows at once; False once it has refused to."""
        self._served_large = False
        self._last_page: tuple[int, list[object]] = (0, [])
        self._announced = False
        """A full page came with a fullResultSize beyond its end: the server says when there is more."""

    def get(self, start: int, position: int) -> tuple[Sequence[Any], bool]:
        """The rows from `start` on, PAGE of them beyond `position`, and whether more rows follow."""
        count = PAGE + min(position - start, MAX_OVERLAP) if self._large else PAGE
        try:
            answer = self._fetch(start, count)
        except PermanentError as error:
            if count == PAGE or error.status not in (400, 404, 422) or error.code in _ABOUT_OTHER_THINGS:
                raise
            self._large = False
            return self.get(start, position)
        self._refuse_a_standstill(start, answer.rows)
        end = start + len(answer.rows)
        self._served_large |= len(answer.rows) > PAGE
        return answer.rows, self._more(len(answer.rows), count, end, answer.full_result_size or 0, position)

    def _refuse_a_standstill(self, start: int, rows: Sequence[Any]) -> None:
        """A server that ignores `from` answers every offset with the same rows, without end."""
        keys = [_key(row) for row in rows]
        if keys and start > self._last_page[0] and keys == self._last_page[1]:
            raise PermanentError("tripletex: the list gives the same rows for another offset")
        self._last_page = (start, keys)

    def _more(self, received: int, count: int, end: int, told: int, position: int) -> bool:
        # A server may silently cap a page at PAGE rows: such a page is full, though more was asked for.
        if received >= (count if self._served_large else min(count, PAGE)):
            if told == end and self._announced:
                return False
            self._announced |= told > end
            return True
        # A page that is short because rows were filtered out of it: go on as long as that brings anything.
        return told > end > position


def _key(row: object) -> object:
    number = id_of(row)
    if number is not None:
        return number
    return hashlib.sha256(json.dumps(row, sort_keys=True, default=str).encode()).digest()
