"""The list endpoints of the Tripletex simulator: which parameters each takes, and what matches.

Parameters that are not named here are ignored, as the real API does. Knows nothing of HTTP.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Literal

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_fields import NOTHING, field_value
from connectors.tripletex.simulator_model import Entity, entity
from connectors.tripletex.simulator_state import ADDRESS_FIELDS, OSLO, Stored, TripletexState

Test = Callable[[int, Stored], bool]
Row = tuple[int, Stored]


@dataclass
class Switches:
    """What is not known of the real API, or differs between its releases and accounts."""

    full_result_size: Literal["look-ahead", "exact"] = "look-ahead"
    """Since March 2026 `from + count + 1` while more rows exist; the exact total before that."""
    changed_since: Literal["works", "ignored", "misses_sub_objects"] = "misses_sub_objects"
    """Whether `changedSince` filters, and whether it sees a change of an address."""
    case_sensitive: bool = True
    """Whether `email=` and the like tell upper from lower case."""
    name_match: Literal["contains", "prefix"] = "contains"
    """How `customerName` is compared."""
    hidden_rows: Literal["drop", "null"] = "drop"
    """What becomes of a row that the credentials may not see."""
    hidden_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Per kind of object (`Customer`): fields that silently drop out."""
    forbidden: tuple[str, ...] = ()
    """Regular expressions of paths that the credentials may not call."""
    row_limit: int = 10_000
    """Most rows a query may match, on the lists named in `row_limited`."""
    row_limited: frozenset[str] = frozenset({"Invoice", "Order"})
    """Kinds of object to which the row limit applies; whether customers belong to them is unknown."""
    address_without_id: Literal["replace", "merge"] = "replace"
    """What a PUT does with an address that carries no id."""
    put_loses_customer_role: bool = False
    """Whether a PUT turns a customer that is a supplier too into a supplier only."""
    beta: bool = True
    """Whether the credentials may use the endpoints marked BETA."""
    reverse_messages: bool = False
    """Whether `validationMessages` come in the other order."""


@dataclass(frozen=True)
class Listing:
    """One list endpoint."""

    entity: Entity
    filters: Mapping[str, Callable[["Query", str, str], Test | None]]
    required: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    only: Test = lambda record_id, stored: True
    """What belongs to the list at all."""
    checksum: Literal["yes", "no"] = "yes"
    total_unknown: Callable[[Mapping[str, str]], bool] = lambda given: False
    """For which parameters the list is put together ad hoc: `fullResultSize` is 0 then."""


@dataclass(frozen=True)
class Query:
    """One request for a list."""

    state: TripletexState
    listing: Listing
    given: Mapping[str, str]
    switches: Switches

    @property
    def start(self) -> int:
        """`from`: rows to skip."""
        return self._whole("from", 0)

    @property
    def count(self) -> int:
        """`count`: rows asked for."""
        return self._whole("count", 1000)

    def key(self) -> tuple[Any, ...]:
        """What tells one list from another: everything but the page and the fields."""
        names = [*self.listing.filters, "sorting"]
        return (
            self.listing.entity.name,
            tuple((name, self.given[name]) for name in names if name in self.given),
            self.switches.changed_since,
            self.switches.case_sensitive,
            self.switches.name_match,
            self._limit,
        )

    def rows(self) -> list[Row]:
        """All matching rows in order. Raises ApiFailure for parameters the API refuses."""
        tests = self._tests()
        order = _sort_keys(self.given.get("sorting", ""), self.listing.entity)
        found = [
            (record_id, stored)
            for record_id, stored in sorted(self.state.table(self.listing.entity).items())
            if all(test(record_id, stored) for test in tests)
        ]
        if self._limit is not None and len(found) > self._limit:
            raise errors.ApiFailure(422, 23000, "Result set too large. Limit of 10.000 reached", None, ())
        for path, descending in reversed(order):
            if path == ("id",) and not descending:
                continue
            found.sort(key=partial(_sort_value, self.state, self.listing.entity, path), reverse=descending)
        return found

    @property
    def total_unknown(self) -> bool:
        """Whether the list is put together ad hoc, without a total and a checksum."""
        return self.listing.total_unknown(self.given)

    def full_result_size(self, total: int) -> int:
        """`fullResultSize` for this page of a list of `total` rows."""
        if self.total_unknown:
            return 0
        more = self.start + self.count < total
        if more and self.switches.full_result_size == "look-ahead":
            return self.start + self.count + 1
        return total

    @property
    def _limit(self) -> int | None:
        limited = self.listing.entity.name in self.switches.row_limited
        return self.switches.row_limit if limited else None

    def _tests(self) -> list[Test]:
        missing = [name for name in self.listing.required if not self.given.get(name)]
        if missing:
            raise errors.bad_value(Problem(name, errors.NOT_NULL) for name in missing)
        given = {**self.listing.defaults, **self.given}
        made = [
            make(self, name, given[name])
            for name, make in self.listing.filters.items()
            if given.get(name, "") != ""
        ]
        return [self.listing.only, *(test for test in made if test is not None)]

    def _whole(self, name: str, default: int) -> int:
        text = self.given.get(name, "")
        if text == "":
            return default
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise errors.bad_parameter()
        number = int(text)
        if number < 0:
            raise errors.bad_value([Problem(name, errors.FORMAT)])
        return number


def digest(query_text: str, rows: Iterable[Row]) -> str:
    """The checksum of a page: of the query and of each row's id and version, nothing deeper."""
    hashed = hashlib.sha256(query_text.encode())
    for record_id, stored in rows:
        hashed.update(f"{record_id}:{stored.version};".encode())
    return hashed.hexdigest()[:32]


def parse_date(name: str, text: str) -> date:
    """A `YYYY-MM-DD` parameter; raises ApiFailure for anything else."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise errors.bad_value([Problem(name, errors.FORMAT)])


def _ids(name: str, text: str, code: int = 12000) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,18}", part) for part in parts):
        raise errors.bad_id_list(name, code=code)
    return frozenset(map(int, parts))


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise errors.bad_parameter()
    return text.lower() == "true"


def _by_id(query: Query, name: str, text: str) -> Test:
    wanted = _ids(name, text)
    return lambda record_id, stored: record_id in wanted


def _by_id_15000(query: Query, name: str, text: str) -> Test:
    wanted = _ids(name, text, 15000)
    return lambda record_id, stored: record_id in wanted


def _refers(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        wanted = _ids(name, text)
        return lambda record_id, stored: stored.values.get(field_name) in wanted

    return make


def _numbers(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        wanted = {str(number) for number in _ids(name, text)}
        return lambda record_id, stored: str(stored.values.get(field_name, "")) in wanted

    return make


def _equals(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        if query.switches.case_sensitive:
            return lambda record_id, stored: str(stored.values.get(field_name) or "") == text
        folded = text.casefold()
        return lambda record_id, stored: str(stored.values.get(field_name) or "").casefold() == folded

    return make


def _one_of(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        wanted = text.split(",")
        return lambda record_id, stored: stored.values.get(field_name) in wanted

    return make


def _contains(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        folded = text.casefold()
        return lambda record_id, stored: folded in str(stored.values.get(field_name) or "").casefold()

    return make


def _customer_name(query: Query, name: str, text: str) -> Test:
    if query.switches.name_match == "contains":
        return _contains("name")(query, name, text)
    folded = text.casefold()
    return lambda record_id, stored: str(stored.values.get("name") or "").casefold().startswith(folded)


def _is(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        wanted = _flag(text)
        default = query.listing.entity.fields[field_name].default
        return lambda record_id, stored: bool(stored.values.get(field_name, default)) == wanted

    return make


def _from_day(field_name: str, to_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        first = parse_date(name, text)
        last = query.given.get(to_name)
        if last and first >= (end := parse_date(to_name, last)):
            raise errors.bad_value(
                [
                    Problem(
                        name,
                        f"'From and including' value ({_java_day(first)}) is greater than or equal "
                        f"'To and excluding' value ({_java_day(end)}) in filter.",
                    )
                ]
            )
        start = first.isoformat()
        return lambda record_id, stored: str(stored.values.get(field_name) or "") >= start

    return make


def _before_day(field_name: str) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        end = parse_date(name, text).isoformat()
        return lambda record_id, stored: str(stored.values.get(field_name) or "") < end

    return make


def _amount(field_name: str, *, upper: bool) -> Callable[[Query, str, str], Test]:
    def make(query: Query, name: str, text: str) -> Test:
        try:
            bound = Decimal(text)
        except InvalidOperation:
            raise errors.bad_parameter() from None
        if upper:
            return lambda record_id, stored: Decimal(str(stored.values.get(field_name, 0))) < bound
        return lambda record_id, stored: Decimal(str(stored.values.get(field_name, 0))) >= bound

    return make


def _changed_since(query: Query, name: str, text: str) -> Test | None:
    since = _local_moment(name, text)
    if query.switches.changed_since == "ignored":
        return None
    deep = query.switches.changed_since == "works"

    def test(record_id: int, stored: Stored) -> bool:
        if stored.modified_at >= since:
            return True
        return deep and any(moment >= since for moment in _sub_object_times(query.state, stored))

    return test


def _sub_object_times(state: TripletexState, stored: Stored) -> Iterable[datetime]:
    for which in ADDRESS_FIELDS:
        target = entity("Customer").fields[which].target
        address = state.table(target).get(stored.values.get(which) or 0)
        if address is not None:
            yield address.modified_at


def _local_moment(name: str, text: str) -> datetime:
    """A date, or a date and time; without an offset it is taken as Oslo's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise errors.bad_value([Problem(name, errors.FORMAT)]) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=OSLO)).astimezone(UTC)


def _vat_direction(query: Query, name: str, text: str) -> Test:
    if text not in ("OUTGOING", "INCOMING", "INCOMING_INVOICE", "PROJECT", "LEDGER"):
        raise errors.bad_parameter()
    outgoing = text in ("OUTGOING", "PROJECT", "LEDGER")
    return lambda record_id, stored: outgoing


def _currency_code(query: Query, name: str, text: str) -> Test:
    wanted = {part.strip().upper() for part in text.split(",")}
    return lambda record_id, stored: stored.values.get("code") in wanted


def _never(query: Query, name: str, text: str) -> Test:
    wanted = _flag(text)
    return lambda record_id, stored: not wanted


def _java_day(day: date) -> str:
    moment = datetime.combine(day, time(), OSLO)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    days = "Mon Tue Wed Thu Fri Sat Sun".split()
    return f"{days[day.weekday()]} {months[day.month - 1]} {day.day:02} 00:00:00 {moment.tzname()} {day.year}"


SortPath = tuple[str, ...]


def _sort_keys(text: str, kind: Entity) -> list[tuple[SortPath, bool]]:
    keys = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        descending, name = part.startswith("-"), part.removeprefix("-")
        path = tuple(name.split("."))
        if not _is_path(path, kind):
            raise errors.ApiFailure(
                422,
                17000,
                f"Field specified for use in sorting does not exist: '{name}'",
                None,
                (),
            )
        keys.append((path, descending))
    return keys


def _is_path(path: SortPath, kind: Entity) -> bool:
    known = kind.fields.get(path[0])
    if known is None or known.kind in ("refs", "texts", "changes"):
        return False
    if len(path) == 1:
        return True
    return known.kind == "ref" and _is_path(path[1:], entity(known.target))


def _sort_value(state: TripletexState, kind: Entity, path: SortPath, row: Row) -> tuple[int, Any]:
    """A value that compares with any other; unset comes first, texts without regard to case."""
    record_id, stored = row
    for step in path[:-1]:
        known = kind.fields[step]
        record_id, kind = stored.values.get(step) or 0, entity(known.target)
        stored = state.table(kind).get(record_id, NOTHING)
    value = field_value(state, kind, path[-1], record_id, stored)
    if value is None or value == "":
        return (0, 0)
    return (2, value.casefold()) if isinstance(value, str) else (1, value)


def _ranges(*names: str) -> dict[str, Callable[[Query, str, str], Test]]:
    pairs: dict[str, Callable[[Query, str, str], Test]] = {}
    for name in names:
        pairs[f"{name}From"] = _amount(name, upper=False)
        pairs[f"{name}To"] = _amount(name, upper=True)
    return pairs


LISTINGS: dict[str, Listing] = {
    "/customer": Listing(
        entity("Customer"),
        {
            "id": _by_id,
            "customerAccountNumber": _numbers("customerNumber"),
            "organizationNumber": _equals("organizationNumber"),
            "email": _equals("email"),
            "invoiceEmail": _equals("invoiceEmail"),
            "customerName": _customer_name,
            "phoneNumberMobile": _equals("phoneNumberMobile"),
            "isInactive": _is("isInactive"),
            "accountManagerId": _refers("accountManager"),
            "changedSince": _changed_since,
        },
        defaults={"isInactive": "false"},
        only=lambda record_id, stored: bool(stored.values.get("isCustomer", True)),
    ),
    "/customer/category": Listing(
        entity("CustomerCategory"),
        {
            "id": _by_id,
            "name": _contains("name"),
            "number": _equals("number"),
            "description": _contains("description"),
            "type": _numbers("type"),
        },
    ),
    "/contact": Listing(
        entity("Contact"),
        {
            "id": _by_id,
            "firstName": _contains("firstName"),
            "lastName": _contains("lastName"),
            "email": _contains("email"),
            "customerId": _refers("customer"),
            "departmentId": _refers("department"),
        },
        checksum="no",
    ),
    "/invoice": Listing(
        entity("Invoice"),
        {
            "id": _by_id,
            "invoiceDateFrom": _from_day("invoiceDate", "invoiceDateTo"),
            "invoiceDateTo": _before_day("invoiceDate"),
            "invoiceNumber": _equals("invoiceNumber"),
            "kid": _equals("kid"),
            "voucherId": _refers("voucher"),
            "customerId": _refers("customer"),
        },
        required=("invoiceDateFrom", "invoiceDateTo"),
    ),
    "/invoice/paymentType": Listing(
        entity("PaymentType"),
        {
            "id": _by_id,
            "description": _contains("description"),
            "query": _contains("description"),
        },
    ),
    "/order": Listing(
        entity("Order"),
        {
            "id": _by_id,
            "number": _equals("number"),
            "customerId": _refers("customer"),
            "orderDateFrom": _from_day("orderDate", "orderDateTo"),
            "orderDateTo": _before_day("orderDate"),
            "deliveryComment": _contains("deliveryComment"),
            "isClosed": _is("isClosed"),
            "isSubscription": _is("isSubscription"),
        },
        required=("orderDateFrom", "orderDateTo"),
    ),
    "/product": Listing(
        entity("Product"),
        {
            "number": _numbers("number"),
            "ids": _by_id_15000,
            "productNumber": _one_of("number"),
            "name": _contains("name"),
            "ean": _equals("ean"),
            "isInactive": _is("isInactive"),
            "isStockItem": _is("isStockItem"),
            "isSupplierProduct": _never,
            "supplierId": _refers("supplier"),
            "currencyId": _refers("currency"),
            "vatTypeId": _refers("vatType"),
            "productUnitId": _refers("productUnit"),
            "departmentId": _refers("department"),
            "accountId": _refers("account"),
            **_ranges("costExcludingVatCurrency", "priceExcludingVatCurrency", "priceIncludingVatCurrency"),
        },
    ),
    "/employee": Listing(
        entity("Employee"),
        {
            "id": _by_id,
            "firstName": _contains("firstName"),
            "lastName": _contains("lastName"),
            "employeeNumber": _contains("employeeNumber"),
            "email": _contains("email"),
            "departmentId": _refers("department"),
        },
        checksum="no",
    ),
    "/employee/entitlement": Listing(
        entity("Entitlement"), {"employeeId": _refers("employee")}, checksum="no"
    ),
    "/department": Listing(
        entity("Department"),
        {
            "id": _by_id,
            "name": _contains("name"),
            "departmentNumber": _contains("departmentNumber"),
            "departmentManagerId": _refers("departmentManager"),
            "isInactive": _is("isInactive"),
        },
    ),
    "/country": Listing(entity("Country"), {"id": _by_id, "code": _by_id, "isDisabled": _never}),
    "/currency": Listing(entity("Currency"), {"id": _by_id, "code": _currency_code}),
    "/ledger/vatType": Listing(
        entity("VatType"),
        {"id": _by_id, "number": _numbers("number"), "typeOfVat": _vat_direction},
        total_unknown=lambda given: "typeOfVat" in given,
    ),
    "/company/>withLoginAccess": Listing(entity("Company"), {}, checksum="no"),
}
