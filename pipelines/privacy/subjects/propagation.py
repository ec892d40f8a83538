"""Tells the source systems about an erasure (GDPR art. 19): first as a plan, carried out on request.

Help Scout deletes the customer; Tripletex must keep what belongs to vouchers (Bookkeeping Act § 13), so the
contact is blanked and set inactive; the registration system has no way to delete by API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from connectors.errors import EgressError
from pipelines.privacy.keys import without
from pipelines.privacy.subjects.erasure import ErasurePlan
from pipelines.privacy.subjects.finding import SourceRecord, contact_columns

Action = Literal["delete", "blank", "by_hand"]
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


class HelpScout(Protocol):
    """What is needed of the Help Scout client."""

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
    """Fields to set, by the payload's names; empty texts blank."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step."""

    source: str
    action: Action
    result: Result
    problem: str | None = None
    """The connector's message: never a value."""


def plan_propagation(plan: ErasurePlan) -> tuple[Step, ...]:
    """What the source systems have to be told of an erasure. Make it before the rows are gone."""
    own = [step for record in plan.records for step in _own(record)]
    carried = [_carried(record, plan) for record in plan.found.companies]
    return (*own, *carried)


def propagate(
    steps: Iterable[Step],
    *,
    helpscout: HelpScout | None,
    tripletex: Tripletex | None,
    dry_run: bool = True,
) -> tuple[Done, ...]:
    """Carry the steps out; a dry run only says what would be done.

    A step that fails does not keep the others from being carried out; carrying all out again is harmless.
    """
    return tuple(_carry_out(step, helpscout, tripletex, dry_run) for step in steps)


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


def _carry_out(step: Step, helpscout: HelpScout | None, tripletex: Tripletex | None, dry_run: bool) -> Done:
    if step.action == "by_hand":
        return Done(step.source, step.action, "by_hand")
    client = helpscout if step.source.startswith("helpscout_") else tripletex
    if client is None:
        return Done(step.source, step.action, "not_configured")
    if dry_run:
        return Done(step.source, step.action, "planned")
    try:
        if step.source == "helpscout_customer":
            assert helpscout is not None
            answer = helpscout.delete_customer(int(step.source_id))
            result: Result = {"accepted": "accepted", "gone": "gone"}.get(answer, "done")  # type: ignore[assignment]  # of Result
            return Done(step.source, step.action, result)
        assert tripletex is not None
        update = tripletex.update_contact if step.source == "tripletex_contact" else tripletex.update_customer
        update(int(step.source_id), step.fields)
    except EgressError as error:
        return Done(step.source, step.action, "failed", str(error))
    return Done(step.source, step.action, "done")
