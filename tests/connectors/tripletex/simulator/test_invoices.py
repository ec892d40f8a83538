"""Orders, licences, invoices, payments and credit notes: amounts, states, and what would be sent."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.tripletex.simulator_state import BANK, Line, Mail, TripletexState
from tests.connectors.tripletex.simulator.served import Api

YEAR = {"invoiceDateFrom": "2026-01-01", "invoiceDateTo": "2027-01-01"}


@pytest.fixture
def customer(state: TripletexState) -> int:
    """A customer."""
    return state.add_customer("Fjellrev Regnskap AS")


def order_body(customer: int, **line: Any) -> dict[str, Any]:
    """An order of one line."""
    course = {
        "description": "Kursdag",
        "count": 1,
        "unitPriceExcludingVatCurrency": 4500,
        "vatType": {"id": 3},
    }
    return {
        "customer": {"id": customer},
        "orderDate": "2026-11-20",
        "deliveryDate": "2026-11-20",
        "orderLines": [course | line],
    }


def invoice_body(customer: int, **line: Any) -> dict[str, Any]:
    """An invoice over a new order of one line."""
    return {
        "invoiceDate": "2026-11-20",
        "invoiceDueDate": "2026-12-04",
        "orders": [order_body(customer, **line)],
    }


def test_an_invoice_has_an_id_beyond_32_bits_and_amounts_of_its_lines(
    api: Api, state: TripletexState, customer: int
) -> None:
    lines = [Line("Lisens", unit_price=Decimal("990.50")), Line("Kurs", Decimal(3), Decimal(4500), 6)]
    invoice = state.add_invoice(customer, lines, date(2026, 3, 22))

    value = api.value(f"/invoice/{invoice}")

    assert invoice > 2**31
    assert value["version"] == 3
    assert value["amountExcludingVat"] == Decimal("14490.50")
    assert value["amount"] == value["amountOutstanding"] == Decimal("14738.13")
    assert (value["invoiceDate"], value["invoiceDueDate"]) == ("2026-03-22", "2026-04-05")
    assert (value["isCreditNote"], value["isCredited"], value["creditedInvoice"]) == (False, False, 0)
    assert len(value["orderLines"]) == 2


def test_orders_and_lines_open_inside_an_invoice(api: Api, state: TripletexState, customer: int) -> None:
    licence = state.add_product("Lisens", "L1", price=Decimal(990))
    state.add_invoice(customer, [Line(product=licence, unit_price=Decimal(990))], date(2026, 3, 22))

    (row,) = api.rows("/invoice", fields="orders(number,orderLines(displayName,product(name)))", **YEAR)

    assert row == {
        "orders": [{"number": "1", "orderLines": [{"product": {"name": "Lisens"}, "displayName": "Lisens"}]}]
    }


def test_an_invoice_in_another_currency_has_both_amounts(
    api: Api, state: TripletexState, customer: int
) -> None:
    state.exchange_rates[5] = Decimal("11.50")
    order = state.add_order(
        customer,
        [Line("Lisens", unit_price=Decimal(100), vat_type=6)],
        order_date=date(2026, 3, 1),
        currency=5,
    )

    value = api.value(f"/invoice/{state.invoice_order(order, date(2026, 3, 2))}", fields="*,currency(code)")

    assert (value["amount"], value["amountCurrency"]) == (Decimal(1150), Decimal(100))
    assert value["currency"] == {"code": "EUR"}


@pytest.mark.parametrize(
    ("number", "unit", "due"),
    [
        (14, "DAYS", "2026-02-14"),
        (1, "MONTHS", "2026-02-28"),
        (12, "MONTHS", "2027-01-31"),
        (20, "RECURRING_DAY_OF_MONTH", "2026-02-20"),
        (31, "RECURRING_DAY_OF_MONTH", "2026-02-28"),
    ],
)
def test_an_invoice_is_due_as_its_customer_has_it(
    api: Api, state: TripletexState, customer: int, number: int, unit: str, due: str
) -> None:
    state.change_customer(customer, invoicesDueIn=number, invoicesDueInType=unit)

    invoice = state.add_invoice(customer, [Line("Lisens")], date(2026, 1, 31))

    assert api.value(f"/invoice/{invoice}")["invoiceDueDate"] == due


@pytest.mark.parametrize(
    ("query", "found"),
    [({"invoiceNumber": "2"}, [1]), ({"kid": "0042"}, [0]), ({"customerId": "1"}, []), ({"id": "1"}, [])],
)
def test_invoices_are_filtered(
    api: Api, state: TripletexState, customer: int, query: dict[str, Any], found: list[int]
) -> None:
    ids = [
        state.add_invoice(customer, [Line("Lisens")], date(2026, 3, 1), kid="0042"),
        state.add_invoice(customer, [Line("Lisens")], date(2026, 3, 2)),
    ]

    assert api.ids("/invoice", **YEAR, **query) == [ids[place] for place in found]
    assert api.ids("/invoice", **YEAR, customerId=customer) == ids


def test_a_payment_lowers_what_is_outstanding_and_moves_no_date(
    api: Api, state: TripletexState, customer: int
) -> None:
    invoice = state.add_invoice(customer, [Line("Kurs", unit_price=Decimal(4500))], date(2026, 3, 1))
    payment = {"paymentDate": "2026-03-10", "paymentTypeId": BANK, "paidAmount": "1000.50"}

    value = api.write("PUT", f"/invoice/{invoice}/:payment", **payment)

    assert value["amountOutstanding"] == Decimal("4624.50")
    assert (value["amount"], value["invoiceDate"]) == (Decimal(5625), "2026-03-01")
    state.pay_invoice(invoice)
    value = api.value(f"/invoice/{invoice}", fields="amountOutstanding,version,postings(amount,type)")
    assert (value["amountOutstanding"], value["version"]) == (0, 5)
    assert [(row["type"], row["amount"]) for row in value["postings"]] == [
        ("OUTGOING_INVOICE_CUSTOMER_POSTING", Decimal(5625)),
        ("INCOMING_PAYMENT", Decimal("-1000.50")),
        ("INCOMING_PAYMENT", Decimal("-4624.50")),
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"paidAmount": ""}, (422, 15000)),
        ({"paidAmount": "mye"}, (404, 21000)),
        ({"paymentDate": "i går"}, (422, 15000)),
        ({"paymentTypeId": "1"}, (422, 18000)),
    ],
)
def test_a_payment_is_told_in_the_query(
    api: Api, state: TripletexState, customer: int, change: dict[str, str], refusal: tuple[int, int]
) -> None:
    invoice = state.add_invoice(customer, [Line("Kurs")], date(2026, 3, 1))
    payment = {"paymentDate": "2026-03-10", "paymentTypeId": str(BANK), "paidAmount": "1"} | change

    assert api.refusal("PUT", f"/invoice/{invoice}/:payment", **payment) == refusal


def test_a_credit_note_nullifies_an_invoice(api: Api, state: TripletexState, customer: int) -> None:
    invoice = state.add_invoice(customer, [Line("Kurs", unit_price=Decimal(4500))], date(2026, 3, 1))

    note = api.write(
        "PUT", f"/invoice/{invoice}/:createCreditNote", date="2026-03-05", sendToCustomer="false"
    )

    assert (note["isCreditNote"], note["creditedInvoice"]) == (True, invoice)
    assert (note["amount"], note["amountOutstanding"]) == (Decimal(-5625), 0)
    original = api.value(f"/invoice/{invoice}")
    assert (original["isCredited"], original["amountOutstanding"]) == (True, 0)
    assert api.refusal("PUT", f"/invoice/{invoice}/:createCreditNote", date="2026-03-06") == (422, 18000)


def test_what_had_been_paid_stays_on_the_credit_note(api: Api, state: TripletexState, customer: int) -> None:
    invoice = state.add_invoice(customer, [Line("Kurs", unit_price=Decimal(4500))], date(2026, 3, 1))
    state.pay_invoice(invoice, Decimal(1000))

    note = state.credit_invoice(invoice, date(2026, 3, 5))

    assert api.value(f"/invoice/{note}")["amountOutstanding"] == Decimal(-1000)
    assert api.value(f"/invoice/{invoice}")["amountOutstanding"] == 0


def test_an_order_is_made_and_then_charged(api: Api, customer: int) -> None:
    order = api.write("POST", "/order", order_body(customer))

    assert (order["version"], order["number"], order["isClosed"]) == (0, "1", False)
    invoice = api.write(
        "PUT", f"/order/{order['id']}/:invoice", invoiceDate="2026-11-21", sendToCustomer="false"
    )
    assert invoice["amount"] == Decimal(5625)
    assert invoice["orders"] == [{"id": order["id"], "url": f"tripletex.no/v2/order/{order['id']}"}]
    assert api.value(f"/order/{order['id']}")["isClosed"] is True
    assert api.refusal("PUT", f"/order/{order['id']}/:invoice", invoiceDate="2026-11-22") == (422, 18000)


def test_an_invoice_is_made_with_its_order_in_one_call(api: Api, customer: int) -> None:
    invoice = api.write("POST", "/invoice", invoice_body(customer), sendToCustomer="false")

    assert invoice["amount"] == Decimal(5625)
    assert api.ids("/order", orderDateFrom="2026-11-20", orderDateTo="2026-11-21") == [
        invoice["orders"][0]["id"]
    ]


def test_an_invoice_is_made_of_an_existing_order(api: Api, customer: int) -> None:
    order = api.write("POST", "/order", order_body(customer))["id"]
    body = invoice_body(customer) | {"orders": [{"id": order}], "comment": "Takk"}

    invoice = api.write("POST", "/invoice", body, sendToCustomer="false")

    assert (invoice["orders"][0]["id"], invoice["comment"]) == (order, "Takk")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"invoiceDate": None}, "invoiceDate"),
        ({"orders": []}, "orders"),
        ({"orders": [{"id": 1}]}, "orders.id"),
    ],
)
def test_an_invoice_needs_its_dates_and_one_order(
    api: Api, customer: int, body: dict[str, Any], field: str
) -> None:
    assert [name for name, _ in api.problems("POST", "/invoice", invoice_body(customer) | body)] == [field]


def test_a_company_without_a_bank_account_cannot_charge(
    api: Api, state: TripletexState, customer: int
) -> None:
    state.has_bank_account = False

    assert api.refusal("POST", "/invoice", invoice_body(customer)) == (422, 18000)
    assert api.ids("/invoice", **YEAR) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"description": ""}, "Det må registreres en beskrivelse eller et produkt."),
        ({"vatType": {"id": 77}}, "Ugyldig mva-kode."),
    ],
)
def test_a_line_that_cannot_be_is_refused(
    api: Api, customer: int, line: dict[str, Any], message: str
) -> None:
    assert [text for _, text in api.problems("POST", "/order", order_body(customer, **line))] == [message]


def test_a_line_has_the_kind_of_price_that_its_order_has(api: Api, customer: int) -> None:
    net, gross = order_body(customer), order_body(customer) | {"isPrioritizeAmountsIncludingVat": True}
    price = {
        "description": "Kursdag",
        "count": 1,
        "vatType": {"id": 3},
        "unitPriceIncludingVatCurrency": 5625,
    }
    net["orderLines"] = gross["orderLines"] = [price]

    assert [text for _, text in api.problems("POST", "/order", net)] == [
        "Enhetspris må være uten mva siden enhetspris på ordre er uten mva."
    ]
    order = api.write("POST", "/order", gross, fields="orderLines(amountExcludingVatCurrency)")
    assert order["orderLines"] == [{"amountExcludingVatCurrency": Decimal(4500)}]


def test_a_line_without_a_count_costs_nothing(api: Api, customer: int) -> None:
    body = order_body(customer)
    del body["orderLines"][0]["count"]

    order = api.write("POST", "/order", body, fields="orderLines(amountIncludingVatCurrency)")

    assert order["orderLines"] == [{"amountIncludingVatCurrency": 0}]


def test_a_licence_is_an_order_that_is_charged_again_and_again(
    api: Api, state: TripletexState, customer: int
) -> None:
    licence = state.add_order(
        customer,
        [Line("Lisens", unit_price=Decimal(990))],
        order_date=date(2026, 1, 1),
        isSubscription=True,
        subscriptionDuration=12,
    )
    state.add_order(customer, [], order_date=date(2026, 1, 1))
    year = {"orderDateFrom": "2026-01-01", "orderDateTo": "2027-01-01"}

    assert api.ids("/order", isSubscription="true", **year) == [licence]
    for month in ("2026-02-01", "2026-03-01"):
        api.write("PUT", f"/order/{licence}/:approveSubscriptionInvoice", invoiceDate=month)
    assert len(api.ids("/invoice", **YEAR)) == 2
    assert api.ids("/order", isSubscription="true", isClosed="false", **year) == [licence]
    state.change_order(licence, isClosed=True)
    assert api.ids("/order", isSubscription="true", isClosed="false", **year) == []


def test_an_order_is_deleted_until_it_is_charged(api: Api, state: TripletexState, customer: int) -> None:
    charged = state.add_order(customer, [Line("Kurs")], order_date=date(2026, 3, 1))
    state.invoice_order(charged, date(2026, 3, 2))
    free = state.add_order(customer, [Line("Kurs")], order_date=date(2026, 3, 1))

    assert api.send("DELETE", f"/order/{free}").status_code == 204
    assert api.refusal("DELETE", f"/order/{charged}") == (422, 18000)


def test_an_invoice_can_be_neither_changed_nor_deleted(
    api: Api, state: TripletexState, customer: int
) -> None:
    invoice = state.add_invoice(customer, [Line("Kurs")], date(2026, 3, 1))

    assert api.send("PUT", f"/invoice/{invoice}", json={}).status_code == 405
    assert api.send("DELETE", f"/invoice/{invoice}").status_code == 405


def test_a_product_number_is_free_or_refused(api: Api) -> None:
    product = api.write("POST", "/product", {"name": "Lisens", "number": "4823"})

    assert api.problems("POST", "/product", {"name": "Kurs", "number": "4823"}) == [
        ("number", "Produktnummeret 4823 er i bruk.")
    ]
    assert api.write("PUT", f"/product/{product['id']}", {"number": "4823", "name": "X"})["name"] == "X"


# The outbox


def test_an_invoice_is_sent_to_the_customer_unless_told_otherwise(
    api: Api, state: TripletexState, customer: int
) -> None:
    """The trap: leaving `sendToCustomer` out mails a real person."""
    silent = api.write("POST", "/invoice", invoice_body(customer), sendToCustomer="false")["id"]
    assert state.outbox == []

    loud = api.write("POST", "/invoice", invoice_body(customer))["id"]
    note = api.write("PUT", f"/invoice/{silent}/:createCreditNote", date="2026-11-21")["id"]
    api.send("PUT", f"/invoice/{silent}/:send", params={"sendType": "PAPER"})

    assert state.outbox == [
        Mail("invoice", loud, "EMAIL"),
        Mail("credit note", note, "EMAIL"),
        Mail("invoice", silent, "PAPER"),
    ]


def test_sending_wants_a_known_way(api: Api, state: TripletexState, customer: int) -> None:
    invoice = state.add_invoice(customer, [Line("Kurs")], date(2026, 3, 1))

    assert api.refusal("PUT", f"/invoice/{invoice}/:send") == (422, 15000)
    assert api.refusal("PUT", f"/invoice/{invoice}/:send", sendType="DUE") == (404, 21000)
    assert state.outbox == []
