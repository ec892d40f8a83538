"""Lists: pages and their totals, filters, order, checksums, and what is refused or ignored."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.tripletex.simulator_state import Line, TripletexState
from tests.connectors.served import Time
from tests.connectors.tripletex.simulator.served import Api

YEAR = {"invoiceDateFrom": "2026-01-01", "invoiceDateTo": "2027-01-01"}


@pytest.fixture
def five(state: TripletexState) -> list[int]:
    """Five customers."""
    return [state.add_customer(f"Kunde {number} AS") for number in range(5)]


@pytest.mark.parametrize(
    ("start", "count", "returned", "total"),
    [(0, 2, 2, 3), (2, 2, 2, 5), (4, 2, 1, 5), (3, 2, 2, 5), (0, 5, 5, 5), (9, 2, 0, 5), (0, 0, 0, 1)],
)
def test_the_total_looks_one_row_ahead_until_the_last_page(
    api: Api, five: list[int], start: int, count: int, returned: int, total: int
) -> None:
    page = api.page("/customer", start=start, count=count, sorting="id")

    assert [row["id"] for row in page["values"]] == five[start : start + count]
    assert (page["from"], page["count"], page["fullResultSize"]) == (start, returned, total)


def test_the_total_used_to_be_exact(api: Api, five: list[int]) -> None:
    api.simulator.switches.full_result_size = "exact"

    assert api.page("/customer", count=2)["fullResultSize"] == 5


def test_an_ad_hoc_list_has_rows_and_no_total(api: Api) -> None:
    page = api.page("/ledger/vatType", typeOfVat="OUTGOING")

    assert page["values"]
    assert (page["fullResultSize"], page["versionDigest"]) == (0, None)


def test_a_page_holds_a_thousand_rows_unless_told(api: Api, state: TripletexState) -> None:
    for number in range(1_001):
        state.add_customer(f"Kunde {number} AS")

    assert api.page("/customer")["count"] == 1_000
    assert api.page("/customer", count=5_000)["count"] == 1_001


@pytest.mark.parametrize(
    ("query", "refusal"),
    [({"count": "ti"}, (404, 21000)), ({"start": "-1"}, (422, 15000))],
)
def test_pages_that_cannot_be_are_refused(api: Api, query: dict[str, Any], refusal: tuple[int, int]) -> None:
    error = api.get("/customer", **query).json()

    assert (error["status"], error["code"]) == refusal


def test_inactive_customers_are_left_out_unless_asked_for(api: Api, state: TripletexState) -> None:
    active, inactive = state.add_customer("Aktiv AS"), state.add_customer("Inaktiv AS", isInactive=True)

    assert api.ids("/customer") == api.ids("/customer", isInactive="false") == [active]
    assert api.ids("/customer", isInactive="true") == [inactive]
    assert api.ids("/customer", id=f"{active},{inactive}") == [active]
    assert api.value(f"/customer/{inactive}")["isInactive"] is True


def test_suppliers_that_are_no_customers_are_in_no_list_of_customers(api: Api, state: TripletexState) -> None:
    state.add_customer("Leverandør AS", isSupplier=True, isCustomer=False)

    assert api.ids("/customer") == []


def test_unknown_parameters_are_ignored_silently(api: Api, five: list[int]) -> None:
    """The trap: a filter that does not exist answers with everybody."""
    assert api.ids("/customer", name="Kunde 3 AS", customerNumberFrom=10003) == five


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"customerName": "fjell"}, [0, 1]),
        ({"organizationNumber": "312345676"}, [0]),
        ({"organizationNumber": "31234567"}, []),
        ({"email": "Post@fjell.example.no"}, [0]),
        ({"email": "post@fjell.example.no"}, []),
        ({"invoiceEmail": "a@fjell.example.no"}, []),
        ({"invoiceEmail": "a@fjell.example.no;b@fjell.example.no"}, [1]),
        ({"phoneNumberMobile": "900 00 000"}, [2]),
        ({"customerAccountNumber": "10001,10003"}, [0, 2]),
        ({"email": ""}, [0, 1, 2]),
    ],
)
def test_customers_are_filtered(
    api: Api, state: TripletexState, query: dict[str, Any], found: list[int]
) -> None:
    ids = [
        state.add_customer("Fjell AS", organizationNumber="312345676", email="Post@fjell.example.no"),
        state.add_customer("Nordfjell AS", invoiceEmail="a@fjell.example.no;b@fjell.example.no"),
        state.add_customer("Hav AS", phoneNumberMobile="900 00 000"),
    ]

    assert api.ids("/customer", **query) == [ids[place] for place in found]


def test_how_texts_are_compared_can_be_switched(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS", email="Post@fjell.example.no")
    state.add_customer("Nordfjell AS")
    api.simulator.switches.case_sensitive = False
    api.simulator.switches.name_match = "prefix"

    assert api.ids("/customer", email="post@FJELL.example.no") == [customer]
    assert api.ids("/customer", customerName="fjell") == [customer]


def test_customers_are_found_by_their_manager(api: Api, state: TripletexState) -> None:
    manager = state.add_employee("Ola", "Testesen")
    customer = state.add_customer("Fjell AS", accountManager=manager)
    state.add_customer("Hav AS")

    assert api.ids("/customer", accountManagerId=manager) == [customer]


@pytest.mark.parametrize(
    ("path", "name", "code"),
    [("/customer", "id", 12000), ("/contact", "customerId", 12000), ("/product", "ids", 15000)],
)
def test_a_list_of_ids_that_holds_something_else_is_refused(
    api: Api, path: str, name: str, code: int
) -> None:
    assert api.refusal("GET", path, **{name: "12,abc"}) == (422, code)
    assert api.problems("GET", path, **{name: "12,abc"}) == [
        (name, "Listen med ID-er må være en kommaseparert liste med positive heltall.")
    ]


@pytest.mark.parametrize(
    ("path", "query"),
    [("/customer", {"isInactive": "kanskje"}), ("/ledger/vatType", {"typeOfVat": "outgoing"})],
)
def test_a_bad_enum_or_flag_is_a_404(api: Api, path: str, query: dict[str, Any]) -> None:
    """Not a missing object: code 21000 tells it from 6000."""
    assert api.refusal("GET", path, **query) == (404, 21000)


def test_rows_are_sorted_by_several_fields_and_by_those_of_other_objects(
    api: Api, state: TripletexState
) -> None:
    first = state.add_customer("Bjørk AS", postalAddress={"city": "Oslo"})
    second = state.add_customer("ask AS", postalAddress={"city": "Bergen"})
    third = state.add_customer("Bjørk AS", postalAddress={"city": "Alta"})

    assert api.ids("/customer", sorting="name,-id") == [second, third, first]
    assert api.ids("/customer", sorting="id,name") == [first, second, third]
    assert api.ids("/customer", sorting="postalAddress.city") == [third, second, first]
    assert api.ids("/customer", sorting="-displayName") == [third, first, second]


@pytest.mark.parametrize("sorting", ["end:desc", "unknown", "-name.x", "changes"])
def test_an_unknown_field_to_sort_by_is_refused(api: Api, sorting: str) -> None:
    error = api.get("/customer", sorting=sorting).json()

    assert (error["status"], error["code"], error["validationMessages"]) == (422, 17000, [])


def test_only_queries_of_the_ledger_kind_are_limited_to_ten_thousand_rows(
    api: Api, state: TripletexState
) -> None:
    api.simulator.switches.row_limit = 3
    customer = state.add_customer("Fjell AS")
    for number in range(3):
        state.add_customer(f"Kunde {number} AS")
    for day in range(1, 5):
        state.add_invoice(customer, [Line("Lisens")], date(2026, 3, day))

    assert api.refusal("GET", "/invoice", count=1, **YEAR) == (422, 23000)
    assert len(api.ids("/invoice", **YEAR | {"invoiceDateTo": "2026-03-04"})) == 3
    assert len(api.ids("/customer", count=4)) == 4

    api.simulator.switches.row_limited = frozenset({"Customer"})

    assert api.refusal("GET", "/customer", count=1) == (422, 23000)


# changedSince


@pytest.fixture
def touched(state: TripletexState, time: Time) -> dict[str, int]:
    """Customers: one left alone, one changed, one whose address was changed; an hour has passed."""
    ids = {name: state.add_customer(f"{name} AS") for name in ("still", "changed", "moved")}
    time.pass_by(hours=1)
    state.change_customer(ids["changed"], phoneNumber="22 00 00 00")
    state.change_address(ids["moved"], city="Bergen")
    return ids


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("works", ["changed", "moved"]),
        ("misses_sub_objects", ["changed"]),
        ("ignored", ["still", "changed", "moved"]),
    ],
)
@pytest.mark.parametrize(
    "since", ["2026-11-20T13:00:00", "2026-11-20T12:00:00Z", "2026-11-20T13:00:00+01:00"]
)
def test_changed_since_has_been_seen_to_work_three_ways(
    api: Api, touched: dict[str, int], mode: Any, found: list[str], since: str
) -> None:
    api.simulator.switches.changed_since = mode

    assert api.ids("/customer", changedSince=since) == [touched[name] for name in found]


def test_a_change_of_an_address_moves_neither_version_nor_changes_of_its_customer(
    api: Api, touched: dict[str, int]
) -> None:
    value = api.value(f"/customer/{touched['moved']}", fields="version,changes,postalAddress(city,version)")

    assert (value["version"], len(value["changes"])) == (1, 1)
    assert value["postalAddress"] == {"version": 1, "city": "Bergen"}


def test_changed_since_is_no_parameter_of_other_lists(api: Api, state: TripletexState) -> None:
    contact = state.add_contact(state.add_customer("Fjell AS"), "Kari", "Testesen")

    assert api.ids("/contact", changedSince="2099-01-01") == [contact]


# Date ranges


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [("/invoice", "invoiceDateFrom", "invoiceDateTo"), ("/order", "orderDateFrom", "orderDateTo")],
)
def test_the_range_of_dates_is_required_even_with_an_id(api: Api, path: str, first: str, last: str) -> None:
    assert api.refusal("GET", path, id=1) == (422, 15000)
    assert {field for field, _ in api.problems("GET", path, customerId=1)} == {first, last}


def test_the_end_of_the_range_is_exclusive(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS")
    invoices = [
        state.add_invoice(customer, [Line("Lisens")], date(2026, 3, 1) + timedelta(days=day))
        for day in range(3)
    ]

    found = api.ids("/invoice", invoiceDateFrom="2026-03-01", invoiceDateTo="2026-03-03")

    assert found == invoices[:2]


def test_an_empty_range_is_refused(api: Api) -> None:
    (problem,) = api.problems("GET", "/invoice", invoiceDateFrom="2026-03-19", invoiceDateTo="2026-03-19")

    assert problem[1] == (
        "'From and including' value (Thu Mar 19 00:00:00 CET 2026) is greater than or equal "
        "'To and excluding' value (Thu Mar 19 00:00:00 CET 2026) in filter."
    )


def test_a_date_that_is_none_is_refused(api: Api) -> None:
    assert api.refusal("GET", "/invoice", **YEAR | {"invoiceDateTo": "1.1.2027"}) == (422, 15000)


# Checksums


def test_a_digest_is_given_only_on_demand(api: Api, five: list[int]) -> None:
    assert api.page("/customer")["versionDigest"] == "'If-None-Match' header not specified"
    assert api.page("/contact")["versionDigest"] == "Checksum not yet supported for this endpoint"

    answer = api.send("GET", "/customer", headers={"If-None-Match": "x"})

    assert answer.status_code == 200
    assert len(answer.json()["versionDigest"]) == 32


def test_an_unchanged_list_answers_304_without_a_body(
    api: Api, state: TripletexState, five: list[int]
) -> None:
    digest = api.send("GET", "/customer", headers={"If-None-Match": "x"}).json()["versionDigest"]

    same = api.send("GET", "/customer", headers={"If-None-Match": digest})
    state.change_customer(five[2], email="ny@fjell.example.no")
    changed = api.send("GET", "/customer", headers={"If-None-Match": digest})

    assert (same.status_code, same.content) == (304, b"")
    assert "ETag" not in same.headers
    assert changed.status_code == 200
    assert changed.json()["versionDigest"] != digest


def test_a_digest_does_not_see_into_other_objects(api: Api, state: TripletexState, five: list[int]) -> None:
    """The trap: what `fields=postalAddress(*)` shows has changed, and the answer is 304 all the same."""
    path = "/customer?fields=id,postalAddress(*)"
    digest = api.send("GET", path, headers={"If-None-Match": "x"}).json()["versionDigest"]

    state.change_address(five[0], city="Bergen")

    assert api.send("GET", path, headers={"If-None-Match": digest}).status_code == 304


def test_a_digest_belongs_to_its_query(api: Api, five: list[int]) -> None:
    digest = api.send("GET", "/customer", headers={"If-None-Match": "x"}).json()["versionDigest"]

    other = api.send("GET", "/customer?count=3", headers={"If-None-Match": digest})

    assert other.status_code == 200


# What the credentials may see


def test_hidden_rows_drop_out_before_the_pages_are_cut(api: Api, five: list[int]) -> None:
    api.simulator.faults.hidden = lambda table, record: record["name"] == "Kunde 1 AS"

    page = api.page("/customer", count=2)

    assert [row["id"] for row in page["values"]] == [five[0], five[2]]
    assert api.refusal("GET", f"/customer/{five[1]}") == (404, 6000)


def test_hidden_rows_may_leave_a_null(api: Api, five: list[int]) -> None:
    api.simulator.faults.hidden = lambda table, record: record["name"] == "Kunde 1 AS"
    api.simulator.switches.hidden_rows = "null"

    page = api.page("/customer", count=2)

    assert page["count"] == 2
    assert page["values"][1] is None


def test_the_world_may_change_between_two_pages(api: Api, state: TripletexState, five: list[int]) -> None:
    """Offset paging over a set that shrinks steps over a row: the reader has to walk again."""
    first = api.ids("/customer", count=2, sorting="id")
    state.delete_customer(five[0])
    second = api.ids("/customer", start=2, count=2, sorting="id")

    assert [*first, *second] == [five[0], five[1], five[3], five[4]]


# Lookups


def test_norway_is_161_and_the_alphabet_of_codes_gives_the_ids(api: Api) -> None:
    countries = api.rows("/country", fields="id,isoAlpha2Code,isoAlpha3Code,isoNumericCode,name")
    by_code = {row["isoAlpha2Code"]: row for row in countries}

    assert len(countries) == len(by_code) == 249
    assert by_code["NO"] == {
        "id": 161,
        "name": "Norge",
        "isoAlpha2Code": "NO",
        "isoAlpha3Code": "NOR",
        "isoNumericCode": "578",
    }
    assert by_code["SE"]["id"] == 191
    assert by_code["AD"]["id"] < by_code["DK"]["id"] < by_code["FI"]["id"] < by_code["ZW"]["id"]


def test_a_country_code_is_no_filter(api: Api) -> None:
    """The contract describes `code` as a list of ids, and so it is taken."""
    assert api.refusal("GET", "/country", code="NO") == (422, 12000)


def test_currencies_are_found_by_code(api: Api) -> None:
    rows = api.rows("/currency", code="NOK,EUR", fields="id,code")

    assert rows == [{"id": 1, "code": "NOK"}, {"id": 5, "code": "EUR"}]


def test_vat_type_32_has_the_number_33(api: Api) -> None:
    (row,) = api.rows("/ledger/vatType", number="33")

    assert (row["id"], row["percentage"]) == (32, 12)


def test_payment_types_are_listed(api: Api) -> None:
    assert [row["description"] for row in api.rows("/invoice/paymentType")] == ["Kontant", "Betalt til bank"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"firstName": "kar"}, [0]),
        ({"lastName": "TESTESEN"}, [0, 1]),
        ({"email": "@fjell"}, [1]),
        ({"isInactive": "true"}, [0, 1, 2]),
    ],
)
def test_contacts_are_filtered_by_parts_of_texts_and_never_by_activity(
    api: Api, state: TripletexState, query: dict[str, Any], found: list[int]
) -> None:
    customer = state.add_customer("Fjell AS")
    ids = [
        state.add_contact(customer, "Kari", "Testesen"),
        state.add_contact(customer, "Ola", "Testesen", email="ola@fjell.example.no"),
        state.add_contact(None, "Per", "Prøve", isInactive=True),
    ]

    assert api.ids("/contact", **query) == [ids[place] for place in found]
    assert api.ids("/contact", customerId=customer) == ids[:2]


def test_products_are_filtered(api: Api, state: TripletexState) -> None:
    licence = state.add_product("Lisens", "L-1", price=Decimal("990.00"))
    course = state.add_product("Kursdag", "77", price=Decimal("4500"), isInactive=True)

    assert api.ids("/product") == [licence, course]
    assert api.ids("/product", isInactive="false") == [licence]
    assert api.ids("/product", number="77") == [course]
    assert api.ids("/product", productNumber=["L-1", "77"]) == [licence, course]
    assert api.ids("/product", priceExcludingVatCurrencyTo="4500") == [licence]


def test_entitlements_are_those_of_the_token_owner(api: Api, state: TripletexState) -> None:
    state.add_entitlement(45, "Kundeansvarlig")

    (row,) = api.rows("/employee/entitlement", fields="entitlementId,employee")

    assert row["entitlementId"] == 45


def test_malformed_records_are_served_as_they_are(api: Api, state: TripletexState) -> None:
    customer = state.add_customer("Fjell AS")
    state.put("Customer", customer, {"name": 42, "email": None, "customerNumber": "ti", "postalAddress": "x"})

    (row,) = api.rows("/customer", sorting="name", fields="name,email,customerNumber,postalAddress(city)")

    assert row == {"name": 42, "email": None, "customerNumber": "ti", "postalAddress": "x"}
