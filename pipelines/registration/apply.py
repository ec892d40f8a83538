"""Carries out a plan in Tripletex: looks before it creates, notes before it sends, reads back after.

A kill or a lost answer at any point, and then the same again, ends in one customer. Tripletex itself keeps
nobody from making two, and has no key by which a repeated request would be known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from pydantic import AliasPath

from connectors.errors import (
    EgressError,
    PermanentError,
    RefusedByPolicyError,
    UnauthorizedError,
)
from connectors.tripletex.client_registration import (
    DuplicatesError,
    Fields,
    NothingMadeError,
    Registered,
)
from pipelines.identity.normalise.organizations import organization_number
from pipelines.registration.comparing import is_same_person, missing_fields
from pipelines.registration.journal import Journal
from pipelines.registration.plan import Plan, Step, fields_hash
from pipelines.registration.targets import Target
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.zone import OSLO

SETTLES_WITHIN = timedelta(hours=24)
"""A request whose answer was lost may still take effect, and lists be slow to show what it made. It is sent
again only when a whole read of Tripletex that began so long after it has not shown it. Whoever does not want
to wait makes the customer in Tripletex by hand: then it is found."""

MAX_FAILURES = 5
"""So many steps in a row that fail for want of an answer mean that Tripletex is down."""

_REFUSALS = (16000, 18000)
"""The API's codes for a body that it does not take: an unknown field, a value that is not valid."""
_NOT_FOUND = 404


class Service(Protocol):
    """What is needed of the Tripletex client."""

    def find_customers(
        self, *, organization_number: str | None = None, email: str | None = None
    ) -> list[TripletexCustomer]: ...

    def create_customer(self, fields: Fields) -> Registered[TripletexCustomer]: ...

    def update_customer(self, customer_id: int, fields: Fields) -> TripletexCustomer: ...

    def find_contacts(self, customer_id: int) -> list[TripletexContact]: ...

    def create_contact(self, customer_id: int, fields: Fields) -> Registered[TripletexContact]: ...

    def update_contact(self, contact_id: int, fields: Fields) -> TripletexContact: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one step: created, updated, linked, review, refused, waiting or failed.

    `reason` is in the plan's words and holds no personal data.
    """

    step: Step
    outcome: str
    reason: str


@dataclass
class Outcome:
    """What became of a plan."""

    results: list[Result] = field(default_factory=list)
    is_complete: bool = True
    """Every step was taken; False where it was stopped because Tripletex did not answer."""

    def counts(self) -> dict[str, int]:
        """Steps by outcome: `created customer` and so on."""
        return dict(
            sorted(Counter(f"{one.outcome} {one.step.target.object}" for one in self.results).items())
        )

    def reasons(self) -> dict[str, int]:
        """Steps by outcome and reason, in words."""
        return dict(Counter(f"{one.outcome}: {one.reason}" for one in self.results).most_common())


def apply(
    plan: Plan, service: Service, journal: Journal, secret: bytes, clock: Callable[[], datetime]
) -> Outcome:
    """Take the steps of a plan in their order; call it again after whatever happened.

    `clock` returns an aware time. Raises BusyError when another run is at it, RefusedByPolicyError and
    UnauthorizedError, since then no step can succeed.
    """
    outcome, failures = Outcome(), 0
    left_to_people: set[Target] = set()
    with journal.exclusive():
        for planned in plan.steps:
            step, problem = _resolved(planned, journal)
            if planned.customer in left_to_people:
                problem = "its customer is left to a person"
            if problem:
                outcome.results.append(Result(planned, "waiting", problem))
                continue
            result = _StepRunner(service, journal, secret, clock).run(step)
            outcome.results.append(result)
            if result.outcome == "review":
                left_to_people.add(planned.target)
            failures = failures + 1 if result.outcome == "failed" else 0
            if failures >= MAX_FAILURES:
                outcome.is_complete = False
                break
    return outcome


def _resolved(step: Step, journal: Journal) -> tuple[Step, str]:
    """A contact's step with the customer that an earlier step has made."""
    if step.customer is None or step.target.customer_id:
        return step, ""
    ids = journal.registered([step.customer.entity_id]).ids(step.customer)
    if len(ids) != 1:
        return step, "its customer is not registered yet"
    return replace(step, target=step.target._replace(customer_id=min(ids))), ""


@dataclass(frozen=True, slots=True)
class _StepRunner:
    """Carries out one step."""

    service: Service
    journal: Journal
    secret: bytes
    clock: Callable[[], datetime]

    def run(self, step: Step) -> Result:
        if step.action == "review":
            return Result(step, "review", step.reason)
        try:
            return {"create": self._create, "update": self._update, "link": self._link}[step.action](step)
        except (RefusedByPolicyError, UnauthorizedError):
            raise
        except DuplicatesError as error:
            return Result(step, "review", str(error))
        except PermanentError as error:
            return self._refused(step, error)
        except EgressError as error:
            return Result(step, "failed", str(error))

    def _link(self, step: Step) -> Result:
        assert step.record_id is not None, "a link names what is linked"
        self.journal.settle(step.target, step.record_id, False, self.clock())
        return Result(step, "linked", step.reason)

    def _update(self, step: Step) -> Result:
        """Fill what is still empty now; what somebody has filled in since the sweep stays."""
        assert step.record_id is not None, "an update names what is updated"
        update = self._updater(step)
        current = update(step.record_id, {})
        if not _is_still(current, step.wanted):
            return Result(step, "review", "is not in Tripletex any more as it was when it was planned")
        empty = missing_fields(current.model_dump(), step.wanted)
        fields = {name: value for name, value in empty.items() if name in step.fields}
        if fields:
            self.journal.intend(replace(step, fields=fields), self.clock())
            update(step.record_id, fields)
        self.journal.settle(step.target, step.record_id, False, self.clock())
        return Result(step, "updated" if fields else "linked", step.reason)

    def _create(self, step: Step) -> Result:
        registered = self.journal.registered([step.target.entity_id])
        if registered.ids(step.target):
            return Result(step, "linked", "was registered by an earlier run")
        self.journal.note_lookup(step, self.clock())
        found = self._alike(step)
        if len(found) > 1:
            return Result(step, "review", f"{len(found)} in Tripletex fit; merge them there")
        if found:
            self.journal.settle(step.target, found[0].id, False, self.clock())
            return Result(step, "linked", "is in Tripletex already")
        if self._has_unnumbered_namesake(step):
            return Result(step, "review", "a customer without an organisation number has its e-mail address")
        sent = registered.pending(step.target)
        if sent is not None and not self.journal.was_read(step.target.object, sent + SETTLES_WITHIN):
            since = (sent + SETTLES_WITHIN).astimezone(OSLO)
            reason = (
                "an answer was lost; it is sent again if a night's read of Tripletex from"
                f" {since:%d.%m. %H:%M} on does not show it"
            )
            return Result(step, "waiting", reason)
        self.journal.intend(step, self.clock())
        try:
            made = self._creator(step)(step.fields)
        except NothingMadeError:
            self.journal.withdraw(step.target)
            raise
        self.journal.settle(step.target, made.record.id, made.created, self.clock())
        return Result(step, "created" if made.created else "linked", step.reason)

    def _refused(self, step: Step, error: PermanentError) -> Result:
        """A refusal in the words of the plan: which of its fields, never their values."""
        if error.status == _NOT_FOUND:
            return Result(step, "review", "is not in Tripletex any more; the next sweep notes it")
        if error.code not in _REFUSALS:
            return Result(step, "failed", str(error))
        fields = plan_names(step, error.fields)
        self.journal.refuse(step.target, fields, fields_hash(step.fields, self.secret), self.clock())
        named = ", ".join(fields) or "the request"
        return Result(step, "refused", f"Tripletex refused {named}; correct it at its source")

    def _updater(self, step: Step) -> Callable[[int, Fields], TripletexCustomer | TripletexContact]:
        """Gives an object values; given none it only reads it."""
        return (
            self.service.update_customer if step.target.object == "customer" else self.service.update_contact
        )

    def _creator(
        self, step: Step
    ) -> Callable[[Fields], Registered[TripletexCustomer] | Registered[TripletexContact]]:
        if step.target.object == "customer":
            return self.service.create_customer
        return partial(self.service.create_contact, step.target.customer_id)

    def _alike(self, step: Step) -> Sequence[TripletexCustomer | TripletexContact]:
        """What is in Tripletex now, active or inactive, under the key that the planned one is known by."""
        if step.target.object == "contact":
            present = self.service.find_contacts(step.target.customer_id)
            return [one for one in present if is_same_person(one.model_dump(), step.wanted)]
        if number := step.wanted.get("organization_number"):
            return self.service.find_customers(organization_number=str(number))
        found = self.service.find_customers(email=str(step.wanted["email"]))
        return [one for one in found if not one.organization_number]

    def _has_unnumbered_namesake(self, step: Step) -> bool:
        """Whether the company may be there without its number: only a person can tell."""
        if step.entity == "person" or not step.wanted.get("email"):
            return False
        found = self.service.find_customers(email=str(step.wanted["email"]))
        return any(not (one.organization_number or one.is_private_individual) for one in found)


def plan_names(step: Step, names: Sequence[str]) -> tuple[str, ...]:
    """The plan's names of fields as the API calls them: `organizationNumber` is organization_number.

    A fault of an address names all of its fields that were sent.
    """
    payload: type[Payload] = TripletexCustomer if step.target.object == "customer" else TripletexContact
    found: list[str] = []
    for told in names:
        head = told.rpartition(":")[2].partition(".")[0]
        found += [
            name
            for name in step.fields
            if head in (name, str(payload.model_fields[name].validation_alias), _first_part(payload, name))
        ] or [told]
    return tuple(dict.fromkeys(found))


def _first_part(payload: type[Payload], name: str) -> str | None:
    alias = payload.model_fields[name].validation_alias
    return str(alias.path[0]) if isinstance(alias, AliasPath) else None


def _is_still(current: TripletexCustomer | TripletexContact, wanted: Fields) -> bool:
    """Whether an object is still the one that was planned for, by its own key."""
    if isinstance(current, TripletexContact):
        return is_same_person(current.model_dump(), wanted)
    number = wanted.get("organization_number")
    return not current.organization_number or organization_number(current.organization_number) == number
