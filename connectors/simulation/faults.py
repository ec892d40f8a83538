"""Fault switches of a simulator, and the requests it has seen."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

BodyKind = Literal["api", "html", "empty"]
RateWindowKind = Literal["fixed", "sliding"]
RetryHeader = Literal["own", "retry-after", "none"]


@dataclass(slots=True)
class RecordedRequest:
    """One request as a simulator saw it. `path` starts below the system's base URL."""

    system: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """What the API read of the body; empty when it answered without reading it."""
    status: int = 0
    """HTTP status of the answer; 0 while it is unanswered or when the connection was reset."""

    def value(self, key: str) -> str | None:
        """The first value of a query key, or None."""
        return next((value for name, value in self.query if name == key), None)

    def header(self, name: str) -> str | None:
        """The first value of a header, its name compared without regard to case, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned failure. `path` is a regular expression searched in the request's path.

    The kind `none` lets its request pass: it stands for the requests to spare before a failure.
    """

    kind: Literal["none", "status", "reset", "cut", "slow"]
    path: str
    method: str | None
    status: int = 500
    body: BodyKind = "api"
    headers: tuple[tuple[str, str], ...] = ()
    after_commit: bool = False
    keep_framing: bool = False
    seconds: float = 0.0

    def meets(self, request: RecordedRequest) -> bool:
        """Whether this fault is meant for the request."""
        return self.method in (None, request.method) and bool(re.search(self.path, request.path))


@dataclass
class Faults:
    """Switches of one simulator. With the defaults it answers as its API does on a good day.

    The planning methods take `path`, a regular expression searched in the request's path, `method`,
    `times`, how many matching requests fail, and `after`, how many of them pass unharmed before.
    Plans for the same request are used up in the order in which they were made.
    """

    rate_limit: int | None = None
    """Requests a minute; None: the API refuses nobody."""
    rate_window: RateWindowKind = "fixed"
    """`fixed`: the counter is reset at each clock minute; `sliding`: over the last 60 seconds."""
    retry_header: RetryHeader = "own"
    """What a 429 carries: the API's own header, plain Retry-After, or nothing."""
    between_requests: Callable[[RecordedRequest], None] | None = None
    """Called before each request is answered: the place to change the world while it is paged."""
    hidden: Callable[[str, Mapping[str, Any]], bool] | None = None
    """Rows (table name, record) that the credentials may not see: they silently drop out."""
    planned: list[Fault] = field(default_factory=list)

    def fail(
        self,
        status: int,
        *,
        path: str = "",
        method: str | None = None,
        times: int = 1,
        after: int = 0,
        body: BodyKind = "api",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next `times` matching requests with `status`, before anything is done."""
        pairs = tuple((headers or {}).items())
        self._plan(Fault("status", path, method, status=status, body=body, headers=pairs), times, after)

    def reset(
        self,
        *,
        path: str = "",
        method: str | None = None,
        times: int = 1,
        after: int = 0,
        after_commit: bool = False,
    ) -> None:
        """Reset the connection; with `after_commit` only when the request has taken effect."""
        self._plan(Fault("reset", path, method, after_commit=after_commit), times, after)

    def cut(
        self,
        *,
        path: str = "",
        method: str | None = None,
        times: int = 1,
        after: int = 0,
        keep_framing: bool = False,
    ) -> None:
        """Send half of the body; with `keep_framing` under a Content-Length that fits the half."""
        self._plan(Fault("cut", path, method, keep_framing=keep_framing), times, after)

    def slow(
        self,
        seconds: float,
        *,
        path: str = "",
        method: str | None = None,
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Pause in the middle of the body."""
        self._plan(Fault("slow", path, method, seconds=seconds), times, after)

    def take(self, request: RecordedRequest) -> Fault | None:
        """Remove and return the first planned fault that is meant for the request."""
        for position, fault in enumerate(self.planned):
            if fault.meets(request):
                return self.planned.pop(position)
        return None

    def visible(self, table: str, record: Mapping[str, Any]) -> bool:
        """Whether the credentials may see a record."""
        return self.hidden is None or not self.hidden(table, record)

    def _plan(self, fault: Fault, times: int, after: int) -> None:
        spared = Fault("none", fault.path, fault.method)
        self.planned.extend([spared] * after + [fault] * times)
