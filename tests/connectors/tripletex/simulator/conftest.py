"""A simulated Tripletex company served over real HTTP, with a clock that the test sets."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from connectors.simulation.server import LoopbackServer
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import TripletexState
from tests.connectors.served import Time
from tests.connectors.tripletex.simulator.served import CONSUMER, EMPLOYEE, Api


@pytest.fixture
def time() -> Time:
    """Noon of a day in November."""
    return Time(datetime(2026, 11, 20, 11, 0, tzinfo=UTC))


@pytest.fixture
def state(time: Time) -> TripletexState:
    """A company without customers."""
    return TripletexState(CONSUMER, EMPLOYEE, now=time)


@pytest.fixture
def api(server: LoopbackServer, state: TripletexState, time: Time) -> Iterator[Api]:
    """The company below `/tripletex/v2` of the loopback port, and a client that has a session."""
    simulator = TripletexSimulator(state, clock=time)
    server.app = Starlette(routes=[Mount("/tripletex/v2", app=simulator.app)])
    with requests.Session() as session:
        client = Api(f"{server.url}/tripletex/v2", simulator, session)
        client.log_in()
        yield client
