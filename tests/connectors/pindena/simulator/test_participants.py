"""Pindena's participant lists as its simulator serves them, over real HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from connectors.pindena.simulator import PindenaSimulator
from connectors.pindena.simulator_state import PindenaState
from connectors.simulation.server import LoopbackServer

COURSE, ORDER_FORM, FOREIGN = 101, 102, 900
NOON_IN_OSLO = datetime(2026, 3, 10, 11, 0, 0, tzinfo=UTC)


@dataclass
class Api:
    """A client that knows nothing but HTTP."""

    url: str
    simulator: PindenaSimulator
    session: requests.Session

    def get(self, activity: object = COURSE, **query: Any) -> requests.Response:
        """The participant list of an activity."""
        path = f"/api/v1/activities/{activity}/participants"
        return self.session.get(f"{self.url}{path}", params=query, timeout=10)

    def ids(self, activity: int = COURSE, **query: Any) -> list[int]:
        """The participants' ids."""
        answer = self.get(activity, **query)
        assert answer.status_code == 200, answer.text
        return [row["RegistrationPersonStructID"] for row in answer.json()]


@pytest.fixture
def state() -> PindenaState:
    """Two own activities, and an event of a customer with one participant."""
    installation = PindenaState(now=lambda: NOON_IN_OSLO)
    installation.add_activity(COURSE, "Grunnkurs")
    installation.add_activity(ORDER_FORM, "Bestilling")
    installation.add_activity(FOREIGN, "Sommerfest", organizer="Velforeningen Åsen")
    installation.add_participant(9001, FOREIGN, "Marte", "Moen", email="marte@example.no")
    return installation


@pytest.fixture
def api(server: LoopbackServer, state: PindenaState) -> Iterator[Api]:
    """The installation below `/pindena` of the loopback port, and a client with the password."""
    simulator = PindenaSimulator(state, clock=lambda: NOON_IN_OSLO)
    server.app = Starlette(routes=[Mount("/pindena", app=simulator.app)])
    with requests.Session() as session:
        session.auth = ("api", "api-secret")
        yield Api(f"{server.url}/pindena", simulator, session)


def test_a_list_is_a_bare_array_of_participants(api: Api, state: PindenaState) -> None:
    state.add_participant(
        1,
        COURSE,
        "Kari",
        "Lie",
        email="kari@example.no",
        phone="59 44 00 01",
        company="Fjord AS",
        Paid="Invoiced",
    )

    answer = api.get()

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == [
        {
            "RegistrationPersonStructID": 1,
            "RegistrationID": COURSE,
            "Active": 1,
            "FirstName": "Kari",
            "LastName": "Lie",
            "Email": "kari@example.no",
            "Phone": "59 44 00 01",
            "CompanyName": "Fjord AS",
            "Status": "registered",
            "Paid": "Invoiced",
            "Attended": 0,
            "Passed": 0,
            "Count": 1,
        }
    ]


def test_an_activity_without_participants_answers_an_empty_array(api: Api) -> None:
    assert api.get().json() == []


@pytest.mark.parametrize("auth", [None, ("api", "wrong"), ("other", "api-secret"), ("api", "")])
def test_a_wrong_password_is_refused(api: Api, auth: tuple[str, str] | None) -> None:
    api.session.auth = auth

    answer = api.get()

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic", "Basic ***", "Bearer YXBpOmFwaS1zZWNyZXQ="])
def test_another_authorization_is_refused(api: Api, header: str) -> None:
    api.session.auth = None
    api.session.headers["Authorization"] = header

    assert api.get().status_code == 401


@pytest.mark.parametrize("activity", [7, "kurs", "-101", "101x"])
def test_an_activity_that_is_not_there_is_not_found(api: Api, activity: object) -> None:
    assert api.get(activity).status_code == 404
    assert api.session.get(f"{api.url}/api/v1/activities", timeout=10).status_code == 404


@pytest.fixture
def statuses(state: PindenaState) -> None:
    for number, status in enumerate(("registered", "confirmed", "cancelled", "waiting"), start=1):
        state.add_participant(number, COURSE, status=status)


@pytest.mark.usefixtures("statuses")
def test_without_a_change_parameter_only_those_who_take_part_are_listed(api: Api) -> None:
    assert api.ids() == [1, 2]
    assert api.ids(updated_after="", updated_before="") == [1, 2]


@pytest.mark.usefixtures("statuses")
@pytest.mark.parametrize(
    "query",
    [
        {"updated_after": "2026-03-10"},
        {"updated_before": "2026-03-11"},
        {"updated_after": "2026-03-10", "updated_before": "2026-03-11"},
    ],
)
def test_with_a_change_parameter_every_status_is_listed(api: Api, query: dict[str, str]) -> None:
    assert api.ids(COURSE, **query) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"updated_after": "2026-03-10"}, [2, 3, 4]),
        ({"updated_before": "2026-03-10"}, [1, 2]),
        ({"updated_before": "2026-03-09"}, []),
        ({"updated_after": "2026-03-10 12:00"}, [3, 4]),
        ({"updated_after": "2026-03-10 12:00:01"}, [4]),
        ({"updated_after": "2026-03-10 00:00", "updated_before": "2026-03-10 12:00"}, [2, 3]),
        ({"updated_after": "2026-03-11"}, []),
    ],
)
def test_change_parameters_are_dates_or_dates_and_times_in_oslo(
    api: Api, state: PindenaState, query: dict[str, str], expected: list[int]
) -> None:
    times = (
        NOON_IN_OSLO - timedelta(hours=12, seconds=1),
        NOON_IN_OSLO - timedelta(hours=12),
        NOON_IN_OSLO,
        NOON_IN_OSLO + timedelta(minutes=1),
    )
    for number, moment in enumerate(times, start=1):
        state.add_participant(number, COURSE, at=moment)

    assert api.ids(COURSE, **query) == expected


def test_the_time_zone_knows_summer(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE, at=datetime(2026, 7, 1, 10, 0, tzinfo=UTC))

    assert api.ids(updated_after="2026-07-01 12:00") == [1]
    assert api.ids(updated_after="2026-07-01 12:01") == []


def test_the_time_zone_is_unknown(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE, at=NOON_IN_OSLO)
    api.simulator.behaviour.time_zone = "UTC"

    assert api.ids(updated_after="2026-03-10 11:00") == [1]
    assert api.ids(updated_after="2026-03-10 12:00") == []


def test_whether_the_given_time_itself_belongs_to_the_answer_is_unknown(
    api: Api, state: PindenaState
) -> None:
    state.add_participant(1, COURSE, at=NOON_IN_OSLO)
    bounds = ({"updated_after": "2026-03-10 12:00"}, {"updated_before": "2026-03-10 12:00"})
    assert [api.ids(COURSE, **bound) for bound in bounds] == [[1], [1]]

    api.simulator.behaviour.inclusive = False
    assert [api.ids(COURSE, **bound) for bound in bounds] == [[], []]


@pytest.mark.parametrize(
    "text", ["2026-03-10T12:00", "2026-03-10T12:00:00Z", "10.03.2026", "2026-02-30", "x"]
)
def test_a_time_of_another_form_is_refused(api: Api, text: str) -> None:
    assert api.get(updated_after=text).status_code == 400


@pytest.mark.usefixtures("statuses")
def test_a_system_before_version_5_13_ignores_the_change_parameters(api: Api) -> None:
    api.simulator.behaviour.change_parameters = False

    assert api.ids(updated_after="2030-01-01") == [1, 2]


def test_a_cancelled_participant_shows_only_among_the_changes(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE, at=NOON_IN_OSLO - timedelta(days=9))
    state.cancel(1)

    assert api.ids() == []
    (row,) = api.get(updated_after="2026-03-10").json()
    assert (row["Status"], row["Active"]) == ("cancelled", 0)


def test_a_changed_participant_shows_among_the_changes(api: Api, state: PindenaState) -> None:
    for number in (1, 2):
        state.add_participant(number, COURSE, at=NOON_IN_OSLO - timedelta(days=9))
    state.change_participant(1, Email="ny@example.no", Attended=1)
    state.remove_fields(2, "Phone")

    first, second = api.get(updated_after="2026-03-10").json()
    assert (first["Email"], first["Attended"]) == ("ny@example.no", 1)
    assert "Phone" not in second


def test_a_deleted_participant_leaves_no_trace(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE)
    state.delete_participant(1)

    assert api.ids(updated_after="2000-01-01") == []
    with pytest.raises(KeyError):
        state.delete_participant(1)


def test_a_moved_participant_leaves_the_old_list_without_a_trace(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE)
    state.move_participant(1, ORDER_FORM)

    assert api.ids(COURSE, updated_after="2000-01-01") == []
    assert api.get(ORDER_FORM).json()[0]["RegistrationID"] == ORDER_FORM


def test_merged_participants_keep_their_tickets(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE, Count=2)
    state.add_participant(2, COURSE)
    state.merge_participants(1, 2)

    assert [(row["RegistrationPersonStructID"], row["Count"]) for row in api.get().json()] == [(2, 3)]


def test_a_deleted_activity_is_not_found(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE)
    state.delete_activity(COURSE)

    assert api.get().status_code == 404
    assert 1 not in state.participants


def test_other_customers_events_are_served_to_whoever_has_the_password(api: Api, state: PindenaState) -> None:
    """That nobody asks for them is the client's duty, so the simulator tells what was asked for."""
    assert api.ids(FOREIGN) == [9001]
    assert (state.own_activities(), state.foreign_activities()) == ([COURSE, ORDER_FORM], [FOREIGN])
    api.get(COURSE)
    api.get(7)
    assert api.simulator.asked_activities() == {FOREIGN, COURSE, 7}


def test_an_answer_may_hold_the_participants_of_another_activity(api: Api) -> None:
    api.simulator.behaviour.served_instead[COURSE] = FOREIGN

    assert [row["RegistrationID"] for row in api.get(COURSE).json()] == [FOREIGN]


def test_one_row_may_belong_to_another_activity(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE)
    state.add_participant(2, COURSE, RegistrationID=FOREIGN)

    assert [row["RegistrationID"] for row in api.get(COURSE).json()] == [COURSE, FOREIGN]


def test_numbers_may_come_as_texts(api: Api, state: PindenaState) -> None:
    state.add_participant(1, COURSE)
    api.simulator.behaviour.numbers_as_text = True

    (row,) = api.get().json()
    assert (row["RegistrationPersonStructID"], row["Count"], row["Email"]) == ("1", "1", "")


def test_what_the_user_may_not_see_drops_out(api: Api, state: PindenaState) -> None:
    for number in (1, 2):
        state.add_participant(number, COURSE)
    api.simulator.faults.hidden = lambda table, row: row["RegistrationPersonStructID"] == 1

    assert api.ids() == [2]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_has_a_body_of_its_own(api: Api, status: int) -> None:
    api.simulator.faults.fail(status)

    answer = api.get()
    assert (answer.status_code, list(answer.json())) == (status, ["error"])


def test_nobody_signs_up_for_an_activity_that_is_not_there(state: PindenaState) -> None:
    state.add_participant(1, COURSE)

    calls: list[Any] = [lambda: state.add_participant(2, 7), lambda: state.move_participant(1, 7)]
    for call in calls:
        with pytest.raises(KeyError):
            call()
    assert state.participants[1].payload["RegistrationID"] == COURSE
