"""What is planned: every customer and contact person with a reason, nothing that is there, no guesses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.applications.verdicts import Applicant, Organization, Verdict
from pipelines.registration.plan import Plan, fields_hash
from pipelines.registration.planning import make_plan
from pipelines.registration.register import plan_rows
from pipelines.registration.registrations import Entry, Registrations
from pipelines.registration.snapshot import Snapshot, add_customer
from pipelines.registration.targets import Target

NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
SECRET = b"s" * 32
NUMBER = "312345676"
CARD = "00000000-0000-4000-8000-000000000001"
PERSON = "00000000-0000-4000-8000-000000000002"


def company(application_id: int = 1, **changes: Any) -> tuple[Applicant, Verdict]:
    """An enriched application of Ola at Fjellrev."""
    organization = Organization(
        CARD,
        NUMBER,
        "Fjellrev AS",
        "active",
        "active",
        address="Storgata 1",
        postal_code="0155",
        city="Oslo",
        country=changes.pop("country", "NO"),
    )
    return _applicant(application_id, organization=organization, **changes), Verdict("enriched", "company")


def private(application_id: int = 1, **changes: Any) -> tuple[Applicant, Verdict]:
    """An enriched application of Ola at home."""
    given = {"company_name": None, "organization": None} | changes
    return _applicant(application_id, **given), Verdict("enriched", "private")


def _applicant(application_id: int, **changes: Any) -> Applicant:
    given: dict[str, Any] = {
        "received_at": NOW,
        "is_active": True,
        "form_status": "registered",
        "first_name": "Ola",
        "last_name": "Eksempel",
        "email": "ola@fjellrev.example.no",
        "phone": "915 04 800",
        "company_name": "Fjellrev AS",
        "person_id": PERSON,
    }
    return Applicant(application_id=application_id, **given | changes)


def snapshot(*customers: dict[str, Any], contacts: dict[int, list[dict[str, Any]]] | None = None) -> Snapshot:
    """What Tripletex held; a customer is empty but for what is given."""
    names = (
        "organization_number is_private_individual is_inactive email phone mobile website postal_address_1"
        " postal_address_2 postal_code postal_city physical_address_1 organization_id person_id"
    ).split()
    made = Snapshot()
    for one in customers:
        add_customer(made, dict.fromkeys(names) | one)
    for customer_id, people in (contacts or {}).items():
        keys = "first_name last_name email mobile work_phone is_inactive person_id".split()
        made.contacts[customer_id] = [dict.fromkeys(keys) | one for one in people]
    return made


def plan(
    *judged: tuple[Applicant, Verdict], held: Snapshot | None = None, registered: Registrations | None = None
) -> Plan:
    return make_plan(judged, held or snapshot(), registered or Registrations(), SECRET)


def told(made: Plan) -> list[tuple[str, str]]:
    return [(step.action, step.target.object) for step in made.steps]


def test_a_new_company_is_created_before_its_contact_person() -> None:
    made = plan(company())
    assert told(made) == [("create", "customer"), ("create", "contact")]
    customer, contact = made.steps
    assert customer.fields == {
        "name": "Fjellrev AS",
        "organization_number": NUMBER,
        "is_private_individual": False,
        "email": "ola@fjellrev.example.no",
        "postal_address_1": "Storgata 1",
        "postal_code": "0155",
        "postal_city": "Oslo",
    }
    assert contact.fields == {
        "first_name": "Ola",
        "last_name": "Eksempel",
        "email": "ola@fjellrev.example.no",
        "mobile": "+4791504800",
    }
    assert contact.customer == customer.target


def test_several_forms_of_one_company_make_one_customer_and_a_contact_for_each_person() -> None:
    other = "00000000-0000-4000-8000-000000000003"
    made = plan(
        company(1), company(2), company(3, person_id=other, first_name="Kari", email="kari@b.example.no")
    )
    assert told(made) == [("create", "customer"), ("create", "contact"), ("create", "contact")]
    assert [step.application_ids for step in made.steps] == [(1, 2, 3), (1, 2), (3,)]


def test_a_foreign_address_is_not_sent_as_a_norwegian_one() -> None:
    (customer, _) = plan(company(country="SE")).steps
    assert not [name for name in customer.fields if name.startswith("postal")]


@pytest.mark.parametrize(
    "there",
    [
        {"organization_number": NUMBER},
        {"organization_number": "312 345 676"},
        {"organization_id": CARD},
        {"organization_number": NUMBER, "is_inactive": True},
    ],
)
def test_a_customer_that_is_there_is_never_created(there: dict[str, Any]) -> None:
    made = plan(company(), held=snapshot({"id": 7} | there))
    assert made.steps[0].action == "update"
    assert made.steps[0].record_id == 7
    assert made.steps[1].target.customer_id == 7
    assert "name" not in made.steps[0].fields
    assert made.steps[0].fields.get("is_inactive") == (False if "is_inactive" in there else None)


def test_a_customer_with_all_it_needs_is_only_tied_to_its_card() -> None:
    full = {"id": 7, "organization_number": NUMBER, "email": "post@fjellrev.example.no"}
    present = {"id": 9, "email": "OLA@fjellrev.example.no", "mobile": "+4791504800"}
    made = plan(company(), held=snapshot(full | {"physical_address_1": "Veien 2"}, contacts={7: [present]}))
    assert told(made) == [("link", "customer"), ("link", "contact")]
    assert [step.record_id for step in made.steps] == [7, 9]


def test_several_that_fit_are_left_to_a_person_and_get_no_contact() -> None:
    made = plan(
        company(),
        held=snapshot({"id": 7, "organization_number": NUMBER}, {"id": 8, "organization_number": NUMBER}),
    )
    assert told(made) == [("review", "customer")]
    assert "2 customers" in made.steps[0].reason


def test_a_customer_on_the_card_with_another_number_is_another_customer() -> None:
    made = plan(
        company(), held=snapshot({"id": 7, "organization_number": "310001376", "organization_id": CARD})
    )
    assert made.steps[0].action == "create"
    assert "another number" in made.steps[0].reason


def test_what_a_person_chose_of_several_stays_chosen() -> None:
    """What was registered comes first."""
    target = Target("customer", CARD)
    known = Registrations({target: [Entry(target, "registered", 8, None)]})
    both = [{"id": number, "organization_number": NUMBER} for number in (7, 8)]
    made = plan(company(), held=snapshot(*both), registered=known)
    assert made.steps[0].record_id == 8


def test_a_card_that_was_registered_twice_before_it_was_merged_is_reviewed() -> None:
    target = Target("customer", CARD)
    entries = [Entry(target, "registered", known, None) for known in (7, 8)]
    made = plan(company(), registered=Registrations({target: entries}))
    assert told(made) == [("review", "customer")]


def test_a_private_customer_is_known_by_the_address_and_not_by_a_companys() -> None:
    assert told(plan(private())) == [("create", "customer")]
    there = {"id": 7, "email": "Ola@Fjellrev.example.no", "mobile": "1"}
    assert told(plan(private(), held=snapshot(there))) == [("link", "customer")]
    firm = there | {"organization_number": NUMBER}
    assert told(plan(private(), held=snapshot(firm))) == [("create", "customer")]


def test_two_persons_who_order_with_one_address_are_reviewed() -> None:
    other = "00000000-0000-4000-8000-000000000003"
    made = plan(private(1), private(2, person_id=other, first_name="Kari"))
    assert told(made) == [("review", "customer"), ("review", "customer")]


def test_a_contact_person_without_an_address_is_known_by_name() -> None:
    customer = {"id": 7, "organization_number": NUMBER}
    present = {"id": 9, "first_name": "OLA", "last_name": "Eksempel"}
    made = plan(company(), held=snapshot(customer, contacts={7: [present]}))
    assert (made.steps[1].action, made.steps[1].record_id) == ("update", 9)
    assert set(made.steps[1].fields) == {"email", "mobile"}


def test_what_was_refused_is_planned_again_only_when_it_has_changed() -> None:
    (customer, _) = plan(company()).steps
    target = customer.target
    refusal = Entry(target, "refused", None, None, ("email",), fields_hash(customer.fields, SECRET))
    known = Registrations({target: [refusal]})
    assert told(plan(company(), registered=known)) == [("review", "customer")]
    changed = plan(company(email="ola.eksempel@fjellrev.example.no"), registered=known)
    assert told(changed)[0] == ("create", "customer")


def test_a_refusal_of_a_card_says_nothing_of_the_customer_of_the_card_it_was_merged_with() -> None:
    there = snapshot({"id": 7, "organization_number": NUMBER})
    customer = plan(company(), held=there).steps[0]
    target = customer.target
    refusal = Entry(target, "refused", None, None, ("email",), fields_hash(customer.fields, SECRET))
    known = Registrations({target: [Entry(target, "registered", 7, None), refusal]})
    assert plan(company(), held=there, registered=known).steps[0].action == "update"


def test_a_contact_person_that_was_refused_is_planned_again_only_when_it_has_changed() -> None:
    customer = {"id": 7, "organization_number": NUMBER}
    contact = plan(company(), held=snapshot(customer)).steps[-1]
    refusal = Entry(contact.target, "refused", None, None, ("email",), fields_hash(contact.fields, SECRET))
    known = Registrations({contact.target: [refusal]})
    again = plan(company(), held=snapshot(customer), registered=known).steps[-1]
    assert (again.action, again.customer) == ("review", contact.customer)
    changed = plan(company(first_name="Olav"), held=snapshot(customer), registered=known).steps[-1]
    assert changed.action == "create"


def test_a_customer_that_was_registered_since_the_sweep_is_left_alone_and_gets_its_contact_person() -> None:
    target = Target("customer", CARD)
    known = Registrations({target: [Entry(target, "registered", 8, None)]})
    (contact,) = plan(company(), registered=known).steps
    assert (contact.action, contact.target) == ("create", Target("contact", PERSON, 8))


@pytest.mark.parametrize("status", ["new", "needs_review", "declined"])
def test_only_what_is_enriched_is_planned(status: Any) -> None:
    assert plan((company()[0], Verdict(status, "company"))).steps == ()


def test_the_stored_plan_holds_no_value() -> None:
    made = plan(company())
    rows = plan_rows(made.steps)
    text = rows.to_csv() + repr(made)
    assert not [word for word in ("Ola", "Eksempel", "Fjellrev", "example.no", NUMBER) if word in text]
    assert rows["fields"].tolist()[0][0] == "email"
