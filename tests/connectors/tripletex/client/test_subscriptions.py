"""What the client reads of recurring orders, over real HTTP, and what it leaves out."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import PermanentError
from connectors.fate import Gone, Present
from connectors.pages import Page
from connectors.simulation.faults import RecordedRequest
from connectors.tripletex import client_paging
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import Line, TripletexState
from schemas.payloads.tripletex import TripletexSubscription
from tests.connectors.fake_time import FakeTime

EURO = 5


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_paging, "PAGE", 10)
    monkeypatch.setattr(client_paging, "OVERLAP", 2)
    monkeypatch.setattr(client_paging, "MAX_OVERLAP", 5)


@pytest.fixture
def customer(state: TripletexState) -> int:
    return state.add_customer("Fjellrev Regnskap AS")


def read(pages: Iterable[Page[TripletexSubscription]]) -> dict[int, TripletexSubscription]:
    """The lines by id; none may come twice."""
    found = [record for page in pages for record in page.records]
    assert len({record.id for record in found}) == len(found)
    return {record.id: record for record in found}


def subscribe(state: TripletexState, customer: int, *lines: Line, **fields: Any) -> int:
    given: dict[str, Any] = {"order_date": date(2026, 2, 1), "isSubscription": True, **fields}
    return state.add_order(customer, lines or (Line("Lisens", unit_price=Decimal(9_900)),), **given)


def lines_of(state: TripletexState, order_id: int) -> list[int]:
    return list(state.table("Order")[order_id].values["orderLines"])


def asked(simulator: TripletexSimulator, path: str = "/order") -> list[RecordedRequest]:
    return [each for each in simulator.requests if each.path == path]


def test_a_line_comes_with_its_order_and_its_product(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    product = state.add_product("Lisens Pluss", "200")
    order_id = subscribe(
        state,
        customer,
        Line(product=product, count=Decimal("2.5"), unit_price=Decimal("1290.125"), discount=Decimal("12.5")),
        order_date=date(2025, 3, 31),
        currency=EURO,
        subscriptionDuration=3,
        subscriptionDurationType="YEAR",
        subscriptionPeriodsOnInvoice=12,
        subscriptionPeriodsOnInvoiceType="MONTHS",
    )
    (line,) = read(client.subscriptions()).values()
    assert [line.id] == lines_of(state, order_id)
    assert (line.order_id, line.customer_id, line.order_number) == (order_id, customer, "1")
    assert (line.order_date, line.is_closed, line.closed_at) == (date(2025, 3, 31), False, None)
    assert (line.duration, line.duration_unit) == (3, "YEAR")
    assert (line.periods_on_invoice, line.period_unit) == (12, "MONTHS")
    assert (line.product_id, line.product_number, line.product_name) == (product, "200", "Lisens Pluss")
    assert (line.quantity, line.unit_price, line.discount) == (
        Decimal("2.5"),
        Decimal("1290.125"),
        Decimal("12.5"),
    )
    assert line.currency == "EUR"


def test_a_duration_of_zero_is_none(client: TripletexClient, state: TripletexState, customer: int) -> None:
    subscribe(state, customer)
    (line,) = read(client.subscriptions()).values()
    assert line.duration is None


def test_texts_and_recipients_are_neither_asked_for_nor_read(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    """They name the participants of courses."""
    subscribe(
        state,
        customer,
        Line("Kursdag for Kari Eksempel", unit_price=Decimal(1)),
        invoiceComment="Gjelder Kari Eksempel",
        receiverEmail="kari@fjellrev.example.no",
        reference="Kari Eksempel",
    )
    pages = list(client.subscriptions())
    assert "Kari" not in repr(pages)
    assert "kari" not in repr(pages)
    assert {each.value("fields") for each in asked(simulator)} == {
        "orderLines(id,isSubscription,product(id,number,name),count,unitPriceExcludingVatCurrency,discount,"
        "currency(code)),id,number,customer(id),orderDate,isClosed,changes(timestamp),isSubscription,"
        "subscriptionDuration,subscriptionDurationType,subscriptionPeriodsOnInvoice,"
        "subscriptionPeriodsOnInvoiceType,currency(code)"
    }
    assert [page.unknown_fields for page in pages] == [{}]


def test_a_closed_order_comes_with_the_time_of_its_last_change(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    closed = subscribe(state, customer, at=datetime(2026, 1, 5, 9, 0, tzinfo=UTC))
    moment = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
    state.change_order(closed, at=moment, isClosed=True)
    (line,) = read(client.subscriptions()).values()
    assert (line.is_closed, line.closed_at) == (True, moment)


def test_ordinary_orders_do_not_come(client: TripletexClient, state: TripletexState, customer: int) -> None:
    state.add_order(customer, [Line("Bistand")], order_date=date(2026, 2, 1))
    subscribe(state, customer, isClosed=True)
    assert len(read(client.subscriptions())) == 1


def test_open_and_closed_orders_of_any_date_cost_one_request(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    for year in (2001, 2026, 2031):
        subscribe(state, customer, order_date=date(year, 2, 1))
        subscribe(state, customer, order_date=date(year, 2, 1), isClosed=True)
    assert len(read(client.subscriptions())) == 6
    assert len(asked(simulator)) == 1


@pytest.mark.parametrize("hidden", [False, True], ids=["both are listed", "only open ones are listed"])
def test_closed_orders_are_asked_for_where_none_came(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int, hidden: bool
) -> None:
    """The contract has no default for isClosed; should the server have one, nothing is lost."""
    subscribe(state, customer)
    if hidden:
        simulator.switches.unstated_defaults = {"Order": {"isClosed": "false"}}
        subscribe(state, customer, isClosed=True)
    assert len(read(client.subscriptions())) == 1 + hidden
    assert len(asked(simulator)) == (3 if hidden else 2)


def test_an_order_that_is_reopened_between_two_lists_is_not_missed(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    simulator.switches.unstated_defaults = {"Order": {"isClosed": "false"}}
    reopened, closed = (subscribe(state, customer, isClosed=True) for _ in range(2))

    def reopen(request: RecordedRequest) -> None:
        if request.path == "/order" and len(asked(simulator)) == 1:
            state.change_order(reopened, isClosed=False)

    simulator.faults.between_requests = reopen
    assert {line.order_id for line in read(client.subscriptions()).values()} == {reopened, closed}


def test_a_server_that_ignores_the_filter_is_not_believed(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    simulator.switches.ignored = frozenset({"isSubscription"})
    state.add_order(customer, [Line("Bistand")], order_date=date(2026, 2, 1))
    subscribe(state, customer, isClosed=True)
    assert len(read(client.subscriptions())) == 1
    assert client.dropped_rows == {"tripletex_subscription": 1}


def test_a_filter_that_the_server_obeys_drops_nothing(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    state.add_order(customer, [Line("Bistand")], order_date=date(2026, 2, 1))
    subscribe(state, customer)
    assert len(read(client.subscriptions())) == 1
    assert client.dropped_rows == {}


def test_too_many_orders_for_one_list_are_read_by_their_dates(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    simulator.switches.row_limit = 3
    for month in range(1, 11):
        subscribe(state, customer, order_date=date(2025, month, 1), isClosed=month % 2 == 0)
    assert len(read(client.subscriptions())) == 10


def test_a_day_with_too_many_orders_is_an_error_that_names_the_day(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    simulator.switches.row_limit = 1
    subscribe(state, customer)
    subscribe(state, customer)
    with pytest.raises(PermanentError, match="2026-02-01"):
        list(client.subscriptions())


def test_a_range_that_the_server_ignores_gives_no_line_twice(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    simulator.switches.ignored = frozenset({"orderDateFrom", "orderDateTo"})
    order_id = subscribe(state, customer, isClosed=True)
    assert sorted(read(client.subscriptions())) == lines_of(state, order_id)


def test_an_order_without_lines_is_no_subscription_and_null_is_no_line(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    state.add_order(customer, [], order_date=date(2026, 2, 1), isSubscription=True, isClosed=True)
    order_id = subscribe(state, customer)
    (line,) = lines_of(state, order_id)
    state.change_order(order_id, orderLines=[None, line])
    assert list(read(client.subscriptions())) == [line]


def test_a_malformed_line_is_set_aside_by_its_own_id_and_the_rest_comes(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    good, bad = (
        lines_of(state, subscribe(state, customer, Line(unit_price=Decimal(price)), isClosed=True))[0]
        for price in (1, 2)
    )
    state.change_line(bad, product=state.add_product("L" * 2_000))
    pages = list(client.subscriptions())
    assert [record.id for page in pages for record in page.records] == [good]
    (rejected,) = [each for page in pages for each in page.rejected]
    assert (rejected.source_id, "is too long" in rejected.reason) == (str(bad), True)


def test_fields_that_the_server_does_not_show_are_read_as_absent(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    simulator.switches.hidden_fields = {"Product": frozenset({"name"}), "Order": frozenset({"changes"})}
    subscribe(state, customer, Line(product=state.add_product("Lisens", "100")), isClosed=True)
    (line,) = read(client.subscriptions()).values()
    assert (line.product_name, line.product_number, line.closed_at) == (None, "100", None)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(6))
def test_no_line_is_lost_while_orders_come_change_and_go(
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    fake_time: FakeTime,
    customer: int,
    seed: int,
) -> None:
    dice = random.Random(seed)
    began = fake_time.now() - timedelta(days=30)
    orders = [subscribe(state, customer, isClosed=dice.random() < 0.5, at=began) for _ in range(120)]
    doomed = dice.sample(orders, 30)
    kept = {line for order in orders if order not in doomed for line in lines_of(state, order)}

    def edit(request: RecordedRequest) -> None:
        if request.path != "/order":
            return
        if doomed:
            state.delete_order(doomed.pop())
        order = dice.choice(sorted(state.table("Order")))
        closed = state.table("Order")[order].values["isClosed"]
        state.change_order(order, isClosed=not closed)
        subscribe(state, customer)

    simulator.faults.between_requests = edit
    assert kept <= set(read(client.subscriptions()))


def test_the_lines_of_an_order_tell_what_became_of_one(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    order_id = subscribe(state, customer, Line("a"), Line("b"))
    first, second = lines_of(state, order_id)
    state.remove_line(first)
    assert client.subscription_lines(order_id) == frozenset({second})
    assert isinstance(client.order_line_fate(first), Gone)
    assert isinstance(client.order_line_fate(second), Present)


def test_an_order_that_is_gone_or_recurs_no_more_has_no_lines(
    client: TripletexClient, state: TripletexState, customer: int
) -> None:
    ordinary, deleted = (subscribe(state, customer) for _ in range(2))
    state.change_order(ordinary, isSubscription=False)
    state.delete_order(deleted)
    assert client.subscription_lines(ordinary) is None
    assert client.subscription_lines(deleted) is None


def test_a_refusal_is_never_taken_for_an_order_that_is_gone(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, customer: int
) -> None:
    order_id = subscribe(state, customer)
    simulator.switches.forbidden = ("^/order/",)
    with pytest.raises(PermanentError):
        client.subscription_lines(order_id)
