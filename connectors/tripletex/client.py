"""The client of Tripletex: reads customers, contacts, invoices and subscriptions, registers the first two.

Yields typed pages; knows no store and no Dagster. No request here can make Tripletex send a message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Self

from connectors.client import Client, Clock, utc_now
from connectors.egress import Egress
from connectors.errors import PermanentError
from connectors.fate import Gone, Present
from connectors.pages import Page
from connectors.tripletex.client_by_id import by_id
from connectors.tripletex.client_customers import all_contacts, all_customers
from connectors.tripletex.client_invoices import invoices_with, invoices_within
from connectors.tripletex.client_numbers import Named
from connectors.tripletex.client_objects import Objects
from connectors.tripletex.client_registration import Registration
from connectors.tripletex.client_session import TripletexSession
from connectors.tripletex.client_subscriptions import all_subscriptions, lines_of
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import (
    TripletexContact,
    TripletexCustomer,
    TripletexInvoice,
    TripletexSubscription,
)
from schemas.policy import Policy


class TripletexClient(Client):
    """One company in Tripletex. Use `connect`; `close` ends the session."""

    def __init__(
        self,
        egress: Egress,
        session: TripletexSession,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(egress)
        self._session = session
        self._clock = clock
        self._objects = Objects(egress)
        self.registration = Registration(egress, self._objects, sleep)
        """Registers customers and contact persons."""

    @classmethod
    def connect(
        cls,
        policy: Policy,
        url: str,
        consumer_token: str,
        employee_token: str,
        *,
        clock: Clock = utc_now,
        **egress_options: Any,
    ) -> Self:
        """A client of the company behind `url`. Sends nothing yet."""
        session = TripletexSession(consumer_token, employee_token, clock)
        egress = Egress(policy, "tripletex", url, credentials=session, **egress_options)
        return cls(egress, session, clock, egress_options.get("sleep", time.sleep))

    @property
    def refused_fields(self) -> Mapping[str, Sequence[str]]:
        return self._objects.refused_fields

    @property
    def dropped_rows(self) -> Mapping[str, int]:
        return +self._objects.dropped_rows

    def check(self) -> int:
        """Log in and ask whose company this is; returns its id."""
        body = self._egress.request("GET", "/token/session/>whoAmI", query={"fields": "companyId"}).body
        value = body.get("value") if isinstance(body, dict) else None
        company = value.get("companyId") if isinstance(value, dict) else None
        if not isinstance(company, int):
            raise PermanentError("tripletex: the answer to whoAmI names no company; is TRIPLETEX_URL right?")
        return company

    def leave_out(self, payload: type[Payload], names: Sequence[str]) -> None:
        """Do not ask for these declared fields, which the server has refused before.

        They stay among `refused_fields`; to find out which ones it knows takes dozens of requests.
        """
        self._objects.leave_out(payload, names)

    def customers(self, named: Named = tuple) -> Iterator[Page[TripletexCustomer]]:
        """Every customer, active and inactive, once. The API does not tell how many there are.

        Where there are more than it serves in one list (10,000), they are searched for by their numbers;
        `named` then gives ids of customers that are known from elsewhere.
        """
        return all_customers(self._objects, self._clock(), named)

    def contacts(self, named: Named = tuple) -> Iterator[Page[TripletexContact]]:
        """Every contact person, active and inactive, once. `named`: as for `customers`."""
        return all_contacts(self._objects, self._clock(), named)

    def invoices(self, start: date, end: date) -> Iterator[Page[TripletexInvoice]]:
        """Every charged invoice and credit note dated from `start` until the day before `end`, once."""
        return invoices_within(self._objects, start, end)

    def invoices_by_id(self, ids: Iterable[int]) -> Iterator[Page[TripletexInvoice]]:
        """These invoices as they are now. One that is gone does not come: ask for its fate."""
        return invoices_with(self._objects, sorted(set(ids)))

    def subscriptions(self) -> Iterator[Page[TripletexSubscription]]:
        """Every line of the recurring orders, open and closed, once."""
        return all_subscriptions(self._objects)

    def customer(self, customer_id: int) -> Page[TripletexCustomer] | Gone:
        """One customer as it is now, or that there is none."""
        return by_id(self._objects, TripletexCustomer, "/customer/{id}", customer_id)

    def contact(self, contact_id: int) -> Page[TripletexContact] | Gone:
        """One contact person as it is now, or that there is none."""
        return by_id(self._objects, TripletexContact, "/contact/{id}", contact_id)

    def invoice(self, invoice_id: int) -> Page[TripletexInvoice] | Gone:
        """One invoice as it is now, or that there is none."""
        return by_id(self._objects, TripletexInvoice, "/invoice/{id}", invoice_id)

    def customer_fate(self, customer_id: int) -> Present | Gone:
        """Whether the customer still exists."""
        return self._objects.fate("/customer/{id}", customer_id)

    def contact_fate(self, contact_id: int) -> Present | Gone:
        """Whether the contact person still exists."""
        return self._objects.fate("/contact/{id}", contact_id)

    def invoice_fate(self, invoice_id: int) -> Present | Gone:
        """Whether the invoice still exists."""
        return self._objects.fate("/invoice/{id}", invoice_id)

    def subscription_lines(self, order_id: int) -> frozenset[int] | None:
        """Ids of the lines of a recurring order; None when the order is gone, or recurs no more."""
        return lines_of(self._objects, order_id)

    def order_line_fate(self, line_id: int) -> Present | Gone:
        """Whether an order line still exists."""
        return self._objects.fate("/order/orderline/{id}", line_id)

    def close(self) -> None:
        """End the session and close the connections."""
        self._session.end(self._egress)
        super().close()
