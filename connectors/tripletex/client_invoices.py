"""Reads invoices and credit notes: by the window of their dates, or by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from connectors.pages import Page
from connectors.tripletex.client_objects import Objects
from connectors.tripletex.client_paging import SeenIds, id_of
from connectors.tripletex.client_values import in_parts, listed
from connectors.tripletex.client_windows import EVER, Windows
from schemas.payloads.tripletex import TripletexInvoice


def invoices_within(objects: Objects, start: date, end: date) -> Iterator[Page[TripletexInvoice]]:
    """Those dated from `start` until the day before `end`, once. A window with too many is split."""
    return Windows(objects, TripletexInvoice, "/invoice", "invoiceDate").pages(start, end, SeenIds())


def invoices_with(objects: Objects, ids: Sequence[int]) -> Iterator[Page[TripletexInvoice]]:
    """Those with these ids, as far as they exist."""
    seen = SeenIds()

    def read(part: Sequence[int]) -> Iterator[Page[TripletexInvoice]]:
        wanted = frozenset(part)
        invoices = Windows(objects, TripletexInvoice, "/invoice", "invoiceDate", {"id": listed(part)})
        return objects.pages(TripletexInvoice, seen, invoices.fetch(*EVER), lambda row: id_of(row) in wanted)

    return in_parts(read, ids)
