"""What is shown of the matching: sizes of cards, newest merges and splits; and what makes its checks red."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from pipelines.identity.deciding import Decision, decide
from pipelines.identity.findings import Earlier, largest_card, review_queue_growth, share_of_singletons
from pipelines.identity.overview import SHOWN, Overview, Sizes, overview
from pipelines.identity.rebuild import rebuild
from schemas.tables import crm
from tests.pipelines.identity.conftest import Landing


def shown(engine: sa.Engine) -> Overview:
    with engine.connect() as connection:
        return overview(connection)


def numbers(*, people: int = 100, singletons: int = 50, most: int = 3, organization: int = 1) -> Overview:
    """An overview of so many people, and of an organisation with so many of 1,000 records."""
    return Overview(
        {
            "person": Sizes(people, 2 * people, singletons, [("card-p", most)]),
            "organization": Sizes(10, 1_000, 0, [("card-o", organization)]),
        },
        [],
    )


def test_an_empty_store_has_nothing_to_show(crm_engine: sa.Engine) -> None:
    empty = shown(crm_engine)
    assert empty.sizes == {"person": Sizes(0, 0, 0, []), "organization": Sizes(0, 0, 0, [])}
    assert list(empty.newest) == []
    assert empty.sizes["person"].singleton_share == 0
    assert empty.sizes["person"].most == 0


def test_cards_are_counted_by_their_records_the_largest_first(
    crm_engine: sa.Engine, landing: Landing
) -> None:
    for number in range(3):
        landing.put(
            "helpscout_customer", number, first_name="Sol", last_name="Vik", emails=["sol@vik.example.no"]
        )
    for number in range(10, 10 + SHOWN):
        landing.put("helpscout_customer", number, first_name="Jon", last_name=f"Lie{number}", emails=[])
    rebuild(crm_engine, "run")
    people = shown(crm_engine).sizes["person"]
    assert (people.cards, people.records, people.singletons) == (SHOWN + 1, SHOWN + 3, SHOWN)
    assert people.singleton_share == pytest.approx(SHOWN / (SHOWN + 1))
    assert [records for _, records in people.largest] == [3, *[1] * (SHOWN - 1)]
    link = crm.source_link.c
    with crm_engine.connect() as connection:
        card = connection.scalar(sa.select(link.person_id).where(link.source_id == "1"))
    assert people.largest[0][0] == str(card)


def test_the_newest_merge_and_split_are_told_with_their_rule_and_no_creation(
    crm_engine: sa.Engine, landing: Landing
) -> None:
    landing.put("helpscout_customer", 1, first_name="Sol", last_name="Vik", emails=["sol@vik.example.no"])
    landing.put("helpscout_customer", 2, first_name="Jon", last_name="Lie", emails=["jon@lie.example.no"])
    rebuild(crm_engine, "run")
    same = Decision("same", ("helpscout_customer", "1"), ("helpscout_customer", "2"))
    decide(crm_engine, [same], "merging")
    with crm_engine.connect() as connection:
        number = connection.scalar(sa.select(crm.match_decision.c.decision_id))
    assert number is not None
    decide(crm_engine, [], "splitting", withdrawn=[number])
    newest = shown(crm_engine).newest
    assert [(one.event, one.entity) for one in newest] == [("SPLIT", "person"), ("MERGED", "person")]
    assert newest[1].rule == "decision"
    assert newest[0].entity_id == newest[1].entity_id


@pytest.mark.parametrize(
    ("now", "passed"),
    [
        (numbers(most=200), True),
        (numbers(most=201), False),
        (numbers(organization=200), True),
        (numbers(organization=201), False),
    ],
)
def test_a_card_beyond_what_one_customer_leaves_is_told_by_id(now: Overview, passed: bool) -> None:
    found = largest_card(now)
    assert found.passed == passed
    assert passed or "card-p" in found.why or "card-o" in found.why


@pytest.mark.parametrize(
    ("shares", "now", "passed"),
    [
        ({"person": 0.50}, numbers(singletons=55), True),
        ({"person": 0.50}, numbers(singletons=56), False),
        ({"person": 0.90}, numbers(singletons=10), True),
        ({"person": 0.10}, numbers(people=99, singletons=99), True),
        ({}, numbers(singletons=100), True),
    ],
)
def test_a_jump_of_cards_with_one_record_is_told_where_there_are_enough_to_say(
    shares: Mapping[str, float], now: Overview, passed: bool
) -> None:
    assert share_of_singletons(now, Earlier(shares, 0)).passed == passed


@pytest.mark.parametrize(
    ("before", "now", "passed"), [(0, 50, True), (0, 51, False), (200, 300, True), (200, 301, False)]
)
def test_a_queue_that_grows_by_half_and_by_many_is_told(before: int, now: int, passed: bool) -> None:
    found = review_queue_growth(now, Earlier({}, before))
    assert found.passed == passed
    assert found.numbers == {"waiting": now, "a_week_ago": before}


def test_the_first_week_has_nothing_to_compare_with() -> None:
    assert share_of_singletons(numbers(singletons=100), None).passed
    assert review_queue_growth(1_000, None).passed
