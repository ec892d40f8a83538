"""Reads all customers and all contact persons, though no single list of Tripletex is sure to hold them.

Active and inactive customers are two lists, and a customer can change from one to the other at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice
from types import MappingProxyType
from typing import Any

from connectors.errors import PermanentError
from connectors.pages import Page, read_page
from connectors.tripletex.client_numbers import Named, rows_by_number, since
from connectors.tripletex.client_objects import TOO_MANY_ROWS, Objects
from connectors.tripletex.client_paging import (
    PAGE,
    End,
    Fetch,
    SeenIds,
    fresh_rows,
    id_of,
    version_of,
    walk,
)
from connectors.tripletex.client_values import in_parts, listed
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer

CLOCK_DIFFERENCE = timedelta(minutes=10)
QUIET_LOOKS = 4
"""So many looks in a row must bring nothing, two into each list, while customers are being edited."""
MAX_LOOKS = 40

logger = logging.getLogger(__name__)


def all_customers(objects: Objects, began: datetime, named: Named) -> Iterator[Page[TripletexCustomer]]:
    """Every customer once. `began` is now, aware; `named` is asked where one list does not hold them."""
    seen = SeenIds()
    sides = {inactive: _Side(objects, inactive, began, named) for inactive in (False, True)}
    for side in sides.values():
        yield from side.sweep(seen)
    yield from _those_that_changed_sides(sides, seen, began - CLOCK_DIFFERENCE)


def all_contacts(objects: Objects, began: datetime, named: Named) -> Iterator[Page[TripletexContact]]:
    """Every contact person once: in one list, or customer by customer where one list does not hold them."""
    seen = SeenIds()

    def read(query: Mapping[str, object]) -> Iterator[Page[TripletexContact]]:
        return objects.pages(TripletexContact, seen, objects.listed(TripletexContact, "/contact", query))

    try:
        yield from read({})
    except PermanentError as error:
        if error.code != TOO_MANY_ROWS:
            raise
        logger.warning("too many contact persons for one list: those of no customer are not read")
        customers = [
            number
            for inactive in (False, True)
            for rows in _Side(objects, inactive, began, named).rows()
            for row in rows
            if (number := id_of(row)) is not None
        ]
        yield from in_parts(lambda part: read({"customerId": listed(part)}), list(dict.fromkeys(customers)))


class _Side:
    """The active customers, or the inactive ones."""

    def __init__(self, objects: Objects, inactive: bool, began: datetime, named: Named) -> None:
        self._objects = objects
        self._inactive = inactive
        self._kind = "inactive" if inactive else "active"
        self._began = began
        self._named = named
        self._end: End | None = None

    def list(self, query: Mapping[str, object] = MappingProxyType({})) -> Fetch:
        """The list, or what these parameters leave of it."""
        asked = {"isInactive": self._inactive, **query}
        return self._objects.listed(TripletexCustomer, "/customer", asked)

    def sweep(self, seen: SeenIds) -> Iterator[Page[TripletexCustomer]]:
        """All of them that are not in `seen` yet."""
        for rows in self.rows():
            if fresh := fresh_rows(rows, seen):
                yield read_page(TripletexCustomer, fresh)

    def rows(self) -> Iterator[Sequence[Any]]:
        """All of them, some perhaps twice: by one list, or by their numbers where it does not hold them."""
        try:
            self._end = yield from walk(self.list(), SeenIds())
        except PermanentError as error:
            if error.code != TOO_MANY_ROWS:
                raise
        else:
            return
        logger.warning(
            "more %s customers than one list holds: they are read by their numbers, but for any whose number "
            "is far from all others and whom nothing names",
            self._kind,
        )
        self._end, found = None, False
        try:
            for rows in rows_by_number(self.list, self._named, self._began):
                found = True
                yield rows
        except PermanentError as error:
            # A server that ignores the numbers refuses each of these lists as well.
            if error.code != TOO_MANY_ROWS:
                raise
            found = False
        if not found:
            raise PermanentError(
                f"tripletex: there are more {self._kind} customers than the API serves in one list, and none "
                "is found by its number: ask Tripletex to raise the limit for this company"
            )

    def is_as_it_was(self) -> bool:
        """Whether the list is still as long as it was and ends with the same customer."""
        if self._end is None or self._end.last is None:
            return False
        rows = self.list()(self._end.position - 1, 2).rows
        return [id_of(row) for row in rows] == [self._end.last]


def _those_that_changed_sides(
    sides: Mapping[bool, _Side], seen: SeenIds, when: datetime
) -> Iterator[Page[TripletexCustomer]]:
    """Customers that were activated or made inactive between the two sweeps, and so were in neither.

    Looks into both lists in turn until that brings nothing new, later customers aside. One quiet look is
    enough when no customer in it was edited either.
    """
    newest, quiet = seen.highest, 0
    for inactive in islice(cycle((False, True)), MAX_LOOKS):
        before = seen.count_to(newest)
        rows = _changed_since(sides[inactive], when)
        edited = any(seen.version_of(id_of(row)) != version_of(row) for row in rows)
        if len(rows) < PAGE:
            if fresh := fresh_rows(rows, seen):
                yield read_page(TripletexCustomer, fresh)
        elif edited or not sides[inactive].is_as_it_was():
            yield from sides[inactive].sweep(seen)
        quiet = quiet + 1 if seen.count_to(newest) == before else 0
        if quiet == QUIET_LOOKS or (quiet == 1 and not edited):
            return
    logger.warning("customers keep changing between active and inactive; the next read brings the rest")


def _changed_since(side: _Side, when: datetime) -> Sequence[Any]:
    """Customers changed since then, at most a page: a full page says nothing of those that are not in it.

    `changedSince` only makes the look short. It has been seen to be ignored; then the page is full, or
    holds the whole list.
    """
    try:
        return side.list(since(when))(0, PAGE).rows
    except PermanentError as error:
        if error.status not in (400, 404, 422):
            raise
        return [None] * PAGE
