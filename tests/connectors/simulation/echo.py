"""A simulator of nothing in particular: each POST is counted, each answer is a row of numbers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from connectors.simulation.faults import Faults
from connectors.simulation.gate import Rate, Simulator, json_response

NUMBERS = list(range(1000))


class Echo(Simulator):
    """Costs 1 a request and 2 a POST; numbers its answers."""

    system: ClassVar[str] = "echo"

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 10, 12, 0, 0, tzinfo=UTC)
        self.posts = 0
        super().__init__(Faults(), lambda: self.time)

    def pass_by(self, seconds: float) -> None:
        """Let some time pass."""
        self.time += timedelta(seconds=seconds)

    def routed(self) -> ASGIApp:
        return Router([Route("/{rest:path}", self._answer, methods=["GET", "POST"])])

    def failure(self, status: int) -> Response:
        return json_response({"echo": status}, status)

    def weight(self, method: str, path: str) -> int:
        return 2 if method == "POST" else 1

    def standing_headers(self, number: int, rate: Rate) -> dict[str, str]:
        return {"X-Number": str(number)}

    def own_retry_headers(self, seconds: int) -> dict[str, str]:
        return {"X-Own-Retry": str(seconds)}

    async def _answer(self, request: Request) -> Response:
        if request.method == "POST":
            await request.body()
            self.posts += 1
        return json_response(NUMBERS)


@dataclass
class Served:
    """The simulator and a client that knows nothing but HTTP."""

    url: str
    simulator: Echo
    session: requests.Session

    def get(self, path: str = "/rows", **query: Any) -> requests.Response:
        """A GET."""
        return self.session.get(f"{self.url}{path}", params=query, timeout=10)

    def post(self, path: str = "/rows", **options: Any) -> requests.Response:
        """A POST."""
        return self.session.post(f"{self.url}{path}", timeout=10, **options)

    def statuses(self, count: int) -> list[int]:
        """The statuses of so many GETs."""
        return [self.get().status_code for _ in range(count)]
