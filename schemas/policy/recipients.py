"""Whom the pipeline may ask or tell something, by which requests, and what they learn by it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.policy.base import Named, Part

LegalRole = Literal["processor", "own_system", "public_authority", "controller", "own_staff"]

# The European Economic Area, by ISO 3166 code: GDPR art. 44 starts where this ends.
EEA = frozenset(
    "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split()
)


class Request(Part):
    """One kind of request a recipient may be sent.

    `path` is a template (`/v2/customers/{id}`); `query` and `body` are the only names that may be
    sent; `allow` ties a path variable to a named allow-list that the egress layer is given. `discloses`
    names, by the field that carries it, the categories the recipient learns and did not have from us or by
    itself before. MAIL is a message by a mail server; its `body` names what of it is ours.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "MAIL"]
    path: Annotated[str, StringConstraints(pattern=r"^/")]
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    allow: dict[str, str] = {}
    discloses: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _names_only_what_can_be_sent(self) -> Self:
        variables = set(re.findall(r"{(\w+)}", self.path))
        if unknown := set(self.allow) - variables:
            raise ValueError(f"allow names {sorted(unknown)}, which the path does not hold")
        if unknown := set(self.discloses) - {*variables, *self.query, *self.body}:
            raise ValueError(f"discloses names {sorted(unknown)}, which the request does not carry")
        return self

    def disclosed(self, fields: Iterable[str]) -> tuple[str, ...]:
        """The categories that a request with these fields (path, query, body) tells its recipient."""
        return tuple(sorted({category for name in fields for category in self.discloses.get(name, ())}))


class Recipient(Part):
    """Someone who may be asked or told something, and exactly what.

    Systems are sent `requests` at the address in `setting`. People of the controller's own (`own_staff`:
    GDPR art. 29, no recipients in the sense of art. 4(9)) are handed files with the categories in `receives`.
    """

    name: Named
    role: LegalRole
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    setting: Annotated[str, StringConstraints(pattern=r"^[A-Z_]+_URL$")] | None = None
    requests: tuple[Request, ...] = ()
    receives: tuple[str, ...] = ()
    transfer: Named | None = None

    @model_validator(mode="after")
    def _is_sent_requests_or_handed_files(self) -> Self:
        is_staff = self.role == "own_staff"
        if is_staff != bool(self.receives) or is_staff == bool(self.setting and self.requests):
            raise ValueError("give setting and requests, or, for own_staff alone, receives")
        if is_staff and (self.setting or self.requests):
            raise ValueError("own_staff is handed files and sent no requests")
        return self

    @model_validator(mode="after")
    def _leaving_the_eea_needs_a_transfer_mechanism(self) -> Self:
        if self.country not in EEA and not self.transfer:
            raise ValueError("a recipient outside the EEA needs `transfer` (GDPR art. 44 to 49)")
        return self
