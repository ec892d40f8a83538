"""Plans what to register in Tripletex: each customer and contact to create or update, with the reason.

A pure function of the applications, the ledger as it was last read, and what was registered before. Sends
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
from pipelines.registration.ledger import Ledger
from pipelines.registration.plan import Fields, Plan, Step, fields_hash
from pipelines.registration.registrations import Registrations
from pipelines.registration.targets import Target, customer_target, has_contact


def make_plan(
    judged: Iterable[tuple[Applicant, Verdict]], ledger: Ledger, registered: Registrations, secret: bytes
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
        if is_private and _address(applicants[-1]).key in shared:
            customer = _review(
                target, "person", applicants, "several persons ordered with one e-mail address"
            )
        else:
            ordering = (_private_person if is_private else _company)(target, applicants, ledger)
            customer = _customer(ordering, ledger, registered)
        planned = [_not_refused_before(customer, registered, secret)]
        if not is_private and planned[0].action != "review":
            contacts = _contacts(planned[0], applicants, ledger, registered)
            planned += [_not_refused_before(step, registered, secret) for step in contacts]
        steps += [step for step in planned if not _is_done(step, registered)]
    return Plan(tuple(steps))


def customers_in_question(
    judged: Iterable[tuple[Applicant, Verdict]], ledger: Ledger, registered: Registrations
) -> set[int]:
    """The companies' customers in Tripletex whose contact persons a plan asks about."""
    found: set[int] = set()
    for applicant, verdict in judged:
        target, organization = customer_target(applicant, verdict), applicant.organization
        if verdict.status == "enriched" and target is not None and organization is not None:
            found |= registered.ids(target) | ledger.by_card.get(organization.id, set())
            found |= ledger.by_number.get(organization.number or "", set())
    return found


@dataclass(frozen=True, slots=True)
class _Ordering:
    """Somebody who ordered: the customer that is wanted, and what in Tripletex it may be already."""

    target: Target
    entity: Literal["organization", "person"]
    applicants: Sequence[Applicant]
    wanted: Fields
    fitting: set[int]
    """Customers in Tripletex that it may be."""
    why_new: str
    """The reason, where it is none of them."""


def _company(target: Target, applicants: Sequence[Applicant], ledger: Ledger) -> _Ordering:
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
    fitting = ledger.by_number[organization.number] | ledger.by_card[organization.id]
    others = {
        known
        for known in fitting
        if organization_number(ledger.customers[known]["organization_number"])
        not in (None, organization.number)
    }
    also = f" ({len(others)} with another number are on its card)" if others else ""
    return _Ordering(
        target,
        "organization",
        applicants,
        {**wanted, "is_private_individual": False},
        fitting - others,
        f"ordered; no customer in Tripletex has its organisation number{also}",
    )


def _private_person(target: Target, applicants: Sequence[Applicant], ledger: Ledger) -> _Ordering:
    newest = applicants[-1]
    address = _address(newest)
    wanted = _filled(
        name=" ".join(part for part in (newest.first_name, newest.last_name) if part),
        email=address.address,
        mobile=_number(newest.phone),
    )
    return _Ordering(
        target,
        "person",
        applicants,
        {**wanted, "is_private_individual": True},
        ledger.by_email[address.key] | ledger.by_card[str(newest.person_id)],
        "ordered privately; no customer in Tripletex has the e-mail address",
    )


def _customer(ordering: _Ordering, ledger: Ledger, registered: Registrations) -> Step:
    """Create, update or link one customer, by what was registered before and what fits."""
    target, entity, wanted = ordering.target, ordering.entity, ordering.wanted
    mapped, fitting = registered.ids(target), ordering.fitting
    if len(mapped) > 1:
        reason = f"the card is registered as {len(mapped)} customers; merge them there"
        return _review(target, entity, ordering.applicants, reason)
    if not mapped and len(fitting) > 1:
        reason = f"{len(fitting)} customers in Tripletex fit; merge them or choose one"
        return _review(target, entity, ordering.applicants, reason)
    numbers = _numbers(ordering.applicants)
    known = next(iter(mapped or fitting), None)
    if known is None:
        return Step("create", target, entity, ordering.why_new, numbers, wanted, wanted)
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
    customer: Step, applicants: Sequence[Applicant], ledger: Ledger, registered: Registrations
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
    numbers = _numbers(forms)
    mapped = registered.ids(target)
    fitting = [
        row
        for row in present
        if row["id"] in mapped
        or (not mapped and (row["person_id"] == person_id or is_same_person(row, wanted)))
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


def _review(
    target: Target, entity: Literal["organization", "person"], applicants: Sequence[Applicant], reason: str
) -> Step:
    return Step("review", target, entity, reason, _numbers(applicants))


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
