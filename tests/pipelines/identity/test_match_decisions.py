"""Human decisions bind every run, and are refused when they contradict each other."""

from __future__ import annotations

import pytest

from pipelines.identity.match import ContradictionError
from tests.pipelines.identity.people import decisions, matched, record, unit

SIGNUP = "course_signup"


def test_same_joins_what_nothing_else_joins() -> None:
    one, other = record(SIGNUP, name="Kari Hansen"), record(SIGNUP, name="Ola Berg")
    outcome = matched(one, other, decided=decisions(("same", one, other)))
    assert outcome.person[0] == outcome.person[1]
    assert list(outcome.links["rule"]) == ["decision"]


def test_same_holds_through_a_record_that_is_gone() -> None:
    one, gone, other = (record(SIGNUP, name=name) for name in ("Kari Hansen", "Kari Berg", "Kari Lie"))
    outcome = matched(one, other, decided=decisions(("same", one, gone), ("same", gone, other)))
    assert outcome.person[0] == outcome.person[1]


def test_different_parts_what_a_key_joins() -> None:
    one = record(SIGNUP, name="Kari Hansen", emails=["skitur1@epost.example.no"])
    other = record(SIGNUP, name="Kari Hansen", emails=["skitur1@epost.example.no"])
    outcome = matched(one, other, decided=decisions(("different", one, other)))
    assert outcome.person[0] != outcome.person[1]
    assert outcome.reviews.empty


def test_different_holds_through_third_records() -> None:
    one, other, third = (
        record(SIGNUP, name="Kari Hansen", emails=["skitur1@epost.example.no"]) for _ in range(3)
    )
    outcome = matched(one, other, third, decided=decisions(("different", one, other)))
    assert outcome.person[0] != outcome.person[1]
    assert outcome.person[2] in (outcome.person[0], outcome.person[1])


def test_a_key_decided_not_to_identify_joins_nobody() -> None:
    one = record(SIGNUP, name="Kari Hansen", phones=["42000001"])
    other = record(SIGNUP, name="Kari Hansen", phones=["42000001"])
    assert len(set(matched(one, other).person)) == 1
    decided = decisions(("not_identifying", "phone", "420 00 001"))
    assert len(set(matched(one, other, decided=decided).person)) == 2


def test_a_cycle_of_decisions_is_refused_and_shown() -> None:
    one, other, third = (record(SIGNUP, name=name) for name in ("Kari Hansen", "Kari Berg", "Kari Lie"))
    decided = decisions(("same", one, other), ("same", other, third), ("different", third, one))
    with pytest.raises(ContradictionError) as refused:
        matched(one, other, third, decided=decided)
    message = str(refused.value)
    assert all(str(row["source_id"]) in message for row in (one, other, third))
    assert "Kari" not in message


def test_organisations_are_joined_and_parted_as_well() -> None:
    units = [unit("300000002", "FJORD AS"), unit("300000010", "TIND AS")]
    customer = record("tripletex_customer", company="Fjord AS")
    assert matched(*units, customer).organization[2] == matched(*units, customer).organization[0]
    parted = matched(*units, customer, decided=decisions(("different", customer, units[0])))
    assert parted.organization[2] not in parted.organization[:2]
    joined = matched(
        *units, customer, decided=decisions(("different", customer, units[0]), ("same", customer, units[1]))
    )
    assert joined.organization[2] == joined.organization[1]


def test_a_pair_is_decided_about_through_what_was_decided_to_be_the_same() -> None:
    """One of a name is two people, it was decided; of which one the third is, is asked no more either."""
    one, other, third = (
        record(SIGNUP, name="Kari Hansen", company="Fjord Bakeri", emails=[f"skitur{at}@epost.example.no"],
               phones=[f"9000000{at}"])
        for at in range(3)
    )  # fmt: skip
    asked = matched(one, other, third).reviews
    assert len(asked) == 3
    decided = decisions(("same", one, other), ("different", other, third))
    assert matched(one, other, third, decided=decided).reviews.empty


def test_a_decision_parts_a_card_in_two_and_no_more() -> None:
    records = [record(SIGNUP, name="Kari Hansen", emails=["skitur1@epost.example.no"]) for _ in range(6)]
    outcome = matched(*records, decided=decisions(("different", records[2], records[4])))
    parts = [outcome.person[at] for at in range(6)]
    assert len(set(parts)) == 2
    assert parts[2] != parts[4]
