"""The page of state: one line per source, and the days that no night has read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.health import Health, look, no_day_missing, page
from schemas.tables import landing

NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)


def load(source: str, finished_at: datetime, unknown_fields: int = 0) -> dict[str, Any]:
    numbers = "requests told received rejected repeated stored unchanged suppressed deleted".split()
    return {
        "source": source,
        "run_id": "run",
        "kind": "nightly",
        "started_at": finished_at,
        "finished_at": finished_at,
        "unknown_fields": unknown_fields,
        **dict.fromkeys(numbers, 0),
        **{column.name: [] for column in landing.load.columns if isinstance(column.type, sa.ARRAY)},
    }


def test_each_source_is_told_with_its_last_read_and_what_is_set_aside(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        connection.execute(
            sa.insert(landing.load),
            [
                load("course_signup", NOW - timedelta(days=1), unknown_fields=9),
                load("course_signup", NOW),
                load("order_form", NOW, unknown_fields=2),
            ],
        )
        connection.execute(
            sa.insert(landing.rejected),
            [
                {"source": "course_signup", "source_id": key, "reason": "id: is missing", "run_id": "run"}
                for key in "ab"
            ],
        )
        state = look(connection)
    assert state.sources == [("course_signup", NOW, 2, 0), ("order_form", NOW, 0, 2)]
    assert (state.people, state.organizations, state.reviews) == (0, 0, 0)


def test_the_page_says_how_long_ago_a_source_was_read() -> None:
    state = Health(
        [("order_form", NOW - timedelta(hours=30), 1, 0)], people=1_200, organizations=7, reviews=3
    )
    text = page(state, NOW)
    assert "| order_form | 2026-05-02 20:00 UTC | 30 | 1 | 0 |" in text
    assert "**1,200** people" in text


def days(pattern: str) -> dict[str, bool]:
    """`x.x` is read, not read, read; on the first days of May."""
    return {f"2026-05-0{number}": mark == "x" for number, mark in enumerate(pattern, start=1)}


@pytest.mark.parametrize("pattern", ["xxxx", "...x", "....", "..xx"])
def test_days_before_the_first_read_are_not_missing(pattern: str) -> None:
    assert no_day_missing({"order_forms": days(pattern)}).passed


def test_days_that_were_left_out_are_told_with_the_backfill_that_reads_them() -> None:
    finding = no_day_missing(
        {"order_forms": days(".x..x"), "course_signups": days("x.xxx"), "a": days("xxxxx")}
    )
    assert not finding.passed
    assert finding.numbers == {"missing": 3}
    assert "course_signups, order_forms" in finding.why
    assert "FROM=2026-05-02 TO=2026-05-04" in finding.why


def test_a_last_night_that_failed_is_missing() -> None:
    assert no_day_missing({"order_forms": days("xxx.")}).numbers == {"missing": 1}
