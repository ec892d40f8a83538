"""Serves an ASGI app on 127.0.0.1 from a background thread, and can reset a client's connection.

Knows sockets and uvicorn only; nothing about the APIs that are served.
"""

import asyncio
import contextlib
import logging
import socket
import struct
import threading
from types import TracebackType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_START_SECONDS = 10
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Address = tuple[str, int]
_transports: dict[tuple[Address | None, Address | None], asyncio.Transport] = {}


class LoopbackServer:
    """An ASGI app on 127.0.0.1; `port` 0 takes a free one. Serves until `close()`.

    `app` may be replaced between requests, so that many tests share one server. Raises OSError when a
    given port is taken and RuntimeError when the server does not start.
    """

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        self.app = app
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        logging.getLogger("uvicorn.error").addFilter(_unfinished_on_purpose)
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            http=_ResettableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
            h11_max_incomplete_event_size=1 << 20,
        )
        self._server = _QuietServer(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(_START_SECONDS):
            self.close()
            raise RuntimeError("the loopback server did not start; is the machine overloaded?")

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def close(self) -> None:
        """Stop serving and free the port. May be called twice."""
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)
        self._socket.close()

    def __enter__(self) -> "LoopbackServer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


async def reset_connection(scope: Scope, receive: Receive) -> None:
    """Send the client of this request a TCP reset instead of an answer."""
    transport = _transports[_address(scope.get("client")), _address(scope.get("server"))]
    connection = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


class _QuietServer(uvicorn.Server):
    """Tells when it listens, and leaves the process's signals alone (it runs in a thread)."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


class _ResettableProtocol(H11Protocol):
    """Keeps the transport of each open connection within reach of `reset_connection`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _transports[_address(self.client), _address(self.server)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _transports.pop((_address(self.client), _address(self.server)), None)
        super().connection_lost(exc)


def _address(value: Any) -> Address | None:
    return (value[0], value[1]) if value else None


def _unfinished_on_purpose(record: logging.LogRecord) -> bool:
    """Drop the server's complaint about answers that a fault cut short."""
    return "without completing response" not in record.getMessage()
