"""The one way out: what is not declared is not sent, what fails is tried again or told, nothing is leaked."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
import responses
import time_machine
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from connectors import egress as module
from connectors import transport
from connectors.budget import RequestBudget
from connectors.egress import Egress
from connectors.errors import (
    AmbiguousError,
    EgressError,
    PermanentError,
    RateLimitedError,
    RefusedByPolicyError,
    TransientError,
    UnauthorizedError,
)
from connectors.retries import MAX_WAIT_SECONDS
from connectors.simulation.server import LoopbackServer
from connectors.urls import url_problem
from schemas.policy import Policy, load_policy

URL = "https://source.example.no/base"
SECRET = "kari.nordmann"

RECIPIENT = {
    "name": "Kilde",
    "setting": "SOURCE_URL",
    "role": "own_system",
    "country": "NO",
    "purposes": ["support"],
    "requests": [
        {"method": "GET", "path": "/people", "query": ["name", "page", "on"]},
        {"method": "GET", "path": "/people/{id}"},
        {"method": "GET", "path": "/activities/{activity}/people", "allow": {"activity": "own"}},
        {"method": "POST", "path": "/people", "body": ["name"]},
        {"method": "PUT", "path": "/people/{id}", "body": ["name"]},
        {"method": "DELETE", "path": "/people/{id}"},
        {"method": "PATCH", "path": "/people/{id}/name", "body": ["first", "last"]},
        {"method": "POST", "path": "/token", "body": ["secret"]},
    ],
}


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The real policy with one more recipient."""
    whole = load_policy().model_dump(by_alias=True)
    whole["recipients"]["source"] = RECIPIENT
    return Policy.model_validate(whole)


class Waits(list[float]):
    """What was slept, in seconds, and the clock that it moved."""

    def sleep(self, seconds: float) -> None:
        self.append(seconds)

    def clock(self) -> float:
        return 1_000.0 + sum(self)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def make(policy: Policy, waits: Waits) -> Iterator[Callable[..., Egress]]:
    made: list[Egress] = []

    def egress(url: str = URL, **options: Any) -> Egress:
        options.setdefault("budget", RequestBudget(10_000, clock=waits.clock, sleep=waits.sleep))
        made.append(Egress(policy, "source", url, sleep=waits.sleep, **options))
        return made[-1]

    yield egress
    for one in made:
        one.close()


@pytest.fixture
def egress(make: Callable[..., Egress]) -> Egress:
    return make(allow={"own": ["12"]})


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(Response()) as running:
        yield running


@pytest.fixture
def answers() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


class TestPolicy:
    """Nothing leaves that policy.yaml does not list."""

    @pytest.mark.parametrize(
        ("method", "path", "options"),
        [
            ("GET", "/secrets", {}),
            ("PATCH", "/people/{id}", {"variables": {"id": 1}}),
            ("GET", "/people/1", {}),
            ("GET", "/people", {"query": {"email": SECRET}}),
            ("GET", "/people", {"query": {"name": "x", "email": SECRET}}),
            ("POST", "/people", {"body": {"name": "x", "answers": SECRET}}),
            ("POST", "/token", {"form": {"secret": "x", "scope": SECRET}}),
            ("PATCH", "/people/{id}/name", {"variables": {"id": 1}, "patch": {"first": "x", "nick": SECRET}}),
            ("GET", "/activities/{activity}/people", {"variables": {"activity": 13}}),
            ("GET", "/activities/{activity}/people", {"variables": {}}),
            ("GET", "/people/{id}", {"variables": {"id": ""}}),
            ("GET", "/people/{id}", {"variables": {"id": ".."}}),
            ("GET", "/people/{id}", {"variables": {"id": None}}),
            ("GET", "/people/{id}", {}),
            ("GET", "/people", {"variables": {"id": 1}}),
        ],
    )
    def test_an_undeclared_request_is_refused_before_anything_is_sent(
        self, egress: Egress, answers: responses.RequestsMock, method: str, path: str, options: dict[str, Any]
    ) -> None:
        with pytest.raises(RefusedByPolicyError) as caught:
            egress.request(method, path, **options)
        assert SECRET not in str(caught.value)
        assert egress.requests_sent == 0
        assert not answers.calls

    def test_an_allow_list_that_was_not_given_allows_nothing(self, make: Callable[..., Egress]) -> None:
        with pytest.raises(RefusedByPolicyError):
            make().request("GET", "/activities/{activity}/people", variables={"activity": 12})

    def test_a_variable_cannot_leave_its_place_in_the_path(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people/..%2F..%2Fsecrets%3Fa%3D1", json=1)
        egress.request("GET", "/people/{id}", variables={"id": "../../secrets?a=1"})

    def test_parameters_without_a_value_are_left_out_and_truth_is_lower_case(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people?on=true&page=2", json=1)
        egress.request("GET", "/people", query={"name": None, "on": True, "page": 2})

    def test_requests_are_counted_by_template_so_that_no_id_of_a_person_is_kept(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people/77", json=1)
        answers.get(f"{URL}/activities/12/people", json=[])
        egress.request("GET", "/people/{id}", variables={"id": 77})
        egress.request("GET", "/activities/{activity}/people", variables={"activity": 12})
        assert egress.counts == {
            ("GET", "/people/{id}", 200): 1,
            ("GET", "/activities/12/people", 200): 1,
        }

    def test_environment_variables_add_neither_proxy_nor_credentials(
        self, egress: Egress, answers: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine source.example.no login someone password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTPS_PROXY", "http://elsewhere.example.no:1")
        answers.get(f"{URL}/people", json=1)
        egress.request("GET", "/people")
        call = answers.calls[0].request
        assert "Authorization" not in call.headers
        assert not call.req_kwargs["proxies"]  # type: ignore[attr-defined]  # set by responses

    def test_a_redirect_is_not_followed(self, egress: Egress, answers: responses.RequestsMock) -> None:
        answers.get(f"{URL}/people", status=302, headers={"Location": "https://elsewhere.example.no/"})
        with pytest.raises(PermanentError, match="is not followed; is the address") as caught:
            egress.request("GET", "/people")
        assert "elsewhere" not in str(caught.value)
        assert len(answers.calls) == 1


class TestRetries:
    @pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
    def test_what_may_pass_is_tried_again(
        self, egress: Egress, answers: responses.RequestsMock, status: int
    ) -> None:
        answers.get(f"{URL}/people", status=status, body="<html>")
        answers.get(f"{URL}/people", json=[1])
        assert egress.request("GET", "/people").body == [1]
        assert egress.counts == {("GET", "/people", status): 1, ("GET", "/people", 200): 1}

    @pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 412, 413, 415, 422, 423, 501])
    def test_what_will_not_pass_is_told_at_once(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits, status: int
    ) -> None:
        answers.get(f"{URL}/people", status=status, json={"code": 6000, "rejectedValue": SECRET})
        with pytest.raises(PermanentError) as caught:
            egress.request("GET", "/people", query={"name": SECRET})
        assert (caught.value.status, caught.value.code) == (status, 6000)
        assert f"answered {status}, its code 6000" in str(caught.value)
        assert SECRET not in str(caught.value)
        assert not waits

    @pytest.mark.parametrize(
        ("status", "what_to_do"),
        [
            (403, "give it to them at the source"),
            (404, "in the settings right"),
            (405, "in the settings right"),
        ],
    )
    def test_what_will_not_pass_is_told_with_what_to_do(
        self, egress: Egress, answers: responses.RequestsMock, status: int, what_to_do: str
    ) -> None:
        answers.get(f"{URL}/people", status=status, body="<html>")
        with pytest.raises(PermanentError, match=f"GET /people: answered {status}; .*{what_to_do}"):
            egress.request("GET", "/people")

    def test_a_code_that_could_be_a_number_of_somebody_is_not_told(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", status=422, json={"code": 90010005})
        with pytest.raises(PermanentError) as caught:
            egress.request("GET", "/people")
        assert str(caught.value).endswith("GET /people: answered 422")

    def test_a_failure_that_stays_is_told_after_seven_attempts_or_as_many_as_were_asked_for(
        self, make: Callable[..., Egress], answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", status=503)
        for egress, attempts in ((make(), 7), (make(attempts=2), 2)):
            with pytest.raises(TransientError):
                egress.request("GET", "/people")
            assert egress.requests_sent == attempts

    @pytest.mark.parametrize(
        "headers",
        [
            {"X-RateLimit-Retry-After": "20"},
            {"x-ratelimit-retry-after": "20", "Retry-After": "99"},
            {"X-Rate-Limit-Reset": "20"},
            {"Retry-After": "20"},
            {"X-RateLimit-Retry-After": "19.2"},
            {"Retry-After": "Wed, 25 Nov 2026 12:00:20 GMT"},
            {"Retry-After": "Wed, 25 Nov 2026 12:00:20 -0000"},
            {"X-Rate-Limit-Reset": "1795608020"},
            {"X-Rate-Limit-Reset": "1795608020000"},
            {"Retry-After": "Wed, 25 Nov 2026 12:10:20 GMT", "Date": "Wed, 25 Nov 2026 12:10:00 GMT"},
            {"X-Rate-Limit-Reset": "1795607420", "Date": "Wed, 25 Nov 2026 11:50:00 GMT"},
        ],
    )
    @time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    def test_the_server_says_when_to_come_back(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits, headers: dict[str, str]
    ) -> None:
        answers.get(f"{URL}/people", status=429, headers=headers)
        answers.get(f"{URL}/people", json=1)
        egress.request("GET", "/people")
        assert 20 <= waits[0] < 22

    @time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
    def test_a_time_that_has_passed_is_not_waited_for(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits
    ) -> None:
        answers.get(f"{URL}/people", status=503, headers={"Retry-After": "Wed, 25 Nov 2026 11:00:00 GMT"})
        answers.get(f"{URL}/people", json=1)
        egress.request("GET", "/people")
        assert waits[0] < 1

    @pytest.mark.parametrize("status", [400, 404])
    def test_a_refusal_that_is_accepted_may_come_without_json(
        self, egress: Egress, answers: responses.RequestsMock, status: int
    ) -> None:
        answers.get(f"{URL}/people", status=status, body="<html>")
        answer = egress.request("GET", "/people", accept=(200, status))
        assert (answer.status, answer.body, answer.empty) == (status, None, False)

    @pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "-5"])
    def test_a_header_that_says_nothing_is_like_none(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits, value: str
    ) -> None:
        answers.get(f"{URL}/people", status=429, headers={"Retry-After": value})
        answers.get(f"{URL}/people", json=1)
        egress.request("GET", "/people")
        assert 0 <= waits[0] <= 61

    def test_a_fault_does_not_wait_for_the_end_of_the_rate_period(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits
    ) -> None:
        """Tripletex tells of its period on every answer, a failing one too."""
        answers.get(f"{URL}/people", status=500, headers={"X-Rate-Limit-Reset": "58"})
        answers.get(f"{URL}/people", json=1)
        egress.request("GET", "/people")
        assert waits[0] < 5

    def test_waits_without_a_header_outlast_a_minute_before_the_last_attempts(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits
    ) -> None:
        answers.get(f"{URL}/people", status=429)
        with pytest.raises(RateLimitedError):
            egress.request("GET", "/people")
        assert sum(waits[:3]) > 60

    @pytest.mark.parametrize(
        ("status", "headers"),
        [
            (429, {"X-RateLimit-Retry-After": "100000"}),
            (429, {"X-Rate-Limit-Reset": "99999999"}),
            (200, {"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "100000"}),
        ],
    )
    def test_a_long_ban_is_told_to_every_later_request_too_instead_of_being_slept_through(
        self,
        egress: Egress,
        answers: responses.RequestsMock,
        waits: Waits,
        status: int,
        headers: dict[str, str],
    ) -> None:
        """The next step of a run asks through the same budget: it would hang for a day, saying nothing."""
        answers.get(f"{URL}/people", status=status, json=1, headers=headers)
        with contextlib.suppress(RateLimitedError):
            egress.request("GET", "/people")
        with pytest.raises(RateLimitedError, match=r"not sent.*left alone for [\d,]+ s more"):
            egress.request("GET", "/people")
        assert egress.requests_sent == 1
        assert not waits

    def test_a_ban_that_is_over_is_forgotten(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits
    ) -> None:
        answers.get(f"{URL}/people", status=429, headers={"Retry-After": "5000"})
        answers.get(f"{URL}/people", json=[1])
        with pytest.raises(RateLimitedError, match="left alone for 5,000 s"):
            egress.request("GET", "/people")
        waits.sleep(5001)
        assert egress.request("GET", "/people").body == [1]

    @pytest.mark.parametrize("status", [202, 203, 204, 205, 206])
    def test_a_list_that_is_not_there_yet_is_asked_for_again(
        self, egress: Egress, answers: responses.RequestsMock, status: int
    ) -> None:
        """None of these says that the list is empty."""
        answers.get(f"{URL}/people", status=status)
        answers.get(f"{URL}/people", json=[1])
        assert egress.request("GET", "/people").body == [1]

    def test_a_server_that_wants_to_be_left_alone_for_long_is_not_waited_for(
        self, egress: Egress, answers: responses.RequestsMock, waits: Waits
    ) -> None:
        answers.get(f"{URL}/people", status=503, headers={"Retry-After": str(int(MAX_WAIT_SECONDS) + 1)})
        with pytest.raises(TransientError):
            egress.request("GET", "/people")
        assert not waits

    @pytest.mark.parametrize("body", ["", "<html>", '{"a": 1', b"\x1f\x8b", "{'a': 1}"])
    def test_a_body_that_is_not_whole_json_is_asked_for_again(
        self, egress: Egress, answers: responses.RequestsMock, body: Any
    ) -> None:
        answers.get(f"{URL}/people", body=body)
        answers.get(f"{URL}/people", json={"a": 1})
        assert egress.request("GET", "/people").body == {"a": 1}


class TestWrites:
    """A write whose answer is lost may have taken effect: it is never sent again blindly."""

    def test_a_patch_replaces_what_it_names_and_removes_what_has_no_value(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.patch(f"{URL}/people/7/name", status=204)
        patch = {"first": "Kari", "last": None}
        egress.request("PATCH", "/people/{id}/name", variables={"id": 7}, patch=patch, accept=(204,))
        request = answers.calls[0].request
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body or b"") == [
            {"op": "replace", "path": "/first", "value": "Kari"},
            {"op": "remove", "path": "/last"},
        ]

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
    def test_a_post_that_failed_is_ambiguous(
        self, egress: Egress, answers: responses.RequestsMock, status: int
    ) -> None:
        answers.post(f"{URL}/people", status=status)
        with pytest.raises(AmbiguousError):
            egress.request("POST", "/people", body={"name": "x"})
        assert egress.requests_sent == 1

    def test_a_post_whose_answer_is_cut_is_ambiguous(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.post(f"{URL}/people", body='{"id"', status=201)
        with pytest.raises(AmbiguousError):
            egress.request("POST", "/people", body={"name": "x"}, accept=(201,))

    def test_a_post_whose_connection_broke_is_ambiguous(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.post(f"{URL}/people", body=requests.ConnectionError("reset"))
        with pytest.raises(AmbiguousError):
            egress.request("POST", "/people", body={"name": "x"})

    def test_a_post_that_was_refused_for_the_rate_was_not_carried_out(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.post(f"{URL}/people", status=429)
        answers.post(f"{URL}/people", json={"id": 1}, status=201)
        assert egress.request("POST", "/people", body={"name": "x"}, accept=(201,)).body == {"id": 1}

    def test_a_post_that_never_got_a_connection_is_tried_again(self, make: Callable[..., Egress]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        egress = make(f"http://127.0.0.1:{port}", attempts=3)
        with pytest.raises(TransientError, match="is the address right"):
            egress.request("POST", "/people", body={"name": "x"})
        assert egress.counts == {("POST", "/people", 0): 3}

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_what_does_the_same_twice_is_tried_again(
        self, egress: Egress, answers: responses.RequestsMock, method: str
    ) -> None:
        answers.add(method, f"{URL}/people/1", status=500)
        answers.add(method, f"{URL}/people/1", status=204)
        answer = egress.request(method, "/people/{id}", variables={"id": 1}, accept=(204,))
        assert (answer.body, answer.empty) == (None, True)

    def test_a_write_costs_two_of_the_budget_a_read_one_and_a_free_request_nothing(
        self, make: Callable[..., Egress], answers: responses.RequestsMock
    ) -> None:
        taken: list[int] = []

        class Noting(RequestBudget):
            def take(self, weight: int = 1) -> None:
                taken.append(weight)

        answers.get(f"{URL}/people", json=1)
        answers.post(f"{URL}/people", json=1)
        answers.post(f"{URL}/token", json=1)
        egress = make(budget=Noting(1))
        egress.request("GET", "/people")
        egress.request("POST", "/people", body={"name": "x"})
        egress.request("POST", "/token", form={"secret": "x"}, weight=0)
        assert taken == [1, 2]


class Token:
    """Credentials whose first token is refused."""

    def __init__(self) -> None:
        self.number = 1

    def headers(self, egress: Egress) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.number}"}

    def renew(self) -> None:
        self.number += 1


class TestCredentials:
    def test_a_refused_token_is_renewed_once(
        self, make: Callable[..., Egress], answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", status=401)
        answers.get(f"{URL}/people", json=1)
        make(credentials=Token()).request("GET", "/people")
        assert [call.request.headers["Authorization"] for call in answers.calls] == ["Bearer 1", "Bearer 2"]

    def test_credentials_that_stay_refused_are_told(
        self, make: Callable[..., Egress], answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", status=401, json={"token": SECRET})
        with pytest.raises(UnauthorizedError) as caught:
            make(credentials=Token()).request("GET", "/people")
        assert len(answers.calls) == 2
        assert SECRET not in str(caught.value)

    def test_an_anonymous_request_carries_none(
        self, make: Callable[..., Egress], answers: responses.RequestsMock
    ) -> None:
        answers.post(f"{URL}/token", json=1)
        make(credentials=Token()).request("POST", "/token", form={"secret": "x"}, anonymous=True)
        assert "Authorization" not in answers.calls[0].request.headers


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "parsed"),
        [
            (b'{"a": 1.10}', {"a": Decimal("1.10")}),
            (b'{"a": 12345678901234567890}', {"a": 12345678901234567890}),
            (b'{"a": ' + b"9" * 5_000 + b"}", {"a": Decimal("9" * 5_000)}),
            ('{"a": "Åse"}'.encode("utf-16"), {"a": "Åse"}),
            (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
            (b'{"a": "\xff"}', {"a": "\ufffd"}),
            (b'{"a": "\\ud800"}', {"a": "\ud800"}),
            (b'{"a": Infinity}', {"a": Decimal("Infinity")}),
        ],
    )
    def test_json_is_read_exactly_and_leniently(
        self, egress: Egress, answers: responses.RequestsMock, body: bytes, parsed: object
    ) -> None:
        answers.get(f"{URL}/people", body=body)
        assert egress.request("GET", "/people").body == parsed

    @pytest.mark.parametrize(
        ("charset", "written"),
        [
            ("; charset=ISO-8859-1", "Bjørn Ås"),
            ('; charset="windows-1252"', "Bjørn Ås"),
            ("; charset=utf-8", "Bj\ufffdrn \ufffds"),
            ("; charset=no-such-thing", "Bj\ufffdrn \ufffds"),
            ("", "Bj\ufffdrn \ufffds"),
        ],
    )
    def test_a_body_that_is_no_utf_8_is_read_by_the_charset_that_it_names(
        self, egress: Egress, answers: responses.RequestsMock, charset: str, written: str
    ) -> None:
        body = json.dumps({"a": "Bjørn Ås"}, ensure_ascii=False).encode("latin-1")
        answers.get(f"{URL}/people", body=body, content_type=f"application/json{charset}")
        assert egress.request("GET", "/people").body == {"a": written}

    @pytest.mark.parametrize("charset", ["ISO-8859-1", "base64", "utf-7"])
    def test_utf_8_is_read_as_such_whatever_the_answer_calls_it(
        self, egress: Egress, answers: responses.RequestsMock, charset: str
    ) -> None:
        body = json.dumps({"a": "Bjørn Ås"}, ensure_ascii=False).encode()
        answers.get(f"{URL}/people", body=body, content_type=f"application/json; charset={charset}")
        assert egress.request("GET", "/people").body == {"a": "Bjørn Ås"}

    def test_nan_is_left_to_the_validation_of_its_record(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", body=b'[{"a": NaN}, {"a": 1}]')
        first, second = egress.request("GET", "/people").body
        assert first["a"].is_nan()
        assert second == {"a": 1}

    @pytest.mark.parametrize("body", ["", "  ", "null"])
    def test_a_good_answer_that_says_nothing_is_asked_for_again(
        self, egress: Egress, answers: responses.RequestsMock, body: str
    ) -> None:
        answers.get(f"{URL}/people", body=body)
        answers.get(f"{URL}/people", json=[1])
        assert egress.request("GET", "/people").body == [1]

    def test_nesting_beyond_all_measure_is_an_error_and_no_crash(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", body=b"[" * 200_000)
        with pytest.raises(TransientError):
            egress.request("GET", "/people")

    def test_a_body_beyond_all_measure_is_not_read_to_its_end(
        self, egress: Egress, answers: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MAX_BODY_BYTES", 1_000)
        answers.get(f"{URL}/people", body=json.dumps("x" * 2_000))
        with pytest.raises(PermanentError, match="larger than 1000 bytes"):
            egress.request("GET", "/people")

    def test_an_error_page_that_is_accepted_has_no_body(
        self, egress: Egress, answers: responses.RequestsMock
    ) -> None:
        answers.get(f"{URL}/people", status=404, body="<html>")
        answer = egress.request("GET", "/people", accept=(200, 404))
        assert (answer.status, answer.body, answer.empty) == (404, None, False)


class TestOnTheWire:
    """Over real connections: packed, dripping and broken bodies."""

    def test_a_packed_body_is_unpacked(self, make: Callable[..., Egress], server: LoopbackServer) -> None:
        packed = gzip.compress(json.dumps(["Åse"] * 50_000).encode())
        server.app = Response(packed, headers={"Content-Encoding": "gzip"})
        assert make(server.url).request("GET", "/people").body == ["Åse"] * 50_000

    def test_a_packed_body_that_is_cut_is_asked_for_again(
        self, make: Callable[..., Egress], server: LoopbackServer
    ) -> None:
        packed = gzip.compress(json.dumps(list(range(9_999))).encode())
        bodies = iter([packed[: len(packed) // 2], b"not packed at all", packed])

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await Response(next(bodies), headers={"Content-Encoding": "gzip"})(scope, receive, send)

        server.app = app
        assert make(server.url).request("GET", "/people").body == list(range(9_999))

    def test_an_answer_that_takes_too_long_is_given_up_on(
        self, make: Callable[..., Egress], server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.0)
        server.app = JSONResponse([])
        with pytest.raises(TransientError, match="no answer in time"):
            make(server.url, attempts=1).request("GET", "/people")

    def test_a_host_that_speaks_no_tls_is_told_as_such(
        self, make: Callable[..., Egress], server: LoopbackServer
    ) -> None:
        """The address in the settings says https where it should say http."""
        with pytest.raises(TransientError, match="TLS"):
            make(server.url.replace("http:", "https:"), attempts=1).request("GET", "/people")

    def test_a_web_page_in_the_place_of_an_answer_is_told_as_such(
        self, make: Callable[..., Egress], server: LoopbackServer
    ) -> None:
        """A login page stands before the system, or the address leads elsewhere."""
        server.app = HTMLResponse(f"\n<!DOCTYPE html><title>Logg inn, {SECRET}</title>")
        with pytest.raises(TransientError, match="a web page instead of JSON") as caught:
            make(server.url, attempts=2).request("GET", "/people")
        assert SECRET not in str(caught.value)

    def test_neither_a_log_line_nor_an_error_holds_anything_personal(
        self, make: Callable[..., Egress], server: LoopbackServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.app = JSONResponse({"rejectedValue": SECRET}, 500, headers={"X-Name": SECRET})
        with caplog.at_level(logging.DEBUG), pytest.raises(EgressError) as caught:
            make(server.url, attempts=2).request("GET", "/people", query={"name": SECRET})
        # The server of the test logs as well, and may.
        ours = [record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn")]
        assert ours
        assert SECRET not in "\n".join(ours)
        assert SECRET not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://api.example.no/v2", None),
        ("http://127.0.0.1:9000/helpscout", None),
        ("api.example.no", "is not a URL"),
        ("ftp://api.example.no", "is not a URL"),
        ("https://", "is not a URL"),
        ("https://api.example.no:port", "is not a URL"),
        ("https://api.example.no:0", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://user:secret@api.example.no", "must hold no user"),
        ("https://api.example.no/?page=1", "must hold no user"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_in_a_few_words(url: str, problem: str | None) -> None:
    found = url_problem(url)
    assert (found is None) == (problem is None)
    assert problem is None or (found is not None and found.startswith(problem))
