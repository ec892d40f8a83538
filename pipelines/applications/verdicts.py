"""Judges one application: who it is from, whether that is certain enough to be registered, and what warns.

Pure functions on what the store says; knows no database and no Tripletex. Words hold no personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipelines.identity.normalise.emails import Email, email
from pipelines.identity.normalise.organizations import company_name

Kind = Literal["company", "private"]
Status = Literal["new", "enriched", "needs_review", "registered", "declined"]
Decision = Literal["decline", "company", "private"]

NEW_FOR = timedelta(days=3)
"""So long the register has to be asked; then a person is."""

STANDING = frozenset({None, "registered", "confirmed"})
"""Statuses of a form that is in force. The system has others, whose names its vendor does not publish."""

_WARNINGS = {
    "bankrupt": "bankruptcy proceedings are open",
    "liquidation": "it is being wound up",
    "deleted": "it is deleted from the register",
    "removed": "it is removed from the register's open data",
    "subunit": "it is a sub-unit; the unit above it may be the one to bill",
}
_STOPS = frozenset({"bankrupt", "liquidation", "deleted", "removed"})


@dataclass(frozen=True, slots=True)
class Organization:
    """The card of the organisation that an applicant acts for. `unit` is what the register answered."""

    id: str
    number: str | None
    name: str | None
    status: str
    unit: str | None
    email: str | None = None
    phone: str | None = None
    website: str | None = None
    address: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Applicant:
    """One form as it was sent in, and the cards it belongs to. Personal data."""

    application_id: int
    received_at: datetime
    is_active: bool | None
    form_status: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone: str | None
    company_name: str | None
    person_id: str | None
    organization: Organization | None
    is_internal: bool = False
    is_restricted: bool = False
    decision: Decision | None = None
    is_private_in_ledger: bool = False
    """Tripletex has a private customer that is the same person."""
    name_hits: int | None = None
    """Living units with the company's name; None: the register was not asked."""

    @property
    def names_a_company(self) -> bool:
        """Whether the form says a company at all ("privat" and the like say none)."""
        said = company_name(self.company_name)
        return bool(said.core or said.number)

    @property
    def address(self) -> Email | None:
        """The e-mail address in its normal form, with what kind of mailbox it is."""
        return email(self.email)

    @property
    def is_named(self) -> bool:
        """Whether the form has a full name."""
        return bool(self.first_name and self.last_name)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an application is, before it is known what became of it in Tripletex."""

    status: Literal["new", "enriched", "needs_review", "declined"]
    kind: Kind | None = None
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(applicant: Applicant, now: datetime) -> Verdict:
    """The status an application has by itself. A person's decision overrides what calls for a review."""
    if applicant.decision == "decline":
        return Verdict("declined", reasons=("a person declined it",))
    if applicant.decision is None and (applicant.is_active is False or applicant.form_status not in STANDING):
        return Verdict("declined", reasons=("the form was withdrawn",))
    if applicant.decision is None and applicant.is_internal:
        return Verdict("declined", reasons=("it is from an own employee",))
    verdict = _as_private(applicant) if kind_of(applicant) == "private" else _as_company(applicant, now)
    if applicant.is_restricted:
        return _review(verdict.kind, "its use is restricted (GDPR art. 18)", warnings=verdict.warnings)
    return verdict


def kind_of(applicant: Applicant) -> Kind:
    """Company or private: as a person decided, as the ledger has it, or as the form says."""
    if applicant.decision in ("company", "private"):
        return applicant.decision
    if applicant.names_a_company:
        return "company"
    if applicant.organization is not None and not applicant.is_private_in_ledger:
        return "company"
    return "private"


def _as_private(applicant: Applicant) -> Verdict:
    reasons = []
    address = applicant.address
    if address is None:
        reasons.append("a private customer is known by the e-mail address, and there is no valid one")
    elif address.is_role or address.is_placeholder:
        reasons.append("the e-mail address is not a person's")
    if not applicant.is_named:
        reasons.append("a private customer needs a full name")
    if applicant.person_id is None:
        reasons.append("there is no card of the person")
    return _review("private", *reasons) if reasons else Verdict("enriched", "private")


def _as_company(applicant: Applicant, now: datetime) -> Verdict:
    organization, decided = applicant.organization, applicant.decision == "company"
    if organization is None or organization.number is None:
        return _without_number(applicant, now)
    warnings = (_WARNINGS[organization.status],) if organization.status in _WARNINGS else ()
    if organization.unit is None:
        return _not_asked(applicant, now, "the register has not been asked about its number")
    if organization.unit == "unknown":
        return _review("company", "the register has no such organisation number")
    if organization.status in _STOPS and not decided:
        return _review("company", *warnings, warnings=warnings)
    if not applicant.names_a_company and not decided:
        return _review("company", "the form names no company, but its sender acts for one", warnings=warnings)
    if not organization.name:
        return _review("company", "the organisation has no name to be registered under", warnings=warnings)
    return Verdict("enriched", "company", warnings=warnings)


def _without_number(applicant: Applicant, now: datetime) -> Verdict:
    if applicant.name_hits is None:
        return _not_asked(applicant, now, "there is no organisation number, and its name was not looked up")
    if applicant.name_hits > 1:
        return _review("company", f"{applicant.name_hits} living units of the register have its name")
    if applicant.name_hits == 1:
        return _not_asked(applicant, now, "its organisation number is known, but not yet on a card")
    return _review("company", "no living unit of the register has its name")


def _not_asked(applicant: Applicant, now: datetime, reason: str) -> Verdict:
    if now - applicant.received_at < NEW_FOR:
        return Verdict("new", "company", (reason,))
    return _review("company", reason)


def _review(kind: Kind | None, *reasons: str, warnings: tuple[str, ...] = ()) -> Verdict:
    return Verdict("needs_review", kind, reasons, warnings)
