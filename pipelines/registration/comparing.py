"""Holds what is in Tripletex against what is wanted there: whether it is the same, and what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.identity.normalise.emails import email
from pipelines.identity.normalise.text import folded
from pipelines.registration.plan import Fields

ADDRESS = ("postal_address_1", "postal_code", "postal_city")
"""The fields of an address: wanted together or not at all."""


def is_same_person(contact: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a contact is the person: by e-mail address, or by name where one of them has none."""
    mine, theirs = email(wanted.get("email")), email(contact["email"])
    if mine is not None and theirs is not None:
        return mine.key == theirs.key
    names = [
        folded(f"{row.get('first_name') or ''} {row.get('last_name') or ''}") for row in (contact, wanted)
    ]
    return bool(names[0].strip()) and names[0] == names[1]


def missing_fields(current: Mapping[str, Any], wanted: Fields) -> dict[str, str | bool]:
    """Those of the wanted values that fill something empty; an address only where there is none at all.

    An inactive record is made active: its customer has ordered.
    """
    has_address = any(current.get(name) for name in (*ADDRESS, "postal_address_2", "physical_address_1"))
    found = {
        name: value
        for name, value in wanted.items()
        if name not in ("name", "first_name", "last_name", "is_private_individual")
        and not current.get(name)
        and not (has_address and name in ADDRESS)
    }
    if current.get("is_inactive"):
        found["is_inactive"] = False
    return found
