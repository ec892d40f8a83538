"""What a Tripletex company sells: products, orders, licences, invoices, payments, credit notes.

Amounts are Decimals in whole cents. Knows nothing of HTTP and of what a request body may hold.
"""

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.tripletex.simulator_records import Records, Values

OSLO = ZoneInfo("Europe/Oslo")
RECEIVABLES = 264_309_517
"""The ledger account 1500, customers."""


@dataclass(frozen=True, slots=True)
class Line:
    """An order line to be added. Prices are excluding VAT, in the order's currency."""

    description: str = ""
    count: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    vat_type: int = 3
    product: int | None = None
    discount: Decimal = Decimal(0)
    is_subscription: bool = False
    """What it means on a line is not documented; it is shown as given."""


class Sales(Records):
    """The sales side of a company."""

    exchange_rates: dict[int, Decimal]

    def add_product(
        self,
        name: str,
        number: str = "",
        *,
        price: Decimal = Decimal(0),
        vat_type: int = 3,
        at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Add a product (a licence, a course day) and return its id; the price is excluding VAT."""
        product_id = fields.pop("id", None) or self.next_id("Product")
        values: Values = {
            "name": name,
            "number": number,
            "priceExcludingVatCurrency": price,
            "priceIncludingVatCurrency": _with_vat(price, self._percentage(vat_type)),
            "vatType": vat_type,
            "currency": 1,
            **fields,
        }
        self.put("Product", product_id, values, at=at)
        return product_id

    def change_product(self, product_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of a product."""
        self.change("Product", product_id, fields, at=at)

    def add_order(
        self,
        customer_id: int,
        lines: Iterable[Line] = (),
        *,
        order_date: date,
        at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Add an order and return its id; `isSubscription=True` makes it a running licence."""
        moment = at or self.now()
        order_id = fields.pop("id", None) or self.next_id("Order")
        customer = self.tables["Customer"][customer_id].values
        currency = fields.get("currency") or customer.get("currency", 1)
        line_ids = [self._add_line(order_id, line, currency, moment) for line in lines]
        values: Values = {
            "customer": customer_id,
            "orderDate": order_date.isoformat(),
            "deliveryDate": order_date.isoformat(),
            "number": str(self.next_id("orderNumber")),
            "sendMethodDescription": "Faktura må sendes manuelt.",
            **{name: customer[name] for name in ("invoicesDueIn", "invoicesDueInType") if name in customer},
            **fields,
            "currency": currency,
            "orderLines": line_ids,
        }
        self.put("Order", order_id, values, at=moment)
        return order_id

    def change_order(self, order_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of an order."""
        self.change("Order", order_id, fields, at=at)

    def add_line(self, order_id: int, line: Line, *, at: datetime | None = None) -> int:
        """Add a line to an order and return its id."""
        moment = at or self.now()
        order = self.tables["Order"][order_id].values
        line_id = self._add_line(order_id, line, order["currency"], moment)
        self.change("Order", order_id, {"orderLines": [*order["orderLines"], line_id]}, at=moment)
        return line_id

    def change_line(
        self,
        line_id: int,
        *,
        count: Decimal | None = None,
        unit_price: Decimal | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> None:
        """Change a line of an order, its amounts with it; the order's own version stays."""
        values = self.tables["OrderLine"][line_id].values
        if count is not None or unit_price is not None:
            fields |= _priced(
                values["count"] if count is None else count,
                values["unitPriceExcludingVatCurrency"] if unit_price is None else unit_price,
                values["discount"],
                self._percentage(values["vatType"]),
            )
        self.change("OrderLine", line_id, fields, at=at)

    def remove_line(self, line_id: int, *, at: datetime | None = None) -> None:
        """Take a line out of its order, without a trace."""
        order_id = self.tables["OrderLine"][line_id].values["order"]
        left = [one for one in self.tables["Order"][order_id].values["orderLines"] if one != line_id]
        self.change("Order", order_id, {"orderLines": left}, at=at)
        self.drop("OrderLine", line_id)

    def delete_order(self, order_id: int) -> None:
        """Remove an order and its lines without a trace."""
        for line_id in self.referring("OrderLine", "order", order_id):
            self.drop("OrderLine", line_id)
        self.drop("Order", order_id)

    def invoice_order(
        self,
        order_id: int,
        invoice_date: date,
        *,
        due_date: date | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Charge an order and return the id of the invoice. A subscription stays open, others close."""
        moment = at or self.now()
        order = self.tables["Order"][order_id].values
        lines = [self.tables["OrderLine"][line_id].values for line_id in order["orderLines"]]
        net = sum((line["amountExcludingVatCurrency"] for line in lines), Decimal(0))
        gross = sum((line["amountIncludingVatCurrency"] for line in lines), Decimal(0))
        due = due_date or _due(invoice_date, order)
        invoice_id = self._add_invoice(order, net, gross, (invoice_date, due), moment, fields)
        self.change(
            "Invoice",
            invoice_id,
            {
                "orders": [order_id],
                "orderLines": order["orderLines"],
                "deliveryDate": order.get("deliveryDate"),
                "invoiceComment": order.get("invoiceComment", ""),
            },
            at=moment,
            version=3,
        )
        for line_id in order["orderLines"]:
            self.change("OrderLine", line_id, {"isCharged": True}, at=moment)
        self.change("Order", order_id, {"isClosed": not order.get("isSubscription", False)}, at=moment)
        return invoice_id

    def add_invoice(
        self,
        customer_id: int,
        lines: Iterable[Line],
        invoice_date: date,
        *,
        due_date: date | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> int:
        """Add an order and charge it at once; returns the id of the invoice."""
        moment = at or self.now()
        order_id = self.add_order(customer_id, lines, order_date=invoice_date, at=moment)
        return self.invoice_order(order_id, invoice_date, due_date=due_date, at=moment, **fields)

    def pay_invoice(
        self,
        invoice_id: int,
        amount: Decimal | None = None,
        *,
        on: date | None = None,
        at: datetime | None = None,
    ) -> None:
        """Register a payment in the invoice's currency; None pays what is outstanding."""
        moment = at or self.now()
        invoice = self.tables["Invoice"][invoice_id].values
        paid = invoice["amountCurrencyOutstanding"] if amount is None else amount
        posting = self._add_posting(
            invoice_id, invoice, -paid, on or moment.astimezone(OSLO).date(), "INCOMING_PAYMENT", moment
        )
        left = invoice["amountCurrencyOutstanding"] - paid
        fields = self._outstanding(invoice, left) | {"postings": [*invoice["postings"], posting]}
        self.change("Invoice", invoice_id, fields, at=moment)

    def credit_invoice(
        self, invoice_id: int, on: date, *, comment: str = "", at: datetime | None = None
    ) -> int:
        """Nullify an invoice by a credit note and return the id of the note.

        What had been paid stays as a balance in the customer's favour on the note.
        """
        moment = at or self.now()
        invoice = self.tables["Invoice"][invoice_id].values
        gross, open_amount = invoice["amountCurrency"], invoice["amountCurrencyOutstanding"]
        note_id = self._add_invoice(
            invoice,
            -invoice["amountExcludingVatCurrency"],
            -gross,
            (on, on),
            moment,
            {"isCreditNote": True, "creditedInvoice": invoice_id, "comment": comment},
        )
        note = self.tables["Invoice"][note_id].values
        self.change(
            "Invoice",
            note_id,
            {
                "orders": invoice.get("orders", []),
                "orderLines": invoice.get("orderLines", []),
                "deliveryDate": invoice.get("deliveryDate"),
            }
            | self._outstanding(note, open_amount - gross),
            at=moment,
            version=3,
        )
        nullified = {"isCredited": True} | self._outstanding(invoice, Decimal(0))
        self.change("Invoice", invoice_id, nullified, at=moment)
        return note_id

    def _add_line(self, order_id: int, line: Line, currency: int, moment: datetime) -> int:
        line_id = self.next_id("OrderLine")
        percentage = self._percentage(line.vat_type)
        description = line.description
        if not description and line.product is not None:
            description = self.tables["Product"][line.product].values.get("name", "")
        values: Values = {
            "product": line.product,
            "description": description,
            "currency": currency,
            "discount": line.discount,
            "vatType": line.vat_type,
            "order": order_id,
            "isSubscription": line.is_subscription,
            **_priced(line.count, line.unit_price, line.discount, percentage),
        }
        self.put("OrderLine", line_id, values, at=moment)
        return line_id

    def _add_invoice(
        self,
        source: Mapping[str, Any],
        net: Decimal,
        gross: Decimal,
        dates: tuple[date, date],
        moment: datetime,
        fields: Mapping[str, Any],
    ) -> int:
        """Bill the customer of the order, or credit that of the invoice; `dates`: of issue, and due."""
        (invoice_date, due_date), given = dates, dict(fields)
        invoice_id: int = given.pop("id", None) or self.next_id("Invoice")
        rate = self.exchange_rates.get(source["currency"], Decimal(1))
        values: Values = {
            "invoiceNumber": self.next_id("invoiceNumber"),
            "invoiceDate": invoice_date.isoformat(),
            "customer": source["customer"],
            "invoiceDueDate": due_date.isoformat(),
            "currency": source["currency"],
            "amount": _cents(gross * rate),
            "amountCurrency": gross,
            "amountExcludingVat": _cents(net * rate),
            "amountExcludingVatCurrency": net,
            "voucher": self.next_id("Voucher"),
            "documentId": self.next_id("Document"),
            **given,
        }
        values |= self._outstanding(values, gross)
        values["postings"] = [
            self._add_posting(
                invoice_id, values, gross, invoice_date, "OUTGOING_INVOICE_CUSTOMER_POSTING", moment
            )
        ]
        self.put("Invoice", invoice_id, values, at=moment)
        return invoice_id

    def _outstanding(self, invoice: Mapping[str, Any], left: Decimal) -> Values:
        # The contract states these in the invoice's currency, the names notwithstanding.
        return {
            "amountOutstanding": left,
            "amountCurrencyOutstanding": left,
            "amountOutstandingTotal": left,
            "amountCurrencyOutstandingTotal": left,
        }

    def _add_posting(
        self,
        invoice_id: int,
        invoice: Mapping[str, Any],
        amount: Decimal,
        on: date,
        kind: str,
        moment: datetime,
    ) -> int:
        posting_id = self.next_id("Posting")
        rate = self.exchange_rates.get(invoice["currency"], Decimal(1))
        values: Values = {
            "voucher": invoice["voucher"],
            "date": on.isoformat(),
            "description": f"Faktura nummer {invoice['invoiceNumber']}",
            "account": RECEIVABLES,
            "customer": invoice["customer"],
            "amount": _cents(amount * rate),
            "amountCurrency": amount,
            "amountGross": _cents(amount * rate),
            "amountGrossCurrency": amount,
            "currency": invoice["currency"],
            "invoiceNumber": str(invoice["invoiceNumber"]),
            "termOfPayment": invoice["invoiceDueDate"],
            "type": kind,
        }
        self.put("Posting", posting_id, values, at=moment)
        return posting_id

    def _percentage(self, vat_type: int) -> Decimal:
        return Decimal(str(self.tables["VatType"][vat_type].values["percentage"]))


def _priced(count: Decimal, unit_price: Decimal, discount: Decimal, percentage: Decimal) -> Values:
    """The amounts of a line."""
    net = _cents(count * unit_price * (100 - discount) / 100)
    return {
        "count": count,
        "unitPriceExcludingVatCurrency": unit_price,
        "unitPriceIncludingVatCurrency": _with_vat(unit_price, percentage),
        "amountExcludingVatCurrency": net,
        "amountIncludingVatCurrency": _with_vat(net, percentage),
    }


def _due(invoice_date: date, order: Mapping[str, Any]) -> date:
    """When an invoice is due: after days, after months, or on a day of the month."""
    number, unit = order.get("invoicesDueIn", 14), order.get("invoicesDueInType", "DAYS")
    if unit == "DAYS":
        return invoice_date + timedelta(days=number)
    if unit == "MONTHS":
        return _in_month(invoice_date, number, invoice_date.day)
    this_month = _in_month(invoice_date, 0, number)
    return this_month if this_month > invoice_date else _in_month(invoice_date, 1, number)


def _in_month(start: date, later: int, day: int) -> date:
    """A day of the month that is `later` months after another's, its last day at most."""
    year, month = divmod(start.year * 12 + start.month - 1 + later, 12)
    return date(year, month + 1, min(day, calendar.monthrange(year, month + 1)[1]))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _with_vat(amount: Decimal, percentage: Decimal) -> Decimal:
    return _cents(amount * (100 + percentage) / 100)
