"""What the tests of every simulator hold in their hands: a clock to set and a client that knows only HTTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import requests

Simulator = TypeVar("Simulator")


@dataclass
class Time:
    """The time of a simulated system and of its server."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        """Let some time pass: `pass_by(days=60, seconds=1)`."""
        self.now += timedelta(**span)


@dataclass
class HttpClient(Generic[Simulator]):
    """A simulator that is served at `url`, and a session that asks it."""

    url: str
    simulator: Simulator
    session: requests.Session

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request, redirects not followed."""
        return self.session.request(method, f"{self.url}{path}", allow_redirects=False, timeout=10, **options)
