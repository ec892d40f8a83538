"""Who is the same person: what proves it, what suggests it, what excludes it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pipelines.identity.people import matched, record

SIGNUP, HELPSCOUT, CONTACT, ORDER = "course_signup", "helpscout_customer", "tripletex_contact", "order_form"


def same(*records: dict[str, object]) -> bool:
    person = matched(*records).person
    return bool(person[0] == person[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kari Hansen", "KARI HANSEN"),
        ("Søren Ås", "Soeren Aas"),
        ("Kari Hansen", "Hansen Kari"),
        ("Kari", "Kari Hansen"),
        ("", "Kari Hansen"),
        ("K. Hansen", "Kari Hansen"),
        ("Kari Hnasen", "Kari Hansen"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("keys", [{"emails": ["fjelltur1@epost.example.no"]}, {"phones": ["420 00 001"]}])
def test_a_personal_key_joins_what_no_name_excludes(one: str, other: str, keys: dict[str, Any]) -> None:
    assert same(record(SIGNUP, name=one, **keys), record(HELPSCOUT, name=other, **keys))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Kari Hansen", "Ola Hansen"), ("Kari Hansen", "Karin Hansen"), ("Ole Berg", "Ola Berg")],
)
@pytest.mark.parametrize("keys", [{"emails": ["fjelltur1@epost.example.no"]}, {"phones": ["420 00 001"]}])
def test_no_key_joins_names_that_exclude_each_other(one: str, other: str, keys: dict[str, Any]) -> None:
    assert not same(record(SIGNUP, name=one, **keys), record(HELPSCOUT, name=other, **keys))


def test_a_nameless_record_does_not_bridge_two_people() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["fjelltur1@epost.example.no"])
    other = record(SIGNUP, name="Ola Berg", phones=["42000001"])
    bridge = record(HELPSCOUT, name="", emails=["fjelltur1@epost.example.no"], phones=["42000001"])
    person = matched(one, other, bridge).person
    assert person[0] != person[1]
    assert person[2] == person[0]


def test_equal_names_without_anything_else_are_two_people() -> None:
    assert not same(record(SIGNUP, name="Kari Hansen"), record(SIGNUP, name="Kari Hansen"))


def test_equal_names_at_one_organisation_are_one_person() -> None:
    one = record(SIGNUP, name="Kari Hansen", company="Fjord Bakeri AS", emails=["skitur1@epost.example.no"])
    assert same(one, record(ORDER, name="Kari Hansen", company="Fjordbakeri A/S", phones=["42000001"]))


def test_namesakes_at_one_organisation_with_keys_of_their_own_are_two_people_for_review() -> None:
    one = record(SIGNUP, name="Ola Hansen", company="Fjord AS", phones=["42000001"])
    other = record(SIGNUP, name="Ola Hansen", company="Fjord AS", phones=["49123999"])
    outcome = matched(one, other)
    assert outcome.person[0] != outcome.person[1]
    (review,) = outcome.reviews.to_dict("records")
    assert {review["left"], review["right"]} == {0, 1}
    assert "different mobiles" in review["reason"]


def test_father_and_son_with_two_addresses_in_one_firm_are_two_people() -> None:
    one = record(SIGNUP, name="Ola Hansen", company="Fjord AS", emails=["ola.hansen@fjord.example.no"])
    other = record(SIGNUP, name="Ola Hansen", company="Fjord AS", emails=["ola.hansen2@fjord.example.no"])
    assert not same(one, other)


def test_a_record_that_fits_father_and_son_joins_neither() -> None:
    father = record(SIGNUP, name="Ola Hansen", company="Fjord AS", phones=["42000001"])
    son = record(SIGNUP, name="Ola Hansen", company="Fjord AS", phones=["49123999"])
    neither = record(ORDER, name="Ola Hansen", company="Fjord AS")
    outcome = matched(father, son, neither)
    assert len(set(outcome.person)) == 3
    assert any("both fit" in reason for reason in outcome.reviews["reason"])


def test_a_colleague_booked_with_the_bookers_keys_joins_their_own_records_by_name_and_employer() -> None:
    booker = record(
        SIGNUP, name="Kari Hansen", company="Fjord AS", emails=["kari@fjord.example.no"], phones=["42000001"]
    )
    booked = record(
        SIGNUP, name="Ola Berg", company="Fjord AS", emails=["kari@fjord.example.no"], phones=["42000001"]
    )
    own = record(
        ORDER, name="Ola Berg", company="Fjord AS", emails=["ola@fjord.example.no"], phones=["49123999"]
    )
    person = matched(booker, booked, own).person
    assert person[1] == person[2] != person[0]


def test_a_job_changer_keeps_the_card_by_the_number() -> None:
    old = record(
        SIGNUP, name="Kari Hansen", company="Fjord AS", emails=["kari@fjord.example.no"], phones=["42000001"]
    )
    new = record(
        SIGNUP, name="Kari Hansen", company="Tind AS", emails=["kari@tind.example.no"], phones=["42000001"]
    )
    assert same(old, new)


def test_a_new_surname_on_an_address_that_spells_the_old_one_is_a_marriage() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@fjord.example.no"])
    assert same(one, record(SIGNUP, name="Kari Berg", emails=["kari.hansen@fjord.example.no"]))


def test_a_new_surname_on_an_address_that_may_have_been_passed_on_is_for_review() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["kari@fjord.example.no"])
    outcome = matched(one, record(SIGNUP, name="Kari Berg", emails=["kari@fjord.example.no"]))
    assert outcome.person[0] != outcome.person[1]
    assert len(outcome.reviews) == 1


def test_one_slip_in_the_address_with_the_same_name_is_the_same_person() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@fjord.example.no"])
    assert same(one, record(SIGNUP, name="Kari Hansen", emails=["kari.hnasen@fjord.example.no"]))
    assert same(one, record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@fjrd.example.no"]))


@pytest.mark.parametrize("other", ["kari_hansen", "karihansen", "kari-hansen"])
def test_another_separator_is_no_slip(other: str) -> None:
    """The second of a name takes what the first has left."""
    one = record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@epost.example.no"])
    assert not same(one, record(HELPSCOUT, name="Kari Hansen", emails=[f"{other}@epost.example.no"]))


def test_a_new_surname_in_the_work_address_too_is_a_marriage() -> None:
    keys: dict[str, Any] = {"company": "Fjord AS", "phones": ["42000001"]}
    one = record(SIGNUP, name="Siri Hansen", emails=["siri.hansen@fjord.example.no"], **keys)
    assert same(one, record(SIGNUP, name="Siri Lie", emails=["siri.lie@fjord.example.no"], **keys))
    elsewhere = keys | {"company": "Tind AS"}
    assert not same(one, record(SIGNUP, name="Siri Lie", emails=["siri.lie@tind.example.no"], **elsewhere))


def _domain_of_two(*others: dict[str, object]) -> bool:
    """Whether Kari Hansen, who names Fjord AS, is she who writes from a domain that others use as well."""
    seen = [
        record(SIGNUP, name=f"Odd Lie{letter}", company=name, emails=[f"{letter}@huset.example.no"])
        for letter, name in (("x", "Fjord AS"), ("y", "Tind AS"))
    ]
    one = record(SIGNUP, name="Kari Hansen", company="Fjord AS", emails=["skitur1@epost.example.no"])
    return same(one, record(HELPSCOUT, name="Kari Hansen", emails=["kari@huset.example.no"]), *seen, *others)


def test_a_name_at_a_domain_that_its_organisation_shares_is_the_same_person() -> None:
    assert _domain_of_two()


def test_a_domain_of_very_many_organisations_is_a_providers() -> None:
    letters = "abcdefghij"
    many = [
        record(SIGNUP, name=f"Odd Lie{at}", company=f"Lysne {at * 3} AS", emails=[f"{at}@huset.example.no"])
        for at in letters
    ]
    assert not _domain_of_two(*many)


def test_numbers_in_a_row_are_a_series_and_no_slip() -> None:
    records = [record(SIGNUP, name="Kari Hansen", phones=[f"4212345{digit}"]) for digit in range(4)]
    assert len(set(matched(*records).person)) == 4


def test_in_a_very_large_organisation_an_equal_name_is_for_review() -> None:
    others = [record(SIGNUP, name=f"Ola Nr{at}", company="Fjord kommune") for at in range(1000)]
    one = record(SIGNUP, name="Kari Hansen", company="Fjord kommune", emails=["skitur1@epost.example.no"])
    other = record(SIGNUP, name="Kari Hansen", company="Fjord kommune", emails=["fjell7@nettpost.example.no"])
    assert same(one, other)
    outcome = matched(one, other, *others)
    assert outcome.person[0] != outcome.person[1]
    assert any("two may bear one name" in reason for reason in outcome.reviews["reason"])


def test_numbered_addresses_of_namesakes_are_not_slips() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["kari.hansen1@epost.example.no"])
    assert not same(one, record(SIGNUP, name="Kari Hansen", emails=["kari.hansen2@epost.example.no"]))


def test_a_contact_with_one_address_under_many_customers_is_one_person() -> None:
    customers = [
        record("tripletex_customer", company=name, is_private=False) for name in ("Fjord AS", "Tind AS")
    ]
    contacts = [
        record(CONTACT, name="Anne Lie", emails=["anne@regn.example.no"], company_ref=customer["source_id"])
        for customer in customers
    ]
    outcome = matched(*customers, *contacts)
    assert outcome.person[2] == outcome.person[3]
    assert list(outcome.organization[2:]) == list(outcome.organization[:2])


def test_a_company_customer_carries_no_person_and_a_private_one_no_organisation() -> None:
    company = record("tripletex_customer", company="Fjord AS", is_private=False)
    private = record(
        "tripletex_customer", company="Kari Hansen", is_private=True, emails=["skitur1@epost.example.no"]
    )
    outcome = matched(company, private)
    assert outcome.person[0] == -1
    assert outcome.organization[0] >= 0
    assert outcome.person[1] >= 0
    assert outcome.organization[1] == -1


def test_a_mailbox_without_a_human_name_carries_the_organisation_it_stands_for() -> None:
    customer = record(
        "tripletex_customer", company="Fjord AS", is_private=False, emails=["faktura@fjord.example.no"]
    )
    mailbox = record(HELPSCOUT, name="", emails=["post@fjord.example.no"])
    outcome = matched(customer, mailbox)
    assert outcome.person[1] == -1
    assert outcome.organization[1] == outcome.organization[0]


def test_every_link_is_explained_without_values() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@fjord.example.no"])
    outcome = matched(one, record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@fjord.example.no"]))
    (link,) = outcome.links.to_dict("records")
    assert link["rule"] == "email_and_name"
    assert link["explanation"] == "the same personal e-mail address; the same name"
