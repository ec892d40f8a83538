"""Who is who among people that share a mailbox or a telephone: families, couples, small firms."""

from __future__ import annotations

import pytest

from pipelines.identity.short_names import MOST_NAMES
from tests.pipelines.identity.people import matched, record

SIGNUP, HELPSCOUT = "course_signup", "helpscout_customer"
MAILBOX = ["familien.berg@epost.example.no"]
LINE = ["22 99 90 01"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("Lars Berg", "Tommy Lars Berg"), ("Mats Berg", "Mathias Berg"), ("Olav Berg", "Per Olav Berg")],
)
def test_on_a_familys_telephone_another_first_name_is_for_review(one: str, other: str) -> None:
    """Children bear the names of their elders, so there a second name or a pet form is no proof."""
    outcome = matched(record(SIGNUP, name=one, phones=LINE), record(SIGNUP, name=other, phones=LINE))
    assert outcome.person[0] != outcome.person[1]
    (review,) = outcome.reviews.to_dict("records")
    assert "another first name" in review["reason"]


@pytest.mark.parametrize(("one", "other"), [("Kari Berg", "Kari Anne Berg"), ("Kari Berg", "Kari Lie Berg")])
def test_on_a_familys_telephone_one_first_name_is_one_person(one: str, other: str) -> None:
    person = matched(record(SIGNUP, name=one, phones=LINE), record(SIGNUP, name=other, phones=LINE)).person
    assert person[0] == person[1]


@pytest.mark.parametrize(("one", "other"), [("Kari Bergum", "Kari Bregum"), ("Kairi Bergum", "Kari Bergum")])
def test_a_slip_in_either_name_is_seen_in_a_mailbox_that_many_use(one: str, other: str) -> None:
    people = [record(SIGNUP, name=name, emails=MAILBOX) for name in (one, other, "Ola Berg")]
    person = matched(*people).person
    assert person[0] == person[1] != person[2]


def test_who_is_called_by_the_second_name_is_known_by_their_employer() -> None:
    one = record(SIGNUP, name="Lars Berg", company="Fjord AS", phones=LINE)
    other = record(SIGNUP, name="Tommy Lars Berg", company="Fjord AS", phones=LINE)
    person = matched(one, other).person
    assert person[0] == person[1]


def test_an_abbreviated_name_is_the_only_one_there_it_may_be_short_for() -> None:
    records = [record(SIGNUP, name=name, emails=MAILBOX) for name in ("T. Berg", "Tora Berg", "Ola Berg")]
    outcome = matched(*records)
    assert outcome.person[0] == outcome.person[1] != outcome.person[2]
    (link,) = outcome.links.to_dict("records")
    assert link["rule"] == "short_name_and_shared_email"
    assert "short form" in link["explanation"]


def test_an_abbreviated_name_that_may_be_short_for_two_is_neither() -> None:
    records = [record(SIGNUP, name=name, emails=MAILBOX) for name in ("T. Berg", "Tora Berg", "Terje Berg")]
    outcome = matched(*records)
    assert len(set(outcome.person.tolist())) == 3
    assert len(outcome.reviews) == 2


def test_a_first_name_that_two_bear_is_neither() -> None:
    records = [record(SIGNUP, name=name, emails=MAILBOX) for name in ("Tora", "Tora Berg", "Tora Lie")]
    assert len(set(matched(*records).person.tolist())) == 3


def test_a_first_name_at_a_role_mailbox_is_the_only_one_who_writes_from_there() -> None:
    role = ["post@fjord.example.no"]
    names = ("Kari fra Fjord AS", "Kari Lie", "Odd Lie")
    outcome = matched(*(record(HELPSCOUT, first_name=name, last_name="", emails=role) for name in names))
    assert outcome.person[0] == outcome.person[1] != outcome.person[2]
    assert outcome.links["rule"].tolist() == ["short_name_and_role_address"]


def test_an_initial_on_a_line_of_very_many_is_not_guessed() -> None:
    many = [record(SIGNUP, name=f"Odd Lie{chr(97 + at) * 4}", phones=LINE) for at in range(MOST_NAMES)]
    records = [record(SIGNUP, name=name, phones=LINE) for name in ("K. Moe", "Kari Moe")] + many
    assert len(set(matched(*records).person[:2].tolist())) == 2
    assert len(set(matched(*records[:-2]).person[:2].tolist())) == 1


def test_a_first_name_on_a_line_is_not_guessed() -> None:
    records = [record(SIGNUP, name=name, phones=LINE) for name in ("Kari", "Kari Moe")]
    assert len(set(matched(*records).person.tolist())) == 2


def test_an_abbreviated_name_with_a_number_of_its_own_is_somebody_else() -> None:
    one = record(SIGNUP, name="T. Berg", emails=MAILBOX, phones=["42000001"])
    other = record(SIGNUP, name="Tora Berg", emails=MAILBOX, phones=["49123999"])
    outcome = matched(one, other, record(SIGNUP, name="Ola Berg", emails=MAILBOX))
    assert outcome.person[0] != outcome.person[1]


@pytest.mark.parametrize(("first", "last"), [("Solvang", "Tsering"), ("solvang", "T.")])
def test_swapped_fields_meet_though_the_first_name_is_in_no_lexicon(first: str, last: str) -> None:
    swapped = record(SIGNUP, first_name=first, last_name=last, emails=MAILBOX)
    person = matched(swapped, record(HELPSCOUT, name="Tsering Solvang", emails=MAILBOX)).person
    assert person[0] == person[1]
