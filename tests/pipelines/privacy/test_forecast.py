"""What the coming weeks will delete is what retention then deletes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
import sqlalchemy as sa

from pipelines.privacy import retention
from pipelines.privacy.expiry import expiries
from pipelines.privacy.forecast import WEEK, expiring
from schemas.policy import load_policy
from schemas.tables.landing import rejected

NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)


def rows_that_end(*ends: timedelta) -> list[dict[str, object]]:
    """Records set aside, whose period ends so long after NOW."""
    [expiry] = [one for one in expiries(load_policy(), NOW) if one.rule.data == "landing.rejected"]
    return [
        {
            "source": "order_form",
            "source_id": str(number),
            "reason": "id: is missing",
            "run_id": "run",
            # Past its period is what stands before the cutoff: a moment before it at the end of the week.
            "seen_at": expiry.period.cutoff(NOW + after) - timedelta(seconds=1),
        }
        for number, after in enumerate(ends)
    ]


@pytest.fixture
def log(crm_engine: sa.Engine) -> sa.Engine:
    ends = (-WEEK, timedelta(hours=1), 2 * WEEK, 2 * WEEK + timedelta(hours=1), 30 * WEEK)
    with crm_engine.begin() as connection:
        connection.execute(sa.insert(rejected), rows_that_end(*ends))
    return crm_engine


def test_each_row_is_told_in_the_week_in_which_its_period_ends(log: sa.Engine) -> None:
    """What is past its period already, and what ends later, is in no week."""
    with log.connect() as connection:
        assert expiring(connection, load_policy(), NOW, weeks=4) == {"landing.rejected": (1, 1, 1, 0)}


def test_the_forecast_of_a_week_is_what_retention_plans_after_it(log: sa.Engine) -> None:
    with log.connect() as connection:
        [weekly] = expiring(connection, load_policy(), NOW, weeks=4).values()
        planned = [
            sum(plan.rows for plan in retention.preview(connection, load_policy(), NOW + number * WEEK))
            for number in range(5)
        ]
    assert [0, *accumulate(weekly)] == [rows - planned[0] for rows in planned]


def test_a_store_that_loses_nothing_is_told_by_nothing(crm_engine: sa.Engine) -> None:
    with crm_engine.connect() as connection:
        assert expiring(connection, load_policy(), NOW) == {}
