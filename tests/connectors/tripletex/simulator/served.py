"""What the simulator's tests hold in their hands: a client that knows only HTTP."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

from connectors.tripletex.simulator import TripletexSimulator
from tests.connectors.served import HttpClient

CONSUMER, EMPLOYEE = "consumer-token", "employee-token"


@dataclass
class Api(HttpClient[TripletexSimulator]):
    """A client that knows nothing but HTTP."""

    token: str = ""
    """The session token in use."""

    def get(self, path: str, **query: Any) -> requests.Response:
        """A GET; `from` is written `start`."""
        if "start" in query:
            query["from"] = query.pop("start")
        return self.send("GET", path, params=query)

    def page(self, path: str, **query: Any) -> dict[str, Any]:
        """A list's envelope, numbers with a fraction as Decimal."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        envelope: dict[str, Any] = answer.json(parse_float=Decimal)
        return envelope

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The rows of a page."""
        rows: list[dict[str, Any]] = self.page(path, **query)["values"]
        return rows

    def ids(self, path: str, **query: Any) -> list[int]:
        """The ids of a page."""
        return [row["id"] for row in self.rows(path, **query)]

    def value(self, path: str, **query: Any) -> dict[str, Any]:
        """A single object, numbers with a fraction as Decimal."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        value: dict[str, Any] = answer.json(parse_float=Decimal)["value"]
        return value

    def write(self, method: str, path: str, body: Any = None, **query: Any) -> dict[str, Any]:
        """A write that succeeds; returns the object in the answer."""
        answer = self.send(method, path, json=body, params=query)
        assert answer.status_code in (200, 201), answer.text
        value: dict[str, Any] = answer.json(parse_float=Decimal)["value"]
        return value

    def refusal(self, method: str, path: str, body: Any = None, **query: Any) -> tuple[int, int]:
        """Status and code of an error."""
        answer = self.send(method, path, json=body, params=query)
        error = answer.json()
        assert error["status"] == answer.status_code
        return answer.status_code, error["code"]

    def problems(self, method: str, path: str, body: Any = None, **query: Any) -> list[tuple[str, str]]:
        """Field and message of each entry of `validationMessages`."""
        messages = self.send(method, path, json=body, params=query).json()["validationMessages"]
        return [(message["field"], message["message"]) for message in messages]

    def open_session(self, expires: str, method: str = "POST") -> requests.Response:
        """Ask for a session that ends when `expires` begins."""
        parameters = {"consumerToken": CONSUMER, "employeeToken": EMPLOYEE, "expirationDate": expires}
        place = "json" if method == "POST" else "params"
        return self.send(method, "/token/session/:create", **{place: parameters})

    def log_in(self, expires: str = "2026-12-31") -> None:
        """Open a session and use it from now on."""
        self.token = self.open_session(expires).json()["value"]["token"]
        self.session.auth = ("0", self.token)
