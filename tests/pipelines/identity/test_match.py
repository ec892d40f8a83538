"""The whole of matching: figures on labelled worlds, independence of order, input that breaks others."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pandas as pd
import pytest

from pipelines.identity.match import match
from tests.pipelines.identity.people import decisions, frame, matched, record
from tests.worlds.score import NO_DECISIONS, score
from tests.worlds.world import World


def test_the_figures_hold_on_worlds_that_were_not_used_for_tuning() -> None:
    scores = []
    for seed in (101, 102, 103):
        world = World(seed, 1500)
        scores.append(score(world, match(world.records, NO_DECISIONS)))
    mean = {name: fmean(getattr(one, name) for one in scores) for name in vars(scores[0])}
    assert mean["precision"] >= 0.985
    assert mean["recall"] >= 0.88
    assert mean["traps"] <= 0.02
    assert mean["bcubed"] >= 0.91
    assert mean["organization_precision"] >= 0.99
    assert mean["organization_recall"] >= 0.92


def partition(records: pd.DataFrame, labels: np.ndarray) -> set[frozenset[str]]:
    groups = records.assign(label=labels).query("label >= 0").groupby("label")["source_id"]
    return {frozenset(group) for _, group in groups}


def test_the_outcome_does_not_depend_on_the_order_of_records() -> None:
    records = World(7, 300).records
    outcome = match(records, NO_DECISIONS)
    for seed in range(3):
        shuffled = records.sample(frac=1, random_state=seed).reset_index(drop=True)
        again = match(shuffled, NO_DECISIONS)
        assert partition(records, outcome.person) == partition(shuffled, again.person)
        assert partition(records, outcome.organization) == partition(shuffled, again.organization)
        assert sorted(again.links["rule"]) == sorted(outcome.links["rule"])
        assert len(again.reviews) == len(outcome.reviews)
        assert set(map(tuple, again.guards.astype(str).values)) == set(
            map(tuple, outcome.guards.astype(str).values)
        )


def test_links_hold_every_card_together() -> None:
    records = World(8, 300).records
    outcome = match(records, NO_DECISIONS)
    links = outcome.links[outcome.links["entity"] == "person"]
    assert (outcome.person[links["left"]] == outcome.person[links["right"]]).all()
    cards = pd.Series(outcome.person)[outcome.person >= 0].nunique()
    assert len(links) == (outcome.person >= 0).sum() - cards


def test_no_records_give_no_cards() -> None:
    outcome = match(frame(), decisions())
    assert len(outcome.person) == 0
    assert outcome.links.empty


@pytest.mark.parametrize("name", ["", "A", "A B", "?", "12", "Kari"])
def test_records_without_any_key_stay_apart(name: str) -> None:
    outcome = matched(*(record("course_signup", name=name) for _ in range(50)))
    assert len(set(outcome.person)) == 50


def test_one_address_on_thousands_of_records_joins_no_two_people() -> None:
    """Names repeat on it: with so many users an equal name says nothing either."""
    firsts = ["Kari", "Ola", "Per", "Anne", "Liv", "Nils", "Eva", "Jan", "Tor", "Ida"]
    lasts = ["Hansen", "Berg", "Lie", "Moe", "Dahl", "Strand", "Vik", "Holm", "Eide", "Aas"]
    records = [
        record(
            "course_signup",
            name=f"{firsts[at % 10]} {lasts[at // 10 % 10]}",
            emails=["ukjend@fjord.example.no"],
        )
        for at in range(3000)
    ]
    assert len(set(matched(*records).person)) == 3000


def test_one_name_at_one_organisation_thousands_of_times_is_no_blow_up() -> None:
    records = [
        record("course_signup", name="Kari Hansen", company="Fjord AS", phones=[f"42{at:06d}"])
        for at in range(3000)
    ]
    outcome = matched(*records)
    assert len(outcome.reviews) < 20 * len(records)
    assert len(set(outcome.person)) > 2000


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown source"):
        matched(record("newsletter", name="Kari Hansen"))
