"""A simulated Help Scout account, and a client of it whose waiting takes no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from starlette.types import ASGIApp

from connectors.budget import RequestBudget
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.server import LoopbackServer
from schemas.policy import load_policy
from tests.connectors.helpscout.client.account import FakeTime

Connect = Callable[..., HelpScoutClient]


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime(datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC))  # half a minute before summer time begins


@pytest.fixture
def state(fake_time: FakeTime) -> HelpScoutState:
    """An account with one customer, whose conversations the tests add."""
    account = HelpScoutState(now=fake_time.now)
    account.add_mailbox(7, "Kundestøtte", "support@selskap.example.no")
    account.add_customer(1, "Kari", "Nordmann", at=fake_time.moment - timedelta(days=400))
    return account


@pytest.fixture
def simulator(state: HelpScoutState, fake_time: FakeTime) -> HelpScoutSimulator:
    return HelpScoutSimulator(state, clock=fake_time.now)


@pytest.fixture(scope="session")
def loopback() -> Iterator[LoopbackServer]:
    """One port for the session; each test hangs its own account on it."""
    with LoopbackServer(HelpScoutSimulator(HelpScoutState()).app) as server:
        yield server


@pytest.fixture
def connect(
    loopback: LoopbackServer, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> Iterator[Connect]:
    """Makes clients of the account; `app` stands before it, `clock` is the client's own."""
    clients: list[HelpScoutClient] = []

    def make(
        app: ASGIApp | None = None,
        *,
        clock: Callable[[], datetime] = fake_time.now,
        app_secret: str = simulator.state.app_secret,
        budget: RequestBudget | None = None,
    ) -> HelpScoutClient:
        loopback.app = app or simulator.app
        client = HelpScoutClient.connect(
            load_policy(),
            loopback.url,
            simulator.state.app_id,
            app_secret,
            clock=clock,
            sleep=fake_time.sleep,
            budget=budget or RequestBudget(100_000, clock=fake_time.monotonic, sleep=fake_time.sleep),
        )
        clients.append(client)
        return client

    yield make
    simulator.faults.planned.clear()
    simulator.faults.between_requests = None
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Connect) -> HelpScoutClient:
    return connect()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any request that `responses` does not answer fails."""
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", lambda *_, **__: pytest.fail("a real request"))
