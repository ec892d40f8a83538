"""Each activity is read by itself: a broken one loses nothing of the others, a new one is read whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.budget import RequestBudget
from connectors.errors import ForeignRecordsError, PermanentError, TransientError, UnauthorizedError
from connectors.pindena.client import PindenaClient
from connectors.pindena.simulator import PindenaSimulator
from connectors.pindena.simulator_state import PindenaState
from connectors.simulation.faults import RecordedRequest
from connectors.simulation.server import LoopbackServer
from pipelines.findings import Finding
from pipelines.sources.activities import every_activity_read
from pipelines.sources.findings import no_mass_deletion
from pipelines.sources.pindena import read_course_signups, read_order_forms
from pipelines.sources.reading import Desk, Run
from pipelines.store.cursors import read_cursor
from pipelines.store.tally import Tally
from schemas.policy import load_policy
from schemas.tables.landing import TABLES
from tests.pipelines.sources.conftest import Clock

BROKEN, SOUND, OTHER, ORDER = 11, 12, 13, 21
COURSES = frozenset({BROKEN, SOUND})


@pytest.fixture
def state(clock: Clock) -> PindenaState:
    """Three courses with ten sign-ups each, 1101 and on, 1201 and on, 1301 and on, and an order form."""
    instance = PindenaState(now=clock)
    for activity in (BROKEN, SOUND, OTHER, ORDER):
        instance.add_activity(activity, f"Aktivitet {activity}")
        for number in range(1, 11):
            made = clock.now - timedelta(days=20, hours=number)
            instance.add_participant(100 * activity + number, activity, "Kari", f"Nr{number}", at=made)
    return instance


@pytest.fixture
def simulator(state: PindenaState, clock: Clock) -> PindenaSimulator:
    return PindenaSimulator(state, clock=clock)


Connect = Callable[..., PindenaClient]


@pytest.fixture
def connect(simulator: PindenaSimulator, clock: Clock) -> Iterator[Connect]:
    clients: list[PindenaClient] = []
    with LoopbackServer(simulator.app) as server:

        def make(courses: frozenset[int] = COURSES) -> PindenaClient:
            client = PindenaClient.connect(
                load_policy(),
                server.url,
                simulator.state.username,
                simulator.state.password,
                course_activities=courses,
                order_activities=frozenset({ORDER}),
                clock=clock,
                sleep=clock.sleep,
                budget=RequestBudget(100_000, clock=clock.seconds, sleep=clock.sleep),
            )
            clients.append(client)
            return client

        yield make
        for client in clients:
            client.close()


@pytest.fixture
def client(connect: Connect) -> PindenaClient:
    return connect()


Night = Callable[..., Tally]


@pytest.fixture
def night(desk: Desk, client: PindenaClient, clock: Clock) -> Night:
    """Lets a day pass and reads the sign-ups."""

    def read(client: PindenaClient = client, **options: Any) -> Tally:
        clock.now += timedelta(days=1)
        return read_course_signups(desk, client, Run(str(clock.now), clock.now, **options))

    return read


def live(desk: Desk) -> set[int]:
    table = TABLES["course_signup"]
    with desk.engine.connect() as connection:
        return set(connection.scalars(sa.select(table.c.id).where(table.c.deleted_at_source.is_(None))))


def judged(desk: Desk) -> Finding:
    with desk.engine.connect() as connection:
        return every_activity_read(connection, "course_signup")


def path_of(activity: int) -> str:
    return f"/activities/{activity}/"


def signups(activity: int) -> set[int]:
    return {100 * activity + number for number in range(1, 11)}


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_activity_that_is_refused_or_broken_does_not_hold_up_the_others(
    night: Night, desk: Desk, simulator: PindenaSimulator, status: int
) -> None:
    simulator.faults.fail(status, path=path_of(BROKEN), times=100)
    tally = night()
    assert (tally.received, tally.stored, tally.difference) == (10, 10, 0)
    assert live(desk) == signups(SOUND)
    finding = judged(desk)
    assert not finding.passed
    assert finding.numbers == {"activities": 2, "failing": 1}
    assert f"{BROKEN} since 2026-05-05 (" in finding.why
    assert f"answered {status}" in finding.why


def test_an_answer_with_another_activitys_participants_is_refused_whole_and_the_others_land(
    night: Night, desk: Desk, simulator: PindenaSimulator
) -> None:
    simulator.behaviour.served_instead = {BROKEN: OTHER}
    night()
    assert live(desk) == signups(SOUND)
    assert "participants of another activity" in judged(desk).why


def test_an_answer_that_is_no_list_holds_up_nobody(
    night: Night, desk: Desk, simulator: PindenaSimulator
) -> None:
    simulator.faults.cut(path=path_of(BROKEN), times=100, keep_framing=True)
    night()
    assert live(desk) == signups(SOUND)
    assert not judged(desk).passed


def test_what_changed_while_an_activity_was_broken_is_read_when_it_answers_again(
    night: Night, desk: Desk, clock: Clock, state: PindenaState, simulator: PindenaSimulator
) -> None:
    night()
    state.add_participant(1111, BROKEN, "Ny", "Deltaker", at=clock.now + timedelta(hours=1))
    state.add_participant(1211, SOUND, "Ny", "Deltaker", at=clock.now + timedelta(hours=1))
    for _ in range(3):
        simulator.faults.fail(404, path=path_of(BROKEN))
        night()
    assert not live(desk) & {1111}
    assert "since 2026-05-06" in judged(desk).why
    simulator.requests.clear()
    tally = night()
    assert 1111 in live(desk)
    assert judged(desk).passed
    assert tally.received == 1, "the sound one goes on from its own last read"


def test_the_cursor_of_the_source_waits_for_the_last_of_its_activities(
    night: Night, desk: Desk, clock: Clock, simulator: PindenaSimulator
) -> None:
    simulator.faults.fail(404, path=path_of(BROKEN))
    night()
    with desk.engine.connect() as connection:
        assert read_cursor(connection, "course_signup") == (None, None)
    night()
    with desk.engine.connect() as connection:
        assert read_cursor(connection, "course_signup")[0] == clock.now


@pytest.mark.parametrize(
    ("status", "kind"), [(403, PermanentError), (401, UnauthorizedError), (503, TransientError)]
)
def test_when_not_one_activity_answers_the_read_fails(
    night: Night, simulator: PindenaSimulator, status: int, kind: type[Exception]
) -> None:
    simulator.faults.fail(status, times=100)
    with pytest.raises(kind):
        night()


def test_a_foreign_answer_alone_fails_the_read(night: Night, desk: Desk, simulator: PindenaSimulator) -> None:
    simulator.behaviour.served_instead = {BROKEN: OTHER, SOUND: OTHER}
    with pytest.raises(ForeignRecordsError):
        night()
    assert live(desk) == set()


def test_a_system_that_is_down_is_not_waited_for_list_by_list(
    connect: Connect, night: Night, state: PindenaState, simulator: PindenaSimulator, clock: Clock
) -> None:
    many = frozenset(range(100, 130))
    for activity in many:
        state.add_activity(activity, "Kurs")
    simulator.faults.fail(503, times=10_000)
    with pytest.raises(TransientError):
        night(connect(many))
    assert len(simulator.requests) == 7 + 2 * (len(many) - 1)


def test_an_activity_that_is_newly_configured_is_read_from_its_beginning(
    night: Night, connect: Connect, desk: Desk
) -> None:
    night()
    night()
    night(connect(COURSES | {OTHER}))
    assert live(desk) == signups(BROKEN) | signups(SOUND) | signups(OTHER)


def test_an_activity_that_is_no_longer_configured_keeps_its_signups_and_is_not_judged(
    night: Night, connect: Connect, desk: Desk, simulator: PindenaSimulator
) -> None:
    simulator.faults.fail(404, path=path_of(BROKEN), times=1)
    night()
    night()
    tally = night(connect(frozenset({SOUND})), complete=True)
    assert (tally.compared, tally.deleted) == (10, 0)
    assert live(desk) == signups(BROKEN) | signups(SOUND)
    assert judged(desk).numbers == {"activities": 1, "failing": 0}


def test_a_signup_that_is_gone_from_a_whole_list_is_marked_as_deleted(
    night: Night, desk: Desk, state: PindenaState, simulator: PindenaSimulator
) -> None:
    night()
    state.delete_participant(1105)
    assert night().compared is None
    simulator.requests.clear()
    tally = night(complete=True)
    assert (tally.compared, tally.missing, tally.deleted) == (20, 1, 1)
    assert live(desk) == (signups(BROKEN) | signups(SOUND)) - {1105}
    assert len(simulator.requests) == 3, "the list that lacked one was asked for once more"


def test_a_signup_that_is_cancelled_or_moved_is_not_gone(
    night: Night, desk: Desk, state: PindenaState
) -> None:
    night()
    state.cancel(1105)
    state.move_participant(1106, SOUND)
    assert night(complete=True).deleted == 0
    assert live(desk) == signups(BROKEN) | signups(SOUND)


def test_a_signup_that_the_second_answer_holds_is_not_gone(
    night: Night, desk: Desk, simulator: PindenaSimulator
) -> None:
    """One answer that was short by a row proves nothing."""
    night()
    lists: list[RecordedRequest] = []

    def hide_once(table: str, record: object) -> bool:
        return len(lists) == 1 and isinstance(record, dict) and record["RegistrationPersonStructID"] == 1105

    simulator.faults.between_requests = lists.append
    simulator.faults.hidden = hide_once
    tally = night(complete=True)
    assert (tally.missing, tally.deleted) == (1, 0)
    assert 1105 in live(desk)


def test_a_list_that_was_not_answered_is_no_proof_that_its_signups_are_gone(
    night: Night, desk: Desk, simulator: PindenaSimulator
) -> None:
    night()
    simulator.faults.fail(404, path=path_of(BROKEN))
    tally = night(complete=True)
    assert (tally.compared, tally.deleted) == (10, 0)
    assert live(desk) == signups(BROKEN) | signups(SOUND)


def test_lists_that_are_suddenly_empty_are_not_believed_and_looked_at_again_every_night(
    night: Night, desk: Desk, simulator: PindenaSimulator
) -> None:
    night()
    simulator.faults.hidden = lambda table, record: True
    assert night().compared is None
    for options in ({"complete": True}, {}, {}):
        tally = night(**options)
        assert (tally.compared, tally.missing, tally.refused_deletions, tally.deleted) == (20, 20, 20, 0)
    simulator.faults.hidden = None
    assert night().missing == 0
    with desk.engine.connect() as connection:
        assert no_mass_deletion(connection, "course_signup").passed
    assert night().compared is None


def test_a_backfill_moves_the_cursor_of_no_activity(
    night: Night, desk: Desk, client: PindenaClient, clock: Clock, state: PindenaState
) -> None:
    night()
    state.change_participant(1101, at=clock.now + timedelta(hours=2), LastName="Nordmann")
    clock.now += timedelta(days=3)
    window = (clock.now - timedelta(days=30), clock.now - timedelta(days=25))
    read_course_signups(desk, client, Run("backfill", clock.now, window=window))
    assert night().stored == 1


def test_order_forms_are_read_alike(desk: Desk, client: PindenaClient, clock: Clock) -> None:
    tally = read_order_forms(desk, client, Run("run", clock.now))
    assert (tally.source, tally.stored) == ("order_form", 10)
