"""The gate before each simulated API: records, limits the rate, fails on demand, then calls the app."""

import asyncio
import json
import re
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.simulation.faults import Fault, Faults, RateWindowKind, RecordedRequest
from connectors.simulation.server import reset_connection

Clock = Callable[[], datetime]
View = TypeVar("View")


def utc_now() -> datetime:
    """The real time, aware, in UTC."""
    return datetime.now(UTC)


class Simulator(ABC):
    """One API: its ASGI app behind a gate that records, limits, and fails on demand."""

    system: ClassVar[str]

    def __init__(self, faults: Faults, clock: Clock, requests: list[RecordedRequest] | None = None) -> None:
        self.faults = faults
        self.clock = clock
        self.requests: list[RecordedRequest] = requests if requests is not None else []
        self.views = Views()
        self.window = RateWindow()
        self.app: ASGIApp = Gate(self)

    def spend(self, weight: int) -> "Rate":
        """Use up budget as another integration of the same account does, as far as it is there."""
        return self.window.spend(weight, self.faults.rate_limit, self.faults.rate_window, self.clock())

    @abstractmethod
    def routed(self) -> ASGIApp:
        """The app behind the gate."""

    @abstractmethod
    def failure(self, status: int) -> Response:
        """The API's own body for a failure that no handler raised (429, 5xx)."""

    def weight(self, method: str, path: str) -> int:
        """What a request costs of the rate budget."""
        return 1

    def standing_headers(self, number: int, rate: "Rate") -> dict[str, str]:
        """Headers that every answer of this API carries; `number` counts the requests.

        `requests[number - 1]` is the request, its status known.
        """
        return {}

    def own_retry_headers(self, seconds: int) -> dict[str, str]:
        """The API's own way to say when to come back."""
        return {"Retry-After": str(seconds)}


@dataclass(frozen=True, slots=True)
class Rate:
    """State of the budget after a request: limit and remaining requests, seconds to the reset."""

    limit: int | None
    remaining: int
    reset_seconds: int
    allowed: bool


class RateWindow:
    """Counts the weight of the requests of the current minute."""

    def __init__(self) -> None:
        self._spent: deque[tuple[datetime, int]] = deque()

    def spend(self, weight: int, limit: int | None, kind: RateWindowKind, now: datetime) -> Rate:
        """Take `weight` out of the budget, or refuse when too little is left."""
        if limit is None:
            return Rate(None, 0, 60, allowed=True)
        self._forget(kind, now)
        used = sum(cost for _, cost in self._spent)
        allowed = used + weight <= limit
        if allowed and weight:
            self._spent.append((now, weight))
            used += weight
        return Rate(limit, limit - used, self._seconds_left(kind, now), allowed)

    def _forget(self, kind: RateWindowKind, now: datetime) -> None:
        while self._spent:
            moment = self._spent[0][0]
            if kind == "fixed":
                current = _minute(moment) == _minute(now)
            else:
                current = (now - moment).total_seconds() < 60
            if current:
                return
            self._spent.popleft()

    def _seconds_left(self, kind: RateWindowKind, now: datetime) -> int:
        if kind == "fixed" or not self._spent:
            return 60 - now.second
        return max(1, 60 - int((now - self._spent[0][0]).total_seconds()))


class Views:
    """Keeps the filtered and sorted lists that were last used until the records behind them change."""

    def __init__(self, size: int = 8) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    def get(self, key: Hashable, version: int, build: Callable[[], View]) -> View:
        """The view under `key` as of `version` of the records, built when it is not there."""
        kept = self._kept.pop(key, None)
        view: View = kept[1] if kept is not None and kept[0] == version else build()
        self._kept[key] = (version, view)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return view


class Gate:
    """ASGI middleware: one request through recorder, rate window, planned faults and the app."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; other scopes (lifespan) are none of the gate's business."""
        if scope["type"] != "http":
            return
        request, faults = _record(self._simulator.system, scope), self._simulator.faults
        self._simulator.requests.append(request)
        number = len(self._simulator.requests)
        if faults.between_requests is not None:
            faults.between_requests(request)
        rate = self._simulator.spend(self._simulator.weight(request.method, request.path))
        fault = faults.take(request) if rate.allowed else None
        if fault is not None and fault.kind == "reset" and not fault.after_commit:
            await reset_connection(scope, receive)
            return
        answer = await self._answer(scope, _overheard(receive, request), rate, fault)
        if fault is not None and fault.kind == "reset":
            await reset_connection(scope, receive)
            return
        request.status = answer.status
        answer.add(self._simulator.standing_headers(number, rate))
        await _deliver(answer, fault, send)

    async def _answer(self, scope: Scope, receive: Receive, rate: Rate, fault: Fault | None) -> "_Answer":
        if not rate.allowed:
            answer = await _capture(self._simulator.failure(429), scope, receive)
            answer.add(self._retry_headers(rate.reset_seconds))
            return answer
        if fault is not None and fault.kind == "status":
            answer = await _capture(self._failure(fault), scope, receive)
            answer.add(dict(fault.headers))
            return answer
        if self._app is None:
            self._app = self._simulator.routed()
        return await _capture(self._app, scope, receive)

    def _failure(self, fault: Fault) -> Response:
        if fault.body == "html":
            return Response(_HTML, fault.status, media_type="text/html")
        if fault.body == "empty":
            return Response(status_code=fault.status)
        return self._simulator.failure(fault.status)

    def _retry_headers(self, seconds: int) -> dict[str, str]:
        match self._simulator.faults.retry_header:
            case "own":
                return self._simulator.own_retry_headers(seconds)
            case "retry-after":
                return {"Retry-After": str(seconds)}
            case "none":
                return {}


def json_response(
    content: Any,
    status: int = 200,
    *,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON answer in UTF-8; Decimals keep their scale (`34937.50`), half a surrogate pair is escaped."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=_encode_decimal)
    text = _DECIMAL.sub(r"\1", text)
    return Response(
        text.encode(errors="backslashreplace"), status, headers=dict(headers or {}), media_type=media_type
    )


def query_pairs(scope: Scope) -> tuple[tuple[str, str], ...]:
    """The decoded query of a request, in order, blank values kept."""
    return tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))


def same_text(left: str, right: str) -> bool:
    """Whether two texts are equal without regard to case."""
    return left.casefold() == right.casefold()


_HTML = "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Error</h1></body></html>"
_DECIMAL = re.compile('"\ue000(-?[0-9.]+)\ue000"')


@dataclass(slots=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def add(self, headers: Mapping[str, str]) -> None:
        self.headers += [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
        ]


async def _capture(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    answer = _Answer(500, [], b"")

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            answer.body += message.get("body", b"")

    await app(scope, receive, keep)
    return answer


async def _deliver(answer: _Answer, fault: Fault | None, send: Send) -> None:
    body, half = answer.body, len(answer.body) // 2
    if fault is not None and fault.kind == "cut" and fault.keep_framing:
        body = body[:half]
        answer.headers = [pair for pair in answer.headers if pair[0] != b"content-length"] + [
            (b"content-length", str(half).encode())
        ]
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if fault is not None and fault.kind == "cut" and not fault.keep_framing:
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        return
    if fault is not None and fault.kind == "slow":
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        await asyncio.sleep(fault.seconds)
        body = body[half:]
    await send({"type": "http.response.body", "body": body})


def _record(system: str, scope: Scope) -> RecordedRequest:
    path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return RecordedRequest(system, scope["method"], path, query_pairs(scope), headers)


def _overheard(receive: Receive, request: RecordedRequest) -> Receive:
    async def hear() -> Message:
        message = await receive()
        request.body += message.get("body", b"")
        return message

    return hear


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _encode_decimal(value: object) -> str:
    if isinstance(value, Decimal):
        return f"\ue000{value}\ue000"
    raise TypeError(f"not JSON: {type(value).__name__}")
