"""What the simulator's tests hold in their hands: a client that knows only HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

from connectors.helpscout.simulator import HelpScoutSimulator
from tests.connectors.served import HttpClient

MAILBOX = 13
AGENT = 99


@dataclass
class Api(HttpClient[HelpScoutSimulator]):
    """A client that knows nothing but HTTP."""

    def get(self, path: str, **query: Any) -> requests.Response:
        """A GET."""
        return self.send("GET", path, params=query)

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The embedded rows of one page that is answered with 200."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return next(iter(answer.json().get("_embedded", {}).values()), [])

    def ids(self, path: str, **query: Any) -> list[int]:
        """The ids of one page."""
        return [row["id"] for row in self.rows(path, **query)]

    def walk(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every page of a list, along its `next` links."""
        page = self.get(path, **query).json()
        yield page
        while "next" in page["_links"]:
            page = self.session.get(page["_links"]["next"]["href"], timeout=10).json()
            yield page

    def log_in(self, **changed: str) -> requests.Response:
        """Ask for a token and use it from now on."""
        form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "app-secret"}
        answer = self.send("POST", "/v2/oauth2/token", data=form | changed)
        if answer.status_code == 200:
            self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return answer
