"""What the client reads of the simulated Tripletex, over real HTTP and with everything that can go wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from requests import PreparedRequest

from connectors.errors import PermanentError, TransientError
from connectors.fate import Gone, Present
from connectors.pages import Page
from connectors.simulation.faults import RecordedRequest
from connectors.tripletex import client_customers, client_numbers, client_paging, client_values
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import Line, TripletexState
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexCustomer
from schemas.policy import load_policy
from tests.connectors.fake_time import FakeTime

P = TypeVar("P", bound=Payload)
URL = "https://tripletex.example.no/v2"


def records(pages: Iterable[Page[P]]) -> list[P]:
    return [record for page in pages for record in page.records]


def asked(simulator: TripletexSimulator, path: str) -> list[RecordedRequest]:
    return [each for each in simulator.requests if each.path == path]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_paging, "PAGE", 10)
    monkeypatch.setattr(client_paging, "OVERLAP", 2)
    monkeypatch.setattr(client_paging, "MAX_OVERLAP", 5)
    monkeypatch.setattr(client_customers, "PAGE", 10)


# Customers


def test_a_customer_comes_with_the_declared_fields(client: TripletexClient, state: TripletexState) -> None:
    customer_id = state.add_customer(
        "Fjellrev Regnskap AS",
        organizationNumber="312345676",
        email="post@fjellrev.example.no",
        invoiceEmail="faktura@fjellrev.example.no;okonomi@fjellrev.example.no",
        phoneNumber="22 00 00 00",
        postalAddress={"addressLine1": "Storgata 1", "postalCode": "0155", "city": "Oslo"},
    )
    (customer,) = records(client.customers())
    assert customer.id == customer_id
    assert customer.name == "Fjellrev Regnskap AS"
    assert customer.organization_number == "312345676"
    assert customer.invoice_email == "faktura@fjellrev.example.no;okonomi@fjellrev.example.no"
    assert (customer.postal_code, customer.postal_city, customer.postal_country) == ("0155", "Oslo", "NO")
    assert (customer.is_customer, customer.is_private_individual, customer.is_inactive) == (
        True,
        False,
        False,
    )
    assert customer.version_number == 1
    assert customer.mobile is None
    assert customer.created_at == customer.source_changed_at is not None


def test_both_active_and_inactive_customers_come(client: TripletexClient, state: TripletexState) -> None:
    state.add_customer("Aktiv AS")
    state.add_customer("Sovende AS", isInactive=True)
    found = {customer.name: customer.is_inactive for customer in records(client.customers())}
    assert found == {"Aktiv AS": False, "Sovende AS": True}


def test_exactly_the_declared_fields_are_asked_for(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    list(client.customers())
    list(client.contacts())
    list(client.invoices(date(2026, 1, 1), date(2026, 2, 1)))
    assert asked(simulator, "/contact")[0].value("fields") == (
        "id,version,firstName,lastName,email,phoneNumberMobile,phoneNumberWork,customer(id),isInactive,"
        "changes(timestamp)"
    )
    every = [each.value("fields") or "" for each in simulator.requests if each.method == "GET"]
    assert every
    assert not any("*" in fields or "description" in fields or "employee" in fields for fields in every)


def test_nothing_undeclared_arrives(client: TripletexClient, state: TripletexState) -> None:
    state.add_customer("Fjellrev Regnskap AS", description="Ring Kari hjemme")
    (page,) = list(client.customers())
    assert page.unknown_fields == {}
    assert page.told is None


def test_many_customers_cost_the_fewest_requests(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    """Two pages of active and one of inactive customers, and one look for any that changed sides."""
    last_year = datetime(2025, 11, 25, tzinfo=UTC)
    for number in range(2_000):
        state.add_customer(f"Kunde {number} AS", at=last_year)
    for number in range(300):
        state.add_customer(f"Sovende {number} AS", isInactive=True, at=last_year)
    assert len(records(client.customers())) == 2_300
    assert len(asked(simulator, "/customer")) == 4


def test_a_server_that_ignores_changed_since_costs_one_more_request_and_no_sweep(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.switches.changed_since = "ignored"
    for number in range(3_000):
        state.add_customer(f"Kunde {number} AS")
    assert len(records(client.customers())) == 3_000
    assert len(asked(simulator, "/customer")) == 3 + 1 + 2


def test_a_customer_that_changes_sides_twice_is_not_missed(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    """Inactive while the active ones are read, active while the inactive ones are, and inactive again."""
    turned = state.add_customer("Vender AS", isInactive=True)
    busy = state.add_customer("Travel AS")
    turns = iter([True, False, True])

    def turn(request: RecordedRequest) -> None:
        for inactive in islice(turns, 1 if request.path == "/customer" else 0):
            state.change_customer(turned, isInactive=inactive)
            state.change_customer(busy, email=f"post{len(simulator.requests)}@travel.example.no")

    simulator.faults.between_requests = turn
    assert turned in [customer.id for customer in records(client.customers())]


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("was_inactive", [True, False])
@pytest.mark.parametrize("changed_since", ["works", "ignored", "misses_sub_objects"])
def test_a_customer_that_changes_sides_between_the_sweeps_is_not_missed(
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    fake_time: FakeTime,
    was_inactive: bool,
    changed_since: Any,
) -> None:
    simulator.switches.changed_since = changed_since
    turned = state.add_customer("Vender AS", isInactive=was_inactive)
    others = [state.add_customer(f"Kunde {number} AS", isInactive=bool(number % 2)) for number in range(44)]

    def turn(request: RecordedRequest) -> None:
        if request.path == "/customer" and request.value("isInactive") == "true":
            fake_time.sleep(1)
            state.change_customer(turned, isInactive=not was_inactive)
            simulator.faults.between_requests = None

    simulator.faults.between_requests = turn
    found = [customer.id for customer in records(client.customers())]
    assert sorted(found) == sorted([turned, *others])


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(6))
def test_no_customer_is_lost_while_others_come_change_and_go(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, seed: int
) -> None:
    chance = random.Random(seed)
    stayed = {state.add_customer(f"Kunde {number} AS", isInactive=number % 4 == 0) for number in range(120)}
    edits = 0

    def edit(request: RecordedRequest) -> None:
        nonlocal edits
        for _ in range(chance.randint(0, 6) if edits < 150 else 0):
            edits += 1
            customer_id = chance.choice(list(state.tables["Customer"]))
            match chance.choice(["add", "change", "delete"]):
                case "add":
                    state.add_customer("Ny AS")
                case "change":
                    state.change_customer(customer_id, email=f"post{edits}@kunde.example.no")
                case "delete":
                    state.delete_customer(customer_id)
                    stayed.discard(customer_id)

    simulator.faults.between_requests = edit
    found = [customer.id for customer in records(client.customers())]
    assert stayed <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(6))
def test_no_customer_is_lost_while_many_change_sides_and_others_are_added(
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    fake_time: FakeTime,
    seed: int,
) -> None:
    chance = random.Random(seed)
    stayed = {state.add_customer(f"Kunde {number} AS", isInactive=number % 3 == 0) for number in range(60)}

    def edit(request: RecordedRequest) -> None:
        fake_time.sleep(1)
        for _ in range(chance.randint(0, 5)):
            customer_id = chance.choice(list(state.tables["Customer"]))
            inactive = state.tables["Customer"][customer_id].values.get("isInactive", False)
            state.change_customer(customer_id, isInactive=not inactive)
        if chance.random() < 0.3:
            state.add_customer("Ny AS")

    simulator.faults.between_requests = edit
    assert stayed <= {customer.id for customer in records(client.customers())}


def test_a_malformed_customer_is_set_aside_and_the_rest_comes(
    client: TripletexClient, state: TripletexState
) -> None:
    state.add_customer("Hel AS")
    broken = state.add_customer("x" * 5_000)
    (page,) = list(client.customers())
    assert [record.name for record in page.records] == ["Hel AS"]
    assert [(each.source_id, each.reason) for each in page.rejected] == [(str(broken), "name: is too long")]


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("hidden_rows", ["drop", "null"])
def test_rows_that_the_token_may_not_see_do_not_end_the_reading(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, hidden_rows: Any
) -> None:
    simulator.switches.hidden_rows = hidden_rows
    simulator.faults.hidden = lambda table, record: record.get("name") == "Skjult AS"
    for number in range(40):
        state.add_customer("Skjult AS" if number % 3 else "Synlig AS")
    assert len(records(client.customers())) == 14


class Pickybook:
    """A list of customers that refuses some names in `fields`."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.asked = 0
        responses.post(f"{URL}/token/session/:create", json={"value": {"token": "eA=="}}, status=201)
        responses.add_callback(responses.GET, f"{URL}/customer", self.answer)
        responses.add_callback(responses.GET, f"{URL}/customer/7", self.answer)

    def answer(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.asked += 1
        url = urlsplit(request.url or "")
        query = parse_qs(url.query)
        if any(name in query["fields"][0] for name in self.refused):
            return 400, {}, json.dumps({"status": 400, "code": 11000, "message": "Illegal field"})
        row = {"id": 7, "name": "Fjellrev AS", "changes": [{"timestamp": "2026-11-01T10:00:00+01:00"}]}
        if url.path.endswith("/7"):
            return 200, {}, json.dumps({"value": row})
        rows = [row] if query["isInactive"] == ["false"] else []
        return 200, {}, json.dumps({"fullResultSize": len(rows), "values": rows})


@responses.activate
def test_a_server_that_will_not_narrow_changes_is_asked_for_them_whole() -> None:
    Pickybook("changes(timestamp)")
    client = TripletexClient.connect(load_policy(), URL, "c", "e")
    (customer,) = records(client.customers())
    assert customer.source_changed_at is not None
    assert client.refused_fields == {"tripletex_customer": ["changes.timestamp"]}


@responses.activate
def test_fields_that_the_server_does_not_know_are_left_out_and_named() -> None:
    Pickybook("website", "isoAlpha2Code")
    client = TripletexClient.connect(load_policy(), URL, "c", "e")
    (customer,) = records(client.customers())
    assert (customer.id, customer.name) == (7, "Fjellrev AS")
    assert client.refused_fields == {
        "tripletex_customer": [
            "website",
            "postalAddress.country.isoAlpha2Code",
            "physicalAddress.country.isoAlpha2Code",
        ]
    }


@responses.activate
def test_fields_of_a_single_object_that_the_server_does_not_know_are_left_out_as_well() -> None:
    Pickybook("website", "changes")
    client = TripletexClient.connect(load_policy(), URL, "c", "e")
    page = client.customer(7)
    assert isinstance(page, Page)
    assert page.records[0].name == "Fjellrev AS"
    assert client.refused_fields == {"tripletex_customer": ["website", "changes"]}


@responses.activate
@pytest.mark.parametrize("refused", [["website", "isoAlpha2Code"], ["changes(timestamp)"], ["changes"]])
def test_fields_that_a_server_is_known_not_to_know_cost_no_request(refused: list[str]) -> None:
    """What one client has found out is told to the next, which asks as if they had never been declared."""
    Pickybook(*refused)
    first = TripletexClient.connect(load_policy(), URL, "c", "e")
    expected = records(first.customers())
    responses.reset()
    book = Pickybook(*refused)
    second = TripletexClient.connect(load_policy(), URL, "c", "e")
    second.leave_out(TripletexCustomer, first.refused_fields["tripletex_customer"])
    assert records(second.customers()) == expected
    assert book.asked == 3
    assert second.refused_fields == first.refused_fields


@responses.activate
def test_a_field_that_is_refused_beside_those_that_are_known_to_be_is_found_out() -> None:
    Pickybook("website", "isoAlpha2Code")
    client = TripletexClient.connect(load_policy(), URL, "c", "e")
    client.leave_out(TripletexCustomer, ["website", "noLongerDeclared"])
    assert len(records(client.customers())) == 1
    assert len(client.refused_fields["tripletex_customer"]) == 3


# More customers than one list serves


@pytest.fixture
def limited(simulator: TripletexSimulator) -> TripletexSimulator:
    """Refuses lists of more than 410 customers or contact persons."""
    simulator.switches.row_limited |= {"Customer", "Contact"}
    simulator.switches.row_limit = 410
    return simulator


LAST_YEAR = datetime(2025, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize("inactive", [False, True])
def test_customers_that_one_list_does_not_hold_are_found_by_their_numbers(
    client: TripletexClient, limited: TripletexSimulator, state: TripletexState, inactive: bool
) -> None:
    for number in range(900):
        state.add_customer(f"Kunde {number} AS", isInactive=inactive, at=LAST_YEAR)
    state.add_customer("Den andre AS", isInactive=not inactive)
    found = [customer.id for customer in records(client.customers())]
    assert sorted(found) == sorted(state.tables["Customer"])
    # Both lists, what changed lately, 3 of the numbers, and 5 empty stretches on each side of two beginnings.
    assert len(asked(limited, "/customer")) <= 25


def test_customers_with_numbers_far_from_all_others_are_found_when_one_was_edited(
    client: TripletexClient, limited: TripletexSimulator, state: TripletexState
) -> None:
    for number in range(300):
        state.add_customer(f"Kunde {number} AS", at=LAST_YEAR)
        state.add_customer(f"Fjern {number} AS", customerNumber=7_000_000 + number, at=LAST_YEAR)
    state.add_customer("Ny AS", customerNumber=7_001_900)
    found = [customer.id for customer in records(client.customers())]
    assert sorted(found) == sorted(state.tables["Customer"])


@pytest.mark.parametrize("changed_since", ["works", "ignored"])
def test_customers_whom_something_else_names_are_found_with_their_neighbours(
    client: TripletexClient, limited: TripletexSimulator, state: TripletexState, changed_since: Any
) -> None:
    limited.switches.changed_since = changed_since
    for number in range(450):
        state.add_customer(f"Kunde {number} AS", at=LAST_YEAR)
    far = [
        state.add_customer(f"Fjern {number} AS", customerNumber=8_000_000 + number * 900, at=LAST_YEAR)
        for number in range(4)
    ]
    without = state.add_customer("Uten nummer AS", customerNumber=9, at=LAST_YEAR)
    state.change_customer(without, customerNumber=0)
    found = [customer.id for customer in records(client.customers(lambda: [far[1], without, 4_711]))]
    assert sorted(found) == sorted(state.tables["Customer"])


@pytest.mark.parametrize(
    ("first", "ignored"), [(5_000_000, frozenset()), (10_001, frozenset({"customerAccountNumber"}))]
)
def test_too_many_customers_of_whom_none_is_found_are_an_error_and_no_empty_list(
    client: TripletexClient,
    limited: TripletexSimulator,
    state: TripletexState,
    first: int,
    ignored: frozenset[str],
) -> None:
    """Their numbers lie far from where numbers begin, or the server pays no attention to numbers."""
    limited.switches.changed_since = "ignored"
    limited.switches.ignored = ignored
    for number in range(411):
        state.add_customer(f"Kunde {number} AS", customerNumber=first + number)
    with pytest.raises(PermanentError, match="more active customers than the API serves in one list"):
        list(client.customers())


@responses.activate
def test_a_server_that_gives_some_customers_for_any_number_is_not_searched_on_and_on() -> None:
    def answer(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(request.url or "").query)
        if "customerAccountNumber" not in query:
            return 422, {}, json.dumps({"status": 422, "code": 23000, "message": "Result set too large"})
        rows = [{"id": 7, "name": "Fjellrev AS", "customerNumber": 10_007}]
        return 200, {}, json.dumps({"fullResultSize": 1, "values": rows})

    responses.post(f"{URL}/token/session/:create", json={"value": {"token": "eA=="}}, status=201)
    responses.add_callback(responses.GET, f"{URL}/customer", answer)
    client = TripletexClient.connect(load_policy(), URL, "c", "e")
    assert [customer.id for customer in records(client.customers())] == [7]
    # Two beginnings, and around the one that fits five stretches on each side; at most six times both lists.
    assert client.counts["GET", "/customer", 200] <= 12 * 12


def test_numbers_that_are_strewn_wide_are_asked_for_a_limited_number_of_times(
    client: TripletexClient,
    limited: TripletexSimulator,
    state: TripletexState,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(client_numbers, "MOST_BLOCKS", 40)
    customers = [
        state.add_customer(f"Kunde {number} AS", customerNumber=10_001 + number * 1_000, at=LAST_YEAR)
        for number in range(420)
    ]
    found = {customer.id for customer in records(client.customers(lambda: customers[-5:]))}
    assert found > set(customers[-5:])
    assert len(asked(limited, "/customer")) < 60
    assert "strewn too wide" in caplog.text


@pytest.mark.parametrize("changed_since", ["works", "ignored"])
def test_no_customer_of_too_many_is_lost_while_some_change_sides(
    client: TripletexClient, limited: TripletexSimulator, state: TripletexState, changed_since: Any
) -> None:
    limited.switches.changed_since = changed_since
    customers = [state.add_customer(f"Kunde {number} AS", at=LAST_YEAR) for number in range(900)]
    chance = random.Random(3)

    def change(request: RecordedRequest) -> None:
        if request.path == "/customer" and len(asked(limited, "/customer")) < 40:
            for one in chance.sample(customers, 2):
                inactive = bool(state.table("Customer")[one].values.get("isInactive"))
                state.change_customer(one, isInactive=not inactive)

    limited.faults.between_requests = change
    assert {customer.id for customer in records(client.customers())} == set(customers)


def test_contacts_of_more_customers_than_one_list_serves_are_read(
    client: TripletexClient, limited: TripletexSimulator, state: TripletexState
) -> None:
    companies = [state.add_customer(f"Kunde {number} AS", at=LAST_YEAR) for number in range(420)]
    expected = [state.add_contact(company, "Ola", "Eksempel") for company in companies]
    assert sorted(contact.id for contact in records(client.contacts())) == expected


# Contacts


def test_contacts_come_with_the_customer_they_belong_to(
    client: TripletexClient, state: TripletexState
) -> None:
    customer_id = state.add_customer("Fjellrev Regnskap AS")
    state.add_contact(customer_id, "Ola", "Eksempel", email="ola@fjellrev.example.no", phoneNumberWork="")
    state.add_contact(customer_id, "Kari", "Eksempel", isInactive=True)
    state.add_contact(None, "Løs", "Eksempel")
    found = {contact.first_name: contact for contact in records(client.contacts())}
    assert found["Ola"].customer_id == customer_id
    assert found["Ola"].email == "ola@fjellrev.example.no"
    assert found["Ola"].work_phone is None
    assert found["Kari"].is_inactive is True
    assert found["Løs"].customer_id is None


def test_contacts_that_one_list_does_not_hold_come_customer_by_customer(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, monkeypatch: Any
) -> None:
    monkeypatch.setattr(client_values, "VALUES_PER_REQUEST", 4)
    simulator.switches.row_limit = 9
    simulator.switches.row_limited = frozenset({"Contact"})
    companies = [state.add_customer(f"Kunde {number} AS", isInactive=number > 3) for number in range(7)]
    expected = [state.add_contact(company, "Ola", f"Nr{n}") for company in companies for n in range(4)]
    found = [contact.id for contact in records(client.contacts())]
    assert sorted(found) == expected


# Invoices


def bill(state: TripletexState, on: date, price: str = "100", **fields: Any) -> int:
    customers = state.tables.get("Customer")
    customer = next(iter(customers)) if customers else state.add_customer("Fjellrev Regnskap AS")
    return state.add_invoice(customer, [Line("Kurs", unit_price=Decimal(price))], on, **fields)


def test_the_end_of_a_window_is_exclusive(client: TripletexClient, state: TripletexState) -> None:
    bill(state, date(2026, 1, 31))
    inside = [bill(state, date(2026, 2, 1)), bill(state, date(2026, 2, 28))]
    bill(state, date(2026, 3, 1))
    found = records(client.invoices(date(2026, 2, 1), date(2026, 3, 1)))
    assert [invoice.id for invoice in found] == inside


@pytest.mark.parametrize("end", [date(2026, 2, 1), date(2026, 1, 1)])
def test_an_empty_window_asks_nothing(
    client: TripletexClient, simulator: TripletexSimulator, end: date
) -> None:
    assert list(client.invoices(date(2026, 2, 1), end)) == []
    assert simulator.requests == []


def test_amounts_are_exact_and_ids_beyond_32_bits(client: TripletexClient, state: TripletexState) -> None:
    invoice_id = bill(state, date(2026, 2, 1), "27950.00")
    state.pay_invoice(invoice_id, Decimal("0.01"))
    (invoice,) = records(client.invoices(date(2026, 2, 1), date(2026, 2, 2)))
    assert invoice.id == invoice_id > 2**31
    assert invoice.amount == Decimal("34937.50")
    assert invoice.amount_excluding_vat == Decimal("27950.00")
    assert invoice.amount_outstanding == Decimal("34937.49")
    assert (invoice.currency, invoice.due_date) == ("NOK", date(2026, 2, 15))
    assert invoice.credited_invoice_id is None


def test_a_credit_note_comes_as_one(client: TripletexClient, state: TripletexState) -> None:
    original = bill(state, date(2026, 2, 1), "80")
    note = state.credit_invoice(original, date(2026, 2, 3))
    found = {invoice.id: invoice for invoice in records(client.invoices(date(2026, 2, 1), date(2026, 3, 1)))}
    assert found[original].is_credited is True
    assert found[note].is_credit_note is True
    assert found[note].credited_invoice_id == original
    assert found[note].amount == Decimal("-100.00")


def test_a_window_with_too_many_invoices_is_split(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.switches.row_limit = 5
    expected = {bill(state, date(2026, month, day)) for month in (1, 2, 3) for day in (1, 1, 9, 20)}
    found = [invoice.id for invoice in records(client.invoices(date(2026, 1, 1), date(2026, 4, 1)))]
    assert sorted(found) == sorted(expected)


def test_a_day_with_too_many_invoices_is_an_error_that_names_the_day(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    simulator.switches.row_limit = 1
    bill(state, date(2026, 2, 9))
    bill(state, date(2026, 2, 9))
    with pytest.raises(PermanentError, match="2026-02-09"):
        list(client.invoices(date(2026, 2, 1), date(2026, 3, 1)))


def test_invoices_are_refreshed_by_id_whatever_their_date(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    wanted = [bill(state, date(2019, 5, 1)), bill(state, date(2027, 1, 1))]
    bill(state, date(2026, 2, 1))
    state.pay_invoice(wanted[0])
    found = {invoice.id: invoice for invoice in records(client.invoices_by_id([*wanted, *wanted, 999]))}
    assert sorted(found) == sorted(wanted)
    assert found[wanted[0]].amount_outstanding == 0
    assert len(asked(simulator, "/invoice")) == 1


def test_no_ids_ask_nothing(client: TripletexClient, simulator: TripletexSimulator) -> None:
    assert list(client.invoices_by_id([])) == []
    assert simulator.requests == []


def test_ids_that_make_too_long_a_url_are_asked_for_in_halves(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    wanted = [bill(state, date(2026, 2, 1)) for _ in range(4)]
    simulator.faults.fail(414, path="/invoice", body="html")
    assert sorted(invoice.id for invoice in records(client.invoices_by_id(wanted))) == sorted(wanted)


# Faults


@pytest.mark.parametrize("retry_header", ["own", "retry-after", "none"])
def test_a_full_rate_limit_is_waited_out(
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    fake_time: FakeTime,
    retry_header: Any,
) -> None:
    simulator.faults.rate_limit = 2
    simulator.faults.rate_window = "sliding"
    simulator.faults.retry_header = retry_header
    state.add_customer("Fjellrev Regnskap AS")
    assert len(records(client.customers())) == 1
    assert sum(fake_time.slept) > 30


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("rate_window", ["fixed", "sliding"])
def test_the_limit_that_the_server_tells_of_is_kept_without_a_refusal(
    client: TripletexClient,
    simulator: TripletexSimulator,
    state: TripletexState,
    fake_time: FakeTime,
    rate_window: Any,
) -> None:
    simulator.faults.rate_limit = 20
    simulator.faults.rate_window = rate_window
    for number in range(600):
        state.add_customer(f"Kunde {number} AS", at=fake_time.now() - timedelta(days=9))
    began = fake_time.moment
    assert len(records(client.customers())) == 600
    assert 429 not in {each.status for each in simulator.requests}
    minutes = (fake_time.moment - began).total_seconds() / 60
    assert len(simulator.requests) > 20 * minutes


@pytest.mark.parametrize("body", ["api", "html", "empty"])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_of_the_server_is_survived(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, status: int, body: Any
) -> None:
    simulator.faults.fail(status, path="/customer", body=body, times=2)
    state.add_customer("Fjellrev Regnskap AS")
    assert len(records(client.customers())) == 1


@pytest.mark.parametrize("fault", ["reset", "cut", "cut_in_frame"])
def test_a_broken_answer_is_asked_for_again(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState, fault: str
) -> None:
    state.add_customer("Fjellrev Regnskap AS")
    match fault:
        case "reset":
            simulator.faults.reset(path="/customer")
        case "cut":
            simulator.faults.cut(path="/customer")
        case "cut_in_frame":
            simulator.faults.cut(path="/customer", keep_framing=True)
    assert len(records(client.customers())) == 1


@pytest.mark.usefixtures("small_pages")
def test_a_session_that_dies_between_two_pages_loses_nothing(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    for number in range(55):
        state.add_customer(f"Kunde {number} AS")

    def end_the_session(request: RecordedRequest) -> None:
        if request.value("from") == "18":
            state.sessions.clear()
            simulator.faults.between_requests = None

    simulator.faults.between_requests = end_the_session
    assert len(records(client.customers())) == 55


def test_a_forbidden_list_is_an_error_and_no_empty_list(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    simulator.switches.forbidden = ("/contact",)
    with pytest.raises(PermanentError, match="403"):
        list(client.contacts())


# What became of one record


def test_a_deleted_record_is_gone_and_an_existing_one_present(
    client: TripletexClient, state: TripletexState
) -> None:
    customer_id = state.add_customer("Fjellrev Regnskap AS")
    contact_id = state.add_contact(customer_id, "Ola", "Eksempel")
    invoice_id = bill(state, date(2026, 2, 1))
    assert client.customer_fate(customer_id) == Present()
    assert client.contact_fate(contact_id) == Present()
    assert client.invoice_fate(invoice_id) == Present()
    state.delete_contact(contact_id)
    assert client.contact_fate(contact_id) == Gone()
    assert client.customer_fate(42) == Gone()
    assert client.invoice_fate(42) == Gone()


def test_an_inactive_customer_is_not_gone(client: TripletexClient, state: TripletexState) -> None:
    assert client.customer_fate(state.add_customer("Sovende AS", isInactive=True)) == Present()


@pytest.mark.parametrize("status", [400, 403, 409, 422])
def test_a_refusal_is_never_taken_for_a_deletion(
    client: TripletexClient, simulator: TripletexSimulator, status: int
) -> None:
    simulator.faults.fail(status, path="/customer/")
    with pytest.raises(PermanentError):
        client.customer_fate(42)


def test_a_failing_server_is_never_taken_for_a_deletion(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    simulator.faults.fail(500, path="/customer/", times=7)
    with pytest.raises(TransientError):
        client.customer_fate(42)


@pytest.mark.parametrize("body", ["html", "empty"])
def test_a_404_that_is_not_the_apis_own_is_never_taken_for_a_deletion(
    client: TripletexClient, simulator: TripletexSimulator, body: Any
) -> None:
    simulator.faults.fail(404, path="/customer/", body=body)
    with pytest.raises(PermanentError, match="404"):
        client.customer_fate(42)


# Nothing leaves the house


def test_reading_never_writes_and_never_mails(
    client: TripletexClient, simulator: TripletexSimulator, state: TripletexState
) -> None:
    invoice_id = bill(state, date(2026, 2, 1))
    list(client.customers())
    list(client.contacts())
    list(client.invoices(date(2026, 1, 1), date(2026, 3, 1)))
    client.invoice_fate(invoice_id)
    client.close()
    assert {each.method for each in simulator.requests if "session" not in each.path} == {"GET"}
    assert state.outbox == []


def test_requests_are_counted_by_path_and_status(
    client: TripletexClient, simulator: TripletexSimulator
) -> None:
    list(client.contacts())
    assert client.requests_sent == len(simulator.requests) == 2
    assert client.counts == {("POST", "/token/session/:create", 201): 1, ("GET", "/contact", 200): 1}


@pytest.mark.parametrize("body", [{}, [], {"values": None}, {"value": {"id": 1}}])
@responses.activate
def test_an_answer_that_is_no_list_is_an_error_and_no_empty_list(body: Any) -> None:
    responses.post(f"{URL}/token/session/:create", json={"value": {"token": "eA=="}}, status=201)
    responses.get(f"{URL}/contact", json=body)
    with pytest.raises(TransientError, match="no list"):
        list(TripletexClient.connect(load_policy(), URL, "c", "e").contacts())


@responses.activate
def test_rows_that_were_not_asked_for_are_not_handed_on() -> None:
    """Parameters that the server does not know are ignored: it then answers with other rows."""
    responses.post(f"{URL}/token/session/:create", json={"value": {"token": "eA=="}}, status=201)
    rows = [{"id": 1, "invoiceDate": "2026-01-01"}, {"id": 2, "invoiceDate": "2026-02-01"}]
    responses.get(f"{URL}/invoice", json={"values": rows})
    client = TripletexClient.connect(load_policy(), URL, "c", "e")
    assert [each.id for each in records(client.invoices(date(2026, 2, 1), date(2026, 3, 1)))] == [2]
    assert [each.id for each in records(client.invoices_by_id([1]))] == [1]
