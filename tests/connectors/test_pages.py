"""Malformed records are set aside without their content, and the others of their page are read."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.pages import MAX_NAMES, Page, read_page
from schemas.payloads.brreg import BrregUnit
from schemas.payloads.helpscout import HelpScoutCustomer, HelpScoutMailbox
from schemas.payloads.pindena import CourseSignup
from schemas.payloads.tripletex import TripletexInvoice


def set_aside(item: object) -> tuple[str, str]:
    """Id and reason of a record that is refused."""
    page = read_page(HelpScoutCustomer, [item])
    (rejected,) = page.rejected
    assert page.records == []
    return rejected.source_id, rejected.reason


def test_every_record_is_read_or_set_aside() -> None:
    page = read_page(HelpScoutCustomer, [{"id": 1}, {"id": "x"}, None, {"id": 2}], told=9)
    assert [record.id for record in page.records] == [1, 2]
    assert (len(page.rejected), page.received, page.told) == (2, 4, 9)


def test_a_reason_names_field_and_fault_and_never_the_value() -> None:
    secret = "kari.nordmann@example.no"
    for item in (
        {"id": 7, "firstName": {secret: secret}},
        {"id": 7, "createdAt": secret},
        {"id": 7, "_embedded": {"emails": {secret: 1}}},
        {"id": 7, "lastName": secret * 100},
    ):
        source_id, reason = set_aside(item)
        assert source_id == "7"
        assert "kari" not in reason
        assert ": " in reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"Active": {}}, "Active: is neither true nor false"),
        ({"Active": "perhaps"}, "Active: is neither true nor false"),
        ({"RegistrationID": None}, "RegistrationID: is not a number"),
        ({"FirstName": "x" * 2_000}, "FirstName: is too long"),
    ],
)
def test_a_reason_is_written_for_people(fields: dict[str, Any], reason: str) -> None:
    """They read it in a check, and mend the record at its source."""
    page = read_page(CourseSignup, [{"RegistrationPersonStructID": 1, "RegistrationID": 2, **fields}])
    assert [rejected.reason for rejected in page.rejected] == [reason]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": []}, "amount: is no amount"),
        ({"amount": Decimal("NaN")}, "amount: is no amount"),
        ({"amount": Decimal("Infinity")}, "amount: is no amount"),
        ({"invoiceDate": "2026-02-30"}, "invoiceDate: is no day or time"),
        ({"id": ...}, "id: is missing"),
    ],
)
def test_a_reason_names_amounts_and_days(fields: dict[str, Any], reason: str) -> None:
    item = {name: value for name, value in ({"id": 1} | fields).items() if value is not ...}
    (rejected,) = read_page(TripletexInvoice, [item]).rejected
    assert rejected.reason == reason


@pytest.mark.parametrize(
    "key", [None, "kari@example.no", "", True, [1], Decimal("1.5"), 10**30, "1" * 21, {"a": 1}]
)
def test_a_record_without_a_usable_id_is_named_by_a_hash(key: Any) -> None:
    source_id, _ = set_aside({"id": key, "createdAt": "never"})
    assert source_id.startswith("sha256:")
    assert source_id == set_aside({"createdAt": "never", "id": key})[0]
    assert source_id != set_aside({"id": key, "createdAt": "ever"})[0]


@pytest.mark.parametrize("key", [17, "17", Decimal("17.0"), Decimal("1.7E+1")])
def test_a_record_that_is_set_aside_keeps_its_id_however_it_is_written(key: Any) -> None:
    """By it the record is known to be at its source still, and is not looked for as deleted."""
    assert set_aside({"id": key, "createdAt": "never"})[0] == "17"


def test_undeclared_fields_are_dropped_and_counted_by_name() -> None:
    page = read_page(
        HelpScoutCustomer,
        [{"id": 1, "shoeSize": 41, "jobTitle": "Sjef"}, {"id": 2, "shoeSize": 42, "kari nordmann": 1}],
    )
    assert page.unknown_fields == {"shoeSize": 2, "?": 1}
    assert not hasattr(page.records[0], "shoeSize")


def test_declared_fields_that_came_and_that_some_record_lacks_are_told() -> None:
    page = read_page(HelpScoutMailbox, [{"id": 1, "name": "Support", "slug": "x"}, {"id": 2}, "no object"])
    assert page.seen_fields == {"id", "name"}
    assert page.lacking_fields == {"name"}


def test_a_dissolved_or_removed_unit_says_nothing_of_which_fields_the_register_sends() -> None:
    units: list[dict[str, object]] = [
        {"organisasjonsnummer": "310001376", "navn": "BORTE AS", "status": "deleted", "is_subunit": False},
        {"organisasjonsnummer": "310002747", "status": "removed"},
    ]
    page = read_page(BrregUnit, units)
    assert (page.received, page.seen_fields, page.lacking_fields) == (2, frozenset(), frozenset())
    living = read_page(BrregUnit, [*units, units[0] | {"status": "active"}])
    assert living.seen_fields == {"organisasjonsnummer", "navn", "status", "is_subunit"}
    assert "hjemmeside" in living.lacking_fields


def test_a_flood_of_undeclared_names_does_not_grow_the_page() -> None:
    page = read_page(HelpScoutCustomer, [{"id": 1, **{f"field{n}": n for n in range(5_000)}}])
    assert len(page.unknown_fields) <= MAX_NAMES + 1
    assert sum(page.unknown_fields.values()) == 5_000


def test_a_renamed_field_is_missing_and_its_new_name_is_told() -> None:
    page = read_page(CourseSignup, [{"RegistrationPersonStructID": 1, "RegistrationID": 2, "EMail": "x"}])
    assert page.records[0].email is None
    assert page.unknown_fields == {"EMail": 1}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**39), 10**39) | st.decimals() | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
known_names = st.sampled_from(sorted(HelpScoutCustomer.known_fields()))


@given(st.lists(st.dictionaries(known_names | st.text(), json_values, max_size=6) | json_values, max_size=4))
def test_no_answer_whatever_it_holds_ends_a_run(items: list[Any]) -> None:
    page: Page[HelpScoutCustomer] = read_page(HelpScoutCustomer, items)
    assert page.received == len(items)
