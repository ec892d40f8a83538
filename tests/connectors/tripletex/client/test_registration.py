"""Registration of customers and contact persons in the simulated Tripletex: never twice, no mail sent."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.errors import EgressError, PermanentError, RefusedByPolicyError, TransientError
from connectors.simulation.faults import RecordedRequest
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.client_registration import DuplicatesError, NothingMadeError, Registration
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import TripletexState

NUMBER = "312345676"
COMPANY: dict[str, str | bool] = {
    "name": "Fjellrev Regnskap AS",
    "organization_number": NUMBER,
    "is_private_individual": False,
    "email": "post@fjellrev.example.no",
    "postal_address_1": "Storgata 1",
    "postal_code": "0155",
    "postal_city": "Oslo",
}
PERSON: dict[str, str | bool] = {
    "name": "Kari Testesen",
    "is_private_individual": True,
    "email": "kari@testesen.example.no",
}


@pytest.fixture
def registration(client: TripletexClient) -> Registration:
    return client.registration


def writes(simulator: TripletexSimulator) -> list[RecordedRequest]:
    return [
        each for each in simulator.requests if each.method in ("POST", "PUT") and "session" not in each.path
    ]


def customers(state: TripletexState) -> list[dict[str, Any]]:
    return [dict(stored.values) for stored in state.tables.get("Customer", {}).values()]


# Finding


def test_a_customer_is_found_by_its_number_whether_active_or_not(
    registration: Registration, state: TripletexState
) -> None:
    active = state.add_customer("Fjellrev AS", organizationNumber=NUMBER)
    inactive = state.add_customer("Gamle Fjellrev AS", organizationNumber=NUMBER, isInactive=True)
    state.add_customer("Annen AS", organizationNumber="310001376")
    assert [each.id for each in registration.find_customers(organization_number=NUMBER)] == [active, inactive]


@pytest.mark.parametrize("case_sensitive", [True, False])
def test_a_customer_is_found_by_its_address_in_any_letter_case(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState, case_sensitive: bool
) -> None:
    simulator.switches.case_sensitive = case_sensitive
    customer_id = state.add_customer("Kari Testesen", email="kari@testesen.example.no")
    (found,) = registration.find_customers(email="Kari@Testesen.example.no")
    assert found.id == customer_id


def test_a_search_needs_exactly_one_key(registration: Registration) -> None:
    with pytest.raises(ValueError, match="organisation number or an e-mail"):
        registration.find_customers()


# Creating


def test_a_company_is_registered_with_the_fields_given(
    registration: Registration, state: TripletexState
) -> None:
    made = registration.create_customer(COMPANY)
    assert made.created
    assert (made.record.name, made.record.organization_number) == ("Fjellrev Regnskap AS", NUMBER)
    assert (made.record.postal_address_1, made.record.postal_city) == ("Storgata 1", "Oslo")
    assert len(customers(state)) == 1


def test_a_customer_that_is_there_already_is_not_registered_again(
    registration: Registration, simulator: TripletexSimulator
) -> None:
    first = registration.create_customer(COMPANY)
    second = registration.create_customer(COMPANY)
    assert (second.created, second.record.id) == (False, first.record.id)
    assert len(writes(simulator)) == 1


def test_an_inactive_customer_counts_as_there(registration: Registration, state: TripletexState) -> None:
    customer_id = state.add_customer("Fjellrev AS", organizationNumber=NUMBER, isInactive=True)
    assert registration.create_customer(COMPANY).record.id == customer_id


def test_a_private_customer_is_known_by_the_address(
    registration: Registration, state: TripletexState
) -> None:
    state.add_customer("Testesen AS", organizationNumber=NUMBER, email="kari@testesen.example.no")
    made = registration.create_customer(PERSON)
    again = registration.create_customer(PERSON | {"email": "KARI@testesen.example.no"})
    assert (made.created, made.record.is_private_individual) == (True, True)
    assert (again.created, again.record.id) == (False, made.record.id)


def test_two_customers_that_fit_are_left_to_a_human(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    for name in ("Fjellrev AS", "Fjellrev Regnskap AS"):
        state.add_customer(name, organizationNumber=NUMBER)
    with pytest.raises(DuplicatesError, match="2 of them fit"):
        registration.create_customer(COMPANY)
    assert writes(simulator) == []


def test_a_customer_without_a_key_is_not_registered(
    registration: Registration, simulator: TripletexSimulator
) -> None:
    with pytest.raises(ValueError, match="to be known by"):
        registration.create_customer({"name": "Kari Testesen"})
    assert simulator.requests == []


def test_a_field_that_is_not_for_tripletex_is_not_sent(
    registration: Registration, simulator: TripletexSimulator
) -> None:
    with pytest.raises(ValueError, match="source_changed_at"):
        registration.create_customer(COMPANY | {"source_changed_at": "2026-01-01"})
    assert simulator.requests == []


def test_a_match_that_cannot_be_read_stops_the_registration(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    """Left out, it would look as if there was no such customer, and a second one would be made."""
    state.add_customer("x" * 5_000, organizationNumber=NUMBER)
    with pytest.raises(PermanentError, match="name: is too long"):
        registration.create_customer(COMPANY)
    assert writes(simulator) == []


def test_a_refused_value_is_named_by_its_field(registration: Registration) -> None:
    with pytest.raises(PermanentError) as caught:
        registration.create_customer(COMPANY | {"email": "ikke en adresse"})
    assert caught.value.fields == ("email",)
    assert "ikke en" not in str(caught.value)


def test_an_unanswered_registration_is_looked_up_and_not_repeated(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.faults.reset(path="^/customer$", method="POST", after_commit=True)
    made = registration.create_customer(COMPANY)
    assert made.created
    assert len(customers(state)) == len(writes(simulator)) == 1


@pytest.mark.parametrize("fault", ["reset", "500", "504"])
def test_a_registration_that_did_not_happen_is_made_by_the_next_call(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState, fault: str
) -> None:
    if fault == "reset":
        simulator.faults.reset(path="^/customer$", method="POST")
    else:
        simulator.faults.fail(int(fault), path="^/customer$", method="POST")
    with pytest.raises(TransientError, match="nothing was registered"):
        registration.create_customer(COMPANY)
    assert len(writes(simulator)) == 1
    assert registration.create_customer(COMPANY).created
    assert len(customers(state)) == 1


@pytest.mark.parametrize(("method", "path"), [("GET", "^/customer$"), ("POST", "^/customer$")])
def test_what_was_certainly_not_registered_is_told_so(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState, method: str, path: str
) -> None:
    """Neither the look beforehand nor a refusal for the rate can have made anything."""
    simulator.faults.fail(429, path=path, method=method, times=20)
    with pytest.raises(NothingMadeError):
        registration.create_customer(COMPANY)
    assert customers(state) == []


def test_a_refusal_for_the_rate_was_not_carried_out_and_is_repeated(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.faults.fail(429, path="^/customer$", method="POST", times=2)
    assert registration.create_customer(COMPANY).created
    assert len(customers(state)) == 1


def test_a_session_that_dies_before_the_registration_is_renewed(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.faults.fail(401, path="^/customer$", method="POST")
    assert registration.create_customer(COMPANY).created
    assert len(customers(state)) == 1


@pytest.mark.parametrize("seed", range(20))
def test_no_sequence_of_faults_makes_a_customer_or_contact_twice(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState, seed: int
) -> None:
    """Whatever breaks, and however often it is tried again from the start."""
    chance = random.Random(seed)
    faults = simulator.faults
    wanted = [COMPANY, PERSON, COMPANY | {"organization_number": "310001376", "name": "Havheim AS"}]
    done = 0
    for _ in range(10):
        match chance.choice(["none", "reset", "commit", "500", "429", "cut", "kept"]):
            case "reset":
                faults.reset(path="^/(customer|contact)", after=chance.randint(0, 3))
            case "commit":
                faults.reset(path="^/(customer|contact)", after=chance.randint(0, 3), after_commit=True)
            case "cut":
                faults.cut(path="^/(customer|contact)", after=chance.randint(0, 3))
            case "kept":
                faults.cut(path="^/(customer|contact)", method="POST", keep_framing=True)
            case "500":
                faults.fail(500, path="^/(customer|contact)", after=chance.randint(0, 3))
            case "429":
                faults.fail(429, path="^/(customer|contact)", times=2)
        try:
            for fields in wanted:
                customer = registration.create_customer(fields).record
                registration.create_contact(customer.id, {"first_name": "Ola", "last_name": "Eksempel"})
            done += 1
        except EgressError:
            continue
    assert done > 0
    assert len(customers(state)) == 3
    assert len(state.tables["Contact"]) == 3


# Updating


def test_only_what_differs_is_sent_with_the_version_that_was_read(
    registration: Registration, simulator: TripletexSimulator
) -> None:
    made = registration.create_customer(COMPANY).record
    updated = registration.update_customer(made.id, COMPANY | {"email": "ny@fjellrev.example.no"})
    assert updated.email == "ny@fjellrev.example.no"
    assert json.loads(writes(simulator)[-1].body) == {
        "id": made.id,
        "version": made.version_number,
        "email": "ny@fjellrev.example.no",
    }


def test_an_update_that_changes_nothing_is_not_sent(
    registration: Registration, simulator: TripletexSimulator
) -> None:
    made = registration.create_customer(COMPANY).record
    registration.update_customer(made.id, COMPANY)
    assert len(writes(simulator)) == 1


@pytest.mark.parametrize("address_without_id", ["replace", "merge"])
def test_an_address_keeps_its_identity_and_its_other_lines(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState, address_without_id: Any
) -> None:
    simulator.switches.address_without_id = address_without_id
    made = registration.create_customer(COMPANY).record
    address_id = customers(state)[0]["postalAddress"]
    updated = registration.update_customer(made.id, {"postal_address_1": "Storgata 2"})
    assert (updated.postal_address_1, updated.postal_code, updated.postal_city) == (
        "Storgata 2",
        "0155",
        "Oslo",
    )
    assert customers(state)[0]["postalAddress"] == address_id


def test_fields_can_be_blanked_and_a_customer_made_inactive(registration: Registration) -> None:
    made = registration.create_customer(COMPANY).record
    updated = registration.update_customer(made.id, {"email": "", "is_inactive": True})
    assert (updated.email, updated.is_inactive) == (None, True)


def test_a_version_conflict_is_resolved_from_a_fresh_read(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    made = registration.create_customer(COMPANY).record
    meanwhile = iter(["22 00 00 00"])

    def edit_by_another(request: RecordedRequest) -> None:
        if request.method == "PUT":
            for phone in meanwhile:
                state.change_customer(made.id, phoneNumber=phone)

    simulator.faults.between_requests = edit_by_another
    updated = registration.update_customer(made.id, {"email": "ny@fjellrev.example.no"})
    assert (updated.email, updated.phone) == ("ny@fjellrev.example.no", "22 00 00 00")


def test_endless_conflicts_are_given_up(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    made = registration.create_customer(COMPANY).record

    def edit_by_another(request: RecordedRequest) -> None:
        if request.method == "PUT":
            state.change_customer(made.id, phoneNumber=f"22 00 00 {len(simulator.requests):02}")

    simulator.faults.between_requests = edit_by_another
    with pytest.raises(TransientError, match="keep changing"):
        registration.update_customer(made.id, {"email": "ny@fjellrev.example.no"})


def test_an_unanswered_update_is_not_applied_twice(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    made = registration.create_customer(COMPANY).record
    simulator.faults.reset(path="/customer/", method="PUT", after_commit=True)
    updated = registration.update_customer(made.id, {"email": "ny@fjellrev.example.no"})
    assert updated.email == "ny@fjellrev.example.no"
    assert made.version_number is not None
    assert updated.version_number == made.version_number + 1


def test_a_customer_that_loses_its_role_by_an_update_is_told_of(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.switches.put_loses_customer_role = True
    customer_id = state.add_customer("Fjellrev AS", organizationNumber=NUMBER, isSupplier=True)
    with pytest.raises(PermanentError, match="no customer any more"):
        registration.update_customer(customer_id, {"email": "ny@fjellrev.example.no"})


def test_an_update_of_a_customer_that_is_gone_is_an_error(registration: Registration) -> None:
    with pytest.raises(PermanentError) as caught:
        registration.update_customer(42, {"email": "ny@fjellrev.example.no"})
    assert caught.value.status == 404


def test_a_value_that_is_accepted_but_not_taken_over_is_an_error(
    registration: Registration, simulator: TripletexSimulator, state: TripletexState
) -> None:
    made = registration.create_customer(COMPANY).record

    def put_it_back(request: RecordedRequest) -> None:
        if request.method == "GET" and request.path.startswith("/customer/") and len(writes(simulator)) > 1:
            state.change_customer(made.id, at=datetime(2026, 11, 25, tzinfo=UTC), website="")

    simulator.faults.between_requests = put_it_back
    with pytest.raises(PermanentError, match="not taken over: website") as caught:
        registration.update_customer(made.id, {"website": "www.fjellrev.example.no"})
    assert caught.value.fields == ("website",)


# Contact persons


def test_a_contact_person_is_registered_once_per_customer(
    registration: Registration, state: TripletexState
) -> None:
    first, second = (state.add_customer(name) for name in ("Fjellrev AS", "Havheim AS"))
    ola = {"first_name": "Ola", "last_name": "Eksempel", "email": "ola@fjellrev.example.no"}
    made = registration.create_contact(first, ola)
    again = registration.create_contact(
        first, ola | {"first_name": "Ole", "email": "OLA@fjellrev.example.no"}
    )
    other = registration.create_contact(second, ola)
    assert (made.created, again.created, other.created) == (True, False, True)
    assert again.record.id == made.record.id
    assert made.record.customer_id == first


def test_a_contact_person_without_an_address_is_known_by_the_full_name(
    registration: Registration, state: TripletexState
) -> None:
    customer_id = state.add_customer("Fjellrev AS")
    contact_id = state.add_contact(customer_id, "Ola", "Eksempel")
    found = registration.create_contact(customer_id, {"first_name": "OLA", "last_name": "Eksempel"})
    assert (found.created, found.record.id) == (False, contact_id)


def test_two_people_with_one_name_and_two_addresses_are_two_contacts(
    registration: Registration, state: TripletexState
) -> None:
    customer_id = state.add_customer("Fjellrev AS")
    name = {"first_name": "Ola", "last_name": "Eksempel"}
    for email in ("ola@fjellrev.example.no", "ola2@fjellrev.example.no"):
        assert registration.create_contact(customer_id, name | {"email": email}).created


def test_a_contact_person_is_updated(registration: Registration, state: TripletexState) -> None:
    contact_id = state.add_contact(state.add_customer("Fjellrev AS"), "Ola", "Eksempel")
    updated = registration.update_contact(contact_id, {"mobile": "+47 900 00 000", "is_inactive": True})
    assert (updated.mobile, updated.is_inactive, updated.first_name) == ("+47 900 00 000", True, "Ola")


def test_nobody_is_written_to(
    client: TripletexClient, registration: Registration, state: TripletexState
) -> None:
    customer_id = registration.create_customer(COMPANY).record.id
    registration.create_contact(customer_id, {"email": "ola@fjellrev.example.no"})
    registration.update_customer(customer_id, {"phone": "22 00 00 00"})
    assert state.outbox == []
    for path in ("/invoice", "/order", "/invoice/{id}/:send"):
        with pytest.raises(RefusedByPolicyError):
            client._egress.request("POST", path, body={})
