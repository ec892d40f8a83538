"""Own courses and forms are read whole; participants of customers' events are neither asked for nor kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import responses
from starlette.responses import Response

from connectors.budget import RequestBudget
from connectors.errors import (
    ForeignRecordsError,
    PermanentError,
    RefusedByPolicyError,
    TransientError,
    UnauthorizedError,
)
from connectors.pages import Page
from connectors.pindena.client import PATH, PindenaClient
from connectors.pindena.simulator import PindenaSimulator
from connectors.pindena.simulator_state import PindenaState
from connectors.simulation.server import LoopbackServer
from schemas.payloads.pindena import CourseSignup, OrderForm
from schemas.policy import load_policy

COURSE, OTHER_COURSE, ORDER, FOREIGN = 11, 12, 13, 99
NOW = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Oslo, the first of two that night

Connect = Callable[..., PindenaClient]


@pytest.fixture
def state() -> PindenaState:
    """Two courses and an order form of the company's own, and a customer's event."""
    instance = PindenaState(now=lambda: NOW)
    instance.add_activity(COURSE, "Grunnkurs")
    instance.add_activity(OTHER_COURSE, "Videregående kurs")
    instance.add_activity(ORDER, "Bestilling")
    instance.add_activity(FOREIGN, "Årsmøte", organizer="Fjordbakeri AS")
    instance.add_participant(
        1,
        COURSE,
        "Kari",
        "Nordmann",
        email="kari@example.no",
        company="Bakke AS",
        at=NOW - timedelta(days=90),
    )
    instance.add_participant(2, COURSE, "Ola", "Vik", at=NOW - timedelta(days=1))
    instance.add_participant(3, OTHER_COURSE, "Åse", "Lund", at=NOW - timedelta(days=2))
    instance.add_participant(4, ORDER, "Per", "Moe", at=NOW - timedelta(days=3))
    instance.add_participant(5, FOREIGN, "Hemmelig", "Deltaker", at=NOW)
    return instance


@pytest.fixture
def simulator(state: PindenaState) -> PindenaSimulator:
    return PindenaSimulator(state, clock=lambda: NOW)


@pytest.fixture(scope="module")
def loopback() -> Iterator[LoopbackServer]:
    with LoopbackServer(Response()) as server:
        yield server


@pytest.fixture
def connect(loopback: LoopbackServer, simulator: PindenaSimulator) -> Iterator[Connect]:
    clients: list[PindenaClient] = []
    slept: list[float] = []

    def make(password: str = simulator.state.password, **activities: frozenset[int]) -> PindenaClient:
        loopback.app = simulator.app
        client = PindenaClient.connect(
            load_policy(),
            loopback.url,
            simulator.state.username,
            password,
            clock=lambda: NOW,
            sleep=slept.append,
            budget=RequestBudget(1_000, clock=lambda: sum(slept), sleep=slept.append),
            **{
                "course_activities": frozenset({COURSE, OTHER_COURSE}),
                "order_activities": frozenset({ORDER}),
                **activities,
            },
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Connect) -> PindenaClient:
    return connect()


def ids_of(pages: Iterable[Page[Any]]) -> list[int]:
    return [record.id for page in pages for record in page.records]


def signups(client: PindenaClient, *window: datetime | None) -> list[Page[CourseSignup]]:
    """The lists of the own courses."""
    return [client.participants(CourseSignup, one, *window) for one in client.activities(CourseSignup)]


def orders(client: PindenaClient, *window: datetime | None) -> list[Page[OrderForm]]:
    """The lists of the order forms."""
    return [client.participants(OrderForm, one, *window) for one in client.activities(OrderForm)]


def test_each_activity_is_read_with_one_request(client: PindenaClient, simulator: PindenaSimulator) -> None:
    pages = signups(client)
    assert [[record.id for record in page.records] for page in pages] == [[1, 2], [3]]
    assert [page.told for page in pages] == [None, None]
    assert client.requests_sent == 2
    assert ids_of(orders(client)) == [4]
    assert client.counts["GET", f"/api/v1/activities/{ORDER}/participants", 200] == 1


def test_a_participant_is_read_field_by_field(client: PindenaClient) -> None:
    first = signups(client)[0].records[0]
    assert first.model_dump() == {
        "id": 1,
        "activity_id": COURSE,
        "is_active": True,
        "first_name": "Kari",
        "last_name": "Nordmann",
        "email": "kari@example.no",
        "phone": None,
        "company_name": "Bakke AS",
        "status": "registered",
    }


def test_cancelled_sign_ups_are_read_too(client: PindenaClient, state: PindenaState) -> None:
    """Without a change parameter the API hides them, and they would look as if they had never been."""
    state.cancel(1, at=NOW - timedelta(days=60))
    assert {record.id: record.status for page in signups(client) for record in page.records} == {
        1: "cancelled",
        2: "registered",
        3: "registered",
    }


def test_only_what_changed_is_read_when_asked(client: PindenaClient) -> None:
    assert ids_of(signups(client, NOW - timedelta(days=3))) == [2, 3]
    assert ids_of(signups(client, NOW - timedelta(days=3), NOW - timedelta(hours=30))) == [3]
    assert ids_of(signups(client, None, NOW - timedelta(days=30))) == [1]


@pytest.mark.parametrize("zone", ["Europe/Oslo", "UTC"])
@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("edge", [NOW, NOW + timedelta(hours=1), datetime(2026, 7, 1, tzinfo=UTC)])
def test_a_change_at_the_edge_of_the_window_is_read_in_whatever_zone_the_api_reckons(
    client: PindenaClient,
    state: PindenaState,
    simulator: PindenaSimulator,
    zone: str,
    inclusive: bool,
    edge: datetime,
) -> None:
    """Neither zone nor bounds are published, and in October one hour comes twice."""
    simulator.behaviour.time_zone, simulator.behaviour.inclusive = zone, inclusive
    for number, moment in enumerate((edge, edge + timedelta(seconds=59), edge + timedelta(minutes=59))):
        state.add_participant(50 + number, ORDER, at=moment)
    end = edge + timedelta(hours=1)
    assert {50, 51, 52} <= set(ids_of(orders(client, edge, end)))


def test_checking_asks_for_nobody(client: PindenaClient, simulator: PindenaSimulator) -> None:
    client.check()
    (request,) = simulator.requests
    assert request.path == f"/api/v1/activities/{COURSE}/participants"
    assert request.value("updated_after") == "2026-10-27 00:29"


def test_checking_without_any_activity_asks_nothing(connect: Connect, simulator: PindenaSimulator) -> None:
    connect(course_activities=frozenset(), order_activities=frozenset()).check()
    assert simulator.requests == []


def test_a_wrong_password_is_told_plainly(connect: Connect) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        connect(password="wrong-password").check()
    assert "wrong-password" not in str(caught.value)


def test_a_password_may_hold_any_letter(connect: Connect, state: PindenaState) -> None:
    state.password = "på:ære\u2009€"
    assert ids_of(orders(connect(password="på:ære\u2009€"))) == [4]


class TestOtherCustomersEvents:
    """Clause S5: the same host serves them to the same password."""

    def test_they_are_never_asked_for(self, client: PindenaClient, simulator: PindenaSimulator) -> None:
        ids_of(signups(client))
        ids_of(orders(client))
        assert simulator.asked_activities() == {COURSE, OTHER_COURSE, ORDER}

    def test_the_egress_layer_would_refuse_to_ask(
        self, client: PindenaClient, simulator: PindenaSimulator
    ) -> None:
        with pytest.raises(RefusedByPolicyError):
            client._egress.request("GET", PATH, variables={"activity": FOREIGN})
        assert simulator.requests == []

    def test_an_answer_of_another_activity_is_refused_whole(
        self, client: PindenaClient, simulator: PindenaSimulator
    ) -> None:
        simulator.behaviour.served_instead = {ORDER: FOREIGN}
        with pytest.raises(ForeignRecordsError) as caught:
            orders(client)
        assert "Hemmelig" not in str(caught.value)

    @pytest.mark.parametrize("number", [FOREIGN, str(FOREIGN), f" {FOREIGN} ", float(FOREIGN), -ORDER])
    def test_one_foreign_record_among_own_ones_is_enough(
        self, client: PindenaClient, state: PindenaState, number: object
    ) -> None:
        state.add_participant(60, ORDER, "Hemmelig", RegistrationID=number)
        with pytest.raises(ForeignRecordsError):
            orders(client)

    def test_a_record_that_does_not_say_where_it_belongs_is_set_aside(
        self, client: PindenaClient, state: PindenaState
    ) -> None:
        state.remove_fields(4, "RegistrationID")
        (page,) = orders(client)
        assert page.records == []
        assert [(rejected.source_id, rejected.reason) for rejected in page.rejected] == [
            ("4", "RegistrationID: is missing")
        ]


FAULTS: dict[str, Callable[[Any], None]] = {
    "500": lambda faults: faults.fail(500, times=2),
    "502 in HTML": lambda faults: faults.fail(502, body="html"),
    "a login page": lambda faults: faults.fail(200, body="html"),
    "429": lambda faults: faults.fail(429, headers={"Retry-After": "3"}),
    "a reset": lambda faults: faults.reset(),
    "a cut body": lambda faults: faults.cut(),
    "half a body": lambda faults: faults.cut(keep_framing=True),
    "a 401 in passing": lambda faults: faults.fail(401),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_failure_on_the_way_changes_nothing_in_what_is_read(
    client: PindenaClient, simulator: PindenaSimulator, fault: Callable[[Any], None]
) -> None:
    fault(simulator.faults)
    assert ids_of(signups(client)) == [1, 2, 3]
    assert not simulator.faults.planned


def test_a_failure_that_stays_is_told(client: PindenaClient, simulator: PindenaSimulator) -> None:
    simulator.faults.fail(503, times=99)
    with pytest.raises(TransientError):
        ids_of(signups(client))
    simulator.faults.planned.clear()


def test_an_activity_that_is_gone_is_told_by_its_number(client: PindenaClient, state: PindenaState) -> None:
    state.delete_activity(OTHER_COURSE)
    with pytest.raises(PermanentError, match=f"activities/{OTHER_COURSE}/participants: answered 404"):
        ids_of(signups(client))


def test_numbers_may_be_written_as_texts(client: PindenaClient, simulator: PindenaSimulator) -> None:
    simulator.behaviour.numbers_as_text = True
    assert [(r.id, r.activity_id, r.is_active) for page in orders(client) for r in page.records] == [
        (4, ORDER, True)
    ]


@pytest.mark.parametrize("body", [{"participants": []}, "[]", 7])
def test_an_answer_that_is_no_list_is_an_error(body: object) -> None:
    """Taken for an empty list, it would look as if nobody had signed up."""
    client = PindenaClient.connect(
        load_policy(), "https://kurs.example.no", "api", "x", order_activities=frozenset({ORDER})
    )
    with responses.RequestsMock() as answers:
        answers.get(f"https://kurs.example.no/api/v1/activities/{ORDER}/participants", body=json.dumps(body))
        with pytest.raises(PermanentError, match="not a list"):
            ids_of(orders(client))


def test_a_malformed_record_is_set_aside_and_the_rest_is_read(
    client: PindenaClient, state: PindenaState
) -> None:
    state.add_participant(61, ORDER, "x" * 2_000)
    state.add_participant(62, ORDER, "Å\x00se", "\u202eMoe", Email={"a": 1}, Status="ventende")
    state.add_participant(63, ORDER, "Siri\u202e", Email="siri@example.no", shoeSize=41)
    (page,) = orders(client)
    assert [record.id for record in page.records] == [4, 63]
    assert page.records[1].first_name == "Siri"
    assert [(rejected.source_id, rejected.reason) for rejected in page.rejected] == [
        ("61", "FirstName: is too long"),
        ("62", "Email: is not text"),
    ]
    assert page.unknown_fields == {"shoeSize": 1}
