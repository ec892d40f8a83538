"""Writing to the Tripletex simulator: the endpoints that register, change, delete, charge and send."""

from collections.abc import Mapping
from typing import Any, Literal

from starlette.responses import Response

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex import simulator_orders as orders
from connectors.tripletex import simulator_registrations as registrations
from connectors.tripletex.simulator_bodies import Bodies
from connectors.tripletex.simulator_call import Call
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_model import entity
from connectors.tripletex.simulator_state import ADDRESS_FIELDS, Mail, Stored

# Customers and contacts


async def post_customer(call: Call) -> Response:
    """POST /customer."""
    body = await call.body()
    customer_id = registrations.create_customer(_bodies(call), body)
    return _customer(call, customer_id, body, 201)


async def put_customer(call: Call, key: str) -> Response:
    """PUT /customer/{id}."""
    body = await call.body()
    registrations.update_customer(_bodies(call), call.switches, int(key), body)
    return _customer(call, int(key), body, 200)


async def delete_customer(call: Call, key: str) -> Response:
    """DELETE /customer/{id}."""
    call.need_beta()
    registrations.delete_customer(_bodies(call), int(key))
    return Response(status_code=204)


async def post_customers(call: Call) -> Response:
    """POST /customer/list."""
    call.need_beta()
    ids = registrations.create_customers(_bodies(call), await call.body())
    return call.several(entity("Customer"), ids, 201)


async def put_customers(call: Call) -> Response:
    """PUT /customer/list."""
    call.need_beta()
    ids = registrations.update_customers(_bodies(call), call.switches, await call.body())
    return call.several(entity("Customer"), ids, 200)


async def post_category(call: Call) -> Response:
    """POST /customer/category."""
    category_id = _bodies(call).create("CustomerCategory", await call.body(), ("name",))
    return call.one(entity("CustomerCategory"), category_id, 201)


async def put_delivery_address(call: Call, key: str) -> Response:
    """PUT /deliveryAddress/{id}."""
    _bodies(call).update("DeliveryAddress", int(key), await call.body())
    return call.one(entity("DeliveryAddress"), int(key))


async def post_contact(call: Call) -> Response:
    """POST /contact."""
    contact_id = registrations.create_contact(_bodies(call), await call.body())
    return call.one(entity("Contact"), contact_id, 201)


async def post_contacts(call: Call) -> Response:
    """POST /contact/list."""
    ids = registrations.create_contacts(_bodies(call), await call.body())
    return call.several(entity("Contact"), ids, 201)


async def put_contact(call: Call, key: str) -> Response:
    """PUT /contact/{id}."""
    registrations.update_contact(_bodies(call), int(key), await call.body())
    return call.one(entity("Contact"), int(key))


async def delete_contacts(call: Call) -> Response:
    """DELETE /contact/list?ids=1,2."""
    call.need_beta()
    registrations.delete_contacts(_bodies(call), call.given.get("ids"))
    return Response(status_code=204)


# Products, orders and invoices


async def post_product(call: Call) -> Response:
    """POST /product."""
    return call.one(entity("Product"), orders.create_product(_bodies(call), await call.body()), 201)


async def put_product(call: Call, key: str) -> Response:
    """PUT /product/{id}."""
    orders.update_product(_bodies(call), int(key), await call.body())
    return call.one(entity("Product"), int(key))


async def post_order(call: Call) -> Response:
    """POST /order with its lines inside."""
    return call.one(entity("Order"), orders.create_order(_bodies(call), await call.body()), 201)


async def put_order(call: Call, key: str) -> Response:
    """PUT /order/{id}."""
    orders.update_order(_bodies(call), int(key), await call.body())
    return call.one(entity("Order"), int(key))


async def delete_order(call: Call, key: str) -> Response:
    """DELETE /order/{id}."""
    orders.delete_order(_bodies(call), int(key))
    return Response(status_code=204)


async def post_invoice(call: Call) -> Response:
    """POST /invoice: sent to the customer unless `sendToCustomer=false`."""
    invoice_id = orders.create_invoice(_bodies(call), await call.body())
    _send(call, "invoice", invoice_id)
    return call.one(entity("Invoice"), invoice_id, 201)


async def invoice_order(call: Call, key: str) -> Response:
    """PUT /order/{id}/:invoice: sent to the customer unless `sendToCustomer=false`."""
    invoice_id = orders.charge(_bodies(call), int(key), call.day("invoiceDate"))
    _send(call, "invoice", invoice_id)
    return call.one(entity("Invoice"), invoice_id)


async def approve_subscription(call: Call, key: str) -> Response:
    """PUT /order/{id}/:approveSubscriptionInvoice; the contract knows no `sendToCustomer` here."""
    stored = call.state.table("Order").get(int(key))
    if stored is None or not stored.values.get("isSubscription"):
        raise errors.not_found()
    return call.one(entity("Invoice"), orders.charge(_bodies(call), int(key), call.day("invoiceDate")))


async def pay_invoice(call: Call, key: str) -> Response:
    """PUT /invoice/{id}/:payment: all of it stands in the query."""
    on, amount = call.day("paymentDate"), call.number("paidAmount")
    if call.number("paymentTypeId") not in call.state.table("PaymentType"):
        raise errors.invalid([Problem("paymentTypeId", errors.NO_OBJECT)])
    _invoice(call, key)
    if call.given.get("paidAmountCurrency"):
        amount = call.number("paidAmountCurrency")
    call.state.pay_invoice(int(key), amount, on=on)
    return call.one(entity("Invoice"), int(key))


async def credit_invoice(call: Call, key: str) -> Response:
    """PUT /invoice/{id}/:createCreditNote: sent to the customer unless `sendToCustomer=false`."""
    on, invoice = call.day("date"), _invoice(call, key)
    if invoice.values.get("isCredited") or invoice.values.get("isCreditNote"):
        raise errors.invalid([Problem("id", errors.CREDITED)])
    note_id = call.state.credit_invoice(int(key), on, comment=call.given.get("comment", ""))
    _send(call, "credit note", note_id)
    return call.one(entity("Invoice"), note_id)


async def send_invoice(call: Call, key: str) -> Response:
    """PUT /invoice/{id}/:send."""
    _invoice(call, key)
    send_type = call.given.get("sendType")
    if not send_type:
        raise errors.bad_value([Problem("sendType", errors.NOT_NULL)])
    if send_type not in entity("Customer").fields["invoiceSendMethod"].options:
        raise errors.bad_parameter()
    call.state.outbox.append(Mail("invoice", int(key), send_type))
    return Response(status_code=204)


def _bodies(call: Call) -> Bodies:
    return Bodies(call.state)


def _customer(call: Call, customer_id: int, body: Mapping[str, Any], status: int) -> Response:
    """Addresses that were sent come back whole, others as references."""
    opened = "".join(f",{name}(*)" for name in ADDRESS_FIELDS if body.get(name))
    return call.one(entity("Customer"), customer_id, status, opened=opened)


def _send(call: Call, kind: Literal["invoice", "credit note"], invoice_id: int) -> None:
    """Send unless told not to: `sendToCustomer` is true when it is left out."""
    if call.given.get("sendToCustomer", "true").lower() != "false":
        customer_id = call.state.table("Invoice")[invoice_id].values["customer"]
        method = call.state.table("Customer")[customer_id].values.get("invoiceSendMethod", "EMAIL")
        call.state.outbox.append(Mail(kind, invoice_id, call.given.get("sendType") or method))


def _invoice(call: Call, key: str) -> Stored:
    stored = call.state.table("Invoice").get(int(key))
    if stored is None:
        raise errors.not_found()
    return stored
