"""Registers customers and their contact persons in Tripletex, which itself prevents no duplicate.

Fields go by the names of the payloads. Nothing is created before it was looked for, nothing is sent twice
without having been looked for again, and nothing here touches an invoice or makes Tripletex write to anyone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import AliasPath

from connectors.egress import Egress
from connectors.errors import AmbiguousError, PermanentError, TransientError
from connectors.pages import read_page
from connectors.tripletex.client_fields import FieldPath
from connectors.tripletex.client_objects import Objects
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.payloads.types import clean_text

Value: TypeAlias = str | bool | int
Fields: TypeAlias = Mapping[str, Value]
"""Values by field name of the payload; an empty text blanks a field, an absent name leaves it alone."""

CUSTOMER_FIELDS = frozenset(
    """
    name organization_number is_private_individual email invoice_email phone mobile website is_inactive
    postal_address_1 postal_address_2 postal_code postal_city
    physical_address_1 physical_address_2 physical_code physical_city
    """.split()
)
CONTACT_FIELDS = frozenset("first_name last_name email mobile work_phone is_inactive".split())
ATTEMPTS = 4
LOOKS = (2.0, 8.0, 20.0)
"""Seconds before each look for an object whose creation was not answered."""

_CONFLICT = 409
_ADDRESSES = ("postalAddress", "physicalAddress")
_ADDRESS_IDS: dict[type[Payload], Sequence[FieldPath]] = {
    TripletexCustomer: [(name, "id") for name in _ADDRESSES]
}

P = TypeVar("P", bound=Payload)


class DuplicatesError(PermanentError):
    """More than one object fits where one was expected: somebody has to say which is meant."""


class NothingMadeError(TransientError):
    """Tripletex cannot be asked now, and it is certain that nothing was registered."""


@dataclass(frozen=True, slots=True)
class Registered(Generic[P]):
    """The object as it now is in Tripletex, and whether it was made just now."""

    record: P
    created: bool


class Registration:
    """Look-ups and writes of customers and contact persons."""

    def __init__(self, egress: Egress, objects: Objects, sleep: Callable[[float], None] = time.sleep) -> None:
        self._egress = egress
        self._objects = objects
        self._sleep = sleep

    def find_customers(
        self, *, organization_number: str | None = None, email: str | None = None
    ) -> list[TripletexCustomer]:
        """Customers, active and inactive, with exactly this number or, letter case aside, this address."""
        if (organization_number is None) == (email is None):
            raise ValueError("give an organisation number or an e-mail address")
        if organization_number is not None:
            return [
                customer
                for customer in self._customers({"organizationNumber": organization_number})
                if customer.organization_number == organization_number
            ]
        wanted = str(email).strip()
        found: dict[int, TripletexCustomer] = {}
        # Whether the server tells upper from lower case is not documented.
        for spelling in dict.fromkeys((wanted, wanted.lower())):
            for customer in self._customers({"email": spelling}):
                if _same(customer.email, wanted):
                    found[customer.id] = customer
        return list(found.values())

    def create_customer(self, fields: Fields) -> Registered[TripletexCustomer]:
        """Register a customer, or return the one that is there already.

        A company is known by its organisation number, a private customer by its e-mail address; one of the
        two must be given. Raises ValueError without, DuplicatesError when several fit, PermanentError with
        the names of the `fields` that Tripletex refuses, NothingMadeError when it was not registered for want
        of an answer, and TransientError when it cannot be said yet whether it was: call again later.
        """
        _check(fields, CUSTOMER_FIELDS)
        if not fields.get("organization_number") and not fields.get("email"):
            raise ValueError("a customer needs an organisation number or an e-mail address to be known by")
        return self._create(
            TripletexCustomer, "/customer", _body(TripletexCustomer, fields), lambda: self._like(fields)
        )

    def update_customer(self, customer_id: int, fields: Fields) -> TripletexCustomer:
        """Give a customer these values; those it has already are not sent. Returns it as it now is.

        Raises PermanentError with the names of the `fields` that Tripletex refuses or does not take over,
        and TransientError when others keep changing the customer at the same time.
        """
        _check(fields, CUSTOMER_FIELDS)
        return self._update(TripletexCustomer, "/customer/{id}", customer_id, fields)

    def find_contacts(self, customer_id: int) -> list[TripletexContact]:
        """The contact persons of a customer."""
        return [
            contact
            for contact in self._objects.find(TripletexContact, "/contact", {"customerId": customer_id})
            if contact.customer_id == customer_id
        ]

    def create_contact(self, customer_id: int, fields: Fields) -> Registered[TripletexContact]:
        """Register a contact person of a customer, or return the one that is there already.

        Two are the same when their e-mail addresses are, or their names where one has no address. Raises
        as `create_customer` does.
        """
        _check(fields, CONTACT_FIELDS)
        if not (fields.get("email") or (fields.get("first_name") and fields.get("last_name"))):
            raise ValueError("a contact person needs an e-mail address or a full name to be known by")
        body = {**_body(TripletexContact, fields), "customer": {"id": customer_id}}

        def alike() -> list[TripletexContact]:
            return [each for each in self.find_contacts(customer_id) if _is_the_same_person(each, fields)]

        return self._create(TripletexContact, "/contact", body, alike)

    def update_contact(self, contact_id: int, fields: Fields) -> TripletexContact:
        """Give a contact person these values; as `update_customer`."""
        _check(fields, CONTACT_FIELDS)
        return self._update(TripletexContact, "/contact/{id}", contact_id, fields)

    def _customers(self, query: Mapping[str, object]) -> list[TripletexCustomer]:
        found: dict[int, TripletexCustomer] = {}
        for inactive in (False, True):
            for each in self._objects.find(TripletexCustomer, "/customer", {**query, "isInactive": inactive}):
                found[each.id] = each
        return list(found.values())

    def _like(self, fields: Fields) -> list[TripletexCustomer]:
        if number := fields.get("organization_number"):
            return self.find_customers(organization_number=str(number))
        # A company can have the address of the person who runs it, and is another customer.
        return [
            each for each in self.find_customers(email=str(fields["email"])) if not each.organization_number
        ]

    def _create(
        self, payload: type[P], path: str, body: Mapping[str, object], alike: Callable[[], list[P]]
    ) -> Registered[P]:
        try:
            if present := _single(alike()):
                return Registered(present, created=False)
            answer = self._egress.request("POST", path, body=body, accept=(200, 201), weight=1).body
        except AmbiguousError:
            return Registered(self._look_again(payload, alike), created=True)
        except TransientError as error:
            raise NothingMadeError(str(error), wait_seconds=error.wait_seconds) from None
        return Registered(_single(alike()) or self._answered(payload, path, answer), created=True)

    def _answered(self, payload: type[P], path: str, answer: Any) -> P:
        """What was made, by the id in the answer: a search may be slow to know a new object."""
        value = answer.get("value") if isinstance(answer, Mapping) else None
        made = value.get("id") if isinstance(value, Mapping) else None
        if not isinstance(made, int):
            raise TransientError(f"tripletex POST {path}: what was registered is not found yet")
        return _validated(payload, self._objects.one(payload, f"{path}/{{id}}", made))

    def _look_again(self, payload: type[P], alike: Callable[[], list[P]]) -> P:
        """What an unanswered POST has made. It is not sent again: it may still take effect."""
        for seconds in LOOKS:
            self._sleep(seconds)
            if made := _single(alike()):
                return made
        raise TransientError(f"{payload.source}: the answer was lost, and nothing was registered so far")

    def _update(self, payload: type[P], path: str, record_id: int, fields: Fields) -> P:
        before: P | None = None
        sent: frozenset[str] = frozenset()
        for _ in range(ATTEMPTS):
            raw = self._objects.one(payload, path, record_id, _ADDRESS_IDS.get(payload, ()))
            current = _validated(payload, raw)
            if getattr(before, "is_customer", None) and not getattr(current, "is_customer", None):
                raise PermanentError(
                    f"tripletex PUT {path}: the object is no customer any more; mend it there"
                )
            differing = {name for name, value in fields.items() if not _has(current, name, value)}
            if not differing:
                return current
            if differing <= sent:
                raise PermanentError(
                    f"tripletex PUT {path}: accepted, but not taken over: {', '.join(sorted(differing))}",
                    fields=tuple(sorted(differing)),
                )
            before = before or current
            sent = self._put(payload, path, record_id, raw, {name: fields[name] for name in differing})
        raise TransientError(f"tripletex PUT {path}: others keep changing the object; try again later")

    def _put(
        self, payload: type[Payload], path: str, record_id: int, raw: Mapping[str, Any], fields: Fields
    ) -> frozenset[str]:
        """Send one update for the version that was read; the names that were taken, none on a conflict."""
        body: dict[str, Any] = {"id": record_id, **_body(payload, fields)}
        if isinstance(raw.get("version"), int):
            body["version"] = raw["version"]
        for name in _ADDRESSES:
            if name in body:
                # Without its id an address might be replaced by a new one, without the lines not sent.
                present = raw.get(name)
                address = present if isinstance(present, Mapping) else {}
                kept = {key: value for key, value in address.items() if isinstance(value, str | int)}
                body[name] = {**kept, **body[name]}
        try:
            self._egress.request("PUT", path, variables={"id": record_id}, body=body, weight=1)
        except PermanentError as error:
            if error.status != _CONFLICT:
                raise
            return frozenset()
        return frozenset(fields)


def _check(fields: Fields, known: frozenset[str]) -> None:
    unknown = sorted(fields.keys() - known)
    if unknown:
        raise ValueError(f"these fields are not written to Tripletex: {', '.join(unknown)}")


def _body(payload: type[Payload], fields: Fields) -> dict[str, Any]:
    """The fields as the API names and nests them."""
    body: dict[str, Any] = {}
    for name, value in fields.items():
        alias = payload.model_fields[name].validation_alias or name
        path = [str(part) for part in alias.path] if isinstance(alias, AliasPath) else [str(alias)]
        branch = body
        for part in path[:-1]:
            branch = branch.setdefault(part, {})
        branch[path[-1]] = value
    return body


def _validated(payload: type[P], raw: Any) -> P:
    page = read_page(payload, [raw])
    if page.rejected:
        raise PermanentError(f"{payload.source}: the object cannot be read ({page.rejected[0].reason})")
    return page.records[0]


def _has(record: Payload, name: str, value: Value) -> bool:
    current = getattr(record, name)
    if isinstance(value, bool):
        return bool(current) == value
    return bool(current == (clean_text(value) if isinstance(value, str) else value))


def _single(found: Sequence[P]) -> P | None:
    if len(found) > 1:
        raise DuplicatesError(
            f"{found[0].source}: {len(found)} of them fit; merge them in Tripletex or choose one by hand"
        )
    return found[0] if found else None


def _is_the_same_person(contact: TripletexContact, fields: Fields) -> bool:
    email = fields.get("email")
    if contact.email and email:
        return _same(contact.email, email)
    named = bool(fields.get("first_name") or fields.get("last_name"))
    return (
        named
        and _same(contact.first_name, fields.get("first_name", ""))
        and _same(contact.last_name, fields.get("last_name", ""))
    )


def _same(text: str | None, other: Value) -> bool:
    return (text or "").strip().casefold() == str(other).strip().casefold()
