"""Plans what to register in Tripletex: each customer and contact to create or update, with the reason.

A pure function of the applications, the ledger as it was last read, and what was registered before. Sends
nothing. What is there already is never created; what is filled in is never overwritten; what is not certain
is left to a person.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pipelines.applications.cases import customer_target, has_contact
from pipelines.applications.verdicts import Applicant, Verdict
from pipelines.identity.normalise.organizations import organization_number
from pipelines.identity.normalise.phones import phones
from pipelines.registration.ledger import Ledger, is_same_person
from pipelines.registration.mapping import Mapping as Registered
from pipelines.registration.mapping import Target

Action = Literal["create", "update", "link", "review"]
Fields = Mapping[str, str | bool]

_ADDRESS = ("postal_address_1", "postal_code", "postal_city")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `fields` are personal data and go to Tripletex only; `reason` holds none."""

    action: Action
    target: Target
    entity: Literal["organization", "person"]
    reason: str
    application_ids: tuple[int, ...]
    fields: Fields = field(default_factory=dict, repr=False)
    wanted: Fields = field(default_factory=dict, repr=False)
    """All that is known of it, `fields` included: by these it is looked up again before anything is sent."""
    record_id: int | None = None
    """The object in Tripletex; None where it is yet to be made."""
    customer: Target | None = None
    """For a contact: the customer it belongs to, which an earlier step may be about."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they are to be taken: each customer before its contacts."""

    steps: tuple[Step, ...]

    def digest(self, secret: bytes) -> str:
        """Changes when anything that would be done changes: what was looked at is what is carried out."""
        parts = [
            (step.action, step.target, step.record_id, step.reason, fields_hash(step.fields, secret).hex())
            for step in self.steps
        ]
        return hmac.digest(secret, f"registration plan\0{parts!r}".encode(), "sha256").hex()[:16]

    def counts(self) -> dict[str, int]:
        """Steps by what they do: `create customer` and so on."""
        return dict(sorted(Counter(f"{step.action} {step.target.object}" for step in self.steps).items()))

    def reasons(self) -> dict[str, int]:
        """Steps by action and reason, in words."""
        return dict(
            Counter(f"{step.action} {step.target.object}: {step.reason}" for step in self.steps).most_common()
        )


def make_plan(
    judged: Iterable[tuple[Applicant, Verdict]], ledger: Ledger, registered: Registered, secret: bytes
) -> Plan:
    """Plan for the enriched applications. `secret` keys the hashes by which a refusal is known again."""
    groups: dict[Target, list[Applicant]] = defaultdict(list)
    private: set[Target] = set()
    for applicant, verdict in judged:
        target = customer_target(applicant, verdict)
        if verdict.status != "enriched" or target is None:
            continue
        groups[target].append(applicant)
        if verdict.kind == "private":
            private.add(target)
    shared = _shared_addresses(applicants for target, applicants in groups.items() if target in private)
    steps: list[Step] = []
    for target, applicants in groups.items():
        if target in private:
            customer = _private_customer(target, applicants, ledger, registered, shared)
        else:
            customer = _company(target, applicants, ledger, registered)
        customer = _not_refused_before(customer, registered, secret)
        done = customer.action == "link" and registered.ids(target) == {customer.record_id}
        steps += [] if done else [customer]
        if target not in private and customer.action != "review":
            contacts = (
                _not_refused_before(step, registered, secret)
                for step in _contacts(customer, applicants, ledger, registered)
            )
            steps += [
                step
                for step in contacts
                if step.action != "link" or registered.ids(step.target) != {step.record_id}
            ]
    return Plan(tuple(steps))


def customers_in_question(
    judged: Iterable[tuple[Applicant, Verdict]], ledger: Ledger, registered: Registered
) -> set[int]:
    """The companies' customers in Tripletex whose contact persons a plan asks about."""
    found: set[int] = set()
    for applicant, verdict in judged:
        target, organization = customer_target(applicant, verdict), applicant.organization
        if verdict.status == "enriched" and target is not None and organization is not None:
            found |= registered.ids(target) | ledger.by_card.get(organization.id, set())
            found |= ledger.by_number.get(organization.number or "", set())
    return found


def fields_hash(fields: Fields, secret: bytes) -> bytes:
    """Keyed hash of what a step would send, so that nothing personal is kept of it."""
    text = json.dumps(dict(fields), sort_keys=True, ensure_ascii=False)
    return hmac.digest(secret, f"registration\0{text}".encode(), "sha256")


def missing_fields(current: Mapping[str, Any], wanted: Fields) -> dict[str, str | bool]:
    """Those of the wanted values that fill something empty; an address only where there is none at all.

    An inactive record is made active: its customer has ordered.
    """
    has_address = any(current.get(name) for name in (*_ADDRESS, "postal_address_2", "physical_address_1"))
    found = {
        name: value
        for name, value in wanted.items()
        if name not in ("name", "first_name", "last_name", "is_private_individual")
        and not current.get(name)
        and not (has_address and name in _ADDRESS)
    }
    if current.get("is_inactive"):
        found["is_inactive"] = False
    return found


def _company(target: Target, applicants: Sequence[Applicant], ledger: Ledger, registered: Registered) -> Step:
    organization = applicants[0].organization
    assert organization is not None, "an enriched company has a card"
    assert organization.number is not None, "and a number"
    address = organization.address or ""
    wanted = _filled(
        name=organization.name,
        organization_number=organization.number,
        email=organization.email or _first_address(applicants),
        phone=organization.phone,
        postal_address_1=address,
        postal_code=organization.postal_code,
        postal_city=organization.city,
    )
    if organization.country not in (None, "NO"):
        # Countries go by Tripletex' own numbers, and a foreign address under Norway would be wrong.
        wanted = {name: value for name, value in wanted.items() if name not in _ADDRESS}
    fitting = ledger.by_number[organization.number] | ledger.by_card[organization.id]
    others = {
        known
        for known in fitting
        if organization_number(ledger.customers[known]["organization_number"])
        not in (None, organization.number)
    }
    return _customer(
        target,
        "organization",
        applicants,
        {**wanted, "is_private_individual": False},
        fitting - others,
        ledger,
        registered,
        f"ordered; no customer in Tripletex has its organisation number{_also(others)}",
    )


def _private_customer(
    target: Target,
    applicants: Sequence[Applicant],
    ledger: Ledger,
    registered: Registered,
    shared: frozenset[str],
) -> Step:
    newest = applicants[-1]
    address = newest.address
    assert address is not None, "an enriched private customer has an address"
    if address.key in shared:
        return _review(target, "person", applicants, "several persons ordered with one e-mail address")
    wanted = _filled(
        name=" ".join(part for part in (newest.first_name, newest.last_name) if part),
        email=address.address,
        mobile=_number(newest.phone),
    )
    fitting = ledger.by_email[address.key] | ledger.by_card[str(newest.person_id)]
    return _customer(
        target,
        "person",
        applicants,
        {**wanted, "is_private_individual": True},
        fitting,
        ledger,
        registered,
        "ordered privately; no customer in Tripletex has the e-mail address",
    )


def _customer(
    target: Target,
    entity: Literal["organization", "person"],
    applicants: Sequence[Applicant],
    wanted: Fields,
    fitting: set[int],
    ledger: Ledger,
    registered: Registered,
    why_new: str,
) -> Step:
    """Create, update or link one customer, by what was registered before and what fits."""
    mapped = registered.ids(target)
    if len(mapped) > 1:
        return _review(
            target, entity, applicants, f"the card is registered as {len(mapped)} customers; merge them there"
        )
    if not mapped and len(fitting) > 1:
        return _review(
            target, entity, applicants, f"{len(fitting)} customers in Tripletex fit; merge them or choose one"
        )
    numbers = tuple(applicant.application_id for applicant in applicants)
    known = next(iter(mapped or fitting), None)
    if known is None:
        return Step("create", target, entity, why_new, numbers, wanted, wanted)
    if known not in ledger.customers:
        return Step("link", target, entity, "registered since the last sweep", numbers, record_id=known)
    missing = missing_fields(ledger.customers[known], wanted)
    if missing:
        reason = "is in Tripletex already, but lacks fields"
        if ledger.customers[known].get("is_inactive"):
            reason = "is in Tripletex already, but inactive"
        return Step("update", target, entity, reason, numbers, missing, wanted, known)
    return Step("link", target, entity, "is in Tripletex already, complete", numbers, record_id=known)


def _contacts(
    customer: Step, applicants: Sequence[Applicant], ledger: Ledger, registered: Registered
) -> list[Step]:
    """The persons who ordered for a company, each once."""
    people: dict[str, list[Applicant]] = defaultdict(list)
    for applicant in applicants:
        if has_contact(applicant):
            people[str(applicant.person_id)].append(applicant)
    return [
        _contact(customer, person_id, forms, ledger.contacts.get(customer.record_id or 0, []), registered)
        for person_id, forms in people.items()
    ]


def _contact(
    customer: Step,
    person_id: str,
    forms: Sequence[Applicant],
    present: Sequence[dict[str, Any]],
    registered: Registered,
) -> Step:
    newest = forms[-1]
    address = newest.address
    wanted = _filled(
        first_name=newest.first_name,
        last_name=newest.last_name,
        email=address.address if address else None,
        mobile=_number(newest.phone),
    )
    target = Target("contact", person_id, customer.record_id or 0)
    numbers = tuple(form.application_id for form in forms)
    mapped = registered.ids(target)
    fitting = [
        row
        for row in present
        if row["id"] in mapped
        or (not mapped and (row["person_id"] == person_id or is_same_person(row, dict(wanted))))
    ]
    if mapped and not fitting:
        reason = "registered since the last sweep"
        step = Step("link", target, "person", reason, numbers, record_id=min(mapped))
    elif len(fitting) > 1:
        step = _review(target, "person", forms, f"{len(fitting)} contact persons of the customer fit")
    elif not fitting:
        reason = "ordered for the customer; it has no such contact person"
        step = Step("create", target, "person", reason, numbers, wanted, wanted)
    elif missing := missing_fields(fitting[0], wanted):
        reason = "is a contact person already, but lacks fields"
        step = Step("update", target, "person", reason, numbers, missing, wanted, fitting[0]["id"])
    else:
        reason = "is a contact person already"
        step = Step("link", target, "person", reason, numbers, record_id=fitting[0]["id"])
    return replace(step, customer=customer.target)


def _not_refused_before(step: Step, registered: Registered, secret: bytes) -> Step:
    """A step that would send what Tripletex has refused becomes one for a person."""
    refusal = registered.refused(step.target)
    if step.action not in ("create", "update") or refusal is None:
        return step
    if refusal.fields_hash != fields_hash(step.fields, secret):
        return step
    named = ", ".join(refusal.refused_fields) or "the request"
    reason = f"Tripletex refused {named}; correct it at its source"
    return Step("review", step.target, step.entity, reason, step.application_ids, customer=step.customer)


def _review(
    target: Target, entity: Literal["organization", "person"], applicants: Sequence[Applicant], reason: str
) -> Step:
    return Step("review", target, entity, reason, tuple(each.application_id for each in applicants))


def _shared_addresses(groups: Iterable[Sequence[Applicant]]) -> frozenset[str]:
    """Addresses under which more than one person ordered privately."""
    persons: dict[str, set[str | None]] = defaultdict(set)
    for applicants in groups:
        for applicant in applicants:
            if applicant.address is not None:
                persons[applicant.address.key].add(applicant.person_id)
    return frozenset(key for key, people in persons.items() if len(people) > 1)


def _first_address(applicants: Sequence[Applicant]) -> str | None:
    return next((each.address.address for each in applicants if each.address), None)


def _number(raw: str | None) -> str | None:
    """The first number of a field that can be called, E.164."""
    return next((number.key for number in phones(raw) if number.is_valid), None)


def _filled(**values: str | None) -> dict[str, str | bool]:
    return {name: value for name, value in values.items() if value}


def _also(others: set[int]) -> str:
    return f" ({len(others)} with another number stand on its card)" if others else ""
