"""HTTP connections that end: a whole answer within its time, and interim answers (1xx) passed over.

The standard library waits anew for every byte, so that a header that drips in holds it for days; and it takes
an early hint (103) for the answer, and the answer behind it for that of the next request. Knows sockets, and
nothing of what is asked.
"""

from __future__ import annotations

import http.client
import io
import socket
from time import monotonic
from typing import Any

import urllib3.connection
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

ANSWER_SECONDS = 180.0
"""From the end of the request to the last byte of its answer."""
_MAX_INTERIM_ANSWERS = 20
_SWITCHING_PROTOCOLS = 101


class Transport(HTTPAdapter):
    """What a session sends its requests through."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As HTTPAdapter, with connections of this module."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Answer(http.client.HTTPResponse):
    """An answer that has to arrive within ANSWER_SECONDS."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Timed(self.fp, sock, monotonic() + ANSWER_SECONDS))

    def begin(self) -> None:
        """Read the status and the headers of the answer, and of no interim one."""
        super().begin()
        interim = 0
        while 100 <= self.status < 200 and self.status != _SWITCHING_PROTOCOLS:
            interim += 1
            if interim > _MAX_INTERIM_ANSWERS:
                raise http.client.HTTPException("interim answers without end")
            self.headers = None  # type: ignore[assignment]  # the sign that the answer has not begun
            super().begin()


class _Timed(io.RawIOBase):
    """Reads from a socket until a time on the monotonic clock; raises TimeoutError then."""

    def __init__(self, source: io.BufferedIOBase, sock: socket.socket, deadline: float) -> None:
        self._source = source
        self._socket = sock
        self._patience = sock.gettimeout()
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        self._socket.settimeout(left if self._patience is None else min(left, self._patience))
        return self._source.readinto1(buffer)

    def close(self) -> None:
        self._source.close()
        super().close()


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _Answer


class _SecureConnection(urllib3.connection.HTTPSConnection):
    response_class = _Answer


class _Pool(urllib3.connectionpool.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.connectionpool.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
