"""Recurring orders in the simulator: what their list wants and shows, how orders and lines change and go."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.tripletex.simulator_state import Line, TripletexState
from tests.connectors.tripletex.simulator.served import Api

YEAR = {"orderDateFrom": "2026-01-01", "orderDateTo": "2027-01-01"}
LINE = (
    "orderLines(id,count,unitPriceExcludingVatCurrency,discount,amountExcludingVatCurrency,product(number))"
)


@pytest.fixture
def customer(state: TripletexState) -> int:
    return state.add_customer("Fjellrev Regnskap AS")


def subscribe(state: TripletexState, customer: int, *lines: Line, **fields: Any) -> int:
    given: dict[str, Any] = {"order_date": date(2026, 2, 1), "isSubscription": True, **fields}
    return state.add_order(customer, lines or [Line("Lisens", unit_price=Decimal(9_900))], **given)


@pytest.mark.parametrize("missing", ["orderDateFrom", "orderDateTo"])
def test_both_dates_are_required_whatever_else_is_asked_for(api: Api, customer: int, missing: str) -> None:
    query = {name: value for name, value in YEAR.items() if name != missing}
    assert api.refusal("GET", "/order", isSubscription="true", id="1", **query) == (422, 15000)
    assert api.problems("GET", "/order", **query)[0][0] == missing


def test_the_end_of_the_range_is_exclusive_and_an_empty_one_is_refused(
    api: Api, state: TripletexState, customer: int
) -> None:
    order_id = subscribe(state, customer)
    day = {"orderDateFrom": "2026-02-01"}
    assert api.ids("/order", **day, orderDateTo="2026-02-02") == [order_id]
    assert api.ids("/order", orderDateFrom="2026-01-01", orderDateTo="2026-02-01") == []
    assert api.refusal("GET", "/order", **day, orderDateTo="2026-02-01") == (422, 15000)


def test_lines_and_products_open_inside_an_order(api: Api, state: TripletexState, customer: int) -> None:
    product = state.add_product("Lisens", "100")
    subscribe(
        state,
        customer,
        Line(product=product, count=Decimal(3), unit_price=Decimal("33.335"), discount=Decimal(10)),
    )
    (row,) = api.rows("/order", fields=f"id,{LINE}", **YEAR)
    (line,) = row["orderLines"]
    assert line == {
        "id": line["id"],
        "product": {"number": "100"},
        "count": 3,
        "unitPriceExcludingVatCurrency": Decimal("33.335"),
        "discount": 10,
        "amountExcludingVatCurrency": Decimal("90.00"),
    }
    assert api.value(f"/order/orderline/{line['id']}", fields="count,order(id)") == {
        "count": 3,
        "order": {"id": row["id"]},
    }


def test_an_unknown_field_of_a_line_is_refused(api: Api, customer: int) -> None:
    assert api.refusal("GET", "/order", fields="id,orderLines(price)", **YEAR) == (400, 11000)


def test_both_states_are_listed_unless_one_is_asked_for(
    api: Api, state: TripletexState, customer: int
) -> None:
    open_one, closed = subscribe(state, customer), subscribe(state, customer, isClosed=True)
    assert api.ids("/order", **YEAR) == [open_one, closed]
    assert api.ids("/order", isClosed="true", **YEAR) == [closed]
    assert api.ids("/order", isClosed="false", **YEAR) == [open_one]
    api.simulator.switches.unstated_defaults = {"Order": {"isClosed": "false"}}
    assert api.ids("/order", **YEAR) == [open_one]
    assert api.ids("/order", isClosed="true", **YEAR) == [closed]


def test_a_parameter_can_be_ignored_as_a_misspelt_one_is(
    api: Api, state: TripletexState, customer: int
) -> None:
    recurring = subscribe(state, customer)
    ordinary = subscribe(state, customer, isSubscription=False)
    assert api.ids("/order", isSubscription="true", **YEAR) == [recurring]
    assert api.ids("/order", isRecurring="true", **YEAR) == [recurring, ordinary]
    api.simulator.switches.ignored = frozenset({"isSubscription"})
    assert api.ids("/order", isSubscription="true", **YEAR) == [recurring, ordinary]


def test_more_orders_than_a_query_may_match_are_refused(
    api: Api, state: TripletexState, customer: int
) -> None:
    api.simulator.switches.row_limit = 1
    for _ in range(2):
        subscribe(state, customer)
    assert api.refusal("GET", "/order", count="1", **YEAR) == (422, 23000)


def test_a_line_changes_with_its_amounts_and_the_order_keeps_its_version(
    api: Api, state: TripletexState, customer: int
) -> None:
    order_id = subscribe(state, customer)
    (line_id,) = state.table("Order")[order_id].values["orderLines"]
    state.change_line(line_id, count=Decimal(2), unit_price=Decimal(100))
    line = api.value(f"/order/orderline/{line_id}")
    assert (line["version"], line["count"]) == (1, 2)
    assert (line["amountExcludingVatCurrency"], line["amountIncludingVatCurrency"]) == (200, 250)
    assert api.value(f"/order/{order_id}")["version"] == 0


def test_lines_come_and_go_within_an_order(api: Api, state: TripletexState, customer: int) -> None:
    order_id = subscribe(state, customer)
    (first,) = state.table("Order")[order_id].values["orderLines"]
    second = state.add_line(order_id, Line("SMS-pakke", unit_price=Decimal(1_200)))
    state.remove_line(first)
    (row,) = api.rows("/order", fields="version,orderLines(id)", **YEAR)
    assert row == {"version": 2, "orderLines": [{"id": second}]}
    assert api.refusal("GET", f"/order/orderline/{first}") == (404, 6000)


def test_a_deleted_order_takes_its_lines_along(api: Api, state: TripletexState, customer: int) -> None:
    order_id = subscribe(state, customer)
    (line_id,) = state.table("Order")[order_id].values["orderLines"]
    assert api.send("DELETE", f"/order/{order_id}").status_code == 204
    for path in (f"/order/{order_id}", f"/order/orderline/{line_id}"):
        assert api.refusal("GET", path) == (404, 6000)


def test_the_time_of_each_change_is_shown_when_asked_for(
    api: Api, state: TripletexState, customer: int
) -> None:
    order_id = subscribe(state, customer)
    state.change_order(order_id, isClosed=True)
    (row,) = api.rows("/order", fields="changes(timestamp)", **YEAR)
    assert len(row["changes"]) == 2
    assert "changes" not in api.rows("/order", **YEAR)[0]
