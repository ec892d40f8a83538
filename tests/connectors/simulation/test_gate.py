"""What stands before every simulated API: the record of requests, planned faults, the rate window."""

import json
import socket
from decimal import Decimal

import pytest
import requests

from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Views, json_response
from tests.connectors.simulation.echo import NUMBERS, Served


def test_a_request_is_recorded_as_the_api_saw_it(served: Served) -> None:
    served.post("/rows", params={"q": "æ +&", "blank": ""}, data=b"kropp", headers={"X-Client": "1"})

    (request,) = served.simulator.requests
    assert (request.system, request.method, request.path, request.status) == ("echo", "POST", "/rows", 200)
    assert request.query == (("q", "æ +&"), ("blank", ""))
    assert (request.value("q"), request.value("missing")) == ("æ +&", None)
    assert (request.header("x-CLIENT"), request.header("X-Missing")) == ("1", None)
    assert request.body == b"kropp"


def test_the_world_may_change_before_each_answer(served: Served) -> None:
    seen: list[RecordedRequest] = []
    served.simulator.faults.between_requests = seen.append

    served.statuses(2)

    assert seen == served.simulator.requests
    assert len(seen) == 2


def test_faults_may_be_replaced_while_serving(served: Served) -> None:
    served.simulator.faults = Faults()
    served.simulator.faults.fail(503)

    assert served.statuses(2) == [503, 200]


def test_a_failure_is_planned_for_the_next_matching_requests(served: Served) -> None:
    served.simulator.faults.fail(500, path="^/rows", method="GET", times=2, headers={"X-Why": "plan"})

    assert served.get("/other").status_code == 200
    assert served.post().status_code == 200
    failed = served.get()
    assert (failed.status_code, failed.json(), failed.headers["X-Why"]) == (500, {"echo": 500}, "plan")
    assert served.statuses(2) == [500, 200]


def test_a_failure_may_spare_some_requests_first(served: Served) -> None:
    served.simulator.faults.fail(500, after=2)

    assert served.statuses(4) == [200, 200, 500, 200]


def test_a_failure_may_come_as_html_or_without_a_body(served: Served) -> None:
    served.simulator.faults.fail(502, body="html")
    served.simulator.faults.fail(502, body="empty")

    html, empty = served.get(), served.get()

    assert html.headers["Content-Type"].startswith("text/html")
    assert html.text.startswith("<!DOCTYPE html>")
    assert (empty.status_code, empty.content) == (502, b"")


def test_a_failed_request_has_no_effect(served: Served) -> None:
    served.simulator.faults.fail(500, method="POST")

    assert served.post().status_code == 500
    assert served.simulator.posts == 0


@pytest.mark.parametrize(("after_commit", "posts"), [(False, 0), (True, 1)])
def test_a_reset_comes_before_or_after_the_request_took_effect(
    served: Served, after_commit: bool, posts: int
) -> None:
    served.simulator.faults.reset(method="POST", after_commit=after_commit)

    with pytest.raises(requests.ConnectionError):
        served.post(data=b"x" * 100)

    assert served.simulator.posts == posts
    assert served.simulator.requests[0].status == 0
    assert served.get().status_code == 200


def test_a_reset_is_one_on_the_wire(served: Served) -> None:
    served.simulator.faults.reset()
    host, _, port = served.url.removeprefix("http://").removesuffix("/echo").partition(":")

    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /echo/rows HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_cut_body_is_shorter_than_announced(served: Served) -> None:
    served.simulator.faults.cut()

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        served.get()
    assert served.get().json() == NUMBERS


def test_a_cut_body_may_look_whole_and_not_be_json(served: Served) -> None:
    served.simulator.faults.cut(keep_framing=True)

    answer = served.get()

    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_slow_body_stalls_in_its_middle(served: Served) -> None:
    served.simulator.faults.slow(30)

    with pytest.raises(requests.exceptions.ConnectionError):
        served.session.get(f"{served.url}/rows", timeout=0.2)


def test_every_answer_carries_the_standing_headers(served: Served) -> None:
    served.simulator.faults.fail(500)

    assert [served.get().headers["X-Number"] for _ in range(2)] == ["1", "2"]


def test_a_fixed_window_starts_anew_with_the_clocks_minute(served: Served) -> None:
    served.simulator.faults.rate_limit = 3
    served.simulator.pass_by(50)

    assert served.statuses(4) == [200, 200, 200, 429]
    served.simulator.pass_by(9)
    assert served.statuses(1) == [429]
    served.simulator.pass_by(1)
    assert served.statuses(4) == [200, 200, 200, 429]


def test_a_sliding_window_looks_back_sixty_seconds(served: Served) -> None:
    served.simulator.faults.rate_limit = 3
    served.simulator.faults.rate_window = "sliding"
    served.simulator.pass_by(50)

    assert served.statuses(2) == [200, 200]
    served.simulator.pass_by(20)
    assert served.statuses(2) == [200, 429]
    served.simulator.pass_by(40)
    assert served.statuses(3) == [200, 200, 429]


def test_a_request_that_weighs_more_than_is_left_is_refused(served: Served) -> None:
    served.simulator.faults.rate_limit = 3

    assert served.post().status_code == 200
    assert served.post().status_code == 429
    assert served.get().status_code == 200
    assert served.simulator.posts == 1


def test_the_budget_is_shared_with_the_accounts_other_integrations(served: Served) -> None:
    served.simulator.faults.rate_limit = 3
    served.simulator.spend(2)

    assert served.statuses(2) == [200, 429]


@pytest.mark.parametrize(
    ("kind", "expected"), [("own", {"X-Own-Retry"}), ("retry-after", {"Retry-After"}), ("none", set())]
)
def test_a_refusal_says_when_to_come_back_in_one_of_three_ways(
    served: Served, kind: str, expected: set[str]
) -> None:
    served.simulator.faults.rate_limit = 0
    served.simulator.faults.retry_header = kind  # type: ignore[assignment]  # one of the three
    served.simulator.pass_by(40)

    headers = served.get().headers

    named = {name for name in ("X-Own-Retry", "Retry-After") if name in headers}
    assert named == expected
    assert all(headers[name] == "20" for name in named)


def test_a_refused_request_uses_up_no_planned_fault(served: Served) -> None:
    served.simulator.faults.rate_limit = 0
    served.simulator.faults.fail(500)
    assert served.statuses(1) == [429]

    served.simulator.faults.rate_limit = None
    assert served.statuses(2) == [500, 200]


def test_a_decimal_keeps_its_scale() -> None:
    answer = json_response({"amount": Decimal("34937.50"), "less": Decimal("-0.10"), "text": "1.10"})

    assert answer.body == b'{"amount":34937.50,"less":-0.10,"text":"1.10"}'


def test_half_a_surrogate_pair_is_written_as_its_escape() -> None:
    answer = json_response(["\ud83d", "😀", "\x00"])

    assert json.loads(bytes(answer.body)) == ["\ud83d", "😀", "\x00"]


def test_a_view_is_built_anew_only_for_another_version_or_when_it_was_pushed_out() -> None:
    views = Views(size=2)
    built: list[tuple[str, int]] = []

    def look(key: str, version: int) -> int:
        def build() -> int:
            built.append((key, version))
            return len(built)

        return views.get(key, version, build)

    assert [look("a", 1), look("a", 1), look("a", 2)] == [1, 1, 2]
    assert [look("b", 1), look("a", 2)] == [3, 2]
    assert look("c", 1) == 4, "pushes out b, which was used longest ago"
    assert [look("a", 2), look("b", 1)] == [2, 5]
