"""Reads Tripletex: customers, contacts and subscriptions whole, invoices by date.

The former are small, and there is no change feed that can be trusted.
"""

from __future__ import annotations

import functools
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.errors import PermanentError
from connectors.fate import Gone, Present
from connectors.pages import Page
from connectors.tripletex.client import TripletexClient
from pipelines.sources.deletions import Fate, Sweep
from pipelines.sources.reading import Desk, Extract, Run, land, since
from pipelines.store.tally import Tally
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import (
    TripletexContact,
    TripletexCustomer,
    TripletexInvoice,
    TripletexSubscription,
)
from schemas.tables.landing import TABLES, load
from schemas.zone import OSLO

FIRST_INVOICE = date(2000, 1, 1)
REREAD = timedelta(days=92)
"""Invoices are read again for so long: they can be dated back, credited and paid."""
AHEAD = timedelta(days=366)
"""Invoices can be dated forward."""

logger = logging.getLogger(__name__)


def read_customers(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """All customers, inactive ones too; those that are gone are marked as deleted."""
    _leave_out_what_was_refused(desk, client, run, TripletexCustomer)
    pages, sweep = client.customers(_named_customers(desk)), Sweep(client.customer_fate)
    return land(desk, run, Extract(TripletexCustomer, client, pages, sweep=sweep))


def read_contacts(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """All contact persons; those that are gone are marked as deleted."""
    _leave_out_what_was_refused(desk, client, run, TripletexContact)
    pages, sweep = client.contacts(_named_customers(desk)), Sweep(client.contact_fate)
    return land(desk, run, Extract(TripletexContact, client, pages, sweep=sweep))


def read_invoices(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """Invoices dated in the window or lately, and every open one until it is settled.

    A landed one that was looked for in this way and did not come is asked for by its id: one that is gone
    is marked as deleted.
    """
    _leave_out_what_was_refused(desk, client, run, TripletexInvoice)
    table = TABLES[TripletexInvoice.source]
    start = since(desk, TripletexInvoice.source, run)
    open_ids: list[int] = []
    if run.window:
        first, end = (moment.astimezone(OSLO).date() for moment in run.window)
    else:
        first = start.astimezone(OSLO).date() - REREAD if start else FIRST_INVOICE
        end = run.started_at.astimezone(OSLO).date() + AHEAD
        open_ids = _open_invoices(desk, before=first) if start else []
    looked_for = (table.c.invoice_date >= first) & (table.c.invoice_date < end)
    if open_ids:
        looked_for |= table.c.id == sa.func.any(sa.literal(open_ids, sa.ARRAY(sa.BigInteger())))
    pages = itertools.chain(client.invoices(first, end), client.invoices_by_id(open_ids))
    sweep = Sweep(client.invoice_fate, among=lambda table: looked_for)
    return land(desk, run, Extract(TripletexInvoice, client, pages, start, sweep))


def read_subscriptions(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """All lines of recurring orders, closed ones too; those that are gone are marked as deleted.

    Credentials without the right to read orders leave the rows as they were: who has a licence is worth
    less than the night that a failure would cost.
    """
    _leave_out_what_was_refused(desk, client, run, TripletexSubscription)
    return land(desk, run, _Subscriptions(desk, client))


def _leave_out_what_was_refused(
    desk: Desk, client: TripletexClient, run: Run, payload: type[Payload]
) -> None:
    """Do not ask for fields that the last night's server did not know; a complete read asks for all anew."""
    if run.complete:
        return
    with desk.engine.connect() as connection:
        refused = connection.scalar(
            sa.select(load.c.refused_names)
            .where(load.c.source == payload.source, load.c.kind == "nightly")
            .order_by(load.c.load_id.desc())
            .limit(1)
        )
    if refused:
        client.leave_out(payload, refused)


def _named_customers(desk: Desk) -> Callable[[], Sequence[int]]:
    """Ids of customers that are landed or named by what is landed, for where one list does not hold all."""
    columns = [TABLES[TripletexCustomer.source].c.id]
    columns += [
        TABLES[payload.source].c.customer_id
        for payload in (TripletexContact, TripletexInvoice, TripletexSubscription)
    ]
    selects = [
        sa.select(column).where(column.is_not(None), column.table.c.deleted_at_source.is_(None))
        for column in columns
    ]

    def named() -> Sequence[int]:
        with desk.engine.connect() as connection:
            return connection.scalars(sa.union(*selects)).all()

    return named


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


def _subscription_fate(desk: Desk, client: TripletexClient) -> Fate:
    """What became of an order line: its order tells, and the line itself where the order lacks it.

    Each order is asked for once. A line of an order that recurs no more is gone as a subscription.
    """
    table = TABLES[TripletexSubscription.source]
    lines_of = functools.cache(client.subscription_lines)

    def fate(line_id: int) -> Present | Gone:
        with desk.engine.connect() as connection:
            order_id = connection.scalar(sa.select(table.c.order_id).where(table.c.id == line_id))
        lines = lines_of(order_id)
        if lines is None:
            return Gone()
        return Present() if line_id in lines else client.order_line_fate(line_id)

    return fate


class _Subscriptions(Extract):
    """All lines of recurring orders, as far as the credentials have the right to read them."""

    def __init__(self, desk: Desk, client: TripletexClient) -> None:
        self._refused = False
        pages = self._allowed(client.subscriptions())
        sweep = Sweep(_subscription_fate(desk, client), self.moves_cursor)
        super().__init__(TripletexSubscription, client, pages, sweep=sweep)

    def moves_cursor(self) -> bool:
        """Whether the server has served the list."""
        return not self._refused

    def _allowed(self, pages: Iterable[Page[Any]]) -> Iterator[Page[Any]]:
        try:
            yield from pages
        except PermanentError as error:
            if error.status not in (403, 404):
                raise
            self._refused = True
            logger.warning("subscriptions stay as they were: %s", error)
