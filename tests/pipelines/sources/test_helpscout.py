"""Deletions at Help Scout are seen the next night, by one count; a healthy store is not read anew for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.budget import RequestBudget
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.faults import RecordedRequest
from connectors.simulation.server import LoopbackServer
from pipelines.privacy.keys import source_key
from pipelines.sources.helpscout import read_conversations, read_customers, read_mailboxes
from pipelines.sources.reading import Desk, Run
from pipelines.store.tally import Tally
from schemas.payloads.base import Payload
from schemas.policy import load_policy
from schemas.tables.landing import TABLES, load
from tests.connectors.helpscout.client.account import Heedless, Refusing
from tests.pipelines.sources.conftest import Clock

CUSTOMERS = range(1, 121)
CONVERSATIONS = range(1001, 1101)


@pytest.fixture
def state(clock: Clock) -> HelpScoutState:
    account = HelpScoutState(now=clock)
    account.add_mailbox(7, "Kundestøtte", "support@selskap.example.no")
    for number in CUSTOMERS:
        made = clock.now - timedelta(days=200 - number)
        account.add_customer(number, "Kari", f"Nr{number}", emails=[f"k{number}@example.no"], at=made)
    for number in CONVERSATIONS:
        account.add_conversation(
            number, 1, "Innlogging", mailbox=7, at=clock.now - timedelta(hours=1200 - number)
        )
    return account


@pytest.fixture
def simulator(state: HelpScoutState, clock: Clock) -> HelpScoutSimulator:
    return HelpScoutSimulator(state, clock=clock)


@pytest.fixture
def server(simulator: HelpScoutSimulator) -> Iterator[LoopbackServer]:
    with LoopbackServer(simulator.app) as server:
        yield server


@pytest.fixture
def client(server: LoopbackServer, simulator: HelpScoutSimulator, clock: Clock) -> Iterator[HelpScoutClient]:
    client = HelpScoutClient.connect(
        load_policy(),
        server.url,
        simulator.state.app_id,
        simulator.state.app_secret,
        clock=clock,
        sleep=clock.sleep,
        budget=RequestBudget(100_000, clock=clock.seconds, sleep=clock.sleep),
    )
    yield client
    client.close()


Night = Callable[..., Tally]


@pytest.fixture
def night(desk: Desk, client: HelpScoutClient, clock: Clock) -> Night:
    """Lets a day pass and reads."""

    def read(what: Callable[[Desk, HelpScoutClient, Run], Tally] = read_customers, **options: Any) -> Tally:
        clock.now += timedelta(days=1)
        return what(desk, client, Run(run_id=f"run {clock.now}", started_at=clock.now, **options))

    return read


def live(desk: Desk, source: str) -> set[int]:
    table = TABLES[source]
    with desk.engine.connect() as connection:
        return set(connection.scalars(sa.select(table.c.id).where(table.c.deleted_at_source.is_(None))))


def pages_of(simulator: HelpScoutSimulator, path: str) -> int:
    """Requests for a list since they were last cleared."""
    return sum(request.path.rstrip("/") == path for request in simulator.requests)


def test_a_customer_that_is_deleted_is_gone_after_an_ordinary_night(
    night: Night, desk: Desk, state: HelpScoutState
) -> None:
    night()
    state.delete_customer(60)
    assert night().deleted == 1
    assert live(desk, "helpscout_customer") == {*CUSTOMERS} - {60}


def test_a_customer_that_is_merged_away_is_gone_after_an_ordinary_night(
    night: Night, desk: Desk, state: HelpScoutState
) -> None:
    night()
    state.merge_customers(60, 61)
    night()
    assert live(desk, "helpscout_customer") == {*CUSTOMERS} - {60}


def test_conversations_that_are_deleted_or_merged_are_gone_after_an_ordinary_night(
    night: Night, desk: Desk, state: HelpScoutState
) -> None:
    night(read_conversations)
    state.delete_conversation(1003)
    state.merge_conversations(1050, 1051)
    assert night(read_conversations).deleted == 2
    assert live(desk, "helpscout_conversation") == {*CONVERSATIONS} - {1003, 1050}


@pytest.mark.parametrize("what", [read_customers, read_conversations])
def test_a_quiet_night_takes_one_request_for_what_changed_and_one_to_count(
    night: Night, client: HelpScoutClient, what: Any
) -> None:
    night(what)
    before = client.requests_sent
    tally = night(what)
    assert client.requests_sent - before == tally.requests == 2
    assert tally.compared is None


@pytest.mark.parametrize(
    ("what", "path", "pages"),
    [(read_customers, "/v3/customers", 3), (read_conversations, "/v2/conversations", 4)],
)
def test_a_complete_read_counts_what_it_meets_and_asks_for_no_count(
    night: Night, simulator: HelpScoutSimulator, what: Any, path: str, pages: int
) -> None:
    night(what)
    assert len(simulator.requests) - pages_of(simulator, "/v2/oauth2/token") == pages
    assert pages_of(simulator, path) == pages


def changes(clock: Clock, state: HelpScoutState) -> None:
    """Sixty customers and sixty conversations change in the course of the next day."""
    for place in range(60):
        at = clock.now + timedelta(hours=12, minutes=place)
        state.change_customer(1 + place, at=at, lastName="Nordmann")
        state.close_conversation(1001 + place, by=1, at=at)


@pytest.mark.parametrize(("what", "pages"), [(read_customers, 2), (read_conversations, 3)])
def test_a_night_of_several_pages_is_counted_by_the_requests_that_read_it(
    night: Night, clock: Clock, state: HelpScoutState, simulator: HelpScoutSimulator, what: Any, pages: int
) -> None:
    night(what)
    for _ in range(3):
        changes(clock, state)
        state.add_customer(state.next_id("customers"), "Ny", "Kunde", at=clock.now + timedelta(hours=20))
        simulator.requests.clear()
        assert night(what).compared is None
        assert len(simulator.requests) - pages_of(simulator, "/v2/oauth2/token") == pages


def test_a_deletion_is_seen_by_what_a_night_of_several_pages_tells(
    night: Night, clock: Clock, desk: Desk, state: HelpScoutState
) -> None:
    night()
    night(read_conversations)
    changes(clock, state)
    state.delete_customer(100)
    state.delete_conversation(1090)
    assert night().deleted == 1
    assert night(read_conversations).deleted == 1
    assert live(desk, "helpscout_customer") == {*CUSTOMERS} - {100}


def test_one_that_comes_while_a_night_is_read_costs_a_count_and_no_more(
    night: Night, clock: Clock, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    night()
    changes(clock, state)
    lists: list[str] = []

    def comes(request: RecordedRequest) -> None:
        lists.append(request.path)
        if lists.count("/v2/customers") == 2 and 999 not in state.customers:
            state.add_customer(999, "Ny", "Kunde")

    simulator.faults.between_requests = comes
    tally = night()
    assert (tally.requests, tally.compared) == (3, None)
    simulator.faults.between_requests = None
    assert night().compared is None


def test_one_that_goes_while_everything_is_read_is_gone_after_the_next_night(
    night: Night, desk: Desk, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    """The complete read has met it, and so counted it."""

    def goes(request: RecordedRequest) -> None:
        if request.value("cursor") and 120 in state.customers:
            state.delete_customer(120)

    simulator.faults.between_requests = goes
    night()
    assert 120 in live(desk, "helpscout_customer")
    assert night().deleted == 1
    assert live(desk, "helpscout_customer") == {*CUSTOMERS} - {120}


def test_what_comes_in_and_is_edited_does_not_make_a_night_read_everything(
    night: Night, clock: Clock, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    night()
    for day in range(4):
        for hours in (1, 5, 7, 17):
            made = clock.now + timedelta(hours=hours)
            state.add_customer(1000 + 100 * day + hours, "Ny", "Kunde", at=made)
        state.change_customer(5 + day, at=clock.now + timedelta(hours=3), lastName="Nordmann")
        simulator.requests.clear()
        assert night().compared is None, day
        assert pages_of(simulator, "/v3/customers") == 0, day


def test_one_that_came_and_went_between_two_nights_makes_no_difference(
    night: Night, clock: Clock, state: HelpScoutState
) -> None:
    night()
    state.add_customer(999, "Ny", "Kunde", at=clock.now + timedelta(hours=3))
    state.delete_customer(999)
    assert night().compared is None


def test_as_many_new_ones_as_were_deleted_do_not_hide_the_deletion(
    night: Night, clock: Clock, desk: Desk, state: HelpScoutState
) -> None:
    night()
    state.add_customer(999, "Ny", "Kunde", at=clock.now + timedelta(hours=3))
    state.delete_customer(60)
    night()
    assert live(desk, "helpscout_customer") == {*CUSTOMERS, 999} - {60}


def test_what_is_suppressed_expired_or_malformed_lives_there_and_not_here_without_a_sweep(
    night: Night, clock: Clock, desk: Desk, client: HelpScoutClient, state: HelpScoutState
) -> None:
    """Else a healthy store would be read anew every night."""

    def expired(connection: sa.Connection, payload: type[Payload], records: Sequence[Any]) -> Collection[Any]:
        return {record.id for record in records if record.id in (3, 402)}

    with desk.engine.begin() as connection:
        desk.suppression.add(
            connection, [source_key("helpscout_customer", number) for number in (2, 401)], "erasure"
        )
    state.change_customer(4, at=clock.now, firstName="K" * 1_000_000)
    desk = Desk(desk.engine, desk.suppression, expired)

    def read() -> Tally:
        clock.now += timedelta(days=1)
        return read_customers(desk, client, Run(run_id=str(clock.now), started_at=clock.now))

    first = read()
    assert (first.suppressed, first.rejected) == (2, 1)
    for number in (401, 402):
        state.add_customer(number, "Ny", "Kunde", at=clock.now + timedelta(hours=3))
    with desk.engine.begin() as connection:
        table = TABLES["helpscout_customer"]
        connection.execute(sa.delete(table).where(table.c.id.in_([10, 11])))
    second, third = read(), read()
    assert (second.suppressed, second.compared, third.compared) == (2, None, None)


def test_a_new_customer_that_the_index_shows_late_makes_no_difference(
    night: Night, clock: Clock, state: HelpScoutState, simulator: HelpScoutSimulator, desk: Desk
) -> None:
    simulator.behaviour.index_lag = 3600
    night()
    state.add_customer(999, "Ny", "Kunde", at=clock.now + timedelta(hours=23, minutes=30))
    assert night().compared is None
    assert night().compared is None
    assert 999 in live(desk, "helpscout_customer")


@pytest.mark.parametrize("how", [400, 422, "not heeded"])
def test_a_count_that_cannot_be_bounded_is_of_everything_until_now(
    night: Night,
    clock: Clock,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    server: LoopbackServer,
    desk: Desk,
    how: int | str,
) -> None:
    if isinstance(how, int):
        server.app = Refusing(simulator.app, lambda path, query: "query" in query, how)
    else:
        server.app = Heedless(simulator.app, "query")
    night()
    state.add_customer(500, "Ny", "Kunde", at=clock.now + timedelta(hours=23))
    assert night().compared is None
    state.delete_customer(60)
    assert night().deleted == 1
    assert live(desk, "helpscout_customer") == {*CUSTOMERS, 500} - {60}


def test_where_nothing_is_counted_deletions_show_in_a_complete_read(
    night: Night, state: HelpScoutState, simulator: HelpScoutSimulator, desk: Desk
) -> None:
    simulator.faults.fail(404, path="/v2/customers", times=100)
    night()
    state.delete_customer(60)
    assert night().compared is None
    simulator.faults.planned.clear()
    assert night(complete=True).deleted == 1


def test_while_rights_are_lost_nothing_is_deleted_and_each_night_looks_again(
    night: Night, desk: Desk, simulator: HelpScoutSimulator
) -> None:
    night()
    simulator.faults.hidden = lambda table, record: table == "customers" and record["id"] <= 60
    for _ in range(2):
        tally = night()
        assert (tally.compared, tally.missing, tally.refused_deletions) == (120, 60, 60)
        assert live(desk, "helpscout_customer") == {*CUSTOMERS}
    simulator.faults.hidden = lambda table, record: False
    assert night().missing == 0
    assert night().compared is None


def test_customers_that_come_back_into_view_unchanged_are_read(
    night: Night, desk: Desk, simulator: HelpScoutSimulator
) -> None:
    """A right that is given shows records that nobody has modified: their number tells."""
    simulator.faults.hidden = lambda table, record: table == "customers" and record["id"] == 60
    night()
    assert 60 not in live(desk, "helpscout_customer")
    simulator.faults.hidden = lambda table, record: False
    night()
    assert 60 in live(desk, "helpscout_customer")


def test_a_backfill_counts_nothing_and_looks_for_no_deletions(
    night: Night, clock: Clock, desk: Desk, client: HelpScoutClient, state: HelpScoutState
) -> None:
    night()
    state.delete_customer(60)
    window = (clock.now - timedelta(days=100), clock.now - timedelta(days=90))
    run = Run(run_id="backfill", started_at=clock.now, window=window)
    assert read_customers(desk, client, run).compared is None
    assert client.counts["GET", "/v2/customers", 200] == 0
    assert night().deleted == 1


def test_a_mailbox_that_is_gone_is_marked_as_deleted(night: Night, desk: Desk, state: HelpScoutState) -> None:
    state.add_mailbox(8, "Faktura", "faktura@selskap.example.no")
    night(read_mailboxes)
    state.mailboxes.pop()
    night(read_mailboxes)
    assert live(desk, "helpscout_mailbox") == {7}


def test_the_reconciliation_tells_what_was_compared(night: Night, desk: Desk, state: HelpScoutState) -> None:
    night()
    state.delete_customer(60)
    night()
    with desk.engine.connect() as connection:
        rows = connection.execute(
            sa.select(load.c.compared, load.c.missing, load.c.deleted).order_by(load.c.load_id)
        ).all()
    assert rows == [(120, 0, 0), (120, 1, 1)]
