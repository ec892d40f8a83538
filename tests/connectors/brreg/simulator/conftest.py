"""A simulated register served over real HTTP, with a clock that the test sets."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from connectors.brreg.simulator import BrregSimulator
from connectors.brreg.simulator_state import BrregState, address
from connectors.simulation.server import LoopbackServer
from tests.connectors.brreg.simulator.served import BRANCH, FJELLHEIM, FOTO, Api
from tests.connectors.served import Time


@pytest.fixture
def time() -> Time:
    """A moment in November."""
    return Time(datetime(2026, 11, 1, 5, 1, 12, 49_000, tzinfo=UTC))


@pytest.fixture
def state(time: Time) -> BrregState:
    """A company with a branch, and a sole trader, all registered before the feed begins."""
    register = BrregState(now=time)
    register.add_unit(
        FJELLHEIM,
        "FJELLHEIM KURS OG KONFERANSE AS",
        announce=False,
        antallAnsatte=12,
        forretningsadresse=address(
            "Eksempelveien 5",
            "2. etasje",
            postnummer="3241",
            poststed="SANDEFJORD",
            kommunenummer="3907",
        ),
        naeringskode1={"kode": "85.599", "beskrivelse": "Annen undervisning ikke nevnt annet sted"},
    )
    register.add_unit(
        FOTO,
        "TESTESEN FOTO",
        form="ENK",
        announce=False,
        antallAnsatte=3,
        forretningsadresse=address(
            "Syntetisk vei 1", postnummer="7374", poststed="RØROS", kommunenummer="5025"
        ),
    )
    register.add_sub_unit(BRANCH, "FJELLHEIM KURS OG KONFERANSE AS AVD BERGEN", FJELLHEIM, announce=False)
    return register


@pytest.fixture
def api(server: LoopbackServer, state: BrregState, time: Time) -> Iterator[Api]:
    """The register below `/brreg/api` of the loopback port."""
    simulator = BrregSimulator(state, clock=time)
    server.app = Starlette(routes=[Mount("/brreg/api", app=simulator.app)])
    with requests.Session() as session:
        yield Api(f"{server.url}/brreg/api", simulator, session)
