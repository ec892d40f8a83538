"""Registration against the simulated Tripletex: what is planned is done, once, and nothing else is."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from connectors.errors import RefusedByPolicyError
from connectors.simulation.faults import RecordedRequest
from connectors.tripletex.simulator import TripletexSimulator
from pipelines.registration.apply import SETTLES_WITHIN
from pipelines.registration.journal import BusyError, Journal
from pipelines.registration.registrations import read_registrations
from pipelines.registration.targets import Target
from schemas.tables import crm, privacy, registration
from tests.pipelines.registration.office import Office, Wire

NUMBER, OTHER = "312345676", "310001376"


def writes(simulator: TripletexSimulator) -> list[RecordedRequest]:
    return [
        each for each in simulator.requests if each.method in ("POST", "PUT") and "session" not in each.path
    ]


def test_a_company_that_ordered_becomes_a_customer_with_its_contact_person(office: Office) -> None:
    office.company_orders(1, NUMBER, phone="915 04 800")
    assert office.apply().counts() == {"created contact": 1, "created customer": 1}
    (customer,), (contact,) = office.customers(), office.contacts()
    assert (customer["name"], customer["organizationNumber"]) == ("Fjellrev AS", NUMBER)
    assert customer["isPrivateIndividual"] is False
    assert (contact["firstName"], contact["email"]) == ("Ola", "ola@fjellrev.example.no")
    assert contact["customer"] == customer["id"]
    office.refresh()
    case = office.case(1)
    assert (case.status, case.tripletex_customer_id, case.tripletex_contact_id) == (
        "registered",
        customer["id"],
        contact["id"],
    )


def test_what_was_registered_is_not_sent_again(office: Office, simulator: TripletexSimulator) -> None:
    office.company_orders(1, NUMBER)
    office.apply()
    sent = len(writes(simulator))
    assert office.apply().counts() == {}
    office.sweep()
    assert office.plan().steps == ()
    assert len(writes(simulator)) == sent


def test_a_private_customer_is_registered_as_a_person_by_the_address(office: Office) -> None:
    office.form(1, company="privat", email="Kari.Testesen@privat.example.no", first_name="Kari")
    office.apply()
    (customer,) = office.customers()
    assert (customer["name"], customer["isPrivateIndividual"]) == ("Kari Eksempel", True)
    assert customer["email"] == "kari.testesen@privat.example.no"
    assert "organizationNumber" not in customer
    assert office.contacts() == []


def test_a_customer_that_somebody_made_since_the_sweep_is_found_and_used(office: Office) -> None:
    office.company_orders(1, NUMBER)
    plan = office.plan()
    assert plan.counts() == {"create contact": 1, "create customer": 1}
    customer_id = office.state.add_customer("Fjellrev AS", organizationNumber=NUMBER, isInactive=True)
    assert office.apply().counts() == {"created contact": 1, "linked customer": 1}
    assert [one["id"] for one in office.customers()] == [customer_id]


def test_a_contact_that_somebody_made_since_the_sweep_is_found_and_used(office: Office) -> None:
    customer_id = office.state.add_customer("Fjellrev", organizationNumber=NUMBER)
    office.sweep()
    office.company_orders(1, NUMBER)
    contact_id = office.state.add_contact(customer_id, "OLA", "Eksempel")
    assert office.apply().counts() == {"linked contact": 1, "updated customer": 1}
    assert [one["id"] for one in office.contacts()] == [contact_id]


def test_a_customer_without_its_number_but_with_its_address_is_left_to_a_person(office: Office) -> None:
    """Created beside it, the company would be there twice; nobody but a person can tell."""
    office.company_orders(1, NUMBER)
    office.state.add_customer("Fjellrev", email="ola@fjellrev.example.no")
    outcome = office.apply()
    assert outcome.counts() == {"review customer": 1, "waiting contact": 1}
    assert len(office.customers()) == 1


def test_a_private_customer_with_the_address_does_not_stand_in_the_way_of_the_company(office: Office) -> None:
    office.company_orders(1, NUMBER)
    office.state.add_customer("Ola Eksempel", email="ola@fjellrev.example.no", isPrivateIndividual=True)
    assert office.apply().counts() == {"created contact": 1, "created customer": 1}


def test_only_what_is_empty_is_filled_in_even_if_it_was_empty_when_planned(
    office: Office, simulator: TripletexSimulator
) -> None:
    customer_id = office.state.add_customer("Fjellrev", organizationNumber=NUMBER, phoneNumber="22 00 00 00")
    office.sweep()
    office.company_orders(1, NUMBER)
    (step, _) = office.plan().steps
    assert (step.action, set(step.fields)) == (
        "update",
        {"email", "postal_address_1", "postal_code", "postal_city"},
    )
    office.state.change_customer(customer_id, email="post@fjellrev.example.no")
    office.apply()
    (customer,) = office.customers()
    assert (customer["name"], customer["phoneNumber"]) == ("Fjellrev", "22 00 00 00")
    assert customer["email"] == "post@fjellrev.example.no"
    address = office.state.tables["Address"][customer["postalAddress"]].values
    assert address["addressLine1"] == "Storgata 1"


def test_a_customer_that_is_another_company_since_the_sweep_is_left_alone_with_its_contacts(
    office: Office, simulator: TripletexSimulator
) -> None:
    customer_id = office.state.add_customer("Fjellrev", organizationNumber=NUMBER)
    office.sweep()
    office.company_orders(1, NUMBER)
    office.state.change_customer(customer_id, organizationNumber=OTHER)
    assert office.apply().counts() == {"review customer": 1, "waiting contact": 1}
    assert writes(simulator) == []


def test_a_contact_that_is_another_person_since_the_sweep_is_left_alone(
    office: Office, simulator: TripletexSimulator
) -> None:
    customer_id = office.state.add_customer("Fjellrev", organizationNumber=NUMBER)
    contact_id = office.state.add_contact(customer_id, "Ola", "Eksempel", email="ola@fjellrev.example.no")
    office.sweep()
    office.company_orders(1, NUMBER, phone="915 04 800")
    office.state.change_contact(contact_id, firstName="Kari", email="kari@fjellrev.example.no")
    assert office.apply().counts() == {"review contact": 1, "updated customer": 1}
    assert [request.path for request in writes(simulator) if "contact" in request.path] == []


def test_a_version_conflict_is_settled_by_reading_again(
    office: Office, simulator: TripletexSimulator
) -> None:
    customer_id = office.state.add_customer("Fjellrev", organizationNumber=NUMBER)
    office.sweep()
    office.company_orders(1, NUMBER)
    changed: list[int] = []

    def somebody_is_quicker(request: RecordedRequest) -> None:
        if request.method == "PUT" and "customer" in request.path and len(changed) < 2:
            changed.append(1)
            office.state.change_customer(customer_id, website=f"fjellrev{len(changed)}.example.no")

    simulator.faults.between_requests = somebody_is_quicker
    assert office.apply().counts()["updated customer"] == 1
    (customer,) = office.customers()
    assert (customer["email"], customer["website"]) == ("ola@fjellrev.example.no", "fjellrev2.example.no")


def test_a_value_that_tripletex_refuses_is_told_in_the_plans_words_and_not_sent_again(
    office: Office, simulator: TripletexSimulator
) -> None:
    card = office.company_orders(1, NUMBER)
    _change(office, crm.organization, card, email="post@fjellrev")
    (result, _) = office.apply().results
    assert (result.outcome, result.reason) == (
        "refused",
        "Tripletex refused email; correct it at its source",
    )
    office.refresh()
    case = office.case(1)
    assert (case.status, case.reasons) == ("needs_review", ["Tripletex refused email of the customer"])
    sent = len(writes(simulator))
    assert office.apply().counts()["review customer"] == 1
    assert len(writes(simulator)) == sent
    _change(office, crm.organization, card, email="post@fjellrev.example.no")
    assert office.apply().counts()["created customer"] == 1


def test_a_lost_answer_is_only_looked_for_until_a_whole_read_a_day_later_did_not_show_it(
    office: Office, simulator: TripletexSimulator
) -> None:
    """The mere passing of time is no proof: the ledger must have been read to the end since."""
    office.company_orders(1, NUMBER)
    simulator.faults.reset(path="^/customer$", method="POST")
    assert office.apply().counts() == {"failed customer": 1, "waiting contact": 1}
    office.time.moment += SETTLES_WITHIN - timedelta(minutes=1)
    office.sweep()
    office.time.moment += timedelta(days=30)
    outcome = office.apply()
    assert outcome.counts() == {"waiting contact": 1, "waiting customer": 1}
    assert "waiting: an answer was lost; it is sent again if a night's read" in str(outcome.reasons())
    assert len(writes(simulator)) == 1
    office.sweep()
    assert office.apply().counts() == {"created contact": 1, "created customer": 1}
    assert len(office.customers()) == 1


def test_a_customer_that_no_search_shows_for_many_hours_is_not_made_again(
    office: Office, simulator: TripletexSimulator
) -> None:
    """The answer was lost and its id with it; the read of the night after next ties it to its card."""
    card = office.company_orders(1, NUMBER)
    wire = Wire(office.client._egress, office.time.now, office.state)
    wire.arm(None, after_answer=False, late=timedelta(hours=3), lag=timedelta(hours=20))
    assert office.apply().counts()["failed customer"] == 1
    for _ in range(22):
        office.time.moment += timedelta(hours=1)
        office.sweep()
        assert office.apply().counts() == {"waiting contact": 1, "waiting customer": 1}
    office.time.moment += timedelta(hours=2)
    office.sweep()
    assert office.apply().counts() == {"created contact": 1, "linked customer": 1}
    assert len(office.customers()) == 1
    with office.engine.connect() as connection:
        assert read_registrations(connection, [card]).ids(Target("customer", card)) == {
            office.customers()[0]["id"]
        }


def test_what_was_certainly_not_carried_out_is_sent_again_at_once(
    office: Office, simulator: TripletexSimulator
) -> None:
    """A refusal for the rate was not carried out: there is nothing to wait for."""
    office.company_orders(1, NUMBER)
    simulator.faults.fail(429, path="^/customer$", method="POST", times=20)
    assert office.apply().counts() == {"failed customer": 1, "waiting contact": 1}
    assert office.rows(registration.registration) == []
    simulator.faults.planned.clear()
    assert office.apply().counts() == {"created contact": 1, "created customer": 1}


def test_a_request_that_takes_effect_late_makes_no_second_customer(office: Office) -> None:
    office.company_orders(1, NUMBER)
    wire = Wire(office.client._egress, office.time.now, office.state)
    wire.arm(None, after_answer=False, late=timedelta(minutes=5))
    assert office.apply().counts()["failed customer"] == 1
    office.time.moment += timedelta(minutes=4)
    assert office.apply().counts()["waiting customer"] == 1
    office.time.moment += timedelta(minutes=1)
    assert office.apply().counts() == {"created contact": 1, "linked customer": 1}
    assert len(office.customers()) == 1
    (entry, _) = sorted(office.rows(registration.registration), key=lambda row: row.customer_id)
    assert entry.was_created


def test_a_search_that_is_slow_to_know_what_was_made_makes_no_second_customer(office: Office) -> None:
    """The answer has its id, and by that it can be read back at once; however slow lists are later."""
    office.company_orders(1, NUMBER)
    wire = Wire(office.client._egress, office.time.now, office.state)
    wire.arm(None, after_answer=False, late=None, lag=timedelta(days=1))
    assert office.apply().counts() == {"created contact": 1, "created customer": 1}
    office.time.moment += SETTLES_WITHIN
    assert office.apply().counts() == {}
    assert (len(office.customers()), len(office.contacts())) == (1, 1)


def test_after_some_failures_in_a_row_the_rest_is_left_to_the_next_run(
    office: Office, simulator: TripletexSimulator
) -> None:
    for place, number in enumerate(
        ("310000019", "310000027", "310000035", "310000043", "310000051", "310000078"), 1
    ):
        office.company_orders(place, number, email=None, first_name=None)
    simulator.faults.fail(503, path="^/customer", times=1_000)
    outcome = office.apply()
    assert not outcome.is_complete
    assert outcome.counts() == {"failed customer": 5}


def test_two_runs_do_not_register_at_once(office: Office) -> None:
    office.company_orders(1, NUMBER)
    with Journal(office.engine, "other").exclusive(), pytest.raises(BusyError, match="another run"):
        office.apply()
    assert office.customers() == []


def test_an_organisation_whose_cards_were_merged_keeps_its_customer(office: Office) -> None:
    card = office.company_orders(1, NUMBER)
    office.apply()
    office.sweep()
    survivor = office.organization(None, "Fjellrev")
    with office.engine.begin() as connection:
        connection.execute(sa.delete(crm.organization).where(crm.organization.c.organization_id == card))
        connection.execute(
            sa.insert(crm.identity_alias).values(entity="organization", alias_id=card, current_id=survivor)
        )
        connection.execute(
            sa.update(crm.organization)
            .where(crm.organization.c.organization_id == survivor)
            .values(organization_number=NUMBER)
        )
        connection.execute(sa.update(crm.source_link).values(organization_id=survivor))
    assert office.plan().steps == ()
    office.refresh()
    assert office.case(1).status == "registered"


def test_an_entry_goes_with_its_card_and_with_its_object_in_tripletex(office: Office) -> None:
    office.company_orders(1, NUMBER)
    office.apply()
    office.sweep()
    office.refresh()
    assert len(office.rows(registration.registration)) == 2
    (contact,), (customer,) = office.contacts(), office.customers()
    office.state.delete_contact(contact["id"])
    office.state.delete_customer(customer["id"])
    office.sweep()
    office.refresh()
    assert office.rows(registration.registration) == []
    assert office.case(1).status == "enriched"


def test_nothing_that_is_sent_makes_tripletex_write_to_anybody(
    office: Office, simulator: TripletexSimulator
) -> None:
    office.company_orders(1, NUMBER)
    office.apply()
    assert office.state.outbox == []
    assert {each.path for each in writes(simulator)} == {"/customer", "/contact"}
    assert all("sendTo" not in name for each in simulator.requests for name, _ in each.query)


def test_a_field_that_the_policy_does_not_list_does_not_leave(office: Office) -> None:
    with pytest.raises(RefusedByPolicyError, match="may not carry description"):
        office.client._egress.request("POST", "/customer", body={"name": "x", "description": "y"})


def test_who_was_told_what_is_noted_for_each_form(office: Office) -> None:
    office.company_orders(1, NUMBER, phone="915 04 800")
    office.apply()
    told = office.rows(privacy.disclosure)
    assert {(row.recipient, row.purpose, row.source, row.source_id) for row in told} == {
        ("tripletex", "billing", "order_form", "1")
    }
    assert [(row.request, row.categories) for row in told] == [
        ("GET /customer", ["organization.public", "user.contact.email"]),
        (
            "POST /customer",
            ["organization.public", "user.contact.address", "user.contact.email", "user.name"],
        ),
        ("POST /contact", ["user.contact.email", "user.contact.phone_number", "user.name"]),
    ]


def test_nothing_of_a_person_is_kept_in_the_journal_or_the_outcome(office: Office) -> None:
    office.company_orders(1, NUMBER)
    outcome = office.apply()
    kept = repr(office.rows(registration.registration)) + repr(outcome)
    assert "Ola" not in kept
    assert "example.no" not in kept


def _change(office: Office, table: sa.Table, card: str, **values: str) -> None:
    key = next(iter(table.primary_key))
    with office.engine.begin() as connection:
        connection.execute(sa.update(table).where(key == card).values(**values))
