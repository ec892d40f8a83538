"""A small receiver for webhooks: checks the signature, marks the record, keeps nothing of the delivery.

A delivery can be late, doubled or out of order, so it is only a hint that a record is to be read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.helpscout import webhook as helpscout
from connectors.tripletex import webhook as tripletex
from pipelines.webhooks.events import source_of

MAX_BYTES = 1_000_000
"""A larger delivery is refused unread."""
EVENT_HEADER = "X-HelpScout-Event"


@dataclass(frozen=True, slots=True)
class Mark:
    """A record that is to be read again."""

    system: str
    event: str
    record_id: int


Note = Callable[[Mark], None]


def receiver(secrets: Mapping[str, str], note: Note) -> Starlette:
    """An app that answers POST /helpscout and POST /tripletex, each only where its secret is given.

    204: marked, or nothing to mark. 401: not genuine. 413: too large.
    """
    readers = {"helpscout": _helpscout, "tripletex": _tripletex}

    def endpoint(system: str) -> Callable[[Request], object]:
        async def receive(request: Request) -> Response:
            body = await _body(request)
            if body is None:
                return Response(status_code=413)
            if not _GENUINE[system](request.headers, body, secrets[system]):
                return Response(status_code=401)
            mark = readers[system](request.headers, body)
            if mark is not None:
                await run_in_threadpool(note, mark)
            return Response(status_code=204)

        return receive

    return Starlette(
        routes=[
            Route(f"/{system}", endpoint(system), methods=["POST"])
            for system in readers
            if secrets.get(system)
        ]
    )


async def _body(request: Request) -> bytes | None:
    """The raw body, whose signature counts; None when it is too large."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        # What is too much is still taken off the line, so that the answer gets through.
        if size <= MAX_BYTES:
            chunks.append(chunk)
    return b"".join(chunks) if size <= MAX_BYTES else None


_GENUINE: dict[str, Callable[[Mapping[str, str], bytes, str], bool]] = {
    "helpscout": lambda headers, body, secret: helpscout.verify(
        body, headers.get(helpscout.SIGNATURE_HEADER), secret
    ),
    "tripletex": lambda headers, body, secret: tripletex.verify(
        body, headers.get(tripletex.SIGNATURE_HEADER), headers.get(tripletex.IDEMPOTENCY_HEADER), secret
    ),
}


def _helpscout(headers: Mapping[str, str], body: bytes) -> Mark | None:
    """The event stands in a header, the record is the body."""
    return _mark("helpscout", headers.get(EVENT_HEADER), _member(body, "id"))


def _tripletex(headers: Mapping[str, str], body: bytes) -> Mark | None:
    """Event and id stand in the body."""
    return _mark("tripletex", _member(body, "event"), _member(body, "id"))


def _member(body: bytes, name: str) -> object:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document.get(name) if isinstance(document, dict) else None


def _mark(system: str, event: object, record_id: object) -> Mark | None:
    if not isinstance(event, str) or len(event) > 64 or source_of(system, event) is None:
        return None
    if not isinstance(record_id, int) or isinstance(record_id, bool) or not 0 < record_id < 2**63:
        return None
    return Mark(system, event, record_id)
