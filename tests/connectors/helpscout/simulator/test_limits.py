"""The account's budget of requests, the headers of every answer, and Help Scout's error bodies."""

import pytest

from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import Api
from tests.connectors.served import Time


def test_every_answer_tells_the_budget(api: Api) -> None:
    api.simulator.faults.rate_limit = 400

    headers = api.get("/v2/users/me").headers

    assert headers["X-RateLimit-Limit-Minute"] == "400"
    assert headers["X-RateLimit-Remaining-Minute"] == "399"
    assert headers["Content-Type"] == "application/hal+json;charset=UTF-8"
    assert headers["Correlation-Id"].endswith("#2")


def test_a_write_costs_two_and_a_token_nothing(api: Api) -> None:
    api.simulator.faults.rate_limit = 10

    remaining = [
        api.log_in().headers["X-RateLimit-Remaining-Minute"],
        api.get("/v2/users/me").headers["X-RateLimit-Remaining-Minute"],
        api.send("POST", "/v2/customers", json={"firstName": "Kari"}).headers["X-RateLimit-Remaining-Minute"],
        api.send("DELETE", "/v2/customers/1").headers["X-RateLimit-Remaining-Minute"],
    ]

    assert remaining == ["10", "9", "7", "5"]


def test_a_spent_budget_answers_429_until_the_minute_is_over(api: Api, time: Time) -> None:
    api.simulator.faults.rate_limit = 3
    time.pass_by(seconds=15)

    answers = [api.get("/v2/users/me") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.json() == {"message": "API rate limit exceeded"}
    assert refused.headers["X-RateLimit-Retry-After"] == "45"
    assert refused.headers["X-RateLimit-Remaining-Minute"] == "0"
    assert "Retry-After" not in refused.headers

    time.pass_by(seconds=44)
    assert api.get("/v2/users/me").status_code == 429
    time.pass_by(seconds=1)
    assert api.get("/v2/users/me").status_code == 200


def test_a_refused_write_has_no_effect(api: Api, state: HelpScoutState) -> None:
    api.simulator.faults.rate_limit = 1

    assert api.send("POST", "/v2/customers", json={"firstName": "Kari"}).status_code == 429
    assert state.customers == {}
    assert api.get("/v2/users/me").status_code == 200


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_failing_server_answers_an_error_body(api: Api, status: int) -> None:
    api.simulator.faults.fail(status)

    answer = api.get("/v2/users/me")

    assert answer.status_code == status
    assert answer.json() == {
        "logRef": answer.headers["Correlation-Id"],
        "message": "Internal error",
        "links": [],
    }
    assert api.get("/v2/users/me").status_code == 200
