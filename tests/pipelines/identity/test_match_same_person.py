"""Records that show no organisation get it from the same person's other records, where these agree."""

from __future__ import annotations

import pytest

from tests.pipelines.identity.people import matched, record, unit

SIGNUP, HELPSCOUT, CUSTOMER, CONTACT = (
    "course_signup",
    "helpscout_customer",
    "tripletex_customer",
    "tripletex_contact",
)
FJORD, TIND = unit("300000002", "FJORDLYS BAKERI AS"), unit("300000010", "TINDEVEGEN ELEKTRO AS")
MOBILE, PRIVATE = ["+4759000001"], ["kari.lysne@epost.example.no"]


def seen_at(*records: dict[str, object]) -> tuple[int | None, str | None]:
    """Which unit the last record belongs to, 0 for Fjordlys and 1 for Tindevegen, and by which rule."""
    outcome = matched(FJORD, TIND, *records)
    units = [int(outcome.organization[at]) for at in (0, 1)]
    label = int(outcome.organization[-1])
    return (units.index(label) if label in units else None), outcome.organization_rule[-1]


def signup(company: str, year: int | None = None) -> dict[str, object]:
    return record(SIGNUP, name="Kari Lysne", company=company, emails=PRIVATE, phones=MOBILE, year=year)


def test_a_private_address_acts_for_the_one_organisation_of_its_owner() -> None:
    told = signup("Fjordlys Bakeri AS")
    assert seen_at(told, record(HELPSCOUT, name="Kari Lysne", emails=PRIVATE)) == (0, "same_person")


def test_a_private_customer_acts_for_themselves() -> None:
    told = signup("Fjordlys Bakeri AS")
    private = record(CUSTOMER, full_name="Kari Lysne", is_private=True, emails=PRIVATE)
    assert seen_at(told, private) == (None, None)


def test_a_record_that_names_another_organisation_is_left_to_it() -> None:
    told = signup("Fjordlys Bakeri AS")
    assert seen_at(told, signup("Helt Andre Folk AS")) == (None, "own_name")


def test_an_ambiguous_name_is_settled_by_the_persons_other_record() -> None:
    namesake = unit("300000029", "FJORDLYS BAKERI", organization_form="FLI")
    told = signup("Fjordlys Bakeri AS")
    ambiguous = signup("Fjordlys Bakeri")
    assert seen_at(namesake, ambiguous) == (None, None)
    assert seen_at(namesake, told, ambiguous) == (0, "same_person")
    assert matched(FJORD, TIND, namesake, told, ambiguous).reviews.empty


def test_an_ambiguous_name_is_settled_by_the_record_of_that_name_though_others_tell_of_other_work() -> None:
    namesake = unit("300000029", "FJORDLYS BAKERI", organization_form="FLI")
    told = signup("Fjordlys Bakeri AS", 2019), signup("Tindevegen Elektro AS", 2021)
    assert seen_at(namesake, *told, signup("Fjordlys Bakeri", 2022)) == (0, "same_person")


@pytest.mark.parametrize(("year", "unit_"), [(2018, 0), (2020, 0), (2026, 1)])
def test_after_a_change_of_work_the_time_decides(year: int, unit_: int) -> None:
    told = [
        signup("Fjordlys Bakeri AS", 2019),
        signup("Fjordlys Bakeri AS", 2021),
        signup("Tindevegen Elektro AS", 2024),
    ]
    assert seen_at(*told, record(HELPSCOUT, name="Kari Lysne", emails=PRIVATE, year=year))[0] == unit_


@pytest.mark.parametrize("year", [2022, None])
def test_between_two_organisations_or_without_a_time_nothing_is_guessed(year: int | None) -> None:
    told = [signup("Fjordlys Bakeri AS", 2021), signup("Tindevegen Elektro AS", 2024)]
    assert seen_at(*told, record(HELPSCOUT, name="Kari Lysne", emails=PRIVATE, year=year)) == (None, None)


def test_an_accountant_does_not_act_for_the_client_who_lists_them() -> None:
    address = ["kari.lysne@regnskapslauget.example.no"]
    client = record(CUSTOMER, company="Fjordlys Bakeri AS", organization_number="300000002")
    listed = record(CONTACT, name="Kari Lysne", emails=address, company_ref=client["source_id"])
    assert seen_at(client, listed, record(HELPSCOUT, name="Kari Lysne", emails=address)) == (None, None)


def test_somebody_else_with_the_address_brings_no_organisation() -> None:
    told = signup("Fjordlys Bakeri AS")
    other = record(HELPSCOUT, name="Odd Storlien", emails=PRIVATE)
    assert seen_at(told, other) == (None, None)


@pytest.mark.parametrize("company", ["Tindevegen", "tindelys.example.no"])
def test_a_name_that_nothing_else_knows_is_that_of_the_persons_other_records(company: str) -> None:
    """An organisation made of a name as written says less than a record that the register confirms."""
    assert seen_at(signup("Tindevegen Elektro AS"), signup(company)) == (1, "same_person")


def test_a_name_that_a_customer_bears_is_theirs() -> None:
    customer = record(CUSTOMER, company="Tindevegen")
    assert seen_at(customer, signup("Tindevegen Elektro AS"), signup("Tindevegen"))[1] != "same_person"
