"""What the simulator's tests hold in their hands: a client that knows only HTTP."""

from dataclasses import dataclass
from typing import Any

import requests

from connectors.brreg.simulator import BrregSimulator
from tests.connectors.served import HttpClient

FJELLHEIM = "310001376"
FOTO = "310002747"
BRANCH = "310006858"


@dataclass
class Api(HttpClient[BrregSimulator]):
    """A client that knows nothing but HTTP."""

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
