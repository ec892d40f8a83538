"""Plans what to register in Tripletex: each customer and contact to create or update, with the reason.

A pure function of the applications, Tripletex as it was last read, and what was registered before. Sends
nothing. What is there already is never created; what is filled in is never overwritten; what is not certain
is left to a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipelines.applications.verdicts import Applicant, Verdict
from pipelines.identity.normalise.emails import Email
from pipelines.identity.normalise.organizations import organization_number
from pipelines.identity.normalise.phones import phones
from pipelines.registration.comparing import ADDRESS, is_same_person, missing_fields
from pipelines.registration.plan import Action, Fields, Plan, Step, fields_hash
from pipelines.registration.registrations import Registrations
from pipelines.registration.snapshot import Snapshot
from pipelines.registration.targets import Target, customer_target, has_contact


def make_plan(
    judged: Iterable[tuple[Applicant, Verdict]], snapshot: Snapshot, registered: Registrations, secret: bytes
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
        is_private = target in private
        registrant = (_private_person if is_private else _company)(target, applicants, snapshot)
        if is_private and _address(applicants[-1]).key in shared:
            customer = registrant.step("review", "several persons ordered with one e-mail address")
        else:
            customer = _customer(registrant, snapshot, registered)
        planned = [_not_refused_before(customer, registered, secret)]
        if not is_private and planned[0].action != "review":
            contacts = _contacts(planned[0], applicants, snapshot, registered)
            planned += [_not_refused_before(step, registered, secret) for step in contacts]
        steps += [step for step in planned if not _is_done(step, registered)]
    return Plan(tuple(steps))


def customers_in_question(
    judged: Iterable[tuple[Applicant, Verdict]], snapshot: Snapshot, registered: Registrations
) -> set[int]:
    """The companies' customers in Tripletex whose contact persons a plan asks about."""
    found: set[int] = set()
    for applicant, verdict in judged:
        target, organization = customer_target(applicant, verdict), applicant.organization
        if verdict.status == "enriched" and target is not None and organization is not None:
            found |= registered.ids(target) | snapshot.by_card.get(organization.id, set())
            found |= snapshot.by_number.get(organization.number or "", set())
    return found


@dataclass(frozen=True, slots=True)
class _Registrant:
    """A customer or contact person that is wanted, and what in Tripletex it may be already."""

    target: Target
    entity: Literal["organization", "person"]
    applicants: Sequence[Applicant]
    wanted: Fields
    fitting: set[int]
    """Ids in Tripletex."""
    why_new: str
    """The reason, where it is none of them."""

    def step(
        self, action: Action, reason: str, *, fields: Fields | None = None, record_id: int | None = None
    ) -> Step:
        """A step about it; `fields` are what it sends."""
        numbers = _numbers(self.applicants)
        sent, wanted = (fields, self.wanted) if fields else ({}, {})
        return Step(action, self.target, self.entity, reason, numbers, sent, wanted, record_id)


def _company(target: Target, applicants: Sequence[Applicant], snapshot: Snapshot) -> _Registrant:
    organization = applicants[0].organization
    assert organization is not None, "an enriched company has a card"
    assert organization.number is not None, "and a number"
    wanted = _filled(
        name=organization.name,
        organization_number=organization.number,
        email=organization.email or _first_address(applicants),
        phone=organization.phone,
        postal_address_1=organization.address,
        postal_code=organization.postal_code,
        postal_city=organization.city,
    )
    if organization.country not in (None, "NO"):
        # Countries go by Tripletex' own numbers, and a foreign address under Norway would be wrong.
        wanted = {name: value for name, value in wanted.items() if name not in ADDRESS}
    fitting = snapshot.by_number[organization.number] | snapshot.by_card[organization.id]
    others = {
        known
        for known in fitting
        if organization_number(snapshot.customers[known]["organization_number"])
        not in (None, organization.number)
    }
    also = f" ({len(others)} with another number are on its card)" if others else ""
    return _Registrant(
        target,
        "organization",
        applicants,
        {**wanted, "is_private_individual": False},
        fitting - others,
        f"ordered; no customer in Tripletex has its organisation number{also}",
    )


def _private_person(target: Target, applicants: Sequence[Applicant], snapshot: Snapshot) -> _Registrant:
    newest = applicants[-1]
    address = _address(newest)
    wanted = _filled(
        name=" ".join(part for part in (newest.first_name, newest.last_name) if part),
        email=address.address,
        mobile=_number(newest.phone),
    )
    return _Registrant(
        target,
        "person",
        applicants,
        {**wanted, "is_private_individual": True},
        snapshot.by_email[address.key] | snapshot.by_card[str(newest.person_id)],
        "ordered privately; no customer in Tripletex has the e-mail address",
    )


def _customer(registrant: _Registrant, snapshot: Snapshot, registered: Registrations) -> Step:
    """Create, update or link one customer, by what was registered before and what fits."""
    mapped, fitting = registered.ids(registrant.target), registrant.fitting
    if len(mapped) > 1:
        return registrant.step(
            "review", f"the card is registered as {len(mapped)} customers; merge them there"
        )
    if not mapped and len(fitting) > 1:
        return registrant.step(
            "review", f"{len(fitting)} customers in Tripletex fit; merge them or choose one"
        )
    known = next(iter(mapped or fitting), None)
    if known is None:
        return registrant.step("create", registrant.why_new, fields=registrant.wanted)
    if known not in snapshot.customers:
        return registrant.step("link", "registered since the last sweep", record_id=known)
    missing = missing_fields(snapshot.customers[known], registrant.wanted)
    if missing:
        lacks = "inactive" if snapshot.customers[known].get("is_inactive") else "lacks fields"
        return registrant.step(
            "update", f"is in Tripletex already, but {lacks}", fields=missing, record_id=known
        )
    return registrant.step("link", "is in Tripletex already, complete", record_id=known)


def _contacts(
    customer: Step, applicants: Sequence[Applicant], snapshot: Snapshot, registered: Registrations
) -> list[Step]:
    """The persons who ordered for a company, each once."""
    people: dict[str, list[Applicant]] = defaultdict(list)
    for applicant in applicants:
        if has_contact(applicant):
            people[str(applicant.person_id)].append(applicant)
    return [
        _contact(customer, person_id, forms, snapshot.contacts.get(customer.record_id or 0, []), registered)
        for person_id, forms in people.items()
    ]


def _contact(
    customer: Step,
    person_id: str,
    forms: Sequence[Applicant],
    present: Sequence[dict[str, Any]],
    registered: Registrations,
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
    mapped = registered.ids(target)
    fitting = [
        row
        for row in present
        if row["id"] in mapped
        or (not mapped and (row["person_id"] == person_id or is_same_person(row, wanted)))
    ]
    registrant = _Registrant(
        target,
        "person",
        forms,
        wanted,
        {row["id"] for row in fitting},
        "ordered for the customer; it has no such contact person",
    )
    return replace(_contact_step(registrant, mapped, fitting), customer=customer.target)


def _contact_step(registrant: _Registrant, mapped: set[int], fitting: Sequence[dict[str, Any]]) -> Step:
    """Create, update or link one contact person, by what was registered before and what fits."""
    if mapped and not fitting:
        return registrant.step("link", "registered since the last sweep", record_id=min(mapped))
    if len(fitting) > 1:
        return registrant.step("review", f"{len(fitting)} contact persons of the customer fit")
    if not fitting:
        return registrant.step("create", registrant.why_new, fields=registrant.wanted)
    (present,) = fitting
    if missing := missing_fields(present, registrant.wanted):
        reason = "is a contact person already, but lacks fields"
        return registrant.step("update", reason, fields=missing, record_id=present["id"])
    return registrant.step("link", "is a contact person already", record_id=present["id"])


def _not_refused_before(step: Step, registered: Registrations, secret: bytes) -> Step:
    """A step that would send what Tripletex has refused becomes one for a person."""
    refusal = registered.refused(step.target)
    if step.action not in ("create", "update") or refusal is None:
        return step
    if refusal.fields_hash != fields_hash(step.fields, secret):
        return step
    named = ", ".join(refusal.refused_fields) or "the request"
    reason = f"Tripletex refused {named}; correct it at its source"
    return Step("review", step.target, step.entity, reason, step.application_ids, customer=step.customer)


def _is_done(step: Step, registered: Registrations) -> bool:
    """Whether a step would note what is noted already."""
    return step.action == "link" and registered.ids(step.target) == {step.record_id}


def _numbers(applicants: Sequence[Applicant]) -> tuple[int, ...]:
    return tuple(each.application_id for each in applicants)


def _address(applicant: Applicant) -> Email:
    assert applicant.address is not None, "an enriched private customer has an address"
    return applicant.address


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
