"""A company in the simulated Tripletex, and a client on it whose waiting takes no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from connectors.budget import RequestBudget
from connectors.simulation.server import LoopbackServer
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import TripletexState, encode_token
from schemas.policy import load_policy
from tests.connectors.fake_time import FakeTime


@pytest.fixture
def state(fake_time: FakeTime) -> TripletexState:
    return TripletexState(encode_token(1754), encode_token(2913), fake_time.now)


@pytest.fixture
def simulator(state: TripletexState, fake_time: FakeTime) -> TripletexSimulator:
    return TripletexSimulator(state, clock=fake_time.now)


@pytest.fixture
def connect(
    server: LoopbackServer, simulator: TripletexSimulator, fake_time: FakeTime
) -> Iterator[Callable[..., TripletexClient]]:
    """Makes clients of the simulated company; other tokens than its own may be given."""
    clients: list[TripletexClient] = []
    server.app = simulator.app

    def make(
        consumer_token: str = simulator.state.consumer_token,
        employee_token: str = simulator.state.employee_token,
    ) -> TripletexClient:
        client = TripletexClient.connect(
            load_policy(),
            server.url,
            consumer_token,
            employee_token,
            clock=fake_time.now,
            budget=RequestBudget(10_000, clock=fake_time.monotonic, sleep=fake_time.sleep),
            sleep=fake_time.sleep,
        )
        clients.append(client)
        return client

    yield make
    simulator.faults.planned.clear()
    simulator.faults.between_requests = None
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Callable[..., TripletexClient]) -> TripletexClient:
    return connect()
