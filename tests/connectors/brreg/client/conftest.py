"""The simulated register, and a client on it whose waiting takes no time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.brreg.client import BrregClient
from connectors.brreg.simulator import BrregSimulator
from connectors.brreg.simulator_state import BrregState
from connectors.budget import RequestBudget
from connectors.simulation.server import LoopbackServer
from schemas.policy import load_policy
from tests.connectors.fake_time import FakeTime


@pytest.fixture
def state(fake_time: FakeTime) -> BrregState:
    return BrregState(fake_time.now)


@pytest.fixture
def simulator(state: BrregState, fake_time: FakeTime) -> BrregSimulator:
    return BrregSimulator(state, clock=fake_time.now)


@pytest.fixture
def client(server: LoopbackServer, simulator: BrregSimulator, fake_time: FakeTime) -> Iterator[BrregClient]:
    server.app = simulator.app
    client = BrregClient.connect(
        load_policy(),
        server.url,
        budget=RequestBudget(10_000, clock=fake_time.monotonic, sleep=fake_time.sleep),
        sleep=fake_time.sleep,
    )
    yield client
    client.close()
