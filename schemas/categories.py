"""The data categories of policy.yaml, keys of the Fides taxonomy: every payload field and column has one."""

from __future__ import annotations


class Category(str):
    """A key of the taxonomy (`user.contact.email`), on a column or in the `Annotated` type of a field."""

    __slots__ = ()


NAME = Category("user.name")
EMAIL = Category("user.contact.email")
PHONE = Category("user.contact.phone_number")
ADDRESS = Category("user.contact.address")
EMPLOYER = Category("user.contact.organization")
ID = Category("user.unique_id")
IP_ADDRESS = Category("user.device.ip_address")
BEHAVIOR = Category("user.behavior")
FINANCIAL = Category("user.financial")
PRIVATE_CONTENT = Category("user.content.private")
PUBLIC = Category("organization.public")
OPERATIONS = Category("system.operations")
