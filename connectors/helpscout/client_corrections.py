"""Corrects a customer in Help Scout (GDPR art. 16): names, company, e-mail addresses and phone numbers.

Only what differs is sent, and what was sent is read back. Knows no store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from connectors.egress import Egress
from connectors.errors import PermanentError
from connectors.helpscout.client_answers import embedded
from connectors.pages import read_page
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.types import clean_text

_PATH = "/v2/customers/{id}"
_TEXTS = {"first_name": "firstName", "last_name": "lastName", "organization": "organization"}
_LISTS: dict[str, Literal["emails", "phones"]] = {"emails": "emails", "phones": "phones"}

CUSTOMER_FIELDS = frozenset((*_TEXTS, *_LISTS))
"""Fields of the payload that can be corrected here."""

Corrected = str | Sequence[str] | None
"""A text (None or empty: nothing), or the whole list of addresses or numbers."""


class Corrections:
    """Corrects customers through one account's egress."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    def correct_customer(self, customer_id: int, fields: Mapping[str, Corrected]) -> HelpScoutCustomer:
        """Give a customer these values; those it has already are not sent. Returns it as it now is.

        Raises ValueError for a field that is not among CUSTOMER_FIELDS; PermanentError when there is no such
        customer, when an address belongs to another customer (409), and with the names of the `fields` that
        Help Scout did not take over.
        """
        if unknown := sorted(fields.keys() - CUSTOMER_FIELDS):
            raise ValueError(f"these fields are not corrected in Help Scout: {', '.join(unknown)}")
        raw, current = self._read(customer_id)
        texts = {
            _TEXTS[name]: value or None
            for name, value in fields.items()
            if name in _TEXTS and not _has(current, name, value)
        }
        if texts:
            variables = {"id": customer_id}
            self._egress.request(
                "PATCH", _PATH, variables=variables, patch=texts, accept=(204,), repeatable=True
            )
        for name, path in _LISTS.items():
            if name in fields and not _has(current, name, fields[name]):
                self._set_list(customer_id, path, embedded(raw, path, "helpscout customer"), fields[name])
        _, current = self._read(customer_id)
        if missed := sorted(name for name, value in fields.items() if not _has(current, name, value)):
            raise PermanentError(
                f"helpscout PATCH {_PATH}: accepted, but not taken over: {', '.join(missed)}",
                fields=tuple(missed),
            )
        return current

    def _read(self, customer_id: int) -> tuple[Mapping[str, Any], HelpScoutCustomer]:
        raw = self._egress.request("GET", _PATH, variables={"id": customer_id}).body
        page = read_page(HelpScoutCustomer, [raw])
        if page.rejected:
            raise PermanentError(f"helpscout GET {_PATH}: the customer cannot be read")
        return raw, page.records[0]

    def _set_list(self, customer_id: int, path: str, entries: Iterable[Any], wanted: Corrected) -> None:
        """Make the entries of one kind those that are wanted; one that stays keeps its id and its type.

        What goes is overwritten by what comes as far as both last: at no moment is there no entry.
        """
        missing = list(_listed(wanted))
        surplus: list[Mapping[str, Any]] = []
        for entry in entries:
            if clean_text(entry["value"]) in missing:
                missing.remove(str(clean_text(entry["value"])))
            else:
                surplus.append(entry)
        one = f"{_PATH}/{path}/{{entry}}"
        for entry in surplus:
            variables = {"id": customer_id, "entry": entry["id"]}
            if missing:
                body = {"type": entry.get("type") or "other", "value": missing.pop(0)}
                self._egress.request("PUT", one, variables=variables, body=body, accept=(204,))
            else:
                self._egress.request("DELETE", one, variables=variables, accept=(204, 404))
        for value in missing:
            body = {"type": "work", "value": value}
            variables = {"id": customer_id}
            self._egress.request("POST", f"{_PATH}/{path}", variables=variables, body=body, accept=(201,))


def _has(customer: HelpScoutCustomer, name: str, value: Corrected) -> bool:
    current = getattr(customer, name)
    if name in _LISTS:
        return sorted(current) == sorted(_listed(value))
    return (current or None) == (value or None)


def _listed(value: Corrected) -> Iterator[str]:
    yield from dict.fromkeys([value] if isinstance(value, str) else value or ())
