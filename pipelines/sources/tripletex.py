"""Reads Tripletex: customers and contacts whole, invoices by date.

Customers and contacts are small, and there is no change feed that can be trusted.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import sqlalchemy as sa

from connectors.tripletex.client import TripletexClient
from pipelines.sources.reading import Desk, Run, land, since
from pipelines.store.landing import Tally
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer, TripletexInvoice
from schemas.payloads.types import OSLO
from schemas.tables.landing import TABLES

FIRST_INVOICE = date(2000, 1, 1)
REREAD = timedelta(days=92)
"""Invoices are read again for so long: they can be dated back, credited and paid."""
AHEAD = timedelta(days=366)
"""Invoices can be dated forward."""


def read_customers(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """All customers, inactive ones too; those that are gone are marked as deleted."""
    return land(
        desk,
        run,
        TripletexCustomer,
        client.customers(),
        client,
        start=None,
        fate=client.customer_fate,
        refused=client.refused_fields,
    )


def read_contacts(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """All contact persons; those that are gone are marked as deleted."""
    return land(
        desk,
        run,
        TripletexContact,
        client.contacts(),
        client,
        start=None,
        fate=client.contact_fate,
        refused=client.refused_fields,
    )


def read_invoices(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """Invoices dated in the window or lately, and every open one until it is settled."""
    start = since(desk, TripletexInvoice.source, run)
    if run.window:
        first, end = (moment.astimezone(OSLO).date() for moment in run.window)
        pages = client.invoices(first, end)
    else:
        first = start.astimezone(OSLO).date() - REREAD if start else FIRST_INVOICE
        end = run.started_at.astimezone(OSLO).date() + AHEAD
        open_ids = _open_invoices(desk, before=first) if start else []
        pages = itertools.chain(client.invoices(first, end), client.invoices_by_id(open_ids))
    return land(desk, run, TripletexInvoice, pages, client, start=start, refused=client.refused_fields)


def _open_invoices(desk: Desk, *, before: date) -> list[int]:
    """Ids of older invoices that are not settled: a payment does not move an invoice's date."""
    table = TABLES[TripletexInvoice.source]
    with desk.engine.connect() as connection:
        return list(
            connection.scalars(
                sa.select(table.c.id).where(
                    table.c.amount_outstanding != 0,
                    table.c.invoice_date < before,
                    table.c.deleted_at_source.is_(None),
                )
            )
        )
