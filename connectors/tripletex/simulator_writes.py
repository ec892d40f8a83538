"""What the Tripletex simulator does with request bodies: type checks, rules, and the change itself.

Raises ApiFailure before anything is changed. Knows nothing of HTTP.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_catalogue import NORWAY
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_lists import Switches
from connectors.tripletex.simulator_model import Entity, Field, entity
from connectors.tripletex.simulator_state import ADDRESS_FIELDS, Line, Stored, TripletexState

Values = dict[str, Any]


@dataclass(frozen=True)
class Writer:
    """Applies bodies to the state."""

    state: TripletexState
    switches: Switches

    # Customers

    def create_customer(self, body: Any) -> int:
        """POST /customer. Nothing but the customer number is checked for being taken."""
        return self.state.add_customer(**self._checked_customer(body))

    def create_customers(self, body: Any) -> list[int]:
        """POST /customer/list: all or none."""
        checked = [self._checked_customer(each) for each in _list(body)]
        return [self.state.add_customer(**values) for values in checked]

    def _checked_customer(self, body: Any) -> Values:
        values = self._read("Customer", body, inline=ADDRESS_FIELDS)
        _refuse_id(body)
        _require("name", body)
        self._check_customer(values, {}, creating=True)
        return values

    def update_customer(self, customer_id: int, body: Any) -> None:
        """PUT /customer/{id}: only the fields sent are changed."""
        values, fresh = self._checked_update(customer_id, body)
        self.state.change_customer(customer_id, fresh=fresh, **values)

    def update_customers(self, body: Any) -> list[int]:
        """PUT /customer/list: all or none, each with its id."""
        bodies = _list(body)
        if not all(isinstance(each, Mapping) and isinstance(each.get("id"), int) for each in bodies):
            raise errors.invalid([Problem("id", errors.NOT_NULL, "null.id")], bean=True)
        checked = [(each["id"], *self._checked_update(each["id"], each)) for each in bodies]
        for customer_id, values, fresh in checked:
            self.state.change_customer(customer_id, fresh=fresh, **values)
        return [customer_id for customer_id, *_ in checked]

    def _checked_update(self, customer_id: int, body: Any) -> tuple[Values, list[str]]:
        stored = self._current("Customer", customer_id, body)
        values = self._read("Customer", body, inline=ADDRESS_FIELDS)
        if "name" in body:
            _require("name", body)
        self._check_customer(values, stored.values, creating=False)
        fresh = self._fresh_addresses(body, stored)
        if self.switches.put_loses_customer_role and stored.values.get("isSupplier"):
            values["isCustomer"] = False
        return values, fresh

    def delete_customer(self, customer_id: int) -> None:
        """DELETE /customer/{id}: refused while orders, invoices or postings hang on it."""
        self._existing("Customer", customer_id)
        reasons = [text for name, text in _HANGING if self.state.referring(name, "customer", customer_id)]
        if reasons:
            items = "\n".join(f"<li>{text}</li>" for text in reasons)
            raise errors.invalid([Problem("Internt felt (id)", f"<ul>{items}</ul>")])
        self.state.delete_customer(customer_id)

    def _check_customer(self, values: Values, before: Mapping[str, Any], *, creating: bool) -> None:
        problems = [
            Problem(name, errors.FORMAT, f"null.{name}")
            for name in ("email", "overdueNoticeEmail")
            if values.get(name) and not _is_email(values[name])
        ]
        if values.get("invoiceEmail") and not all(
            _is_email(part.strip()) for part in values["invoiceEmail"].split(";") if part.strip()
        ):
            problems.append(Problem("invoiceEmail", errors.FORMAT, "null.invoiceEmail"))
        if problems:
            raise errors.invalid(problems, bean=True)
        number = values.get("organizationNumber")
        norwegian = _country(values.get("physicalAddress")) == NORWAY
        # A PUT has been seen to refuse what a POST with a foreign address took.
        if number and (norwegian or not creating) and not re.fullmatch(r"\d{9}", number):
            problems.append(Problem("organizationNumber", errors.ORG_NUMBER))
        taken = values.get("customerNumber")
        if taken and taken != before.get("customerNumber"):
            others = self.state.referring("Customer", "customerNumber", taken)
            problems += [Problem("customerNumber", errors.TAKEN)] if others else []
        address = {**before, **values}.get("postalAddress")
        if values.get("invoiceSendMethod") == "EHF" and not self._has_lines(address):
            problems.append(Problem("postalAddress", errors.EHF_ADDRESS))
        if problems:
            raise errors.invalid(problems)

    def _has_lines(self, address: Any) -> bool:
        if isinstance(address, int):
            stored = self.state.table("Address").get(address)
            address = stored.values if stored else None
        return isinstance(address, Mapping) and bool(address.get("addressLine1") or address.get("city"))

    def _fresh_addresses(self, body: Mapping[str, Any], stored: Stored) -> list[str]:
        """Addresses that a PUT replaces: those sent without the id of the present one."""
        fresh = []
        for which in ADDRESS_FIELDS:
            sent, present = body.get(which), stored.values.get(which)
            if not isinstance(sent, Mapping) or present is None:
                continue
            if sent.get("id", present) != present:
                raise errors.invalid([Problem(f"{which}.id", errors.NO_OBJECT)])
            if "id" not in sent and self.switches.address_without_id == "replace":
                fresh.append(which)
        return fresh

    # Contacts

    def create_contact(self, body: Any) -> int:
        """POST /contact."""
        return self._add_contact(self._checked_contact(body))

    def create_contacts(self, body: Any) -> list[int]:
        """POST /contact/list: all or none."""
        checked = [self._checked_contact(each) for each in _list(body)]
        return [self._add_contact(values) for values in checked]

    def update_contact(self, contact_id: int, body: Any) -> None:
        """PUT /contact/{id}: only the fields sent are changed."""
        stored = self._current("Contact", contact_id, body)
        values = self._read("Contact", body)
        _check_contact({**stored.values, **values})
        self.state.change_contact(contact_id, **values)

    def delete_contacts(self, text: str | None) -> None:
        """DELETE /contact/list?ids=1,2: all or none."""
        if not text:
            raise errors.bad_value([Problem("ids", errors.NOT_NULL)])
        if not re.fullmatch(r"\s*\d+\s*(,\s*\d+\s*)*", text):
            raise errors.bad_id_list("ids")
        wanted = [int(part) for part in text.split(",")]
        for contact_id in wanted:
            self._existing("Contact", contact_id)
        for contact_id in wanted:
            self.state.delete_contact(contact_id)

    def _checked_contact(self, body: Any) -> Values:
        values = self._read("Contact", body)
        _refuse_id(body)
        _check_contact(values)
        return values

    def _add_contact(self, values: Values) -> int:
        first, last = values.pop("firstName", ""), values.pop("lastName", "")
        return self.state.add_contact(values.pop("customer", None), first, last, **values)

    # Plain objects

    def create(self, name: str, body: Any, required: tuple[str, ...] = ()) -> int:
        """POST of an object that has no rules but its types."""
        values = self._read(name, body)
        _refuse_id(body)
        for each in required:
            _require(each, body)
        record_id = self.state.next_id(name)
        self.state.put(name, record_id, values)
        return record_id

    def update(self, name: str, record_id: int, body: Any) -> None:
        """PUT of an object that has no rules but its types."""
        self._current(name, record_id, body)
        self.state.change(name, record_id, self._read(name, body))

    def create_product(self, body: Any) -> int:
        """POST /product; the number must be free."""
        values = self._read("Product", body)
        _refuse_id(body)
        _require("name", body)
        self._check_product_number(values)
        return self.state.add_product(**_product_arguments(values))

    def update_product(self, product_id: int, body: Any) -> None:
        """PUT /product/{id}."""
        stored = self._current("Product", product_id, body)
        values = self._read("Product", body)
        if values.get("number") != stored.values.get("number"):
            self._check_product_number(values)
        self.state.change_product(product_id, **values)

    def _check_product_number(self, values: Values) -> None:
        number = values.get("number")
        if number and self.state.referring("Product", "number", number):
            raise errors.invalid([Problem("number", f"Produktnummeret {number} er i bruk.")])

    # Orders and invoices

    def create_order(self, body: Any) -> int:
        """POST /order with its lines inside."""
        order = self._checked_order(body)
        return order.add(self.state)

    def update_order(self, order_id: int, body: Any) -> None:
        """PUT /order/{id}; lines are changed at /order/orderline."""
        self._current("Order", order_id, body)
        values = self._read("Order", body, inline=("orderLines",))
        values.pop("orderLines", None)
        self.state.change_order(order_id, **values)

    def delete_order(self, order_id: int) -> None:
        """DELETE /order/{id}: refused once it is invoiced."""
        self._existing("Order", order_id)
        if any(
            order_id in stored.values.get("orders", ()) for stored in self.state.table("Invoice").values()
        ):
            raise errors.invalid([Problem("Internt felt (id)", "<ul><li>Fakturaer er registrert.</li></ul>")])
        for line_id in self.state.referring("OrderLine", "order", order_id):
            self.state.drop("OrderLine", line_id)
        self.state.drop("Order", order_id)

    def create_invoice(self, body: Any) -> int:
        """POST /invoice: charges one order, an existing one or one that is given whole."""
        _refuse_id(body)
        values = self._read("Invoice", body, inline=("orders",))
        for name in ("invoiceDate", "invoiceDueDate", "orders"):
            _require(name, body)
        if len(values["orders"]) != 1:
            raise errors.invalid([Problem("orders", errors.ONE_ORDER)])
        self.check_bank_account()
        sent = values["orders"][0]
        if not isinstance(sent, Mapping):
            raise errors.mapping_failed([Problem("orders", errors.TYPE)])
        if "id" in sent:
            order_id = sent["id"]
            self.check_open(order_id)
        else:
            order_id = self._checked_order(sent).add(self.state)
        return self.state.invoice_order(
            order_id,
            date.fromisoformat(values["invoiceDate"]),
            due_date=date.fromisoformat(values["invoiceDueDate"]),
            **{name: values[name] for name in ("kid", "comment") if name in values},
        )

    def check_open(self, order_id: Any) -> None:
        """An order that can be charged."""
        if not isinstance(order_id, int) or order_id not in self.state.table("Order"):
            raise errors.invalid([Problem("orders.id", errors.NO_OBJECT)])
        if self.state.table("Order")[order_id].values.get("isClosed"):
            raise errors.invalid([Problem("orders", errors.CLOSED_ORDER)])

    def check_bank_account(self) -> None:
        """A company that has told where it wants its money."""
        if not self.state.has_bank_account:
            raise errors.invalid([Problem(None, errors.BANK_ACCOUNT)])

    def _checked_order(self, body: Any) -> "_Order":
        values = self._read("Order", body, inline=("orderLines",))
        _refuse_id(body)
        for name in ("customer", "orderDate", "deliveryDate"):
            _require(name, body)
        gross = bool(values.get("isPrioritizeAmountsIncludingVat"))
        lines = [self._line(sent, gross=gross) for sent in values.pop("orderLines", [])]
        order_date = date.fromisoformat(values.pop("orderDate"))
        return _Order(values.pop("customer"), order_date, tuple(lines), values)

    def _line(self, body: Any, *, gross: bool) -> Line:
        values = self._read("OrderLine", body, prefix="orderLines.")
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
        percentage = _decimal(self.state.table("VatType")[vat_type].values["percentage"])
        return Line(
            description=values.get("description", ""),
            count=_decimal(values.get("count", 0)),
            unit_price=price / (1 + percentage / 100) if gross else price,
            vat_type=vat_type,
            product=values.get("product"),
            discount=_decimal(values.get("discount", 0)),
        )

    # Reading a body

    def _current(self, name: str, record_id: int, body: Any) -> Stored:
        stored = self._existing(name, record_id)
        if not isinstance(body, Mapping):
            raise errors.mapping_failed([Problem(None, errors.TYPE)])
        version = body.get("version")
        if version is not None and version != stored.version:
            raise errors.stale_revision()
        return stored

    def _existing(self, name: str, record_id: int) -> Stored:
        stored = self.state.table(name).get(record_id)
        if stored is None:
            raise errors.not_found()
        return stored

    def _read(self, name: str, body: Any, *, inline: tuple[str, ...] = (), prefix: str = "") -> Values:
        """The writable values of a body: references as ids, objects in `inline` as they were sent."""
        if not isinstance(body, Mapping):
            raise errors.mapping_failed([Problem(None, errors.TYPE)])
        reader = _Reader(self.state, entity(name), inline, prefix)
        for key, value in body.items():
            reader.take(key, value)
        return reader.finish()


@dataclass
class _Reader:
    state: TripletexState
    kind: Entity
    inline: tuple[str, ...]
    prefix: str
    values: Values = field(default_factory=dict)
    unmapped: list[Problem] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)

    def take(self, key: str, value: Any) -> None:
        known = self.kind.fields.get(key)
        path = f"{self.prefix}{key}"
        if known is None:
            self.unmapped.append(Problem(path, errors.UNKNOWN_FIELD))
            return
        if key in ("id", "version") or known.read_only:
            return
        if value is None:
            self.values[key] = known.default
        elif key in self.inline:
            self._take_inline(known, path, value)
        elif known.kind == "ref":
            self._take_reference(known, path, value)
        elif known.kind == "refs":
            self.unmapped += [] if isinstance(value, list) else [Problem(path, errors.TYPE)]
        elif not _fits(known, value):
            self.unmapped.append(Problem(path, errors.TYPE))
        elif known.limit is not None and len(value) > known.limit:
            self.broken.append(Problem(path, errors.length(known.limit), f"null.{path}"))
        else:
            self.values[key] = value

    def finish(self) -> Values:
        if self.unmapped:
            raise errors.mapping_failed(self.unmapped)
        if self.broken:
            raise errors.invalid(self.broken, bean=True)
        return self.values

    def _take_inline(self, known: Field, path: str, value: Any) -> None:
        if known.kind == "refs":
            if isinstance(value, list):
                self.values[known.name] = value
            else:
                self.unmapped.append(Problem(path, errors.TYPE))
            return
        if not isinstance(value, Mapping):
            self.unmapped.append(Problem(path, errors.TYPE))
            return
        inner = _Reader(self.state, entity(known.target), (), f"{path}.")
        for key, each in value.items():
            inner.take(key, each)
        self.unmapped += inner.unmapped
        self.broken += inner.broken
        self.values[known.name] = inner.values

    def _take_reference(self, known: Field, path: str, value: Any) -> None:
        target = entity(known.target)
        if not isinstance(value, Mapping) or not isinstance(value.get("id"), int):
            self.unmapped.append(Problem(path, errors.TYPE))
            return
        # A reference names its object by id alone; what else is sent must at least exist there.
        extra = [key for key in value if key not in ("id", "url", "version")]
        if extra:
            self.unmapped += [Problem(f"{path}.{key}", errors.UNKNOWN_FIELD) for key in extra]
        elif not target.opaque and value["id"] not in self.state.table(target):
            text = errors.VAT_CODE if target.name == "VatType" else errors.NO_OBJECT
            self.broken.append(Problem(f"{path}.id", text))
        else:
            self.values[known.name] = value["id"]


@dataclass(frozen=True)
class _Order:
    customer: int
    order_date: date
    lines: tuple[Line, ...]
    values: Values

    def add(self, state: TripletexState) -> int:
        return state.add_order(self.customer, self.lines, order_date=self.order_date, **self.values)


_NO_VAT = 6
"""Stands in for the account's default VAT code when a line names none."""
_HANGING = (
    ("Order", "Ordrer er registrert."),
    ("Invoice", "Fakturaer er registrert."),
    ("Posting", "Posteringer er registrert på kunden."),
)
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[^\s@]+\.[^\s@]+")


def _is_email(text: str) -> bool:
    return bool(_EMAIL.fullmatch(text))


def _country(address: Any) -> int:
    value = address.get("country") if isinstance(address, Mapping) else None
    return NORWAY if value is None else value


def _list(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise errors.mapping_failed([Problem(None, errors.TYPE)])
    return body


def _refuse_id(body: Any) -> None:
    if isinstance(body, Mapping) and (body.get("id") or body.get("version")):
        raise errors.invalid([Problem("id", errors.ID_ON_CREATE)])


def _require(name: str, body: Mapping[str, Any]) -> None:
    if body.get(name) is None:
        raise errors.invalid([Problem(name, errors.NOT_NULL, f"null.{name}")], bean=True)
    if body[name] == "":
        raise errors.invalid([Problem(name, errors.BLANK)])


def _check_contact(values: Mapping[str, Any]) -> None:
    names = ("firstName", "lastName", "email")
    if not any(values.get(name) for name in names):
        raise errors.invalid([Problem(name, errors.CONTACT_NAME) for name in names])
    if values.get("email") and not _is_email(values["email"]):
        raise errors.invalid([Problem("email", errors.FORMAT, "null.email")], bean=True)


def _product_arguments(values: Values) -> Values:
    arguments = dict(values)
    arguments["price"] = _decimal(arguments.pop("priceExcludingVatCurrency", 0))
    arguments["vat_type"] = arguments.pop("vatType", _NO_VAT)
    return arguments


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _fits(known: Field, value: Any) -> bool:
    checks: dict[str, Callable[[Any], bool]] = {
        "long": lambda given: isinstance(given, int) and not isinstance(given, bool),
        "int": lambda given: isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**31,
        "number": lambda given: isinstance(given, int | float | Decimal) and not isinstance(given, bool),
        "bool": lambda given: isinstance(given, bool),
        "text": lambda given: isinstance(given, str),
        "enum": lambda given: given in known.options,
        "date": _is_date,
        "texts": lambda given: isinstance(given, list) and all(isinstance(each, str) for each in given),
    }
    return checks[known.kind](value)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
