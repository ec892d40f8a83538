"""Conversations are read whole, whatever happens to them meanwhile, with hardly a request too many."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from connectors.errors import PermanentError
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.client.account import (
    Churn,
    FakeTime,
    Heedless,
    Misreading,
    Refusing,
    Trailing,
    Undecided,
    add_conversations,
    asked,
    ids_of,
)

Connect = Callable[..., HelpScoutClient]

LIST = "/v2/conversations"
WINDOW = timedelta(hours=30)

CHURNS = {
    "edits": {"edits": 2},
    "many edits": {"edits": 9},
    "additions": {"adds": 2},
    "deletions": {"deletes": 2},
    "additions and deletions in equal number": {"adds": 1, "deletes": 1},
    "everything": {"edits": 3, "adds": 2, "deletes": 2},
}


def test_a_full_pass_over_a_quiet_list_costs_one_request_for_each_page(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    add_conversations(state, 260)
    read = ids_of(client.conversations(None, None))
    assert sorted(read) == sorted(state.conversations)
    assert len(asked(simulator, LIST)) == 11


def test_a_window_of_a_quiet_list_costs_one_request_for_each_page(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    add_conversations(state, 400)
    start = fake_time.moment - WINDOW
    due = {number for number, stored in state.conversations.items() if stored.modified_at >= start}
    read = ids_of(client.conversations(start, None))
    assert set(read) >= due
    assert len(read) <= len(due) + 3  # a second of overlap, and three share a time
    assert len(asked(simulator, LIST)) == -(-len(read) // 25)


def test_a_past_window_ends_where_it_was_asked_to(
    client: HelpScoutClient, state: HelpScoutState, fake_time: FakeTime
) -> None:
    add_conversations(state, 400)
    start, end = fake_time.moment - WINDOW, fake_time.moment - timedelta(hours=10)
    due = {number for number, stored in state.conversations.items() if start <= stored.modified_at < end}
    read = ids_of(client.conversations(start, end))
    assert set(read) >= due
    assert len(read) <= len(due) + 6


def test_an_empty_window_costs_one_request(
    client: HelpScoutClient, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    assert ids_of(client.conversations(fake_time.moment, None)) == []
    assert len(asked(simulator, LIST)) == 1


def test_conversations_of_every_status_are_read(client: HelpScoutClient, state: HelpScoutState) -> None:
    add_conversations(state, 8)
    statuses = {record.status for page in client.conversations(None, None) for record in page.records}
    assert statuses == {"active", "pending", "closed", "spam"}


@pytest.mark.parametrize("churn", CHURNS.values(), ids=CHURNS.keys())
@pytest.mark.parametrize("whole", [True, False], ids=["full pass", "window"])
@pytest.mark.parametrize(
    ("ignored", "seconds"),
    [
        ((), 0.7),
        ((), 0.0),
        (("query",), 0.7),
        (("modifiedSince",), 0.7),
        (("sortField", "sortOrder"), 0.7),
    ],
    ids=["heeds all", "heeds all, at once", "no query", "no modifiedSince", "no sorting"],
)
def test_no_conversation_that_was_there_throughout_is_missed(
    connect: Connect,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    ignored: tuple[str, ...],
    seconds: float,
    whole: bool,
    churn: Any,
) -> None:
    """Records change before every single request, faster or slower than the API's clock ticks."""
    add_conversations(state, 330)
    start = None if whole else fake_time.moment - WINDOW
    due = {
        number for number, stored in state.conversations.items() if not start or stored.modified_at >= start
    }
    simulator.faults.between_requests = Churn(state, fake_time, seconds=seconds, seed=11, **churn)
    client = connect(Heedless(simulator.app, *ignored))
    read = set(ids_of(client.conversations(start, None)))
    assert due & set(state.conversations) <= read


@pytest.mark.parametrize("seed", range(6))
def test_edits_do_not_lengthen_a_full_pass(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    seed: int,
) -> None:
    """An edit moves no record of a list that is ordered and bounded by creation."""
    add_conversations(state, 300)
    simulator.faults.between_requests = Churn(state, fake_time, edits=20, seed=seed)
    assert set(ids_of(client.conversations(None, None))) == set(state.conversations)
    assert len(asked(simulator, LIST)) == 12


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("seed", range(4))
def test_a_server_that_sorts_by_what_edits_change_is_noticed(
    connect: Connect,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    order: str,
    seed: int,
) -> None:
    """In that order every edit moves all records between its old place and its new one."""
    add_conversations(state, 300)
    simulator.faults.between_requests = Churn(state, fake_time, edits=20, seed=seed)
    client = connect(Heedless(simulator.app, sortField="modifiedAt", sortOrder=order))
    assert set(ids_of(client.conversations(None, None))) == set(state.conversations)


def test_edits_within_the_second_in_which_a_window_begins_do_not_enter_it(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    """The window is closed when its last second is over; a clock that stands still shows the difference."""
    add_conversations(state, 600)
    start = fake_time.moment - timedelta(hours=33)
    simulator.faults.between_requests = Churn(state, fake_time, edits=1, seed=2, seconds=0.0)
    read = ids_of(client.conversations(start, None))
    assert fake_time.slept
    assert len(asked(simulator, LIST)) <= -(-300 // 25) + 4
    assert len(read) < 2 * 300


def test_what_was_edited_while_a_window_was_read_follows_in_a_short_window(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    add_conversations(state, 400)
    simulator.faults.between_requests = Churn(state, fake_time, edits=1, seed=3)
    start = fake_time.moment - timedelta(days=60)
    read = set(ids_of(client.conversations(start, None)))
    assert read >= set(state.conversations)
    # 16 pages, the first again, and one or two for what 17 edits fill.
    assert len(asked(simulator, LIST)) <= 20


def test_records_made_in_the_same_second_are_all_read(client: HelpScoutClient, state: HelpScoutState) -> None:
    add_conversations(state, 120, apart=timedelta(0))
    assert sorted(ids_of(client.conversations(None, None))) == sorted(state.conversations)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("seconds", "leave"), [(1, 0), (3, 0), (40, 0), (1, 1), (3, 1)])
def test_records_of_one_second_that_trade_places_between_two_requests_are_all_read(
    connect: Connect, simulator: HelpScoutSimulator, seconds: int, leave: int, seed: int
) -> None:
    """A search index has no order among equals; as many came as there were, and a third of them twice."""
    undecided = Undecided(simulator.app, 300, seconds, seed, leave)
    read = set(ids_of(connect(undecided).conversations(None, None)))
    assert read >= set(undecided.conversations)


@pytest.mark.parametrize("seconds", [1, 3])
def test_records_of_one_second_are_read_in_one_pass_by_their_numbers(
    connect: Connect, simulator: HelpScoutSimulator, seconds: int
) -> None:
    """An import makes many in one second; each has a number of its own all the same."""
    undecided = Undecided(simulator.app, 300, seconds, seed=5, numbered=True)
    read = ids_of(connect(undecided).conversations(None, None))
    assert set(read) == set(undecided.conversations)
    # A page each, and the first again, since these records are newer than the test's clock.
    assert undecided.asked == 13


def test_pages_that_are_told_of_and_hold_nothing_are_not_asked_for_one_by_one(
    connect: Connect, simulator: HelpScoutSimulator
) -> None:
    undecided = Undecided(simulator.app, 300, 40, seed=5, numbered=True)
    undecided.pages_too_many = 10**9
    assert set(ids_of(connect(undecided).conversations(None, None))) == set(undecided.conversations)
    # The first, the last, and twice all from the beginning: the records are newer than the clock.
    assert undecided.asked <= 2 + 2 * 13


def test_the_same_page_under_every_number_is_an_error_and_no_endless_read(
    connect: Connect, simulator: HelpScoutSimulator
) -> None:
    undecided = Undecided(simulator.app, 1, 1, seed=5)
    undecided.pages_too_many, undecided.is_stuck = 10**9, True
    with pytest.raises(PermanentError, match="repeats its pages without end"):
        ids_of(connect(undecided).conversations(None, None))
    assert undecided.asked < 100


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_to_sort_by_number_is_read_by_creation(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, status: int
) -> None:
    add_conversations(state, 120)
    client = connect(Refusing(simulator.app, lambda _, query: query.get("sortField") == "number", status))
    assert sorted(ids_of(client.conversations(None, None))) == sorted(state.conversations)
    assert {request.value("sortField") for request in asked(simulator, LIST)} == {"createdAt"}
    assert len(asked(simulator, LIST)) == 5


def test_a_window_of_which_only_the_index_knows_is_empty(
    connect: Connect, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    """It lags behind the deletions; that the list itself is well shows by what it holds otherwise."""
    client = connect(Trailing(simulator.app, gone=3))
    assert ids_of(client.conversations(fake_time.moment - WINDOW, None)) == []
    assert ids_of(client.changed_conversations(fake_time.moment - WINDOW)) == []
    assert ids_of(client.conversations(None, None)) == [1001]


def test_a_list_whose_records_have_moved_elsewhere_is_no_empty_one(
    connect: Connect, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    client = connect(Trailing(simulator.app, gone=3, key="embedded"))
    with pytest.raises(PermanentError, match="none is sent"):
        ids_of(client.conversations(fake_time.moment - WINDOW, None))


@pytest.mark.parametrize("size", [1, 10, 50])
def test_the_page_size_is_the_servers(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, size: int
) -> None:
    simulator.behaviour.conversation_page_size = size
    add_conversations(state, 101)
    assert sorted(ids_of(client.conversations(None, None))) == sorted(state.conversations)
    assert len(asked(simulator, LIST)) == -(-101 // size)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("bounded", [True, False], ids=["past window", "open window"])
def test_a_server_without_search_is_read_by_its_other_filters(
    connect: Connect,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    status: int,
    bounded: bool,
) -> None:
    add_conversations(state, 200)
    start, end = fake_time.moment - WINDOW, fake_time.moment - timedelta(hours=5)
    due = {number for number, stored in state.conversations.items() if start <= stored.modified_at < end}
    client = connect(Refusing(simulator.app, lambda _, query: "query" in query, status))
    assert set(ids_of(client.conversations(start, end if bounded else None))) >= due


def test_ids_that_are_written_as_texts_are_the_same_ids(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    """A field that changes its type must neither end a run nor blind it to what moves."""
    simulator.behaviour.conversation_page_size = 3
    add_conversations(state, 400)
    before = set(state.conversations)
    for number in before:
        state.change_conversation(number, id=str(number), at=state.conversations[number].modified_at)
    simulator.faults.between_requests = Churn(state, fake_time, deletes=1, seed=4)
    read = ids_of(connect(Heedless(simulator.app, "sortField", "sortOrder")).conversations(None, None))
    assert before & set(state.conversations) <= set(read)


@pytest.mark.parametrize("seed", range(4))
def test_a_server_that_knows_no_page_behind_the_last_is_read_all_the_same(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, seed: int
) -> None:
    """It answers 404 when the list has become shorter since its length was told."""
    add_conversations(state, 330)
    before, chance = set(state.conversations), random.Random(seed)
    refused: list[bool] = []

    def is_behind(path: str, query: dict[str, str]) -> bool:
        if path != LIST:
            return False
        leaving = min(60, len(state.conversations) - 20) if len(refused) > 1 else 0
        for number in chance.sample(sorted(state.conversations), leaving):
            state.delete_conversation(number)
        refused.append((int(query["page"]) - 1) * 25 >= len(state.conversations))
        return refused[-1]

    read = ids_of(connect(Refusing(simulator.app, is_behind, 404)).conversations(None, None))
    assert any(refused)
    assert before & set(state.conversations) <= set(read)


def test_a_list_that_grows_faster_than_it_is_read_comes_to_an_end(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    add_conversations(state, 120)
    before, start = set(state.conversations), fake_time.moment - timedelta(days=60)
    simulator.behaviour.conversation_page_size = 10
    simulator.faults.between_requests = Churn(state, fake_time, adds=15)
    read = ids_of(connect(Heedless(simulator.app, "query")).conversations(start, None))
    assert before <= set(read)
    # The list was 13 pages long.
    assert len(asked(simulator, LIST)) < 100


@pytest.mark.parametrize("oldest", ["2026-03-28T00:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_full_pass_does_not_rest_on_the_search(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, oldest: str
) -> None:
    """The bound only helps; a server that finds too little with it is read without."""
    add_conversations(state, 300)
    client = connect(Misreading(simulator.app, f"(createdAt:[{oldest} TO *])"))
    assert set(ids_of(client.conversations(None, None))) == set(state.conversations)


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("whole", [True, False], ids=["full pass", "window"])
def test_a_list_that_is_longer_than_its_pages_reach_is_read_in_parts(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    status: int,
    whole: bool,
) -> None:
    add_conversations(state, 700)
    simulator.behaviour.deep_page_limit = 150
    simulator.behaviour.deep_page_status = status
    start = None if whole else fake_time.moment - timedelta(days=365)
    assert set(ids_of(client.conversations(start, None))) == set(state.conversations)


def test_more_records_of_one_second_than_pages_reach_is_an_error(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    """No filter tells them apart; a read that cannot be whole must not look like one."""
    add_conversations(state, 300, apart=timedelta(0))
    simulator.behaviour.deep_page_limit = 100
    with pytest.raises(PermanentError):
        ids_of(client.conversations(None, None))


@pytest.mark.parametrize("ahead", [timedelta(days=3), timedelta(seconds=40), -timedelta(days=3)])
@pytest.mark.parametrize("whole", [True, False], ids=["full pass", "window"])
def test_clocks_that_differ_hide_nothing(
    connect: Connect, state: HelpScoutState, fake_time: FakeTime, ahead: timedelta, whole: bool
) -> None:
    """The upper bound comes from our clock, the times of records from the server's."""
    add_conversations(state, 200, apart=timedelta(minutes=1))
    client = connect(clock=lambda: fake_time.moment - ahead)
    start = None if whole else fake_time.moment - timedelta(days=9)
    assert set(ids_of(client.conversations(start, None))) == set(state.conversations)


def test_records_that_the_index_shows_late_are_read_when_they_show(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    """They enter a window that nothing should enter any more, and push others to pages already read."""
    add_conversations(state, 200)
    simulator.behaviour.index_lag = 5.0
    edited = sorted(state.conversations)[:90]
    for number in edited:
        ago = timedelta(seconds=2 if number % 3 else 60)
        state.change_conversation(number, at=fake_time.moment - ago, status="closed")
    simulator.faults.between_requests = Churn(state, fake_time, seconds=2.0)
    read = ids_of(client.conversations(fake_time.moment - timedelta(minutes=5), None))
    assert set(edited) <= set(read)


def test_times_are_asked_for_in_whole_seconds_of_utc(
    client: HelpScoutClient, simulator: HelpScoutSimulator, state: HelpScoutState
) -> None:
    """The API answers 400 to fractions and offsets."""
    start = datetime(2026, 3, 29, 3, 0, 0, 987_654, timezone(timedelta(hours=2)))
    ids_of(client.conversations(start, start + timedelta(hours=2)))
    request = asked(simulator, LIST)[0]
    assert request.value("modifiedSince") == "2026-03-29T00:59:59Z"
    assert request.value("query") == "(modifiedAt:[2026-03-29T00:59:59Z TO 2026-03-29T03:00:00Z])"
    assert request.value("status") == "all"


def test_every_page_tells_how_many_records_the_api_speaks_of(
    client: HelpScoutClient, state: HelpScoutState
) -> None:
    add_conversations(state, 60)
    assert [page.told for page in client.conversations(None, None)] == [60, 60, 60]


def test_subject_text_and_people_of_a_conversation_are_not_read(
    client: HelpScoutClient, state: HelpScoutState
) -> None:
    state.add_conversation(
        5, 1, "Hemmelig emne", mailbox=7, bodies=["Hemmelig tekst"], cc=["annen@example.no"]
    )
    (page,) = client.conversations(None, None)
    text = page.records[0].model_dump_json()
    assert not re.search("Hemmelig|annen|Nordmann", text)
    assert page.records[0].customer_id == 1
    assert page.unknown_fields == {}


def test_the_window_may_be_given_in_any_zone(
    client: HelpScoutClient, state: HelpScoutState, fake_time: FakeTime
) -> None:
    add_conversations(state, 30)
    start = fake_time.moment - timedelta(hours=3)
    in_utc = ids_of(client.conversations(start.astimezone(UTC), None))
    in_tokyo = ids_of(client.conversations(start.astimezone(timezone(timedelta(hours=9))), None))
    assert in_utc == in_tokyo != []
