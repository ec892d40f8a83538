"""What changed is read in as many requests as it has pages, and these tell how many records there are."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import TransientError, UnauthorizedError
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.pages import Page
from connectors.simulation.server import LoopbackServer
from tests.connectors.helpscout.client.account import (
    Churn,
    FakeTime,
    Heedless,
    Refusing,
    add_conversations,
    add_customers,
    asked,
    busy_account,
    client_of,
)
from tests.connectors.helpscout.client.conftest import Connect

CONVERSATIONS, CUSTOMERS, WALK = "/v2/conversations", "/v2/customers", "/v3/customers"


def read(pages: Generator[Page[Any], None, int | None]) -> tuple[set[int], int | None]:
    """Ids of the records of all pages, and how many there are in all."""
    ids: set[int] = set()
    while True:
        try:
            ids.update(record.id for record in next(pages).records)
        except StopIteration as stop:
            return ids, stop.value


def close(state: HelpScoutState, fake_time: FakeTime, numbers: range) -> None:
    """A user closes conversations, one a second, during the last hour."""
    for place, number in enumerate(numbers):
        state.close_conversation(number, by=1, at=fake_time.moment - timedelta(seconds=3000 - place))


@pytest.fixture
def yesterday(fake_time: FakeTime) -> datetime:
    return fake_time.moment - timedelta(days=1)


@pytest.mark.parametrize("changed", [26, 50, 51, 99, 120])
def test_a_night_of_several_pages_costs_as_many_requests_and_tells_the_number(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    changed: int,
) -> None:
    add_conversations(state, 600, apart=timedelta(hours=3))
    numbers = range(1101, 1101 + changed)
    close(state, fake_time, numbers)
    ids, told = read(client.changed_conversations(fake_time.moment - timedelta(minutes=55)))
    assert ids >= {*numbers}
    assert told == 600
    assert len(asked(simulator, CONVERSATIONS)) == -(-changed // 25)


def test_customers_that_changed_cost_one_request_for_each_page_as_well(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    yesterday: datetime,
) -> None:
    add_customers(state, 900)
    fake_time.moment += timedelta(days=3)
    for number in range(2001, 2121):
        state.change_customer(number, at=fake_time.moment - timedelta(hours=2), lastName="Nordmann")
    ids, told = read(client.changed_customers(fake_time.moment - timedelta(days=1)))
    assert ids >= {*range(2001, 2121)}
    assert told == 901
    assert (len(asked(simulator, CUSTOMERS)), len(asked(simulator, WALK))) == (3, 0)


def test_changes_that_no_time_of_a_record_shows_cost_one_request_more(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    """That the last page holds what changed is then not seen on it, so it is asked for."""
    add_conversations(state, 600, apart=timedelta(hours=3))
    for number in range(1101, 1161):
        state.change_conversation(number, at=fake_time.moment - timedelta(minutes=50), tags=[])
    ids, told = read(client.changed_conversations(fake_time.moment - timedelta(minutes=55)))
    assert ids >= {*range(1101, 1161)}
    assert told == 600
    assert len(asked(simulator, CONVERSATIONS)) == 3 + 1


@pytest.mark.parametrize("changed", [0, 1, 25])
def test_a_night_of_one_page_costs_one_request_which_tells_no_number(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    changed: int,
) -> None:
    add_conversations(state, 200, apart=timedelta(hours=3))
    close(state, fake_time, range(1001, 1001 + changed))
    ids, told = read(client.changed_conversations(fake_time.moment - timedelta(minutes=55)))
    assert ids >= {*range(1001, 1001 + changed)}
    assert told is None
    assert len(asked(simulator, CONVERSATIONS)) == 1


@pytest.mark.parametrize("ignored", ["query", "modifiedSince", "sortField", "sortOrder", "sort"])
def test_a_server_that_heeds_less_hides_nothing(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime, ignored: str
) -> None:
    add_conversations(state, 300, apart=timedelta(hours=3))
    close(state, fake_time, range(1101, 1161))
    names = ("sortField", "sortOrder") if ignored == "sort" else (ignored,)
    client = connect(Heedless(simulator.app, *names))
    ids, _ = read(client.changed_conversations(fake_time.moment - timedelta(minutes=55)))
    assert ids >= {*range(1101, 1161)}


def test_a_list_that_is_not_served_in_that_order_is_read_in_the_other(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    add_conversations(state, 300, apart=timedelta(hours=3))
    close(state, fake_time, range(1101, 1161))
    app = Refusing(simulator.app, lambda _, query: query.get("sortField") == "modifiedAt", 400)
    ids, told = read(connect(app).changed_conversations(fake_time.moment - timedelta(minutes=55)))
    assert ids >= {*range(1101, 1161)}
    assert told is None


def test_an_account_without_numbered_customers_is_read_by_the_walk(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, yesterday: datetime
) -> None:
    add_customers(state, 120)
    client = connect(Refusing(simulator.app, lambda path, _: path == CUSTOMERS, 404))
    ids, told = read(client.changed_customers(yesterday))
    assert ids == {*range(2001, 2121)}
    assert told is None


@pytest.mark.parametrize(("status", "error"), [(401, UnauthorizedError), (503, TransientError)])
def test_a_failure_is_told_and_not_taken_for_another_order(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    yesterday: datetime,
    status: int,
    error: type[Exception],
) -> None:
    add_customers(state, 120)
    simulator.faults.fail(status, path=CUSTOMERS, times=50)
    with pytest.raises(error):
        read(client.changed_customers(yesterday))
    assert not asked(simulator, WALK)


def test_a_very_long_list_of_changes_is_read_in_the_order_that_holds_still(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    simulator.behaviour.conversation_page_size = 2
    add_conversations(state, 210, apart=timedelta(hours=3))
    close(state, fake_time, range(1001, 1207))
    ids, told = read(client.changed_conversations(fake_time.moment - timedelta(minutes=55)))
    assert ids >= {*range(1001, 1207)}
    assert told is None
    assert len(asked(simulator, CONVERSATIONS)) == 1 + 103


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    records=st.integers(20, 160),
    size=st.integers(6, 40),
    apart=st.sampled_from([timedelta(0), timedelta(seconds=1), timedelta(minutes=20)]),
    hours=st.sampled_from([2, 30, 24 * 365]),
    seconds=st.sampled_from([0.0, 0.4, 3.0]),
    edits=st.integers(0, 3),
    adds=st.integers(0, 2),
    deletes=st.integers(0, 2),
    tells=st.booleans(),
    ignored=st.sampled_from([(), ("query",), ("modifiedSince",), ("sortField", "sortOrder")]),
    seed=st.integers(0, 10**6),
)
def test_nothing_that_was_there_throughout_is_missed(
    loopback: LoopbackServer,
    records: int,
    size: int,
    apart: timedelta,
    hours: int,
    seconds: float,
    edits: int,
    adds: int,
    deletes: int,
    tells: bool,
    ignored: tuple[str, ...],
    seed: int,
) -> None:
    """The law of reading, with records changing between any two requests."""
    time, state, simulator = busy_account(records, size, apart)
    start = time.moment - timedelta(hours=hours)
    due = {number for number, stored in state.conversations.items() if stored.modified_at >= start}
    simulator.faults.between_requests = Churn(state, time, edits, adds, deletes, seed, seconds, tells)
    loopback.app = Heedless(simulator.app, *ignored)
    client = client_of(loopback, state, time)
    ids, _ = read(client.changed_conversations(start))
    client.close()
    assert due & set(state.conversations) <= ids
