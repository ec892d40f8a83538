"""An answer has to come whole within its time, and it is the answer to the request that was sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from connectors import transport
from connectors.egress import Egress
from connectors.errors import PermanentError
from connectors.transport import ANSWER_SECONDS, Transport
from schemas.policy import load_policy

Answer = Callable[[socket.socket, str], None]


class RawServer:
    """Answers each request with whatever bytes `answer` writes; keeps its connections open.

    `certificate`: a file with key and certificate, where it is to speak TLS.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.answer: Answer = lambda connection, path: None
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._tls and certificate:
            self._tls.load_cert_chain(certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), self._secured(accepted) as connection:
            while request := connection.recv(65_536):
                self.answer(connection, request.split(b" ")[1].decode())

    def _secured(self, accepted: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(accepted, server_side=True) if self._tls else accepted


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, certificate: Path) -> Iterator[RawServer]:
    running = RawServer(certificate if request.param == "https" else None)
    yield running
    running.close()


@pytest.fixture
def session(certificate: Path) -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        opened.verify = str(certificate)
        for scheme in ("http://", "https://"):
            opened.mount(scheme, Transport())
        yield opened


def whole(text: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


HINT = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"


def test_several_answers_come_over_one_connection(server: RawServer, session: requests.Session) -> None:
    connections: set[socket.socket] = set()

    def answer(connection: socket.socket, path: str) -> None:
        connections.add(connection)
        connection.sendall(whole(path))

    server.answer = answer
    assert [session.get(f"{server.url}/{number}").text for number in range(3)] == ["/0", "/1", "/2"]
    assert len(connections) == 1


@pytest.mark.parametrize("hints", [1, 2])
def test_an_early_hint_is_no_answer_and_what_follows_it_none_to_the_next_request(
    server: RawServer, session: requests.Session, hints: int
) -> None:
    """Taken for an answer, it would let each later request be answered with what was meant for another."""
    server.answer = lambda connection, path: connection.sendall(HINT * hints + whole(path))
    answers = [session.get(f"{server.url}/{number}") for number in range(3)]
    assert [(each.status_code, each.text) for each in answers] == [(200, "/0"), (200, "/1"), (200, "/2")]
    assert "Link" not in answers[0].headers


def test_hints_without_end_are_an_error(server: RawServer, session: requests.Session) -> None:
    server.answer = lambda connection, path: connection.sendall(HINT * 500)
    with pytest.raises(requests.ConnectionError):
        session.get(server.url)


def test_an_answer_that_changes_the_protocol_is_handed_on(
    server: RawServer, session: requests.Session
) -> None:
    """Nobody asked for another protocol: it is for the caller to refuse, and no answer follows it."""
    server.answer = lambda connection, path: connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    assert session.get(server.url).status_code == 101


@pytest.mark.parametrize(
    "begun",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ids=["before the status", "in a header", "in the body"],
)
def test_an_answer_that_drips_in_is_given_up_on(
    server: RawServer, session: requests.Session, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    """Each byte comes in time, the whole never would. Ten seconds pass for each piece that is waited for."""
    waited_for = threading.Semaphore(0)
    passed = iter(range(0, 10_000, 10))

    def clock() -> float:
        waited_for.release()
        return float(next(passed))

    sent = 0

    def drip(connection: socket.socket, path: str) -> None:
        nonlocal sent
        connection.sendall(begun)
        while sent < 1_000 and waited_for.acquire(timeout=5):
            connection.sendall(b"H")
            sent += 1

    server.answer = drip
    monkeypatch.setattr(transport, "monotonic", clock)
    with pytest.raises(requests.RequestException, match="timed out"):
        session.get(server.url, timeout=5)
    assert sent <= ANSWER_SECONDS / 10 + 2


def test_a_certificate_that_nobody_vouches_for_is_not_accepted(certificate: Path) -> None:
    server = RawServer(certificate)
    server.answer = lambda connection, path: connection.sendall(whole("[]"))
    egress = Egress(load_policy(), "brreg", server.url)
    with pytest.raises(PermanentError, match="certificate is not accepted"):
        egress.request("GET", "/enheter")
    egress.close()
    server.close()
