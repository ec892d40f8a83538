"""The `fields` parameter, references, defaults, and what is never shown unasked."""

import pytest

from connectors.tripletex.simulator_state import TripletexState
from tests.connectors.served import Time
from tests.connectors.tripletex.simulator.served import Api


@pytest.fixture
def customer(state: TripletexState) -> int:
    """A customer with a manager and a postal address."""
    manager = state.add_employee("Ola", "Testesen")
    return state.add_customer(
        "Fjellrev Regnskap AS",
        accountManager=manager,
        postalAddress={"addressLine1": "Storgata 1", "postalCode": "0155", "city": "Oslo"},
    )


def test_everything_is_shown_by_default_in_the_order_of_the_object(api: Api, customer: int) -> None:
    value = api.value(f"/customer/{customer}")

    assert len(value) == 44
    assert list(value)[:5] == ["id", "version", "url", "name", "organizationNumber"]
    assert value == api.value(f"/customer/{customer}", fields="*")
    assert value == api.value(f"/customer/{customer}", fields="")


def test_an_explicit_list_shows_nothing_else_whatever_its_order(api: Api, customer: int) -> None:
    value = api.value(f"/customer/{customer}", fields="name,id")

    assert list(value) == ["id", "name"]


def test_unset_fields_are_empty_texts_zeros_and_nulls(api: Api, state: TripletexState) -> None:
    value = api.value(f"/customer/{state.add_customer('Tom AS')}")

    assert (value["email"], value["supplierNumber"], value["isInactive"]) == ("", 0, False)
    assert (value["department"], value["deliveryAddress"]) == (None, None)
    assert value["bankAccountPresentation"] == []
    assert (value["invoiceSendMethod"], value["language"]) == ("EMAIL", "NO")


def test_addresses_exist_even_when_empty(api: Api, state: TripletexState) -> None:
    value = api.value(f"/customer/{state.add_customer('Tom AS')}", fields="postalAddress(*),physicalAddress")

    assert value["postalAddress"]["city"] == ""
    assert value["postalAddress"]["country"] == {"id": 161, "url": "tripletex.no/v2/country/161"}
    assert value["physicalAddress"].keys() == {"id", "url"}


def test_objects_are_referred_to_by_id_and_an_url_without_scheme(api: Api, customer: int) -> None:
    value = api.value(f"/customer/{customer}", fields="*")

    assert value["url"] == f"tripletex.no/v2/customer/{customer}"
    assert value["accountManager"].keys() == {"id", "url"}


def test_nested_fields_open_an_object(api: Api, customer: int) -> None:
    value = api.value(
        f"/customer/{customer}",
        fields="id,postalAddress(city,country(isoAlpha2Code)),accountManager(displayName)",
    )

    assert value == {
        "id": customer,
        "accountManager": {"displayName": "Ola Testesen"},
        "postalAddress": {"city": "Oslo", "country": {"isoAlpha2Code": "NO"}},
    }


def test_a_star_and_a_nested_object_go_together(api: Api, customer: int) -> None:
    value = api.value(f"/customer/{customer}", fields="*,postalAddress(*)")

    assert len(value) == 44
    assert value["postalAddress"]["addressAsString"] == "Storgata 1, 0155 Oslo, Norge"
    assert value["postalAddress"]["displayName"] == "Fjellrev Regnskap AS, Storgata 1, 0155 Oslo, Norge"


def test_brackets_may_be_encoded_and_spaced(api: Api, customer: int) -> None:
    answer = api.send("GET", f"/customer/{customer}?fields=id,%20postalAddress%28city%29")

    assert answer.json()["value"] == {"id": customer, "postalAddress": {"city": "Oslo"}}


def test_the_display_name_is_not_the_name(api: Api, customer: int) -> None:
    assert api.value(f"/customer/{customer}", fields="displayName") == {
        "displayName": "Fjellrev Regnskap AS (10001)"
    }


def test_changes_come_only_when_named(api: Api, state: TripletexState, customer: int, time: Time) -> None:
    time.pass_by(days=1)
    state.change_customer(customer, email="post@fjellrev.example.no")

    value = api.value(f"/customer/{customer}", fields="version,changes")

    assert "changes" not in api.value(f"/customer/{customer}")
    assert value["version"] == 2
    assert [(change["changeType"], change["timestamp"]) for change in value["changes"]] == [
        ("CREATE", "2026-11-20T12:00:00+01:00"),
        ("UPDATE", "2026-11-21T12:00:00+01:00"),
    ]


def test_stock_fields_are_on_demand(api: Api, state: TripletexState) -> None:
    product = state.add_product("Lisens", "L1")

    assert "stockOfGoods" not in api.value(f"/product/{product}")
    assert api.value(f"/product/{product}", fields="stockOfGoods") == {"stockOfGoods": 0}


def test_an_unknown_field_is_refused(api: Api) -> None:
    error = api.get("/customer", fields="id,dueDate").json()

    assert (error["status"], error["code"]) == (400, 11000)
    assert error["message"] == (
        "Illegal field in fields filter: dueDate. dueDate does not match a field in the model: CustomerDTO"
    )


@pytest.mark.parametrize(
    "fields", ["postalAddress(", "postalAddress(city", "id)", "(id)", "name(x)", "postalAddress(x)"]
)
def test_a_malformed_list_of_fields_is_refused(api: Api, fields: str) -> None:
    assert api.get("/customer", fields=fields).json()["code"] == 11000


def test_fields_that_the_credentials_may_not_see_drop_out_silently(api: Api, customer: int) -> None:
    api.simulator.switches.hidden_fields = {
        "Customer": frozenset({"organizationNumber"}),
        "Address": frozenset({"city"}),
    }

    value = api.value(f"/customer/{customer}", fields="id,organizationNumber,postalAddress(city,postalCode)")

    assert value == {"id": customer, "postalAddress": {"postalCode": "0155"}}
