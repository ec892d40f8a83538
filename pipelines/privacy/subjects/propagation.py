"""Tells the source systems about an erasure or a correction (GDPR art. 19): first as a plan, then on request.

Help Scout deletes the customer; Tripletex must keep what belongs to vouchers (Bookkeeping Act § 13), so the
contact is blanked and set inactive; both are corrected by API. The registration system has no way to change
anything by API, so what is in it is for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from connectors.errors import EgressError
from connectors.helpscout import client_corrections
from connectors.tripletex import client_registration
from pipelines.privacy.disclosures import Sending, api_names
from pipelines.privacy.keys import without
from pipelines.privacy.subjects.erasure import ErasurePlan
from pipelines.privacy.subjects.finding import SourceRecord, contact_columns
from pipelines.privacy.subjects.rights import Corrections
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer

Action = Literal["delete", "blank", "correct", "by_hand"]
Result = Literal["planned", "done", "gone", "accepted", "by_hand", "failed", "not_configured"]

ERASED_NAME = "Slettet"
"""Stands where Tripletex asks for a name."""
_ADDRESS_TEXTS = tuple(
    f"{kind}_{part}" for kind in ("postal", "physical") for part in ("address_1", "address_2", "code", "city")
)
_BLANKED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tripletex_customer": (
        ("email", "invoice_email", "phone", "mobile", "website", *_ADDRESS_TEXTS),
        ("name",),
    ),
    "tripletex_contact": (("email", "mobile", "work_phone"), ("first_name", "last_name")),
}
"""By source entity: the fields to blank, and those that must keep something."""
_CORRECTED: Mapping[str, frozenset[str]] = {
    "helpscout_customer": client_corrections.CUSTOMER_FIELDS,
    "tripletex_customer": client_registration.CUSTOMER_FIELDS,
    "tripletex_contact": client_registration.CONTACT_FIELDS,
}
"""By source entity: the fields that its API lets be corrected."""
_LISTS = ("emails", "phones")
_TRIPLETEX: Mapping[str, tuple[str, type[Payload]]] = {
    "tripletex_customer": ("/customer/{id}", TripletexCustomer),
    "tripletex_contact": ("/contact/{id}", TripletexContact),
}


class Corrector(Protocol):
    """What corrects a customer in Help Scout."""

    def correct_customer(
        self, customer_id: int, fields: Mapping[str, client_corrections.Corrected]
    ) -> object: ...


class HelpScout(Protocol):
    """What is needed of the Help Scout client."""

    @property
    def corrections(self) -> Corrector: ...

    def delete_customer(self, customer_id: int) -> str: ...


class Tripletex(Protocol):
    """What is needed of the Tripletex client."""

    def update_customer(self, customer_id: int, fields: Mapping[str, Any]) -> object: ...

    def update_contact(self, contact_id: int, fields: Mapping[str, Any]) -> object: ...


@dataclass(frozen=True)
class Step:
    """One thing to do in a source system."""

    source: str
    source_id: str
    action: Action
    fields: Mapping[str, Any]
    """Fields to set, by the payload's names; empty texts blank. Of a step by hand, what to set there."""

    def sendings(self) -> tuple[Sending, ...]:
        """The requests by which the source learns something, for the ledger of disclosures."""
        if self.action == "by_hand":
            return ()
        told = [name for name, value in self.fields.items() if value and value != ERASED_NAME]
        if self.source in _TRIPLETEX:
            path, payload = _TRIPLETEX[self.source]
            return (Sending("tripletex", "PUT", path, ("id", *api_names(payload, told))),)
        if self.action == "delete":
            return (Sending("helpscout", "DELETE", "/v2/customers/{id}", ("id",)),)
        texts = api_names(HelpScoutCustomer, [name for name in told if name not in _LISTS])
        return (
            *([Sending("helpscout", "PATCH", "/v2/customers/{id}", texts)] if texts else []),
            *(
                Sending("helpscout", "PUT", f"/v2/customers/{{id}}/{name}/{{entry}}", ("value",))
                for name in _LISTS
                if name in told
            ),
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step."""

    source: str
    action: Action
    result: Result
    problem: str | None = None
    """The connector's message: never a value."""
    fields: tuple[str, ...] = ()
    """Names of the fields that a person has to set."""


def plan_propagation(plan: ErasurePlan) -> tuple[Step, ...]:
    """What the source systems have to be told of an erasure. Make it before the rows are gone."""
    own = [step for record in plan.records for step in _own(record)]
    carried = [_carried(record, plan) for record in plan.found.companies]
    return (*own, *carried)


def plan_corrections(corrections: Corrections) -> tuple[Step, ...]:
    """What the source systems have to be told of a rectification; what their API does not take is by hand."""
    steps = []
    for (source, source_id), values in sorted(corrections.items()):
        taken = _CORRECTED.get(source, frozenset())
        by_api = {name: _as_sent(source, name, value) for name, value in values.items() if name in taken}
        by_hand = {name: value for name, value in values.items() if name not in taken}
        if by_api:
            steps.append(Step(source, source_id, "correct", by_api))
        if by_hand:
            steps.append(Step(source, source_id, "by_hand", by_hand))
    return tuple(steps)


def propagate(
    steps: Iterable[Step],
    *,
    helpscout: HelpScout | None,
    tripletex: Tripletex | None,
    dry_run: bool = True,
    noting: Callable[[Step], None] = lambda step: None,
) -> tuple[Done, ...]:
    """Carry the steps out; a dry run only says what would be done.

    `noting` is called before each step that is sent. A step that fails does not keep the others from being
    carried out; carrying all out again is harmless.
    """
    return tuple(_carry_out(step, helpscout, tripletex, dry_run, noting) for step in steps)


def _own(record: SourceRecord) -> list[Step]:
    if record.source == "helpscout_customer":
        return [Step(record.source, record.source_id, "delete", {})]
    if record.source not in _BLANKED:
        return [Step(record.source, record.source_id, "by_hand", {})]
    texts, names = _BLANKED[record.source]
    fields: dict[str, str | bool] = {name: "" for name in texts if record.values[name]}
    fields |= dict.fromkeys(names, ERASED_NAME) | {"is_inactive": True}
    return [Step(record.source, record.source_id, "blank", fields)]


def _carried(record: SourceRecord, plan: ErasurePlan) -> Step:
    """The organisation's record without the person's addresses and numbers."""
    fields = {}
    for name, kind in contact_columns(record.source).items():
        value = record.values[name]
        kept = without(value, kind, plan.found.keys) if value else value
        if kept != value:
            fields[name] = kept or ""
    return Step(record.source, record.source_id, "blank", fields)


def _as_sent(source: str, name: str, value: str | None) -> str | list[str]:
    """A corrected value as the source's client takes it; addresses and numbers come with ; between."""
    if source == "helpscout_customer" and name in _LISTS:
        return [part.strip() for part in (value or "").split(";") if part.strip()]
    return value or ""


def _carry_out(
    step: Step,
    helpscout: HelpScout | None,
    tripletex: Tripletex | None,
    dry_run: bool,
    noting: Callable[[Step], None],
) -> Done:
    if step.action == "by_hand":
        return Done(step.source, step.action, "by_hand", fields=tuple(step.fields))
    client = helpscout if step.source.startswith("helpscout_") else tripletex
    if client is None:
        return Done(step.source, step.action, "not_configured")
    if dry_run:
        return Done(step.source, step.action, "planned")
    noting(step)
    try:
        return Done(step.source, step.action, _sent(step, helpscout, tripletex))
    except EgressError as error:
        return Done(step.source, step.action, "failed", str(error))


def _sent(step: Step, helpscout: HelpScout | None, tripletex: Tripletex | None) -> Result:
    record_id = int(step.source_id)
    if step.source == "helpscout_customer":
        assert helpscout is not None
        if step.action == "correct":
            helpscout.corrections.correct_customer(record_id, step.fields)
            return "done"
        answer = helpscout.delete_customer(record_id)
        return "accepted" if answer == "accepted" else "gone" if answer == "gone" else "done"
    assert tripletex is not None
    update = tripletex.update_contact if step.source == "tripletex_contact" else tripletex.update_customer
    update(record_id, step.fields)
    return "done"
