"""The filters of the Tripletex simulator's lists: each reads a parameter and gives a test of objects.

A filter raises ApiFailure for a value that the API refuses. Knows nothing of paths and pages.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_model import entity
from connectors.tripletex.simulator_query import Query, Test
from connectors.tripletex.simulator_state import ADDRESS_FIELDS, OSLO, Stored, TripletexState

Filter = Callable[[Query, str, str], Test | None]


def parse_date(name: str, text: str) -> date:
    """A `YYYY-MM-DD` parameter; raises ApiFailure for anything else."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise errors.bad_value([Problem(name, errors.FORMAT)])


def by_id(query: Query, name: str, text: str) -> Test:
    """Objects whose own id is in the list."""
    wanted = _ids(name, text)
    return lambda record_id, stored: record_id in wanted


def by_product_id(query: Query, name: str, text: str) -> Test:
    """As `by_id`; products refuse a bad list with another code."""
    wanted = _ids(name, text, 15000)
    return lambda record_id, stored: record_id in wanted


def refers(field_name: str) -> Filter:
    """Objects whose reference points at one of the ids."""

    def make(query: Query, name: str, text: str) -> Test:
        wanted = _ids(name, text)
        return lambda record_id, stored: stored.values.get(field_name) in wanted

    return make


def numbers(field_name: str) -> Filter:
    """Objects whose number is in the list."""

    def make(query: Query, name: str, text: str) -> Test:
        wanted = {str(number) for number in _ids(name, text)}
        return lambda record_id, stored: str(stored.values.get(field_name, "")) in wanted

    return make


def equals(field_name: str) -> Filter:
    """Objects whose text is the one given."""

    def make(query: Query, name: str, text: str) -> Test:
        if query.switches.case_sensitive:
            return lambda record_id, stored: str(stored.values.get(field_name) or "") == text
        folded = text.casefold()
        return lambda record_id, stored: str(stored.values.get(field_name) or "").casefold() == folded

    return make


def one_of(field_name: str) -> Filter:
    """Objects whose text is among those given."""

    def make(query: Query, name: str, text: str) -> Test:
        wanted = text.split(",")
        return lambda record_id, stored: stored.values.get(field_name) in wanted

    return make


def contains(field_name: str) -> Filter:
    """Objects whose text holds the one given, without regard to case."""

    def make(query: Query, name: str, text: str) -> Test:
        folded = text.casefold()
        return lambda record_id, stored: folded in str(stored.values.get(field_name) or "").casefold()

    return make


def customer_name(query: Query, name: str, text: str) -> Test:
    """Customers whose name holds the text, or begins with it."""
    folded = text.casefold()
    if query.switches.name_match == "contains":
        return lambda record_id, stored: folded in str(stored.values.get("name") or "").casefold()
    return lambda record_id, stored: str(stored.values.get("name") or "").casefold().startswith(folded)


def flag(field_name: str) -> Filter:
    """Objects whose flag stands as given."""

    def make(query: Query, name: str, text: str) -> Test:
        wanted = _boolean(text)
        default = query.listing.entity.fields[field_name].default
        return lambda record_id, stored: bool(stored.values.get(field_name, default)) == wanted

    return make


def from_day(field_name: str, to_name: str) -> Filter:
    """Objects of a day or later; refused when the range that ends at `to_name` is empty."""

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


def before_day(field_name: str) -> Filter:
    """Objects of an earlier day: the end of a range is exclusive."""

    def make(query: Query, name: str, text: str) -> Test:
        end = parse_date(name, text).isoformat()
        return lambda record_id, stored: str(stored.values.get(field_name) or "") < end

    return make


def changed_since(query: Query, name: str, text: str) -> Test | None:
    """Customers that changed at a time or later, as far as the switch lets it see."""
    since = _local_moment(name, text)
    if query.switches.changed_since == "ignored":
        return None
    deep = query.switches.changed_since == "works"

    def test(record_id: int, stored: Stored) -> bool:
        if stored.modified_at >= since:
            return True
        return deep and any(moment >= since for moment in _sub_object_times(query.state, stored))

    return test


def vat_direction(query: Query, name: str, text: str) -> Test:
    """VAT types of a kind; all that are known here are for sales."""
    if text not in ("OUTGOING", "INCOMING", "INCOMING_INVOICE", "PROJECT", "LEDGER"):
        raise errors.bad_parameter()
    outgoing = text in ("OUTGOING", "PROJECT", "LEDGER")
    return lambda record_id, stored: outgoing


def currency_code(query: Query, name: str, text: str) -> Test:
    """Currencies by their codes."""
    wanted = {part.strip().upper() for part in text.split(",")}
    return lambda record_id, stored: stored.values.get("code") in wanted


def no_such(query: Query, name: str, text: str) -> Test:
    """A flag that no object here carries."""
    wanted = _boolean(text)
    return lambda record_id, stored: not wanted


def ranges(*names: str) -> dict[str, Filter]:
    """Amounts from a bound, inclusive, to another, exclusive."""
    pairs: dict[str, Filter] = {}
    for name in names:
        pairs[f"{name}From"] = _amount(name, upper=False)
        pairs[f"{name}To"] = _amount(name, upper=True)
    return pairs


def _ids(name: str, text: str, code: int = 12000) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,18}", part) for part in parts):
        raise errors.bad_id_list(name, code=code)
    return frozenset(map(int, parts))


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise errors.bad_parameter()
    return text.lower() == "true"


def _amount(field_name: str, *, upper: bool) -> Filter:
    def make(query: Query, name: str, text: str) -> Test:
        try:
            bound = Decimal(text)
        except InvalidOperation:
            raise errors.bad_parameter() from None
        if upper:
            return lambda record_id, stored: Decimal(str(stored.values.get(field_name, 0))) < bound
        return lambda record_id, stored: Decimal(str(stored.values.get(field_name, 0))) >= bound

    return make


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


def _java_day(day: date) -> str:
    moment = datetime.combine(day, time(), OSLO)
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    days = "Mon Tue Wed Thu Fri Sat Sun".split()
    return f"{days[day.weekday()]} {months[day.month - 1]} {day.day:02} 00:00:00 {moment.tzname()} {day.year}"
