"""Reads what changed in a numbered list of Help Scout, and in the same requests how many records there are.

An answer tells one number: how long the list is that was asked for. So the last page of what changed is taken
from the list of all records in the same order, which holds the same records there and tells how many there
are. Nothing rests on that order, nor on the list holding still: what changed has been read when as many
different records of it were met as there were at first, and if not, it is to be read in another way.

Changes of a single page leave no such last page, so their number and that of all records take two requests.
The first page of all records would tell both only if it showed where the changes end, and no record tells
when it was last modified: a page of records that look old is also what a bulk edit leaves if no field shows
it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from connectors.errors import PermanentError, UnauthorizedError
from connectors.helpscout.client_answers import Sheet
from connectors.helpscout.client_paging import PagedList, Window
from connectors.pages import Page
from schemas.payloads.base import Payload

P = TypeVar("P", bound=Payload)

MOST_PAGES = 100
"""Beyond these, the request that is saved is less than one in a hundred, and a list has time to change."""

_NEWEST_CHANGE_FIRST = {"sortField": "modifiedAt", "sortOrder": "desc"}


@dataclass(frozen=True, slots=True)
class Since:
    """How it ended: whether every record that had changed was met, and how many records there are in all."""

    is_complete: bool
    told: int | None = None
    """Of all records, at the end; None where what changed has one page, from which nothing can be saved."""


_UNPROVEN = Since(False)


def read_since(listing: PagedList[P], start: datetime) -> Generator[Page[P], None, Since]:
    """The pages of what was modified since `start` (aware), newest first, in as many requests.

    One request more where the last page of all records does not show of itself that it is of what changed.
    Raises UnauthorizedError and TransientError; where the API refuses otherwise, nothing is proven.
    """
    try:
        return (yield from _read(listing, start))
    except UnauthorizedError:
        raise
    except PermanentError:
        return _UNPROVEN


def _read(listing: PagedList[P], start: datetime) -> Generator[Page[P], None, Since]:
    window, began = Window(start), listing.now()
    first = listing.ask(1, {**listing.filters(window, None), **_NEWEST_CHANGE_FIRST})
    yield first.page
    if not first.has_next:
        return Since(True)
    if first.told is None or first.pages is None or first.pages > MOST_PAGES:
        return _UNPROVEN
    # What is modified from here on is not in the pages behind the first, wherever it would come.
    bounded = {**listing.filters(window, listing.closed(began)), **_NEWEST_CHANGE_FIRST}
    met = set(first.ids)
    for number in range(2, first.pages):
        sheet = listing.ask(number, bounded)
        yield sheet.page
        if sheet.told != first.told:
            return _UNPROVEN
        met |= sheet.ids_made_before(began)
    last = listing.ask(first.pages, _NEWEST_CHANGE_FIRST)
    yield _without_number(last)
    met |= last.ids_changed_between(start, began)
    if len(met) < first.told:
        sheet = listing.ask(first.pages, bounded)
        yield sheet.page
        if sheet.told != first.told:
            return Since(False, last.told)
        met |= sheet.ids_made_before(began)
    return Since(len(met) >= first.told, last.told)


def _without_number(sheet: Sheet[P]) -> Page[P]:
    """The page; what it tells is the number of all records, and not of those that are read."""
    return replace(sheet.page, told=None)
