"""What a page of Dagster shows at once is short, however much there is to tell, and tells the whole sum."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.defs.metadata import plan_in_full, removals, retention_plan
from pipelines.privacy.retention import Plan, Removal
from schemas.policy import load_policy

SHOWN_AT_ONCE = 1_000
"""Characters of Markdown that Dagster shows without a click."""
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def plans() -> list[Plan]:
    """Every rule of the policy with a lot to do."""
    return [
        Plan(rule.id, rule.data, NOW, rows=1_000_000 + place, held=10, next_at=NOW + timedelta(days=place))
        for place, rule in enumerate(load_policy().retention)
    ]


def test_what_is_due_is_shown_at_once_however_many_rules_there_are(plans: list[Plan]) -> None:
    shown = retention_plan(plans)
    assert len(str(shown["plan"].value)) > SHOWN_AT_ONCE
    for name in ("due_now", "due_next"):
        assert len(str(shown[name].value)) < SHOWN_AT_ONCE, name


def test_the_rules_with_the_most_rows_are_named_and_the_others_summed_up(plans: list[Plan]) -> None:
    lines = str(retention_plan(plans)["due_now"].value).splitlines()[2:]
    assert lines[0].startswith(f"| {plans[-1].rule} | 2026-06-01 | {plans[-1].rows:,} | 10 |")
    assert lines[-1].startswith(f"| {len(plans) - 10} others |")
    numbers = [int(line.split("|")[3].replace(",", "")) for line in lines]
    assert sum(numbers) == sum(plan.rows for plan in plans)


def test_rules_without_a_row_are_left_out_and_one_whose_rows_are_held_is_not() -> None:
    idle = Plan("idle", "landing.load", NOW, rows=0, held=0, next_at=None)
    held = Plan("held", "landing.load", NOW, rows=0, held=3, next_at=None)
    shown = retention_plan([idle, held])
    assert str(shown["due_now"].value).splitlines()[2:] == ["| held | 2026-06-01 | 0 | 3 |"]
    assert shown["due_next"].value == "nothing"
    assert retention_plan([idle])["due_now"].value == "nothing"


def test_what_comes_next_comes_in_its_order(plans: list[Plan]) -> None:
    lines = str(retention_plan(plans[::-1])["due_next"].value).splitlines()[2:]
    assert [line.split("|")[2].strip() for line in lines] == [plan.rule for plan in plans[:10]]


def test_the_plan_in_full_has_a_line_for_each_rule(plans: list[Plan]) -> None:
    assert len(str(plan_in_full(plans).value).splitlines()) == 2 + len(plans)


def test_of_what_was_removed_only_rules_that_removed_something_are_told() -> None:
    done = [Removal("one", "landing.load", NOW, 0, 0), Removal("two", "landing.load", NOW, 1_200, 0)]
    assert str(removals(done).value).splitlines()[2:] == ["| two | 1,200 |"]
    assert removals(done[:1]).value == "nothing"
