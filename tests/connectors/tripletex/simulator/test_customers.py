"""Registering, changing and deleting customers and contacts: defaults, rules, versions, refusals."""

from datetime import date
from typing import Any

import pytest
import requests

from connectors.tripletex.simulator_state import Line, TripletexState
from tests.connectors.tripletex.simulator.served import Api

COMPANY: dict[str, Any] = {
    "name": "Fjellrev Regnskap AS",
    "organizationNumber": "312345676",
    "email": "post@fjellrev.example.no",
    "invoiceEmail": "faktura@fjellrev.example.no;okonomi@fjellrev.example.no",
    "invoiceSendMethod": "EMAIL",
    "invoicesDueIn": 30,
    "currency": {"id": 1},
    "postalAddress": {
        "addressLine1": "Storgata 1",
        "postalCode": "0155",
        "city": "Oslo",
        "country": {"id": 161},
    },
}


def test_a_name_is_enough(api: Api) -> None:
    answer = api.send("POST", "/customer", json={"name": "Kari Testesen"})

    value = answer.json()["value"]
    assert answer.status_code == 201
    assert len(value) == 44
    assert (value["version"], value["customerNumber"]) == (1, 10001)
    assert (value["isCustomer"], value["isPrivateIndividual"]) == (True, False)
    assert value["postalAddress"].keys() == {"id", "url"}
    assert value["currency"]["id"] == 1


def test_addresses_that_were_sent_come_back_whole(api: Api) -> None:
    value = api.write("POST", "/customer", COMPANY)

    assert value["postalAddress"]["addressLine1"] == "Storgata 1"
    assert value["physicalAddress"].keys() == {"id", "url"}
    assert value["invoiceEmail"] == COMPANY["invoiceEmail"]


def test_nothing_keeps_a_customer_from_being_registered_twice(api: Api) -> None:
    first, second = api.write("POST", "/customer", COMPANY), api.write("POST", "/customer", COMPANY)

    assert first["id"] != second["id"]
    assert api.ids("/customer", organizationNumber="312345676") == [first["id"], second["id"]]


@pytest.mark.parametrize(
    ("change", "code", "problem"),
    [
        ({"name": None}, 18000, ("name", "Kan ikke være null.")),
        ({"name": ""}, 18000, ("name", "Feltet må fylles ut.")),
        (
            {"name": "x" * 256},
            18000,
            ("name", "Feltet har ikke korrekt lengde. Det må være mellom 0 og 255."),
        ),
        ({"email": "post@"}, 18000, ("email", "Ugyldig format.")),
        ({"email": "pøst@fjellrev.example.no"}, 18000, ("email", "Ugyldig format.")),
        ({"invoiceEmail": "a@x.example.no;b"}, 18000, ("invoiceEmail", "Ugyldig format.")),
        (
            {"organizationNumber": "12345"},
            18000,
            ("organizationNumber", "Organisasjonsnummeret må bestå av 9 siffer."),
        ),
        (
            {"organizationNumber": "312 345 676"},
            18000,
            ("organizationNumber", "Organisasjonsnummeret må bestå av 9 siffer."),
        ),
        (
            {"invoiceSendMethod": "EHF", "postalAddress": {}},
            18000,
            ("postalAddress", "Postadresse må angis for kunder som skal motta EHF."),
        ),
        ({"currency": {"id": 999}}, 18000, ("currency.id", "Objektet finnes ikke.")),
        ({"telefon": "22 00 00 00"}, 16000, ("telefon", "Feltet eksisterer ikke i objektet.")),
        ({"email": 7}, 16000, ("email", "Verdien er ikke av korrekt type for dette feltet.")),
        ({"isInactive": "nei"}, 16000, ("isInactive", "Verdien er ikke av korrekt type for dette feltet.")),
        ({"language": "SV"}, 16000, ("language", "Verdien er ikke av korrekt type for dette feltet.")),
        (
            {"currency": {"id": 1, "code": "NOK"}},
            16000,
            ("currency.code", "Feltet eksisterer ikke i objektet."),
        ),
        (
            {"postalAddress": {"by": "Oslo"}},
            16000,
            ("postalAddress.by", "Feltet eksisterer ikke i objektet."),
        ),
        ({"id": 1}, 18000, ("id", "An ID cannot be set when creating a new object")),
    ],
)
def test_a_body_that_breaks_a_rule_is_refused_and_nothing_is_stored(
    api: Api, change: dict[str, Any], code: int, problem: tuple[str, str]
) -> None:
    body = COMPANY | change

    assert api.refusal("POST", "/customer", body) == (422, code)
    assert api.problems("POST", "/customer", body) == [problem]
    assert api.ids("/customer") == []


@pytest.mark.parametrize("body", ["{", "[1", ""])
def test_a_body_that_is_no_json_is_refused(api: Api, body: str) -> None:
    error = api.send("POST", "/customer", data=body).json()

    assert (error["status"], error["code"]) == (422, 22000)


def test_the_control_digit_of_an_organisation_number_is_not_checked(api: Api) -> None:
    assert api.write("POST", "/customer", COMPANY | {"organizationNumber": "555666777"})


def test_a_foreign_organisation_number_goes_with_a_foreign_physical_address(api: Api) -> None:
    body = COMPANY | {"organizationNumber": "SE556677-8899"}

    assert api.refusal("POST", "/customer", body) == (422, 18000)
    customer = api.write("POST", "/customer", body | {"physicalAddress": {"country": {"id": 191}}})
    assert customer["organizationNumber"] == "SE556677-8899"
    assert api.refusal("PUT", f"/customer/{customer['id']}", {"organizationNumber": "SE556677-8890"}) == (
        422,
        18000,
    )


def test_a_customer_number_is_free_or_refused(api: Api) -> None:
    assert api.write("POST", "/customer", COMPANY | {"customerNumber": 10002})["customerNumber"] == 10002

    assert api.problems("POST", "/customer", COMPANY | {"customerNumber": 10002}) == [
        ("customerNumber", "Nummeret er i bruk.")
    ]


def test_read_only_fields_in_a_body_are_ignored(api: Api) -> None:
    ignored = {"isCustomer": False, "url": "x", "changes": [], "displayName": "Noe annet"}

    value = api.write("POST", "/customer", COMPANY | ignored)

    assert value["isCustomer"] is True
    assert value["displayName"] == "Fjellrev Regnskap AS (10001)"


def test_messages_follow_the_language_of_the_token_owner(api: Api, state: TripletexState) -> None:
    assert api.send("POST", "/customer", json={}).json()["message"] == "Validering feilet."

    state.language = "en"

    assert api.send("POST", "/customer", json={}).json()["message"] == "Validation failed."
    assert api.problems("POST", "/customer", {}) == [("name", "Cannot be null.")]


def test_messages_have_four_keys_and_two_flavours(api: Api) -> None:
    bean = api.send("POST", "/customer", json={}).json()
    business = api.send("POST", "/customer", json=COMPANY | {"organizationNumber": "1"}).json()

    assert bean["developerMessage"] is None
    assert bean["validationMessages"] == [
        {"field": "name", "message": "Kan ikke være null.", "path": "null.name", "rootId": None}
    ]
    assert business["developerMessage"] == "VALIDATION_ERROR"
    assert business["validationMessages"][0]["path"] is None


def test_the_order_of_messages_is_not_fixed(api: Api) -> None:
    body = COMPANY | {"a": 1, "b": 2}
    before = api.problems("POST", "/customer", body)

    api.simulator.switches.reverse_messages = True

    assert api.problems("POST", "/customer", body) == before[::-1]


def test_a_put_changes_only_what_is_sent(api: Api) -> None:
    customer = api.write("POST", "/customer", COMPANY)

    value = api.write("PUT", f"/customer/{customer['id']}", {"version": 1, "email": "ny@fjellrev.example.no"})

    assert value == customer | {
        "version": 2,
        "email": "ny@fjellrev.example.no",
        "postalAddress": value["postalAddress"],
    }
    assert value["postalAddress"]["id"] == customer["postalAddress"]["id"]


def test_a_stale_version_is_a_conflict(api: Api) -> None:
    customer = api.write("POST", "/customer", COMPANY)["id"]
    api.write("PUT", f"/customer/{customer}", {"version": 1, "email": "a@fjellrev.example.no"})

    assert api.refusal("PUT", f"/customer/{customer}", {"version": 1, "email": "b@fjellrev.example.no"}) == (
        409,
        8000,
    )
    assert api.value(f"/customer/{customer}")["email"] == "a@fjellrev.example.no"


def test_without_a_version_the_last_write_wins(api: Api) -> None:
    customer = api.write("POST", "/customer", COMPANY)["id"]

    assert api.write("PUT", f"/customer/{customer}", {"name": "A"})["version"] == 2
    assert api.write("PUT", f"/customer/{customer}", {"name": "B"})["version"] == 3


def test_an_address_is_changed_by_its_id(api: Api) -> None:
    customer = api.write("POST", "/customer", COMPANY)
    address = customer["postalAddress"]["id"]

    value = api.write(
        "PUT", f"/customer/{customer['id']}", {"postalAddress": {"id": address, "addressLine1": "Storgata 2"}}
    )

    assert value["postalAddress"]["id"] == address
    assert value["postalAddress"]["city"] == "Oslo"
    assert value["postalAddress"]["addressLine1"] == "Storgata 2"


@pytest.mark.parametrize(("mode", "city"), [("replace", ""), ("merge", "Oslo")])
def test_an_address_without_its_id_may_become_a_new_one(api: Api, mode: Any, city: str) -> None:
    api.simulator.switches.address_without_id = mode
    customer = api.write("POST", "/customer", COMPANY)

    value = api.write("PUT", f"/customer/{customer['id']}", {"postalAddress": {"addressLine1": "Storgata 2"}})

    assert value["postalAddress"]["city"] == city
    assert (value["postalAddress"]["id"] == customer["postalAddress"]["id"]) is (mode == "merge")


def test_an_address_of_somebody_else_is_refused(api: Api) -> None:
    customer, other = (api.write("POST", "/customer", COMPANY) for _ in range(2))
    foreign = {"postalAddress": {"id": other["postalAddress"]["id"], "city": "Bergen"}}

    assert api.refusal("PUT", f"/customer/{customer['id']}", foreign) == (422, 18000)


def test_a_delivery_address_is_null_until_set_and_has_a_path_of_its_own(api: Api) -> None:
    customer = api.write("POST", "/customer", COMPANY)
    assert customer["deliveryAddress"] is None

    body = {"deliveryAddress": {"name": "Bakdøra", "city": "Oslo"}}
    address = api.write("PUT", f"/customer/{customer['id']}", body)["deliveryAddress"]["id"]
    value = api.write("PUT", f"/deliveryAddress/{address}", {"city": "Bergen"})

    assert (value["name"], value["city"]) == ("Bakdøra", "Bergen")


def test_blanking_and_inactivating_is_what_erasure_comes_to(api: Api) -> None:
    customer = api.write("POST", "/customer", COMPANY)["id"]

    api.write("PUT", f"/customer/{customer}", {"isInactive": True, "email": "", "invoiceEmail": ""})

    assert api.ids("/customer") == []
    (row,) = api.rows("/customer", isInactive="true", fields="email,invoiceEmail")
    assert row == {"email": "", "invoiceEmail": ""}


def test_a_put_may_lose_the_role_of_a_customer(api: Api, state: TripletexState) -> None:
    api.simulator.switches.put_loses_customer_role = True
    customer = state.add_customer("Begge AS", isSupplier=True)

    assert api.write("PUT", f"/customer/{customer}", {"name": "Begge deler AS"})["isCustomer"] is False


def test_a_customer_without_history_is_deleted(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS")
    contact = state.add_contact(customer, "Kari", "Testesen")

    answer = api.send("DELETE", f"/customer/{customer}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.refusal("GET", f"/customer/{customer}") == (404, 6000)
    assert api.refusal("GET", f"/contact/{contact}") == (404, 6000)
    assert api.refusal("DELETE", f"/customer/{customer}") == (404, 6000)


def test_a_customer_with_history_is_kept(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS")
    state.add_invoice(customer, [Line("Lisens")], date(2026, 3, 1))

    assert api.problems("DELETE", f"/customer/{customer}") == [
        (
            "Internt felt (id)",
            "<ul><li>Ordrer er registrert.</li>\n<li>Fakturaer er registrert.</li>\n"
            "<li>Posteringer er registrert på kunden.</li></ul>",
        )
    ]


def test_customers_are_registered_and_changed_in_lists_all_or_none(api: Api) -> None:
    answer = api.send("POST", "/customer/list", json=[{"name": "A"}, {"name": "B"}])

    assert answer.status_code == 201
    assert answer.json()["fullResultSize"] == 0
    ids = [row["id"] for row in answer.json()["values"]]
    assert api.refusal("POST", "/customer/list", [{"name": "C"}, {}]) == (422, 18000)
    assert api.ids("/customer") == ids

    changed = api.send("PUT", "/customer/list", json=[{"id": ids[0], "email": "a@a.example.no"}])
    stale = [{"id": ids[0], "email": "b@a.example.no"}, {"id": ids[1], "version": 9}]

    assert changed.status_code == 200
    assert api.refusal("PUT", "/customer/list", stale) == (409, 8000)
    assert api.value(f"/customer/{ids[0]}")["email"] == "a@a.example.no"


def test_beta_endpoints_may_be_closed(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS")
    api.simulator.switches.beta = False

    assert api.refusal("DELETE", f"/customer/{customer}") == (403, 9000)
    assert api.refusal("POST", "/customer/list", []) == (403, 9000)


def test_a_post_whose_answer_is_lost_has_been_done(api: Api) -> None:
    """The ambiguous POST: only a search tells whether the customer is there."""
    api.simulator.faults.reset(path="/customer", method="POST", after_commit=True)

    with pytest.raises(requests.ConnectionError):
        api.send("POST", "/customer", json=COMPANY)

    assert len(api.ids("/customer", organizationNumber="312345676")) == 1


def test_a_post_that_never_arrived_has_not_been_done(api: Api) -> None:
    api.simulator.faults.reset(path="/customer", method="POST")

    with pytest.raises(requests.ConnectionError):
        api.send("POST", "/customer", json=COMPANY)

    assert api.ids("/customer") == []


def test_categories_are_made_and_referred_to(api: Api) -> None:
    category = api.write("POST", "/customer/category", {"name": "Skole", "number": "1"})

    customer = api.write("POST", "/customer", COMPANY | {"category1": {"id": category["id"]}})

    assert customer["category1"]["id"] == category["id"]
    assert api.ids("/customer/category", name="sko") == [category["id"]]


# Contacts


def test_a_contact_belongs_to_a_customer(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS")

    value = api.write(
        "POST",
        "/contact",
        {"firstName": "Ola", "lastName": "Eksempel", "customer": {"id": customer}},
    )

    assert list(value) == [
        "id",
        "version",
        "url",
        "firstName",
        "lastName",
        "displayName",
        "email",
        "phoneNumberMobileCountry",
        "phoneNumberMobile",
        "phoneNumberWork",
        "customer",
        "department",
        "isInactive",
    ]
    assert value["displayName"] == "Ola Eksempel"
    assert value["phoneNumberMobileCountry"]["id"] == 161
    assert api.ids("/contact", customerId=customer) == [value["id"]]


def test_a_contact_has_a_name_or_an_address(api: Api) -> None:
    text = "Fornavn, etternavn eller e-postadresse må angis."

    assert api.problems("POST", "/contact", {"phoneNumberWork": "22 00 00 00"}) == [
        ("firstName", text),
        ("lastName", text),
        ("email", text),
    ]
    assert api.write("POST", "/contact", {"email": "ola@fjell.example.no"})


def test_a_contact_is_changed_in_part_and_by_version(api: Api, state: TripletexState) -> None:
    contact = state.add_contact(state.add_customer("Fjell AS"), "Kari", "Testesen")

    value = api.write("PUT", f"/contact/{contact}", {"version": 0, "isInactive": True})

    assert (value["version"], value["firstName"], value["isInactive"]) == (1, "Kari", True)
    assert api.refusal("PUT", f"/contact/{contact}", {"version": 0}) == (409, 8000)
    assert api.refusal("PUT", f"/contact/{contact}", {"firstName": "", "lastName": ""}) == (422, 18000)


def test_contacts_are_deleted_only_in_lists(api: Api, state: TripletexState) -> None:
    ids = [state.add_contact(None, "Kari", f"Nr{number}") for number in range(3)]

    assert api.send("DELETE", f"/contact/{ids[0]}").status_code == 405
    assert api.refusal("DELETE", "/contact/list", ids=f"{ids[0]},1") == (404, 6000)
    assert api.send("DELETE", "/contact/list", params={"ids": f"{ids[0]},{ids[2]}"}).status_code == 204
    assert api.ids("/contact") == [ids[1]]


def test_contacts_are_registered_in_lists(api: Api) -> None:
    answer = api.send("POST", "/contact/list", json=[{"firstName": "Kari"}, {"firstName": "Ola"}])

    assert answer.status_code == 201
    assert [row["id"] for row in answer.json()["values"]] == api.ids("/contact")
