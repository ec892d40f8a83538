"""What the simulator's tests hold in their hands: a clock to set and a client that knows only HTTP."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests

from connectors.brreg.simulator import BrregSimulator

FJELLHEIM = "310001376"
FOTO = "310002747"
BRANCH = "310006858"


@dataclass
class Time:
    """The time of the register and of its server."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        """Let some time pass: `pass_by(days=1)`."""
        self.now += timedelta(**span)


@dataclass
class Api:
    """A client that knows nothing but HTTP."""

    url: str
    simulator: BrregSimulator
    session: requests.Session

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
        """A GET."""
        return self.session.get(f"{self.url}{path}", params=query, headers=headers, timeout=10)

    def unit(self, path: str) -> dict[str, Any]:
        """One unit that answers 200."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The embedded rows of one page."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return next(iter(answer.json().get("_embedded", {}).values()), [])

    def numbers(self, path: str, **query: Any) -> list[str]:
        """The organisation numbers of one page."""
        return [row["organisasjonsnummer"] for row in self.rows(path, **query)]
