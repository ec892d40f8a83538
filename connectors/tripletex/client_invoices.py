"""Reads invoices and credit notes: by the window of their dates, or by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

from connectors.errors import PermanentError
from connectors.pages import Page
from connectors.tripletex.client_objects import TOO_MANY_ROWS, URL_TOO_LONG, Objects
from connectors.tripletex.client_paging import Fetch, SeenIds, id_of
from schemas.payloads.tripletex import TripletexInvoice

IDS_PER_REQUEST = 400
"""Ids in one query: about 5,000 characters, below what web servers accept of a request line."""
EVER = (date(1970, 1, 1), date(2200, 1, 1))
"""Dates that hold every invoice: the list wants a window, also with ids."""


def invoices_within(objects: Objects, start: date, end: date) -> Iterator[Page[TripletexInvoice]]:
    """Those dated from `start` until the day before `end`, once. A window with too many is split."""
    return _within(objects, start, end, SeenIds(), lambda row: _is_dated_within(row, start, end))


def invoices_with(objects: Objects, ids: list[int]) -> Iterator[Page[TripletexInvoice]]:
    """Those with these ids, as far as they exist."""
    for place in range(0, len(ids), IDS_PER_REQUEST):
        yield from _with(objects, ids[place : place + IDS_PER_REQUEST])


def _within(
    objects: Objects, start: date, end: date, seen: SeenIds, asked_for: Callable[[Any], bool]
) -> Iterator[Page[TripletexInvoice]]:
    if start >= end:
        return
    try:
        yield from objects.pages(TripletexInvoice, seen, _list(objects, start, end), asked_for)
    except PermanentError as error:
        if error.code != TOO_MANY_ROWS:
            raise
        if end - start <= timedelta(days=1):
            raise PermanentError(
                f"tripletex: more invoices are dated {start} than the API serves for one day",
                status=error.status,
                code=error.code,
            ) from None
        middle = start + (end - start) // 2
        yield from _within(objects, start, middle, seen, asked_for)
        yield from _within(objects, middle, end, seen, asked_for)


def _with(objects: Objects, ids: list[int]) -> Iterator[Page[TripletexInvoice]]:
    wanted = frozenset(ids)
    invoices = _list(objects, *EVER, id=",".join(map(str, ids)))
    try:
        yield from objects.pages(TripletexInvoice, SeenIds(), invoices, lambda row: id_of(row) in wanted)
    except PermanentError as error:
        if error.status not in URL_TOO_LONG or len(ids) == 1:
            raise
        middle = len(ids) // 2
        yield from _with(objects, ids[:middle])
        yield from _with(objects, ids[middle:])


def _list(objects: Objects, start: date, end: date, **query: str) -> Fetch:
    window = {"invoiceDateFrom": start.isoformat(), "invoiceDateTo": end.isoformat()}
    return objects.listed(TripletexInvoice, "/invoice", {**query, **window})


def _is_dated_within(row: Any, start: date, end: date) -> bool:
    """Whether an invoice belongs to the window; one without a readable date is left to validation."""
    value = row.get("invoiceDate") if isinstance(row, dict) else None
    try:
        return start <= date.fromisoformat(value) < end  # type: ignore[arg-type]  # caught below
    except (TypeError, ValueError):
        return True
