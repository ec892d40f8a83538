"""The loopback server: its port, its life, and many clients at once."""

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from connectors.simulation.server import LoopbackServer
from tests.connectors.simulation.echo import NUMBERS, Echo


def test_a_closed_server_frees_its_port_and_may_be_closed_again() -> None:
    server = LoopbackServer(Echo().app)
    assert requests.get(f"{server.url}/rows", timeout=10).json() == NUMBERS
    server.close()
    server.close()

    with socket.create_server(("127.0.0.1", server.port)), pytest.raises(OSError, match="in use"):
        LoopbackServer(Echo().app, port=server.port)


def test_an_app_may_be_replaced_between_requests() -> None:
    first, second = Echo(), Echo()
    with LoopbackServer(first.app) as server, requests.Session() as session:
        session.get(f"{server.url}/rows", timeout=10)
        server.app = second.app
        session.get(f"{server.url}/rows", timeout=10)

    assert [len(first.requests), len(second.requests)] == [1, 1]


def test_many_clients_are_served_at_once() -> None:
    echo = Echo()
    with LoopbackServer(echo.app) as server, ThreadPoolExecutor(8) as pool:
        url = f"{server.url}/rows"
        answers = list(pool.map(lambda _: requests.get(url, timeout=10).json(), range(32)))

    assert answers == [NUMBERS] * 32
    assert len(echo.requests) == 32
