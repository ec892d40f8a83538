"""The echo simulator below a mount point of a loopback port."""

from collections.abc import Iterator

import pytest
import requests
from starlette.applications import Starlette
from starlette.routing import Mount

from connectors.simulation.server import LoopbackServer
from tests.connectors.simulation.echo import Echo, Served


@pytest.fixture
def served(server: LoopbackServer) -> Iterator[Served]:
    """A fresh echo simulator and its client."""
    echo = Echo()
    server.app = Starlette(routes=[Mount("/echo", app=echo.app)])
    with requests.Session() as session:
        yield Served(f"{server.url}/echo", echo, session)
