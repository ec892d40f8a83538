"""What webhooks have marked is looked up by its id, lands as anything does, and moves no cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.budget import RequestBudget
from connectors.errors import TransientError, UnauthorizedError
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.server import LoopbackServer
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import TripletexState, encode_token
from pipelines.deletion_limit import DeletionLimit
from pipelines.privacy.keys import source_key
from pipelines.privacy.suppression import Suppression
from pipelines.sources.findings import adds_up, no_mass_deletion
from pipelines.sources.helpscout import read_customers
from pipelines.sources.reading import Desk, Run
from pipelines.store.cursors import read_cursor
from pipelines.store.tally import Tally
from pipelines.webhooks.marks import note, numbers_marked
from pipelines.webhooks.receiver import Mark
from pipelines.webhooks.refetch import look_ups, refetch
from schemas.policy import load_policy
from schemas.tables.landing import TABLES, load

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
RUN = Run("run", NOW, marked=True)


class Waiting:
    """Sleep that takes no time."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def desk(crm_engine: sa.Engine) -> Desk:
    return Desk(crm_engine, Suppression(b"s" * 32), expired=None)


@pytest.fixture
def state() -> HelpScoutState:
    account = HelpScoutState(now=lambda: NOW)
    account.add_mailbox(7, "Kundestøtte", "support@selskap.example.no")
    for number in range(1, 41):
        account.add_customer(number, "Kari", f"Nr{number}", at=NOW - timedelta(days=number))
    account.add_conversation(1001, 1, "Innlogging", mailbox=7, at=NOW - timedelta(days=2))
    account.add_conversation(1002, 1, "Innlogging", mailbox=7, at=NOW - timedelta(days=1))
    return account


@pytest.fixture
def simulator(state: HelpScoutState) -> HelpScoutSimulator:
    return HelpScoutSimulator(state, clock=lambda: NOW)


@pytest.fixture
def client(server: LoopbackServer, simulator: HelpScoutSimulator) -> Iterator[HelpScoutClient]:
    server.app, waiting = simulator.app, Waiting()
    client = HelpScoutClient.connect(
        load_policy(),
        server.url,
        simulator.state.app_id,
        simulator.state.app_secret,
        clock=lambda: NOW,
        sleep=waiting.sleep,
        budget=RequestBudget(100_000, clock=waiting, sleep=waiting.sleep),
    )
    yield client
    client.close()


Refetch = Callable[..., list[Tally]]


@pytest.fixture
def read(desk: Desk, client: HelpScoutClient) -> Refetch:
    """Looks up what is marked of Help Scout."""

    def look(desk: Desk = desk) -> list[Tally]:
        tallies = [
            refetch(desk, RUN, client, "helpscout", payload, look_up)
            for payload, look_up in look_ups(client).items()
        ]
        return [tally for tally in tallies if tally is not None]

    return look


def mark(desk: Desk, *ids: int, event: str = "customer.updated", system: str = "helpscout") -> None:
    for number in ids:
        note(desk.engine, Mark(system, event, number))


def rows(desk: Desk, source: str = "helpscout_customer") -> dict[int, Any]:
    """Live rows by id."""
    table = TABLES[source]
    with desk.engine.connect() as connection:
        found = connection.execute(sa.select(table).where(table.c.deleted_at_source.is_(None)))
        return {row.id: row for row in found}


def waiting(desk: Desk) -> dict[str, int]:
    with desk.engine.connect() as connection:
        return numbers_marked(connection)[0]


def test_marked_records_are_looked_up_and_no_others(
    desk: Desk, read: Refetch, simulator: HelpScoutSimulator
) -> None:
    mark(desk, 3, 5)
    mark(desk, 1001, event="convo.customer.reply.created")
    customers, conversations = read()
    assert (customers.received, customers.stored, conversations.stored) == (2, 2, 1)
    assert (set(rows(desk)), set(rows(desk, "helpscout_conversation"))) == ({3, 5}, {1001})
    asked = [request.path for request in simulator.requests if "oauth2" not in request.path]
    assert sorted(asked) == ["/v2/conversations/1001", "/v2/customers/3", "/v2/customers/5"]
    assert waiting(desk) == {}


def test_several_events_about_one_record_take_one_request(
    desk: Desk, read: Refetch, client: HelpScoutClient
) -> None:
    for event in ("customer.created", "customer.updated"):
        mark(desk, 3, event=event)
    read()
    assert client.counts["GET", "/v2/customers/{id}", 200] == 1
    assert waiting(desk) == {}


def test_a_record_lands_just_as_the_night_lands_it(
    desk: Desk, read: Refetch, client: HelpScoutClient
) -> None:
    mark(desk, 3)
    read()
    tally = read_customers(desk, client, Run("night", NOW))
    assert (tally.stored, tally.unchanged) == (39, 1)


def test_reading_twice_changes_nothing(desk: Desk, read: Refetch) -> None:
    mark(desk, 3)
    read()
    mark(desk, 3)
    [again] = read()
    assert (again.stored, again.unchanged) == (0, 1)
    assert read() == []


def test_the_cursor_of_the_night_stays(desk: Desk, read: Refetch, client: HelpScoutClient) -> None:
    before = NOW - timedelta(days=1)
    read_customers(desk, client, Run("night", before))
    mark(desk, 3)
    read()
    with desk.engine.connect() as connection:
        assert read_cursor(connection, "helpscout_customer")[0] == before
        assert connection.scalars(sa.select(load.c.kind).order_by(load.c.load_id)).all() == [
            "nightly", "webhook",
        ]  # fmt: skip
        assert adds_up(connection, "helpscout_customer").passed


def test_without_marks_nothing_is_asked(read: Refetch, client: HelpScoutClient) -> None:
    assert read() == []
    assert client.requests_sent == 0


def test_a_record_that_is_gone_is_marked_as_deleted(
    desk: Desk, read: Refetch, client: HelpScoutClient, state: HelpScoutState
) -> None:
    read_customers(desk, client, Run("night", NOW))
    state.delete_customer(3)
    mark(desk, 3, event="customer.deleted")
    [tally] = read()
    assert (tally.received, tally.deleted) == (0, 1)
    assert 3 not in rows(desk)


def test_a_record_that_never_landed_and_is_gone_is_nothing(desk: Desk, read: Refetch) -> None:
    mark(desk, 999, event="customer.deleted")
    [tally] = read()
    assert (tally.received, tally.deleted) == (0, 0)
    assert waiting(desk) == {}


def test_a_record_that_was_merged_goes_and_its_survivor_is_read(
    desk: Desk, read: Refetch, client: HelpScoutClient, state: HelpScoutState
) -> None:
    read_customers(desk, client, Run("night", NOW))
    state.merge_customers(3, 4)
    state.change_customer(4, lastName="Nordmann")
    mark(desk, 3)
    [tally] = read()
    assert (tally.received, tally.stored, tally.deleted) == (1, 1, 1)
    assert rows(desk)[4].last_name == "Nordmann"
    assert 3 not in rows(desk)


def test_two_marks_about_both_sides_of_a_merge_take_a_request_each(
    desk: Desk, read: Refetch, client: HelpScoutClient, state: HelpScoutState
) -> None:
    state.merge_customers(3, 4)
    mark(desk, 3, 4)
    read()
    assert client.counts["GET", "/v2/customers/{id}", 200] == 1
    assert client.counts["GET", "/v2/customers/{id}", 301] == 1


def test_a_record_that_is_refused_is_left_to_the_night(
    desk: Desk, read: Refetch, simulator: HelpScoutSimulator
) -> None:
    simulator.faults.fail(403, path="/v2/customers/3$")
    mark(desk, 3, 5)
    read()
    assert rows(desk).keys() == {5}
    assert waiting(desk) == {}


@pytest.mark.parametrize(("status", "kind"), [(503, TransientError), (401, UnauthorizedError)])
def test_what_was_read_before_a_failure_has_landed_and_the_rest_stays_marked(
    desk: Desk, read: Refetch, simulator: HelpScoutSimulator, status: int, kind: type[Exception]
) -> None:
    simulator.faults.fail(status, path="/v2/customers/5$", times=100)
    mark(desk, 3, 5, 7)
    with pytest.raises(kind):
        read()
    assert rows(desk).keys() == {3}
    assert waiting(desk) == {"helpscout": 2}
    simulator.faults.planned.clear()
    read()
    assert rows(desk).keys() == {3, 5, 7}


def test_what_was_erased_does_not_come_back(desk: Desk, read: Refetch) -> None:
    with desk.engine.begin() as connection:
        desk.suppression.add(connection, [source_key("helpscout_customer", 3)], "erasure")
    mark(desk, 3, 5)
    [tally] = read()
    assert (tally.suppressed, tally.stored) == (1, 1)
    assert rows(desk).keys() == {5}


def test_so_many_gone_at_once_are_not_believed(
    desk: Desk, read: Refetch, client: HelpScoutClient, simulator: HelpScoutSimulator
) -> None:
    read_customers(desk, client, Run("night", NOW))
    simulator.faults.fail(404, path="/v2/customers/", times=100)
    mark(desk, *range(1, 16))
    [tally] = read()
    assert (tally.deleted, tally.refused_deletions) == (0, 15)
    assert len(rows(desk)) == 40
    with desk.engine.connect() as connection:
        assert not no_mass_deletion(connection, "helpscout_customer").passed
    mark(desk, *range(1, 16))
    [tally] = read(replace(desk, limit=DeletionLimit(share=0.5)))
    assert (tally.deleted, tally.refused_deletions) == (15, 0)


class TestTripletex:
    @pytest.fixture
    def company(self) -> TripletexState:
        company = TripletexState(encode_token(1754), encode_token(2913), lambda: NOW)
        self.customer = company.add_customer("Bakke Regnskap AS", email="post@bakke.example.no")
        self.other = company.add_customer("Lund Data AS", isInactive=True)
        self.contact = company.add_contact(self.customer, "Kari", "Nordmann", email="kari@bakke.example.no")
        return company

    @pytest.fixture
    def ledger(self, server: LoopbackServer, company: TripletexState) -> Iterator[TripletexClient]:
        server.app, waiting = TripletexSimulator(company, clock=lambda: NOW).app, Waiting()
        client = TripletexClient.connect(
            load_policy(),
            server.url,
            company.consumer_token,
            company.employee_token,
            clock=lambda: NOW,
            budget=RequestBudget(10_000, clock=waiting, sleep=waiting.sleep),
            sleep=waiting.sleep,
        )
        yield client
        client.close()

    def read(self, desk: Desk, client: TripletexClient) -> None:
        for payload, look_up in look_ups(client).items():
            refetch(desk, RUN, client, "tripletex", payload, look_up)

    def test_marked_customers_and_contacts_are_looked_up(self, desk: Desk, ledger: TripletexClient) -> None:
        mark(desk, self.customer, self.other, event="customer.update", system="tripletex")
        mark(desk, self.contact, event="contact.create", system="tripletex")
        self.read(desk, ledger)
        customers = rows(desk, "tripletex_customer")
        assert customers.keys() == {self.customer, self.other}
        assert customers[self.other].is_inactive
        assert rows(desk, "tripletex_contact")[self.contact].customer_id == self.customer
        assert sum(number for (method, *_), number in ledger.counts.items() if method == "GET") == 3
        assert waiting(desk) == {}

    def test_one_that_is_deleted_is_gone(
        self, desk: Desk, ledger: TripletexClient, company: TripletexState
    ) -> None:
        mark(desk, self.other, event="customer.create", system="tripletex")
        self.read(desk, ledger)
        company.delete_customer(self.other)
        mark(desk, self.other, event="customer.delete", system="tripletex")
        self.read(desk, ledger)
        assert rows(desk, "tripletex_customer") == {}
