"""What every answer carries, and how the API fails: limits, faults, missing rights, unknown paths."""

import pytest
import requests

from connectors.simulation.faults import RecordedRequest, RetryHeader
from connectors.tripletex.simulator_state import TripletexState
from tests.connectors.served import Time
from tests.connectors.tripletex.simulator.served import Api


@pytest.mark.parametrize("path", ["/customer", "/customer/1", "/customer?fields=x", "/nowhere"])
def test_every_answer_carries_a_request_id_and_the_state_of_the_limit(api: Api, path: str) -> None:
    answer = api.send("GET", path)

    assert answer.headers["x-tlx-request-id"]
    assert int(answer.headers["X-Rate-Limit-Remaining"]) < int(answer.headers["X-Rate-Limit-Limit"])
    assert 0 < int(answer.headers["X-Rate-Limit-Reset"]) <= 60


def test_the_request_id_is_in_the_body_of_an_error(api: Api) -> None:
    answer = api.get("/customer/1")

    assert answer.json()["requestId"] == answer.headers["x-tlx-request-id"]


def test_the_limit_counts_down_and_refuses_until_the_period_ends(api: Api, time: Time) -> None:
    api.simulator.faults.rate_limit = 2

    answers = [api.get("/customer") for _ in range(3)]
    time.pass_by(minutes=1)

    assert [answer.headers["X-Rate-Limit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert api.get("/customer").status_code == 200


@pytest.mark.parametrize(
    ("kind", "reset", "retry_after"), [("own", "60", None), ("retry-after", None, "60"), ("none", None, None)]
)
def test_a_429_may_come_without_any_word_on_when_to_come_back(
    api: Api, kind: RetryHeader, reset: str | None, retry_after: str | None
) -> None:
    api.simulator.faults.rate_limit = 0
    api.simulator.faults.retry_header = kind

    answer = api.get("/customer")

    assert answer.status_code == 429
    assert answer.headers.get("X-Rate-Limit-Reset") == reset
    assert answer.headers.get("Retry-After") == retry_after


def test_a_planned_429_carries_only_the_headers_it_was_given(api: Api) -> None:
    api.simulator.faults.fail(429)
    api.simulator.faults.fail(429, headers={"X-Rate-Limit-Reset": "7"})

    assert "X-Rate-Limit-Reset" not in api.get("/customer").headers
    assert api.get("/customer").headers["X-Rate-Limit-Reset"] == "7"


def test_a_fault_may_be_json_without_a_message_or_a_page(api: Api) -> None:
    api.simulator.faults.fail(500)
    api.simulator.faults.fail(500, body="html")

    first, second = api.get("/customer"), api.get("/customer")

    assert (first.json()["code"], first.json()["message"]) == (1000, None)
    assert second.headers["Content-Type"].startswith("text/html")
    assert api.get("/customer").status_code == 200


def test_a_cut_body_does_not_arrive_whole(api: Api, state: TripletexState) -> None:
    state.add_customer("Fjell AS")
    api.simulator.faults.cut(path="/customer")

    with pytest.raises(requests.exceptions.RequestException):
        api.get("/customer")


def test_a_right_that_is_missing_closes_a_path(api: Api) -> None:
    api.simulator.switches.forbidden = ("^/invoice", "^/order")

    assert api.refusal("GET", "/invoice") == (403, 9000)
    assert api.get("/customer").status_code == 200


@pytest.mark.parametrize("path", ["/customer/1", "/contact/1", "/invoice/1", "/nowhere", "/customer/abc"])
def test_what_is_not_there_is_a_404(api: Api, path: str) -> None:
    assert api.refusal("GET", path) == (404, 6000)


def test_another_method_is_a_405(api: Api) -> None:
    assert api.send("PATCH", "/customer").status_code == 405
    assert api.send("POST", "/order/1/:invoice").status_code == 405


def test_requests_are_on_record_without_the_base_path(api: Api) -> None:
    api.get("/customer", count=7)

    last = api.simulator.requests[-1]

    assert (last.system, last.method, last.path, last.status) == ("tripletex", "GET", "/customer", 200)
    assert last.value("count") == "7"


def test_the_world_may_be_changed_between_any_two_requests(api: Api, state: TripletexState) -> None:
    def grow(request: RecordedRequest) -> None:
        state.add_customer("Ny AS")

    api.simulator.faults.between_requests = grow

    assert len(api.ids("/customer")) == 1
    assert len(api.ids("/customer")) == 2


def test_a_large_company_is_paged_whole(api: Api, state: TripletexState) -> None:
    """Many pages over one list: it is filtered and sorted once, not once a page."""
    ids = [state.add_customer(f"Kunde {number} AS") for number in range(12_000)]

    seen = [
        customer
        for start in range(0, 12_001, 1_000)
        for customer in api.ids("/customer", start=start, count=1_000, sorting="id", fields="id")
    ]

    assert seen == ids
