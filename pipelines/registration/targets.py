"""What an application is to become in Tripletex: which card as a customer, who as its contact person."""

from __future__ import annotations

from typing import Literal, NamedTuple

from pipelines.applications.verdicts import Applicant, Verdict

Object = Literal["customer", "contact"]


class Target(NamedTuple):
    """What is registered: a card as a customer, or a person's card as a contact of a Tripletex customer."""

    object: Object
    entity_id: str
    customer_id: int = 0


def customer_target(applicant: Applicant, verdict: Verdict) -> Target | None:
    """The card that is to be a customer; None where the application shows none."""
    if verdict.kind == "private":
        return Target("customer", applicant.person_id) if applicant.person_id else None
    return Target("customer", applicant.organization.id) if applicant.organization else None


def has_contact(applicant: Applicant) -> bool:
    """Whether the form names somebody who can be known again as a contact person."""
    return applicant.person_id is not None and (applicant.address is not None or applicant.is_named)
