"""Sessions: made from two tokens, dead at midnight in Oslo at the start of their expiration date."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses

from connectors.errors import PermanentError, TransientError
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from schemas.policy import load_policy
from tests.connectors.fake_time import FakeTime

CREATE = "/token/session/:create"
URL = "https://tripletex.example.no/v2"


def expiration_asked(simulator: TripletexSimulator) -> list[str]:
    return [json.loads(each.body)["expirationDate"] for each in simulator.requests if each.path == CREATE]


def test_check_logs_in_and_returns_the_company(client: TripletexClient) -> None:
    assert client.check() == 5_205_177


@pytest.mark.parametrize(
    ("now", "expires"),
    [
        ("2026-11-25T12:00:00+00:00", "2026-11-27"),
        # 00:30 in Oslo while it is still the day before in UTC.
        ("2026-07-01T22:30:00+00:00", "2026-07-04"),
        ("2026-12-31T22:59:59+00:00", "2027-01-02"),
        ("2026-12-31T23:00:00+00:00", "2027-01-03"),
    ],
)
def test_the_expiration_date_is_two_days_after_the_day_in_oslo(
    client: TripletexClient, simulator: TripletexSimulator, fake_time: FakeTime, now: str, expires: str
) -> None:
    fake_time.moment = datetime.fromisoformat(now)
    client.check()
    assert expiration_asked(simulator) == [expires]


@pytest.mark.parametrize(
    ("made", "midnight"),
    [
        # Clocks go forward on 29 March 2026 and back on 25 October 2026, each at night in Oslo.
        (datetime(2026, 3, 27, 12, 0, tzinfo=UTC), datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 22, 0, tzinfo=UTC)),
        (datetime(2026, 10, 23, 12, 0, tzinfo=UTC), datetime(2026, 10, 24, 22, 0, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, 0, tzinfo=UTC), datetime(2026, 10, 25, 23, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), datetime(2026, 7, 2, 22, 0, tzinfo=UTC)),
    ],
)
def test_a_session_is_replaced_shortly_before_midnight_in_oslo(
    client: TripletexClient,
    simulator: TripletexSimulator,
    fake_time: FakeTime,
    made: datetime,
    midnight: datetime,
) -> None:
    fake_time.moment = made
    client.check()
    fake_time.moment = midnight - timedelta(minutes=11)
    client.check()
    assert len(expiration_asked(simulator)) == 1
    fake_time.moment = midnight - timedelta(minutes=9)
    client.check()
    assert len(expiration_asked(simulator)) == 2
    assert 401 not in [each.status for each in simulator.requests]


def test_a_session_that_dies_early_is_replaced_once(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    client.check()
    simulator.state.sessions.clear()
    client.check()
    assert [each.status for each in simulator.requests] == [201, 200, 401, 201, 200]


def test_a_session_that_is_never_accepted_ends_in_an_error(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    simulator.faults.fail(401, path="whoAmI", times=9)
    with pytest.raises(PermanentError, match="401"):
        client.check()
    assert [each.status for each in simulator.requests] == [201, 401, 201, 401]


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_the_post_form_gets_the_put_form(
    client: TripletexClient, simulator: TripletexSimulator, status: int
) -> None:
    simulator.faults.fail(status, path=":create", method="POST", times=5)
    client.check()
    assert [each.method for each in simulator.requests if each.path == CREATE] == ["POST", "PUT"]


def test_tokens_travel_in_the_body_and_not_in_a_url(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    client.check()
    secrets = (simulator.state.consumer_token, simulator.state.employee_token)
    assert not [
        each for each in simulator.requests if any(s in value for _, value in each.query for s in secrets)
    ]


@pytest.mark.parametrize("wrong", ["consumer_token", "employee_token"])
def test_a_wrong_token_names_its_setting_and_quotes_nothing(
    connect: Callable[..., TripletexClient],
    simulator: TripletexSimulator,
    caplog: pytest.LogCaptureFixture,
    wrong: str,
) -> None:
    caplog.set_level(logging.DEBUG, logger="connectors")
    with pytest.raises(PermanentError, match=f"check TRIPLETEX_{wrong.upper()} ") as caught:
        connect(**{wrong: "eyJhbm90aGVyIjoxfQ=="}).check()
    told = str(caught.value) + caplog.text
    assert "eyJ" not in told
    assert len(simulator.requests) == 1


def test_a_failing_login_is_tried_again_but_not_squared(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    """The retries of the login must not be repeated by the retries of the request that needs it."""
    simulator.faults.fail(503, path=":create", times=100)
    with pytest.raises(TransientError):
        client.check()
    assert len(simulator.requests) == 7


def test_closing_ends_the_session_and_makes_none(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    client.check()
    client.close()
    assert simulator.state.sessions == {}
    assert [each.method for each in simulator.requests] == ["POST", "GET", "DELETE"]


def test_closing_an_unused_client_sends_nothing(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    client.close()
    assert simulator.requests == []


def test_closing_does_not_fail_when_the_session_is_gone_already(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    client.check()
    simulator.state.sessions.clear()
    client.close()
    assert simulator.requests[-1].status == 401


@responses.activate
def test_a_session_that_the_server_shortens_is_replaced_in_time(fake_time: FakeTime) -> None:
    granted = {"value": {"token": "c2hvcnQ=", "expirationDate": "2026-11-26"}}
    login = responses.post(URL + CREATE, json=granted, status=201)
    responses.get(URL + "/token/session/%3EwhoAmI", json={"value": {"companyId": 7}})
    client = TripletexClient.connect(load_policy(), URL, "c", "e", clock=fake_time.now)
    client.check()
    fake_time.moment = datetime(2026, 11, 25, 22, 55, tzinfo=UTC)
    client.check()
    assert login.call_count == 2


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {"token": ""}}, []])
@responses.activate
def test_a_session_without_a_token_is_an_error(body: Any) -> None:
    responses.post(URL + CREATE, json=body, status=201)
    with pytest.raises(PermanentError, match="without a token"):
        TripletexClient.connect(load_policy(), URL, "c", "e").check()
