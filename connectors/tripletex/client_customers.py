"""Reads all customers and all contact persons, though no single list of Tripletex is sure to hold them.

Active and inactive customers are two lists, and a customer can change from one to the other at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

from connectors.errors import PermanentError
from connectors.pages import Page, read_page
from connectors.tripletex.client_objects import TOO_MANY_ROWS, URL_TOO_LONG, Objects
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
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer

CLOCK_DIFFERENCE = timedelta(minutes=10)
QUIET_LOOKS = 4
"""So many looks in a row must bring nothing, two into each list, while customers are being edited."""
MAX_LOOKS = 40
CUSTOMERS_PER_REQUEST = 400
"""Ids in one query: about 5,000 characters, below what web servers accept of a request line."""

logger = logging.getLogger(__name__)


def all_customers(objects: Objects, began: datetime) -> Iterator[Page[TripletexCustomer]]:
    """Every customer once. `began` is now, aware."""
    seen = SeenIds()
    ends: dict[bool, End | None] = {}
    for inactive in (False, True):
        ends[inactive] = yield from _sweep(objects, inactive, seen)
    yield from _those_that_changed_lists(objects, seen, began - CLOCK_DIFFERENCE, ends)


def all_contacts(objects: Objects) -> Iterator[Page[TripletexContact]]:
    """Every contact person once: in one list, or customer by customer where one list does not hold them."""
    seen = SeenIds()
    try:
        yield from objects.pages(TripletexContact, seen, objects.listed(TripletexContact, "/contact", {}))
    except PermanentError as error:
        if error.code != TOO_MANY_ROWS:
            raise
        logger.warning("too many contact persons for one list: those of no customer are not read")
        ids = [number for inactive in (False, True) for number in _customer_ids(objects, inactive)]
        for place in range(0, len(ids), CUSTOMERS_PER_REQUEST):
            yield from _contacts_of(objects, ids[place : place + CUSTOMERS_PER_REQUEST], seen)


def _sweep(
    objects: Objects, inactive: bool, seen: SeenIds
) -> Generator[Page[TripletexCustomer], None, End | None]:
    try:
        end = yield from objects.pages(TripletexCustomer, seen, _customer_list(objects, inactive))
    except PermanentError as error:
        if error.code != TOO_MANY_ROWS:
            raise
        # Every filter of this list takes values that must be known beforehand, or leaves some customers out;
        # none divides it. Part of the customers would look like the loss of the others.
        raise PermanentError(
            f"tripletex: there are more {'inactive' if inactive else 'active'} customers than the API serves,"
            " and no parameter of its list divides them: ask Tripletex to raise the limit for this company,"
            " or make customers that are no longer served inactive",
            status=error.status,
            code=error.code,
        ) from None
    return end


def _customer_list(objects: Objects, inactive: bool, since: datetime | None = None) -> Fetch:
    query: dict[str, object] = {"isInactive": inactive}
    if since is not None:
        # Without a zone, as documented. Should Oslo time be meant, UTC only reaches back further.
        query["changedSince"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return objects.listed(TripletexCustomer, "/customer", query)


def _those_that_changed_lists(
    objects: Objects, seen: SeenIds, since: datetime, ends: dict[bool, End | None]
) -> Iterator[Page[TripletexCustomer]]:
    """Customers that were activated or made inactive between the two sweeps, and so were in neither.

    Looks into both lists in turn until that brings nothing new, later customers aside. One quiet look is
    enough when no customer in it was edited either.
    """
    newest, quiet = seen.highest, 0
    for inactive in islice(cycle((False, True)), MAX_LOOKS):
        before = seen.count_to(newest)
        rows = _changed_since(objects, inactive, since)
        edited = any(seen.version_of(id_of(row)) != version_of(row) for row in rows)
        if len(rows) < PAGE:
            if fresh := fresh_rows(rows, seen):
                yield read_page(TripletexCustomer, fresh)
        elif edited or not _ends_at(objects, inactive, ends[inactive]):
            ends[inactive] = yield from _sweep(objects, inactive, seen)
        quiet = quiet + 1 if seen.count_to(newest) == before else 0
        if quiet == QUIET_LOOKS or (quiet == 1 and not edited):
            return
    logger.warning("customers keep changing between active and inactive; the next read brings the rest")


def _changed_since(objects: Objects, inactive: bool, since: datetime) -> Sequence[Any]:
    """Customers changed since then, at most a page: a full page says nothing of those that are not in it.

    `changedSince` only makes the look short. It has been seen to be ignored; then the page is full, or
    holds the whole list.
    """
    try:
        return _customer_list(objects, inactive, since)(0, PAGE).rows
    except PermanentError as error:
        if error.status not in (400, 404, 422):
            raise
        return [None] * PAGE


def _ends_at(objects: Objects, inactive: bool, end: End | None) -> bool:
    """Whether a list is still as long as it was and ends with the same customer."""
    if end is None or end.last is None:
        return False
    rows = _customer_list(objects, inactive)(end.position - 1, 2).rows
    return [id_of(row) for row in rows] == [end.last]


def _customer_ids(objects: Objects, inactive: bool) -> Iterator[int]:
    for rows in walk(_customer_list(objects, inactive), SeenIds()):
        yield from (number for row in rows if (number := id_of(row)) is not None)


def _contacts_of(objects: Objects, customers: list[int], seen: SeenIds) -> Iterator[Page[TripletexContact]]:
    query = {"customerId": ",".join(map(str, customers))}
    try:
        yield from objects.pages(TripletexContact, seen, objects.listed(TripletexContact, "/contact", query))
    except PermanentError as error:
        too_much = error.code == TOO_MANY_ROWS or error.status in URL_TOO_LONG
        if not too_much or len(customers) == 1:
            raise
        middle = len(customers) // 2
        yield from _contacts_of(objects, customers[:middle], seen)
        yield from _contacts_of(objects, customers[middle:], seen)
