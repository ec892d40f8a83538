"""What ties a record to others is one number: another one when, and only when, something of it is another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pipelines.identity.match import LINK_COLUMNS, REVIEW_COLUMNS, Matching
from pipelines.identity.ties import tie_hashes

NAMES = ["brreg_unit:310005487", "tripletex_contact:1", "helpscout_customer:1", "course_signup:1"]
LINKS = [("person", 1, 2, "email_and_name", 0.99), ("person", 2, 3, "phone", 0.95)]
REVIEWS = [("person", 1, 3, 0.6, "nearly the same name")]
RULES = ["register", "customer", "domain", None]


def _ties(
    links: list[tuple[str, int, int, str, float]] = LINKS,
    reviews: list[tuple[str, int, int, float, str]] = REVIEWS,
    rules: list[str | None] = RULES,
    names: list[str] = NAMES,
) -> list[int]:
    some = [(*link, "in words") for link in links]
    matching = Matching(
        person=np.zeros(len(names), dtype=np.int64),
        organization=np.zeros(len(names), dtype=np.int64),
        organization_rule=np.array(rules, dtype=object),
        links=pd.DataFrame(some, columns=LINK_COLUMNS).astype({"left": "int64", "right": "int64"}),
        reviews=pd.DataFrame(reviews, columns=REVIEW_COLUMNS).astype({"left": "int64", "right": "int64"}),
        guards=pd.DataFrame(),
    )
    return list(map(int, tie_hashes(names, np.arange(len(names)), matching)))


def _moved(ties: list[int]) -> list[int]:
    """The records whose number is another one than usual."""
    return [at for at, (one, other) in enumerate(zip(ties, _ties(), strict=True)) if one != other]


def test_the_order_of_pairs_and_of_their_records_does_not_matter() -> None:
    turned = [(entity, right, left, *rest) for entity, left, right, *rest in reversed(LINKS)]
    assert _ties(links=turned) == _ties()  # type: ignore[arg-type]  # mypy does not follow the starred rest


@pytest.mark.parametrize(
    ("link", "moved"),
    [
        (("person", 1, 2, "email_and_name", 0.98), [1]),
        (("person", 1, 2, "email", 0.99), [1]),
        (("organization", 1, 2, "email_and_name", 0.99), [1]),
        (("person", 1, 3, "email_and_name", 0.99), [1]),
        (("person", 0, 2, "email_and_name", 0.99), [0, 1]),
    ],
)
def test_a_link_that_is_another_moves_the_record_it_stands_left_at(
    link: tuple[str, int, int, str, float], moved: list[int]
) -> None:
    assert _moved(_ties(links=[link, LINKS[1]])) == moved


@pytest.mark.parametrize(
    "review", [("person", 1, 3, 0.7, "nearly the same name"), ("person", 1, 3, 0.6, "one name abbreviated")]
)
def test_a_doubt_that_is_another_moves_its_record(review: tuple[str, int, int, float, str]) -> None:
    assert _moved(_ties(reviews=[review])) == [1]


def test_an_end_that_is_another_record_moves_the_one_it_is_tied_to() -> None:
    assert _moved(_ties(names=[*NAMES[:3], "course_signup:2"])) == [1, 2]


def test_the_rule_of_its_organisation_moves_a_record() -> None:
    assert _moved(_ties(rules=["register", "customer", "name", None])) == [2]


def test_two_pairs_that_change_places_do_not_pass_for_each_other() -> None:
    rules = [("person", 1, 2, "phone", 0.99), ("person", 1, 3, "email", 0.95)]
    swapped = [("person", 1, 2, "email", 0.95), ("person", 1, 3, "phone", 0.99)]
    assert _ties(links=rules) != _ties(links=swapped)


def test_records_without_pairs_are_told_apart_by_nothing_but_their_rule() -> None:
    assert (
        _ties(links=[], reviews=[], rules=[None] * 4)
        == [_ties(links=[], reviews=[], rules=[None] * 4)[0]] * 4
    )
