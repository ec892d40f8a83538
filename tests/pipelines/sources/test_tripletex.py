"""What a night makes of Tripletex: invoices that are gone, subscriptions read whole, rights that lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.budget import RequestBudget
from connectors.errors import UnauthorizedError
from connectors.simulation.server import LoopbackServer
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import Line, TripletexState, encode_token
from pipelines.defs.metadata import reconciliation
from pipelines.sources.findings import adds_up, list_was_served, no_mass_deletion
from pipelines.sources.reading import Desk, Run
from pipelines.sources.tripletex import REREAD, read_customers, read_invoices, read_subscriptions
from pipelines.store.cursors import read_cursor
from schemas.payloads.tripletex import TripletexCustomer, TripletexInvoice, TripletexSubscription
from schemas.policy import load_policy
from schemas.tables.landing import TABLES
from tests.pipelines.sources.conftest import NIGHT, Clock

FIRST = Run("run-1", NIGHT)
NEXT = Run("run-2", NIGHT + timedelta(days=1))
CUSTOMERS = TABLES[TripletexCustomer.source]
INVOICES, LINES = TABLES[TripletexInvoice.source], TABLES[TripletexSubscription.source]
TODAY = NIGHT.date()


@pytest.fixture
def simulator(clock: Clock) -> TripletexSimulator:
    return TripletexSimulator(TripletexState(encode_token(1754), encode_token(2913), clock), clock=clock)


@pytest.fixture
def state(simulator: TripletexSimulator) -> TripletexState:
    return simulator.state


@pytest.fixture
def client(server: LoopbackServer, simulator: TripletexSimulator, clock: Clock) -> Iterator[TripletexClient]:
    server.app = simulator.app
    state = simulator.state
    client = TripletexClient.connect(
        load_policy(),
        server.url,
        state.consumer_token,
        state.employee_token,
        clock=clock,
        budget=RequestBudget(10_000, clock=clock.seconds, sleep=clock.sleep),
        sleep=clock.sleep,
    )
    yield client
    client.close()


def gone(desk: Desk, table: sa.Table) -> set[int]:
    with desk.engine.connect() as connection:
        return set(connection.scalars(sa.select(table.c.id).where(table.c.deleted_at_source.is_not(None))))


def live(desk: Desk, table: sa.Table) -> dict[int, Any]:
    with desk.engine.connect() as connection:
        rows = connection.execute(sa.select(table).where(table.c.deleted_at_source.is_(None)))
        return {row.id: row for row in rows}


def asked(simulator: TripletexSimulator, path: str) -> int:
    return sum(each.path.startswith(path) for each in simulator.requests)


# Customers


def test_a_ledger_that_outgrows_one_list_loses_no_customer_and_shows_who_is_gone(
    desk: Desk, client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    """The numbers of one lie far from all others; it is known from the nights before, or by its invoice."""
    long_ago = NIGHT - timedelta(days=900)
    near = [state.add_customer(f"Kunde {number} AS", at=long_ago) for number in range(30)]
    far = state.add_customer("Fjern AS", customerNumber=9_000_000, at=long_ago)
    read_customers(desk, client, FIRST)
    billed = state.add_customer("Fakturert AS", customerNumber=5_000_000, at=long_ago)
    state.add_invoice(billed, [Line("Lisens", unit_price=Decimal(1_000))], TODAY)
    read_invoices(desk, client, FIRST)
    new = state.add_customer("Ny AS")
    state.drop("Customer", near[3])
    simulator.switches.row_limited |= {"Customer"}
    simulator.switches.row_limit = 20
    simulator.switches.changed_since = "ignored"
    tally = read_customers(desk, client, NEXT)
    assert (tally.deleted, tally.missing) == (1, 1)
    assert set(live(desk, CUSTOMERS)) == {*near, far, billed, new} - {near[3]}


class Unknowing:
    """Stands before a ledger that does not know the field `website`."""

    def __init__(self, app: ASGIApp) -> None:
        self.behind = app
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and b"website" in scope["query_string"]:
            self.refused += 1
            body = {"status": 400, "code": 11000, "message": "Illegal field in fields filter"}
            await JSONResponse(body, 400)(scope, receive, send)
            return
        await self.behind(scope, receive, send)


def test_fields_that_the_ledger_refused_are_asked_for_again_in_the_next_complete_read_only(
    desk: Desk, server: LoopbackServer, simulator: TripletexSimulator, state: TripletexState, clock: Clock
) -> None:
    """To find out which of the declared fields it knows takes dozens of requests."""
    state.add_customer("Fjellrev Regnskap AS")
    ledger = Unknowing(simulator.app)
    server.app = ledger

    def night(run: Run) -> tuple[int, tuple[str, ...]]:
        """Requests that were refused, and what the read tells of fields that are."""
        before = ledger.refused
        fresh = TripletexClient.connect(
            load_policy(), server.url, state.consumer_token, state.employee_token, clock=clock
        )
        tally = read_customers(desk, fresh, run)
        fresh.close()
        return ledger.refused - before, tally.refused_fields

    refused, told = night(FIRST)
    assert refused > 5
    assert told == ("website",)
    assert night(NEXT) == (0, ("website",))
    assert night(replace(NEXT, run_id="run-3", complete=True))[0] == refused
    server.app = ledger.behind
    assert night(replace(NEXT, run_id="run-4", complete=True)) == (0, ())
    assert night(replace(NEXT, run_id="run-5")) == (0, ())


# Invoices


@pytest.fixture
def bill(state: TripletexState) -> Callable[[date], int]:
    customer = state.add_customer("Fjellrev Regnskap AS")

    def make(day: date) -> int:
        return state.add_invoice(customer, [Line("Lisens", unit_price=Decimal(1_000))], day)

    return make


@pytest.mark.parametrize("age", [30, 800], ids=["read again by its date", "old and still open"])
def test_an_open_invoice_that_is_gone_is_marked_as_deleted(
    desk: Desk, client: TripletexClient, state: TripletexState, bill: Callable[[date], int], age: int
) -> None:
    doomed, kept = (bill(TODAY - timedelta(days=age)) for _ in range(2))
    read_invoices(desk, client, FIRST)
    state.drop("Invoice", doomed)
    assert read_invoices(desk, client, NEXT).deleted == 1
    assert (gone(desk, INVOICES), set(live(desk, INVOICES))) == ({doomed}, {kept})


def test_a_settled_invoice_of_long_ago_is_not_looked_for_before_the_sweep(
    desk: Desk, client: TripletexClient, state: TripletexState, bill: Callable[[date], int]
) -> None:
    settled = bill(TODAY - REREAD - timedelta(days=9))
    state.pay_invoice(settled)
    read_invoices(desk, client, FIRST)
    state.drop("Invoice", settled)
    assert read_invoices(desk, client, NEXT).compared == 0
    assert read_invoices(desk, client, replace(NEXT, complete=True)).deleted == 1


def test_a_night_in_which_no_invoice_is_gone_costs_no_request_more(
    desk: Desk, client: TripletexClient, simulator: TripletexSimulator, bill: Callable[[date], int]
) -> None:
    """One list of the late ones, and one of the old ones that are open."""
    for age in (5, 50, 500, 900):
        bill(TODAY - timedelta(days=age))
    read_invoices(desk, client, FIRST)
    before = asked(simulator, "/invoice")
    tally = read_invoices(desk, client, NEXT)
    assert asked(simulator, "/invoice") - before == 2
    assert (tally.compared, tally.missing, tally.difference) == (4, 0, 0)


def test_a_backfill_looks_for_deletions_in_its_window_only(
    desk: Desk, client: TripletexClient, state: TripletexState, bill: Callable[[date], int]
) -> None:
    inside, outside = bill(TODAY - timedelta(days=20)), bill(TODAY - timedelta(days=30))
    read_invoices(desk, client, FIRST)
    for each in (inside, outside):
        state.drop("Invoice", each)
    window = (NIGHT - timedelta(days=22), NIGHT - timedelta(days=18))
    read_invoices(desk, client, replace(NEXT, window=window))
    assert gone(desk, INVOICES) == {inside}


def test_an_invoice_that_may_no_longer_be_seen_is_not_gone(
    desk: Desk, client: TripletexClient, simulator: TripletexSimulator, bill: Callable[[date], int]
) -> None:
    """A list without its rows is what a lost right looks like; the refusal by id says so."""
    bill(TODAY)
    read_invoices(desk, client, FIRST)
    simulator.faults.hidden = lambda kind, values: kind == "Invoice"
    simulator.switches.forbidden = ("^/invoice/",)
    assert read_invoices(desk, client, NEXT).deleted == 0
    assert gone(desk, INVOICES) == set()


def test_what_is_open_is_told_in_the_currency_of_the_invoice(
    desk: Desk, client: TripletexClient, state: TripletexState
) -> None:
    state.exchange_rates[5] = Decimal("11.5")
    customer = state.add_customer("Västkusten Event NUF", currency=5)
    invoice = state.add_invoice(customer, [Line("Lisens", unit_price=Decimal("100.10"))], TODAY)
    read_invoices(desk, client, FIRST)
    row = live(desk, INVOICES)[invoice]
    assert (row.currency, row.amount_currency_outstanding) == ("EUR", Decimal("125.13"))
    assert row.amount == Decimal("1439.00")


# Subscriptions


@pytest.fixture
def subscribe(state: TripletexState) -> Callable[..., int]:
    customer = state.add_customer("Fjellrev Regnskap AS")

    def make(lines: int = 1, **fields: Any) -> int:
        return state.add_order(
            customer,
            [Line("Lisens", unit_price=Decimal(9_900))] * lines,
            order_date=TODAY,
            isSubscription=True,
            **fields,
        )

    return make


def lines_of(state: TripletexState, order_id: int) -> list[int]:
    return list(state.table("Order")[order_id].values["orderLines"])


def test_each_line_lands_once_and_an_unchanged_night_writes_nothing(
    desk: Desk, client: TripletexClient, subscribe: Callable[..., int]
) -> None:
    subscribe(2)
    subscribe(isClosed=True)
    first, second = (read_subscriptions(desk, client, run) for run in (FIRST, NEXT))
    assert (first.received, first.stored, first.difference) == (3, 3, 0)
    assert (second.stored, second.unchanged, second.compared, second.missing) == (0, 3, 3, 0)


def test_rows_that_nobody_asked_for_are_told_and_not_received(
    desk: Desk,
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    subscribe: Callable[..., int],
) -> None:
    """A server that ignores a parameter shows in the numbers of each read, not in the rows."""
    subscribe(isClosed=True)
    state.add_order(state.add_customer("Fjellvik Bakeri AS"), [Line("Bistand")], order_date=TODAY)
    assert read_subscriptions(desk, client, FIRST).dropped == 0
    simulator.switches.ignored = frozenset({"isSubscription"})
    for run in (NEXT, replace(NEXT, run_id="run-3")):
        tally = read_subscriptions(desk, client, run)
        assert (tally.dropped, tally.received, tally.difference) == (1, 1, 0)
        assert reconciliation(tally, rows=1, seconds=0.1)["dropped"] == 1


def test_a_change_of_the_order_is_seen_though_the_versions_of_its_lines_stay(
    desk: Desk, client: TripletexClient, state: TripletexState, subscribe: Callable[..., int]
) -> None:
    order_id = subscribe(2)
    read_subscriptions(desk, client, FIRST)
    state.change_order(order_id, isClosed=True)
    assert read_subscriptions(desk, client, NEXT).stored == 2
    assert {row.is_closed for row in live(desk, LINES).values()} == {True}


def test_the_lines_of_a_deleted_order_are_gone_by_one_request(
    desk: Desk,
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    subscribe: Callable[..., int],
) -> None:
    kept, doomed = subscribe(), subscribe(3)
    lines = lines_of(state, doomed)
    read_subscriptions(desk, client, FIRST)
    state.delete_order(doomed)
    assert read_subscriptions(desk, client, NEXT).deleted == 3
    assert (gone(desk, LINES), set(live(desk, LINES))) == (set(lines), set(lines_of(state, kept)))
    assert asked(simulator, f"/order/{doomed}") == 1
    assert asked(simulator, "/order/orderline") == 0


def test_a_line_that_was_taken_out_of_its_order_is_gone_and_the_others_stay(
    desk: Desk, client: TripletexClient, state: TripletexState, subscribe: Callable[..., int]
) -> None:
    doomed, kept = lines_of(state, subscribe(2))
    read_subscriptions(desk, client, FIRST)
    state.remove_line(doomed)
    read_subscriptions(desk, client, NEXT)
    assert (gone(desk, LINES), set(live(desk, LINES))) == ({doomed}, {kept})


def test_an_order_that_recurs_no_more_is_gone_as_a_subscription_and_comes_back(
    desk: Desk, client: TripletexClient, state: TripletexState, subscribe: Callable[..., int]
) -> None:
    order_id = subscribe()
    read_subscriptions(desk, client, FIRST)
    state.change_order(order_id, isSubscription=False)
    read_subscriptions(desk, client, NEXT)
    assert gone(desk, LINES) == set(lines_of(state, order_id))
    state.change_order(order_id, isSubscription=True)
    read_subscriptions(desk, client, replace(NEXT, run_id="run-3"))
    assert gone(desk, LINES) == set()


def test_lines_that_may_no_longer_be_seen_are_not_gone(
    desk: Desk, client: TripletexClient, simulator: TripletexSimulator, subscribe: Callable[..., int]
) -> None:
    """Their order still answers, without them; so does each of them."""
    subscribe(2)
    read_subscriptions(desk, client, FIRST)
    simulator.switches.hidden_fields = {"Order": frozenset({"orderLines"})}
    tally = read_subscriptions(desk, client, NEXT)
    assert (tally.missing, tally.deleted, len(live(desk, LINES))) == (2, 0, 2)


@pytest.mark.parametrize(
    ("forbidden", "is_refused"), [("^/order", True), ("^/nowhere", False)], ids=["forbidden", "served"]
)
def test_a_list_that_is_refused_leaves_the_licences_as_they_were_and_a_check_tells(
    desk: Desk,
    client: TripletexClient,
    simulator: TripletexSimulator,
    subscribe: Callable[..., int],
    forbidden: str,
    is_refused: bool,
) -> None:
    subscribe(2)
    read_subscriptions(desk, client, FIRST)
    simulator.switches.forbidden = (forbidden,)
    tally = read_subscriptions(desk, client, NEXT)
    assert (tally.deleted, len(live(desk, LINES))) == (0, 2)
    with desk.engine.connect() as connection:
        served = list_was_served(connection, TripletexSubscription.source)
        assert served.passed is not is_refused
        assert adds_up(connection, TripletexSubscription.source).passed
        assert no_mass_deletion(connection, TripletexSubscription.source).passed
        read_until, _ = read_cursor(connection, TripletexSubscription.source)
    assert read_until == (FIRST if is_refused else NEXT).started_at


def test_a_list_that_was_never_served_is_told_from_one_that_was_never_read(
    desk: Desk, client: TripletexClient, simulator: TripletexSimulator
) -> None:
    with desk.engine.connect() as connection:
        assert list_was_served(connection, TripletexSubscription.source).passed
    simulator.switches.forbidden = ("^/order",)
    read_subscriptions(desk, client, FIRST)
    with desk.engine.connect() as connection:
        assert not list_was_served(connection, TripletexSubscription.source).passed


def test_credentials_that_are_not_accepted_end_the_read(
    desk: Desk, client: TripletexClient, simulator: TripletexSimulator
) -> None:
    simulator.faults.fail(401, path="/order", times=9)
    with pytest.raises(UnauthorizedError):
        read_subscriptions(desk, client, FIRST)
