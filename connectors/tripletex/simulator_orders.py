"""The rules by which the Tripletex simulator takes products and orders, and charges them.

Raises ApiFailure before anything is changed. Knows nothing of HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_bodies import Bodies, refuse_id, require
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_records import Values
from connectors.tripletex.simulator_sales import Line
from connectors.tripletex.simulator_state import TripletexState


def create_product(bodies: Bodies, body: Any) -> int:
    """Add a product; its number must be free."""
    values = bodies.read("Product", body)
    refuse_id(body)
    require("name", body)
    _check_product_number(bodies.state, values)
    price = _decimal(values.pop("priceExcludingVatCurrency", 0))
    return bodies.state.add_product(price=price, vat_type=values.pop("vatType", _NO_VAT), **values)


def update_product(bodies: Bodies, product_id: int, body: Any) -> None:
    """Change the fields sent, and no others."""
    stored = bodies.current("Product", product_id, body)
    values = bodies.read("Product", body)
    if values.get("number") != stored.values.get("number"):
        _check_product_number(bodies.state, values)
    bodies.state.change_product(product_id, **values)


def create_order(bodies: Bodies, body: Any) -> int:
    """Add an order with the lines inside it."""
    return _new_order(bodies, body).add(bodies.state)


def update_order(bodies: Bodies, order_id: int, body: Any) -> None:
    """Change the fields sent; lines are left alone, as by default in the real system."""
    bodies.current("Order", order_id, body)
    values = bodies.read("Order", body, inline=("orderLines",))
    values.pop("orderLines", None)
    bodies.state.change_order(order_id, **values)


def delete_order(bodies: Bodies, order_id: int) -> None:
    """Delete an order; refused once it is charged."""
    bodies.existing("Order", order_id)
    invoices = bodies.state.table("Invoice").values()
    if any(order_id in invoice.values.get("orders", ()) for invoice in invoices):
        text = "<ul><li>Fakturaer er registrert.</li></ul>"
        raise errors.invalid([Problem("Internt felt (id)", text)])
    bodies.state.delete_order(order_id)


def create_invoice(bodies: Bodies, body: Any) -> int:
    """Charge one order: an existing one, or one that is given whole."""
    values = bodies.read("Invoice", body, inline=("orders",))
    refuse_id(body)
    for name in ("invoiceDate", "invoiceDueDate", "orders"):
        require(name, body)
    if len(values["orders"]) != 1:
        raise errors.invalid([Problem("orders", errors.ONE_ORDER)])
    _check_bank_account(bodies.state)
    sent = values["orders"][0]
    if isinstance(sent, Mapping) and "id" in sent:
        order_id = sent["id"]
        if order_id not in bodies.state.table("Order"):
            raise errors.invalid([Problem("orders.id", errors.NO_OBJECT)])
        _check_open(bodies.state, order_id)
    else:
        order_id = _new_order(bodies, sent).add(bodies.state)
    return bodies.state.invoice_order(
        order_id,
        date.fromisoformat(values["invoiceDate"]),
        due_date=date.fromisoformat(values["invoiceDueDate"]),
        **{name: values[name] for name in ("kid", "comment") if name in values},
    )


def charge(bodies: Bodies, order_id: int, on: date) -> int:
    """Charge an existing order; returns the id of the invoice."""
    bodies.existing("Order", order_id)
    _check_open(bodies.state, order_id)
    _check_bank_account(bodies.state)
    return bodies.state.invoice_order(order_id, on)


_NO_VAT = 6
"""Stands in for the account's default VAT type when a body names none."""


@dataclass(frozen=True, slots=True)
class _Order:
    """An order that was found in order, and is not stored yet."""

    customer: int
    on: date
    lines: tuple[Line, ...]
    values: Values

    def add(self, state: TripletexState) -> int:
        return state.add_order(self.customer, self.lines, order_date=self.on, **self.values)


def _new_order(bodies: Bodies, body: Any) -> _Order:
    values = bodies.read("Order", body, inline=("orderLines",))
    refuse_id(body)
    for name in ("customer", "orderDate", "deliveryDate"):
        require(name, body)
    gross = bool(values.get("isPrioritizeAmountsIncludingVat"))
    lines = tuple(_line(bodies, sent, gross=gross) for sent in values.pop("orderLines", []))
    on = date.fromisoformat(values.pop("orderDate"))
    return _Order(values.pop("customer"), on, lines, values)


def _line(bodies: Bodies, body: Any, *, gross: bool) -> Line:
    values = bodies.read("OrderLine", body, prefix="orderLines.")
    if not values.get("description") and values.get("product") is None:
        raise errors.invalid([Problem("orderLines.description", errors.LINE_TEXT)])
    wanted, other = "unitPriceExcludingVatCurrency", "unitPriceIncludingVatCurrency"
    text = errors.UNIT_PRICE_NET
    if gross:
        wanted, other, text = other, wanted, errors.UNIT_PRICE_GROSS
    if other in values and wanted not in values:
        raise errors.invalid([Problem(f"orderLines.{other}", text)])
    vat_type = values.get("vatType", _NO_VAT)
    price = _decimal(values.get(wanted, 0))
    percentage = _decimal(bodies.state.table("VatType")[vat_type].values["percentage"])
    return Line(
        description=values.get("description", ""),
        count=_decimal(values.get("count", 0)),
        unit_price=price / (1 + percentage / 100) if gross else price,
        vat_type=vat_type,
        product=values.get("product"),
        discount=_decimal(values.get("discount", 0)),
    )


def _check_open(state: TripletexState, order_id: int) -> None:
    if state.table("Order")[order_id].values.get("isClosed"):
        raise errors.invalid([Problem("orders", errors.CLOSED_ORDER)])


def _check_bank_account(state: TripletexState) -> None:
    if not state.has_bank_account:
        raise errors.invalid([Problem(None, errors.BANK_ACCOUNT)])


def _check_product_number(state: TripletexState, values: Values) -> None:
    number = values.get("number")
    if number and state.referring("Product", "number", number):
        raise errors.invalid([Problem("number", f"Produktnummeret {number} er i bruk.")])


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
