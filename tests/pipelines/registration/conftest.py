"""An office whose Tripletex is simulated and whose waiting takes no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from connectors.budget import RequestBudget
from connectors.simulation.server import LoopbackServer
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import TripletexState, encode_token
from schemas.policy import load_policy
from tests.connectors.fake_time import FakeTime
from tests.pipelines.registration.office import Office


@pytest.fixture
def simulator(fake_time: FakeTime) -> TripletexSimulator:
    state = TripletexState(encode_token(1754), encode_token(2913), fake_time.now)
    return TripletexSimulator(state, clock=fake_time.now)


@pytest.fixture
def client(
    server: LoopbackServer, simulator: TripletexSimulator, fake_time: FakeTime
) -> Iterator[TripletexClient]:
    server.app = simulator.app
    client = TripletexClient.connect(
        load_policy(),
        server.url,
        simulator.state.consumer_token,
        simulator.state.employee_token,
        clock=fake_time.now,
        budget=RequestBudget(10_000, clock=fake_time.monotonic, sleep=fake_time.sleep),
        sleep=fake_time.sleep,
    )
    yield client
    simulator.faults.planned.clear()
    client.close()


@pytest.fixture
def office(
    crm_engine: sa.Engine, client: TripletexClient, simulator: TripletexSimulator, fake_time: FakeTime
) -> Office:
    return Office(crm_engine, client, simulator.state, fake_time)
