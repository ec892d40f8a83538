"""The rules by which the Tripletex simulator registers, changes and deletes customers and contacts.

Raises ApiFailure before anything is changed. Knows nothing of HTTP.
"""

import re
from collections.abc import Mapping
from typing import Any

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_bodies import Bodies, refuse_id, require, rows
from connectors.tripletex.simulator_catalogue import NORWAY
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_records import Stored, Values
from connectors.tripletex.simulator_state import ADDRESS_FIELDS, TripletexState
from connectors.tripletex.simulator_switches import Switches


def create_customer(bodies: Bodies, body: Any) -> int:
    """Register a customer. Nothing but the customer number is checked for being taken."""
    return bodies.state.add_customer(**_new_customer(bodies, body))


def create_customers(bodies: Bodies, body: Any) -> list[int]:
    """Register customers, all or none."""
    checked = [_new_customer(bodies, each) for each in rows(body)]
    return [bodies.state.add_customer(**values) for values in checked]


def update_customer(bodies: Bodies, switches: Switches, customer_id: int, body: Any) -> None:
    """Change the fields sent, and no others."""
    values, fresh = _customer_changes(bodies, switches, customer_id, body)
    bodies.state.change_customer(customer_id, fresh=fresh, **values)


def update_customers(bodies: Bodies, switches: Switches, body: Any) -> list[int]:
    """Change customers, all or none, each with its id."""
    sent = rows(body)
    if not all(isinstance(each, Mapping) and isinstance(each.get("id"), int) for each in sent):
        raise errors.invalid([Problem("id", errors.NOT_NULL, "null.id")], bean=True)
    checked = [(each["id"], *_customer_changes(bodies, switches, each["id"], each)) for each in sent]
    for customer_id, values, fresh in checked:
        bodies.state.change_customer(customer_id, fresh=fresh, **values)
    return [customer_id for customer_id, *_ in checked]


def delete_customer(bodies: Bodies, customer_id: int) -> None:
    """Delete a customer; refused while orders, invoices or postings hang on it."""
    bodies.existing("Customer", customer_id)
    reasons = [text for name, text in _HANGING if bodies.state.referring(name, "customer", customer_id)]
    if reasons:
        items = "\n".join(f"<li>{text}</li>" for text in reasons)
        raise errors.invalid([Problem("Internt felt (id)", f"<ul>{items}</ul>")])
    bodies.state.delete_customer(customer_id)


def create_contact(bodies: Bodies, body: Any) -> int:
    """Register a contact person."""
    return _add_contact(bodies.state, _new_contact(bodies, body))


def create_contacts(bodies: Bodies, body: Any) -> list[int]:
    """Register contact persons, all or none."""
    checked = [_new_contact(bodies, each) for each in rows(body)]
    return [_add_contact(bodies.state, values) for values in checked]


def update_contact(bodies: Bodies, contact_id: int, body: Any) -> None:
    """Change the fields sent, and no others."""
    stored = bodies.current("Contact", contact_id, body)
    values = bodies.read("Contact", body)
    _check_contact({**stored.values, **values})
    bodies.state.change_contact(contact_id, **values)


def delete_contacts(bodies: Bodies, ids: str | None) -> None:
    """Delete contact persons, all or none."""
    if not ids:
        raise errors.bad_value([Problem("ids", errors.NOT_NULL)])
    if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", ids):
        raise errors.bad_id_list("ids")
    wanted = [int(part) for part in ids.split(",")]
    for contact_id in wanted:
        bodies.existing("Contact", contact_id)
    for contact_id in dict.fromkeys(wanted):
        bodies.state.delete_contact(contact_id)


_HANGING = (
    ("Order", "Ordrer er registrert."),
    ("Invoice", "Fakturaer er registrert."),
    ("Posting", "Posteringer er registrert på kunden."),
)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[^\s@]+\.[^\s@]+")


def _new_customer(bodies: Bodies, body: Any) -> Values:
    values = bodies.read("Customer", body, inline=ADDRESS_FIELDS)
    refuse_id(body)
    require("name", body)
    _check_customer(bodies.state, values, {}, creating=True)
    return values


def _customer_changes(
    bodies: Bodies, switches: Switches, customer_id: int, body: Any
) -> tuple[Values, list[str]]:
    """The values of a PUT, and the addresses that it replaces."""
    stored = bodies.current("Customer", customer_id, body)
    values = bodies.read("Customer", body, inline=ADDRESS_FIELDS)
    if "name" in body:
        require("name", body)
    _check_customer(bodies.state, values, stored.values, creating=False)
    if switches.put_loses_customer_role and stored.values.get("isSupplier"):
        values["isCustomer"] = False
    return values, _fresh_addresses(body, stored, merge=switches.address_without_id == "merge")


def _check_customer(
    state: TripletexState, values: Values, before: Mapping[str, Any], *, creating: bool
) -> None:
    malformed = [
        Problem(name, errors.FORMAT, f"null.{name}")
        for name in ("email", "overdueNoticeEmail", "invoiceEmail")
        if not all(_is_email(part) for part in _addresses(name, values))
    ]
    if malformed:
        raise errors.invalid(malformed, bean=True)
    problems = []
    number = values.get("organizationNumber")
    norwegian = _country(values.get("physicalAddress")) == NORWAY
    # A PUT has been seen to refuse what a POST with a foreign address took.
    if number and (norwegian or not creating) and not re.fullmatch(r"[0-9]{9}", number):
        problems.append(Problem("organizationNumber", errors.ORG_NUMBER))
    taken = values.get("customerNumber")
    if taken and taken != before.get("customerNumber"):
        others = state.referring("Customer", "customerNumber", taken)
        problems += [Problem("customerNumber", errors.TAKEN)] if others else []
    address = {**before, **values}.get("postalAddress")
    if values.get("invoiceSendMethod") == "EHF" and not _has_lines(state, address):
        problems.append(Problem("postalAddress", errors.EHF_ADDRESS))
    if problems:
        raise errors.invalid(problems)


def _addresses(name: str, values: Values) -> list[str]:
    """The addresses in a field: several, split by semicolons, for invoices only."""
    text = values.get(name) or ""
    parts = text.split(";") if name == "invoiceEmail" else [text]
    return [part.strip() for part in parts if part.strip()]


def _has_lines(state: TripletexState, address: Any) -> bool:
    if isinstance(address, int):
        stored = state.table("Address").get(address)
        address = stored.values if stored else None
    return isinstance(address, Mapping) and bool(address.get("addressLine1") or address.get("city"))


def _fresh_addresses(body: Mapping[str, Any], stored: Stored, *, merge: bool) -> list[str]:
    """Addresses that a PUT replaces: those sent without the id of the present one."""
    fresh = []
    for which in ADDRESS_FIELDS:
        sent, present = body.get(which), stored.values.get(which)
        if not isinstance(sent, Mapping) or present is None:
            continue
        if sent.get("id", present) != present:
            raise errors.invalid([Problem(f"{which}.id", errors.NO_OBJECT)])
        if "id" not in sent and not merge:
            fresh.append(which)
    return fresh


def _new_contact(bodies: Bodies, body: Any) -> Values:
    values = bodies.read("Contact", body)
    refuse_id(body)
    _check_contact(values)
    return values


def _add_contact(state: TripletexState, values: Values) -> int:
    first, last = values.pop("firstName", ""), values.pop("lastName", "")
    return state.add_contact(values.pop("customer", None), first, last, **values)


def _check_contact(values: Mapping[str, Any]) -> None:
    names = ("firstName", "lastName", "email")
    if not any(values.get(name) for name in names):
        raise errors.invalid([Problem(name, errors.CONTACT_NAME) for name in names])
    if values.get("email") and not _is_email(values["email"]):
        raise errors.invalid([Problem("email", errors.FORMAT, "null.email")], bean=True)


def _country(address: Any) -> int:
    value = address.get("country") if isinstance(address, Mapping) else None
    return NORWAY if value is None else value


def _is_email(text: str) -> bool:
    return bool(_EMAIL.fullmatch(text))
