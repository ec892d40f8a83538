"""Reads invoices and credit notes: by the window of their dates, or by their ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from connectors.errors import PermanentError
from connectors.pages import Page
from connectors.tripletex.client_objects import URL_TOO_LONG, Objects
from connectors.tripletex.client_paging import SeenIds, id_of
from connectors.tripletex.client_windows import EVER, Windows
from schemas.payloads.tripletex import TripletexInvoice

IDS_PER_REQUEST = 400
"""Ids in one query: about 5,000 characters, below what web servers accept of a request line."""


def invoices_within(objects: Objects, start: date, end: date) -> Iterator[Page[TripletexInvoice]]:
    """Those dated from `start` until the day before `end`, once. A window with too many is split."""
    return Windows(objects, TripletexInvoice, "/invoice", "invoiceDate").pages(start, end, SeenIds())


def invoices_with(objects: Objects, ids: list[int]) -> Iterator[Page[TripletexInvoice]]:
    """Those with these ids, as far as they exist."""
    for place in range(0, len(ids), IDS_PER_REQUEST):
        yield from _with(objects, ids[place : place + IDS_PER_REQUEST])


def _with(objects: Objects, ids: list[int]) -> Iterator[Page[TripletexInvoice]]:
    wanted = frozenset(ids)
    query = {"id": ",".join(map(str, ids))}
    invoices = Windows(objects, TripletexInvoice, "/invoice", "invoiceDate", query).fetch(*EVER)
    try:
        yield from objects.pages(TripletexInvoice, SeenIds(), invoices, lambda row: id_of(row) in wanted)
    except PermanentError as error:
        if error.status not in URL_TOO_LONG or len(ids) == 1:
            raise
        middle = len(ids) // 2
        yield from _with(objects, ids[:middle])
        yield from _with(objects, ids[middle:])
