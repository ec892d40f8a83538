"""A simulated Help Scout account served over real HTTP, with a clock that the test sets."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.server import LoopbackServer
from tests.connectors.helpscout.simulator.served import AGENT, MAILBOX, Api
from tests.connectors.served import Time


@pytest.fixture
def time() -> Time:
    """Noon of a day in March."""
    return Time(datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC))


@pytest.fixture
def state(time: Time) -> HelpScoutState:
    """An account with one inbox and one agent."""
    account = HelpScoutState(now=time)
    account.add_user(AGENT, "Ola", "Hansen", "ola@selskap.example.no")
    account.add_mailbox(MAILBOX, "Kundestøtte", "support@selskap.example.no")
    return account


@pytest.fixture
def api(server: LoopbackServer, state: HelpScoutState, time: Time) -> Iterator[Api]:
    """The account below `/helpscout` of the loopback port, and a client that has a token."""
    simulator = HelpScoutSimulator(state, clock=time)
    server.app = Starlette(routes=[Mount("/helpscout", app=simulator.app)])
    with requests.Session() as session:
        client = Api(f"{server.url}/helpscout", simulator, session)
        client.log_in()
        yield client


@pytest.fixture
def add_customers(state: HelpScoutState, time: Time) -> Callable[[int], None]:
    """Adds people 1 to n, each a minute younger than the one before."""

    def add(count: int) -> None:
        for number in range(1, count + 1):
            created = time.now - timedelta(minutes=count - number + 1)
            state.add_customer(number, "Kari", f"Nr{number}", emails=[f"k{number}@example.no"], at=created)

    return add
