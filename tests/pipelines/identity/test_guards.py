"""Which addresses and numbers identify one person, and which only say where somebody is."""

from __future__ import annotations

import pytest

from pipelines.identity.guards import OWN, SURNAME, UNFIT, UNKNOWN, WHOLE, fit
from pipelines.identity.normalise.names import person_name
from tests.pipelines.identity.people import matched, record

SIGNUP, CONTACT = "course_signup", "tripletex_contact"


@pytest.mark.parametrize(
    ("local", "name", "level"),
    [
        ("kari.hansen", "Kari Hansen", WHOLE),
        ("kari", "Kari Hansen", OWN),
        ("khansen", "Kari Hansen", OWN),
        ("karha", "Kari Hansen", OWN),
        ("hansen", "Kari Hansen", SURNAME),
        ("fjelltur82", "Kari Hansen", UNKNOWN),
        ("ola.berg", "Kari Hansen", UNFIT),
        ("ola", "Kari Hansen", UNFIT),
        ("kari.hansen", "", UNKNOWN),
    ],
)
def test_an_address_tells_whose_it_is(local: str, name: str, level: int) -> None:
    assert fit(local, person_name(None, None, name)) == level


def guard_of(*records: dict[str, object]) -> dict[tuple[str, str], str]:
    guards = matched(*records).guards
    return {(row["key_kind"], row["key_value"]): row["reason"] for row in guards.to_dict("records")}


def test_a_key_of_names_that_exclude_each_other_is_demoted_with_the_reason() -> None:
    family = [
        record(SIGNUP, name=name, phones=["42000001"]) for name in ("Kari Hansen", "Ola Hansen", "Per Hansen")
    ]
    guards = matched(*family).guards
    (guard,) = guards.to_dict("records")
    assert (guard["key_kind"], guard["key_value"]) == ("phone", "+4742000001")
    assert guard["reason"] == "names that exclude each other use it"
    assert guard["people"] == 3


def test_a_key_of_one_person_in_several_spellings_is_not_demoted() -> None:
    names = ("Kari Hansen", "kari hansen", "Hansen, Kari", "K. Hansen", "Kari Berg Hansen", "")
    assert not guard_of(*(record(SIGNUP, name=name, emails=["kari@fjord.example.no"]) for name in names))


@pytest.mark.parametrize("keys", [{"emails": ["skitur1@epost.example.no"]}, {"phones": ["42000001"]}])
def test_two_slips_in_one_name_are_not_two_people(keys: dict[str, list[str]]) -> None:
    names = ("Anne Omand", "Anne Omland", "Anne Omlannd", "Anne")
    outcome = matched(*(record(SIGNUP, name=name, emails=[], phones=[]) | keys for name in names))
    assert len(set(outcome.person.tolist())) == 1
    assert outcome.guards.empty
    kind = "email" if "emails" in keys else "phone"
    assert outcome.links["rule"].tolist().count(f"spelled_{kind}") == 2


def test_two_names_that_are_no_slips_of_the_third_stay_two_people() -> None:
    mailbox = ["skitur1@epost.example.no"]
    people = [
        record(SIGNUP, name=name, emails=mailbox) for name in ("Per Berg", "Per Olav Berg", "Olav Berg")
    ]
    outcome = matched(*people)
    assert outcome.person[0] != outcome.person[2]
    assert not outcome.guards.empty


def test_a_key_of_very_many_names_is_worth_nothing() -> None:
    firsts = ["Kari", "Ola", "Per", "Anne", "Liv", "Nils", "Eva", "Jan", "Tor"]
    lasts = ["Hansen", "Berg", "Lie", "Moe", "Dahl", "Strand", "Vik"]
    records = [
        record(SIGNUP, name=f"{first} {last}", emails=["skjema@fjord.example.no"], company="Fjord AS")
        for first in firsts
        for last in lasts
    ]
    guards = guard_of(*records)
    assert guards["email", "skjema@fjord.example.no"] == "very many different names use it"


def test_the_bookers_address_stays_the_bookers() -> None:
    """The address spells the booker's name: it identifies the booker and not the colleague."""
    booked = record(SIGNUP, name="Ola Berg", emails=["kari.hansen@fjord.example.no"])
    own = record(SIGNUP, name="Kari Hansen", emails=["kari.hansen@fjord.example.no"])
    nameless = record("helpscout_customer", name="", emails=["kari.hansen@fjord.example.no"])
    person = matched(booked, own, nameless).person
    assert person[1] == person[2] != person[0]


def test_a_nameless_record_never_joins_a_colleague_who_was_booked_with_its_address() -> None:
    booked = record(SIGNUP, name="Ola Berg", emails=["kari.hansen@fjord.example.no"])
    nameless = record("helpscout_customer", name="", emails=["kari.hansen@fjord.example.no"])
    person = matched(booked, nameless).person
    assert person[0] != person[1]


def test_a_role_mailbox_joins_nobody() -> None:
    names = ("Kari", "", "Kari Hansen", "Kari Berg")
    person = matched(*(record(SIGNUP, name=name, emails=["post@fjord.example.no"]) for name in names)).person
    assert person[1] == -1
    assert len(set(person.tolist())) == 4


def test_a_familys_mailbox_joins_only_equal_names() -> None:
    mailbox = ["fam.hansen@epost.example.no"]
    mother = [record(SIGNUP, name="Kari Hansen", emails=mailbox) for _ in range(2)]
    nameless = record("helpscout_customer", emails=mailbox)
    person = matched(*mother, nameless).person
    assert person[0] == person[1] != person[2]


def test_the_switchboard_of_a_customer_joins_no_one_word_names() -> None:
    customer = record("tripletex_customer", company="Fjord AS", phones=["42000009"], is_private=False)
    one = record(SIGNUP, name="Kari", phones=["42000009"])
    other = record(SIGNUP, name="Kari Hansen", phones=["42000009"])
    person = matched(customer, one, other).person
    assert person[0] == -1
    assert person[1] != person[2]


def test_a_reused_address_belongs_to_each_in_their_time() -> None:
    old = [
        record(SIGNUP, name="Kari Hansen", emails=["kasse2@fjord.example.no"], year=year)
        for year in (2019, 2020)
    ]
    new = [
        record(SIGNUP, name="Ola Berg", emails=["kasse2@fjord.example.no"], year=year)
        for year in (2023, 2025)
    ]
    nameless = record("helpscout_customer", name="", emails=["kasse2@fjord.example.no"], year=2024)
    person = matched(*old, *new, nameless).person
    assert person[0] == person[1]
    assert person[2] == person[3] == person[4] != person[0]


def test_a_recycled_number_joins_nobody() -> None:
    old = record(SIGNUP, name="Kari Hansen", phones=["42000003"], year=2019)
    new = record(SIGNUP, name="Ola Berg", phones=["42000003"], year=2025)
    nameless = record("helpscout_customer", name="", phones=["42000003"], year=2022)
    assert len(set(matched(old, new, nameless).person)) == 3
