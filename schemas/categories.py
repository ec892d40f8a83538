"""The mark that ties a payload field to a data category of policy.yaml (a Fides taxonomy key)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Category:
    """Metadata of an `Annotated` payload field: what kind of data it holds, e.g. `user.contact.email`."""

    key: str


NAME = Category("user.name")
EMAIL = Category("user.contact.email")
PHONE = Category("user.contact.phone_number")
ADDRESS = Category("user.contact.address")
EMPLOYER = Category("user.contact.organization")
ID = Category("user.unique_id")
BEHAVIOR = Category("user.behavior")
FINANCIAL = Category("user.financial")
PUBLIC = Category("organization.public")
OPERATIONS = Category("system.operations")
