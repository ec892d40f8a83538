"""Tokens: how they are asked for, how long they live, and what a call without one meets."""

import pytest

from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import Api
from tests.connectors.served import Time

CREDENTIALS = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "app-secret"}


@pytest.mark.parametrize("place", ["data", "json", "params"])
def test_parameters_come_as_form_as_json_or_in_the_query(api: Api, place: str) -> None:
    answer = api.send("POST", "/v2/oauth2/token", **{place: CREDENTIALS})

    assert answer.status_code == 200
    assert answer.json() == {
        "token_type": "bearer",
        "access_token": answer.json()["access_token"],
        "expires_in": 172_800,
    }


def test_a_body_of_another_media_type_is_not_read(api: Api) -> None:
    answer = api.send("POST", "/v2/oauth2/token", data="{}", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 400


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_secret_is_refused(api: Api, status: int) -> None:
    api.simulator.behaviour.wrong_secret_status = status  # type: ignore[assignment]  # one of the two

    answer = api.log_in(client_secret="wrong")

    assert (answer.status_code, answer.json()["error"]) == (status, "invalid_client")


def test_another_grant_is_refused(api: Api) -> None:
    assert api.log_in(grant_type="password").status_code == 400


@pytest.mark.parametrize("header", ["", "Bearer unknown", "Basic YXBwOmFwcC1zZWNyZXQ="])
def test_a_call_without_a_valid_token_is_refused(api: Api, header: str) -> None:
    answer = api.send("GET", "/v2/users/me", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_dies_when_its_time_is_over(api: Api, time: Time) -> None:
    time.pass_by(seconds=172_799)
    assert api.get("/v2/users/me").status_code == 200

    time.pass_by(seconds=1)
    assert api.get("/v2/users/me").status_code == 401


def test_the_lifetime_is_the_servers_to_say(api: Api, time: Time) -> None:
    api.simulator.behaviour.token_lifetime = 7200

    assert api.log_in().json()["expires_in"] == 7200
    time.pass_by(seconds=7200)
    assert api.get("/v2/users/me").status_code == 401


def test_a_token_may_die_in_the_middle_of_a_run(api: Api) -> None:
    api.simulator.behaviour.token_uses = 2

    assert [api.get("/v2/users/me").status_code for _ in range(3)] == [200, 200, 401]
    api.log_in()
    assert api.get("/v2/users/me").status_code == 200


def test_revoked_tokens_are_refused_and_a_new_one_is_given(api: Api) -> None:
    api.simulator.revoke_tokens()

    assert api.get("/v2/users/me").status_code == 401
    api.log_in()
    assert api.get("/v2/users/me").status_code == 200


def test_a_new_token_leaves_the_old_one_valid(api: Api) -> None:
    old = api.session.headers["Authorization"]
    api.log_in()
    assert old != api.session.headers["Authorization"]

    api.session.headers["Authorization"] = old
    assert api.get("/v2/users/me").status_code == 200


def test_nothing_is_answered_when_the_apps_user_has_left(api: Api) -> None:
    api.simulator.behaviour.user_active = False

    assert api.get("/v2/users/me").status_code == 401
    assert api.log_in().status_code == 401


def test_me_is_the_user_the_app_belongs_to(api: Api, state: HelpScoutState) -> None:
    state.add_user(100, "Berit", "Lie", "berit@selskap.example.no")

    assert api.get("/v2/users/me").json()["firstName"] == "Ola"
