"""Sessions: how they are made, how they are used, and when they die."""

import base64
import json
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from connectors.tripletex.simulator_state import COMPANY_ID, EMPLOYEE_ID, TripletexState, encode_token
from tests.connectors.served import Time
from tests.connectors.tripletex.simulator.served import CONSUMER, EMPLOYEE, Api


@pytest.mark.parametrize(("method", "status"), [("PUT", 200), ("POST", 201)])
def test_a_session_is_made_by_query_or_by_body(api: Api, method: str, status: int) -> None:
    api.session.auth = None

    answer = api.open_session("2026-11-22", method)

    assert answer.status_code == status
    value = answer.json()["value"]
    assert value["expirationDate"] == "2026-11-22"
    assert value["url"] == f"tripletex.no/v2/token/session/{value['id']}"
    assert value["consumerToken"].keys() == {"id", "url"}


def test_a_session_token_is_base64_of_a_number_and_a_uuid(api: Api) -> None:
    token = api.open_session("2026-11-22").json()["value"]["token"]

    assert token.startswith("eyJ")
    assert json.loads(base64.b64decode(token)).keys() == {"tokenId", "token"}


def test_real_looking_tokens_survive_the_query(api: Api, state: TripletexState) -> None:
    state.consumer_token = encode_token(12) + "+/="

    answer = api.send(
        "PUT",
        "/token/session/:create",
        params={
            "consumerToken": state.consumer_token,
            "employeeToken": EMPLOYEE,
            "expirationDate": "2026-11-22",
        },
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("place", ["consumerToken", "employeeToken"])
def test_a_wrong_token_is_named(api: Api, place: str) -> None:
    body = {"consumerToken": CONSUMER, "employeeToken": EMPLOYEE, "expirationDate": "2026-11-22"}

    error = api.send("POST", "/token/session/:create", json=body | {place: "wrong"}).json()

    assert (error["status"], error["code"]) == (422, 18000)
    assert [message["field"] for message in error["validationMessages"]] == [f"arg:{place}"]


def test_a_missing_parameter_is_named(api: Api) -> None:
    error = api.send("PUT", "/token/session/:create", params={"consumerToken": CONSUMER}).json()

    assert (error["status"], error["code"]) == (422, 15000)
    assert {message["field"] for message in error["validationMessages"]} == {
        "employeeToken",
        "expirationDate",
    }


def test_a_date_that_is_none_is_refused(api: Api) -> None:
    assert api.open_session("2026-02-30").status_code == 422


@pytest.mark.parametrize("path", ["/token/session/>whoAmI", "/token/session/%3EwhoAmI"])
def test_who_am_i_tells_the_company_and_the_employee(api: Api, path: str) -> None:
    value = api.value(path)

    assert (value["companyId"], value["employeeId"]) == (COMPANY_ID, EMPLOYEE_ID)
    assert value["actualEmployeeId"] == EMPLOYEE_ID
    assert value["company"] == {"id": COMPANY_ID, "url": f"tripletex.no/v2/company/{COMPANY_ID}"}


@pytest.mark.parametrize("username", ["0", ""])
def test_the_username_is_zero_or_blank(api: Api, username: str) -> None:
    api.session.auth = (username, api.token)

    assert api.get("/token/session/>whoAmI").status_code == 200


def test_another_company_is_refused(api: Api) -> None:
    api.session.auth = ("4711", api.token)

    assert api.refusal("GET", "/customer") == (401, 3000)


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Bearer abc", "Basic MDp3cm9uZw=="])
def test_a_call_without_a_session_is_refused(api: Api, header: str) -> None:
    api.session.auth = None

    answer = api.send("GET", "/customer", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json() == {
        "status": 401,
        "code": 3000,
        "message": "Unauthorized",
        "link": "https://tripletex.no/v2-docs/",
        "developerMessage": "Could not log in. Check login info in Authorization header.",
        "validationMessages": None,
        "requestId": answer.headers["x-tlx-request-id"],
    }


@pytest.mark.parametrize(
    ("opened", "expires", "last", "first_dead"),
    [
        # Winter: midnight in Oslo is 23:00 UTC.
        ("2026-11-20T11:00", "2026-11-21", "2026-11-20T22:59:59", "2026-11-20T23:00:00"),
        # Summer: midnight in Oslo is 22:00 UTC.
        ("2026-07-01T11:00", "2026-07-03", "2026-07-02T21:59:59", "2026-07-02T22:00:00"),
        # The nights in which the clocks change.
        ("2026-03-28T11:00", "2026-03-29", "2026-03-28T22:59:59", "2026-03-28T23:00:00"),
        ("2026-03-28T11:00", "2026-03-30", "2026-03-29T21:59:59", "2026-03-29T22:00:00"),
        ("2026-10-24T11:00", "2026-10-25", "2026-10-24T21:59:59", "2026-10-24T22:00:00"),
        ("2026-10-24T11:00", "2026-10-26", "2026-10-25T22:59:59", "2026-10-25T23:00:00"),
    ],
)
def test_a_session_dies_when_its_date_begins_in_oslo(
    api: Api, time: Time, opened: str, expires: str, last: str, first_dead: str
) -> None:
    time.now = datetime.fromisoformat(opened).replace(tzinfo=UTC)
    api.log_in(expires)

    time.now = datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert api.get("/customer").status_code == 200

    time.now = datetime.fromisoformat(first_dead).replace(tzinfo=UTC)
    assert api.refusal("GET", "/customer") == (401, 3000)


def test_a_session_that_ends_today_is_issued_dead(api: Api, time: Time) -> None:
    """Half past midnight in Oslo is still yesterday in UTC: the date of UTC makes a dead session."""
    time.now = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)

    answer = api.open_session("2026-07-02")
    api.session.auth = ("0", answer.json()["value"]["token"])

    assert answer.status_code == 201
    assert api.refusal("GET", "/customer") == (401, 3000)


def test_a_session_can_be_ended(api: Api) -> None:
    answer = api.send("DELETE", f"/token/session/{quote(api.token, safe='')}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.refusal("GET", "/customer") == (401, 3000)


def test_a_session_lost_in_the_middle_of_a_run_is_a_401(api: Api, state: TripletexState) -> None:
    api.simulator.faults.between_requests = lambda request: state.sessions.clear()

    assert api.refusal("GET", "/customer") == (401, 3000)
