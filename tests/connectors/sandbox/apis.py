"""Asks the four APIs of a sandbox over HTTP, as somebody who has their documentation and the credentials."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import requests

from connectors.sandbox.server import Sandbox

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

Record = dict[str, Any]


class Time:
    """A clock that the test sets."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Apis:
    """A client of each API, signed in."""

    def __init__(self, sandbox: Sandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.session = session
        self.given = sandbox.environment()
        self.sign_in()

    def sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.given["HELPSCOUT_APP_ID"],
            "client_secret": self.given["HELPSCOUT_APP_SECRET"],
        }
        answer = self.session.post(f"{self.given['HELPSCOUT_URL']}/v2/oauth2/token", data=form)
        self._bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        answer = self.session.put(
            f"{self.given['TRIPLETEX_URL']}/token/session/:create",
            params={
                "consumerToken": self.given["TRIPLETEX_CONSUMER_TOKEN"],
                "employeeToken": self.given["TRIPLETEX_EMPLOYEE_TOKEN"],
                "expirationDate": "2099-01-01",
            },
        )
        self._session_token = ("0", answer.json()["value"]["token"])

    def helpscout(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(method, self.given["HELPSCOUT_URL"] + path, headers=self._bearer, **more)

    def support_customers(self) -> list[Record]:
        """All people at Help Scout."""
        return list(self._cursor_pages("/v3/customers", "customers"))

    def conversations(self, **query: str) -> list[Record]:
        """All inquiries, of every status."""
        found: list[Record] = []
        for page in range(1, 100):
            answer = self.helpscout(
                "GET", "/v2/conversations", params={"status": "all", "page": page, **query}
            )
            rows = answer.json().get("_embedded", {}).get("conversations", [])
            found += rows
            if not rows:
                return found
        raise AssertionError("no end of conversations")

    def tripletex(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(
            method, self.given["TRIPLETEX_URL"] + path, auth=self._session_token, **more
        )

    def ledger(self, path: str, **query: str) -> list[Record]:
        """All rows of a list of Tripletex."""
        answer = self.tripletex("GET", path, params={"count": "1000", "fields": "*", **query})
        rows: list[Record] = answer.json()["values"]
        return rows

    def customers(self) -> list[Record]:
        """All customers of the ledger, active and not."""
        fields = "*,postalAddress(*,country(isoAlpha2Code))"
        return [
            row
            for inactive in ("false", "true")
            for row in self.ledger("/customer", isInactive=inactive, fields=fields)
        ]

    def contacts(self) -> list[Record]:
        """All contact persons of the ledger."""
        return self.ledger("/contact")

    def invoices(self) -> list[Record]:
        """All invoices and credit notes."""
        return self.ledger("/invoice", invoiceDateFrom="2000-01-01", invoiceDateTo="2100-01-01")

    def subscriptions(self) -> list[Record]:
        """All recurring orders, open and closed, with their lines."""
        fields = (
            "*,currency(code),changes(timestamp),"
            "orderLines(id,count,unitPriceExcludingVatCurrency,product(number,name))"
        )
        range_ = {"orderDateFrom": "2000-01-01", "orderDateTo": "2100-01-01"}
        return self.ledger("/order", isSubscription="true", fields=fields, **range_)

    def unit(self, number: str, kind: str = "enheter") -> requests.Response:
        """One answer of the register."""
        return self.session.get(f"{self.given['BRREG_URL']}/{kind}/{number}")

    def participants(self, activity: int, **query: str) -> list[Record]:
        """A participant list."""
        auth = (self.given["PINDENA_USERNAME"], self.given["PINDENA_PASSWORD"])
        url = f"{self.given['PINDENA_URL']}/api/v1/activities/{activity}/participants"
        rows: list[Record] = self.session.get(url, auth=auth, params=query).json()
        return rows

    def signups(self, variable: str = "PINDENA_COURSE_ACTIVITIES", **query: str) -> list[Record]:
        """The participants of all own courses, or of all own order forms."""
        return [
            row
            for activity in self.given[variable].split(",")
            for row in self.participants(int(activity), **query)
        ]

    def orders(self) -> list[Record]:
        """The participants of all own order forms."""
        return self.signups("PINDENA_ORDER_ACTIVITIES")

    def everything(self) -> list[Record]:
        """All that a nightly run may see, and the other customers' events besides."""
        return [
            *self.support_customers(),
            *self.conversations(),
            *self.customers(),
            *self.contacts(),
            *self.invoices(),
            *self.subscriptions(),
            *self.signups(updated_after="2000-01-01"),
            *self.signups("PINDENA_ORDER_ACTIVITIES", updated_after="2000-01-01"),
            *self.participants(901),
            *self.participants(902),
            *(self.unit(row["organizationNumber"]).json() for row in self._registered()),
        ]

    def _registered(self) -> Iterator[Record]:
        for row in self.customers():
            if row["organizationNumber"] and self.unit(row["organizationNumber"]).content:
                yield row

    def _cursor_pages(self, path: str, key: str) -> Iterator[Record]:
        url: str | None = path
        while url:
            content = self.helpscout("GET", url).json()
            yield from content.get("_embedded", {}).get(key, [])
            following = content["_links"].get("next", {}).get("href", "")
            url = following.removeprefix(self.given["HELPSCOUT_URL"]) or None


def emails_of(customer: Record) -> list[str]:
    """Addresses of a Help Scout customer."""
    return [entry["value"] for entry in customer["_embedded"]["emails"]]
