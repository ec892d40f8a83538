"""What a backfill will cost is told before it starts, in Dagster too, and no source is asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
import time_machine

from pipelines.defs.backfill import backfill_estimate_job
from pipelines.defs.resources import Workbench
from schemas.tables.landing import TABLES
from schemas.zone import OSLO

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def sources(only_a_store: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the register, at addresses where nothing listens."""
    nowhere = "http://127.0.0.1:9"
    for name, value in {
        "HELPSCOUT_URL": nowhere,
        "HELPSCOUT_APP_ID": "app",
        "HELPSCOUT_APP_SECRET": "secret",
        "TRIPLETEX_URL": nowhere,
        "TRIPLETEX_CONSUMER_TOKEN": "consumer",
        "TRIPLETEX_EMPLOYEE_TOKEN": "employee",
        "PINDENA_URL": nowhere,
        "PINDENA_USERNAME": "user",
        "PINDENA_PASSWORD": "password",
        "PINDENA_COURSE_ACTIVITIES": "11,12",
        "PINDENA_ORDER_ACTIVITIES": "21",
    }.items():
        monkeypatch.setenv(name, value)


def launch(instance: dg.DagsterInstance, first: str, last: str) -> dg.ExecuteInProcessResult:
    with time_machine.travel(NOW, tick=False):
        return backfill_estimate_job.execute_in_process(
            run_config={"ops": {"estimate_backfill": {"config": {"first": first, "last": last}}}},
            resources={"workbench": Workbench()},
            instance=instance,
            raise_on_error=False,
        )


def told(instance: dg.DagsterInstance, done: dg.ExecuteInProcessResult) -> list[str]:
    """The lines that the job has written on the run's page."""
    return [entry.user_message for entry in instance.all_logs(done.run_id) if not entry.is_dagster_event]


def land(engine: sa.Engine, source: str, column: str, moments: Sequence[object]) -> None:
    table = TABLES[source]
    rest: dict[str, list[str]] = {name: [] for name in ("emails", "phones", "tags") if name in table.c}
    with engine.begin() as connection:
        connection.execute(
            table.insert(),
            [
                {"id": number, "content_hash": b"h", column: moment, **rest}
                for number, moment in enumerate(moments)
            ],
        )


def test_requests_and_minutes_are_told_for_each_source_with_days(
    instance: dg.DagsterInstance, crm_engine: sa.Engine
) -> None:
    noon = datetime(2026, 3, 2, 11, tzinfo=UTC)
    land(crm_engine, "helpscout_conversation", "source_changed_at", [noon] * 51 + [noon + timedelta(days=9)])
    land(crm_engine, "helpscout_customer", "source_changed_at", [noon] * 50 + [noon + timedelta(days=9)])
    land(crm_engine, "tripletex_invoice", "invoice_date", [noon.date()] * 1_000)
    done = launch(instance, "2026-03-01", "2026-03-03")
    assert done.success
    assert [" ".join(line.split()) for line in told(instance, done)] == [
        "Backfill of 3 days will take at least",
        # Listed from the first day on, without an end.
        "helpscout_customer 2 requests 0.0 min",
        "helpscout_conversation 3 requests 0.0 min",
        "tripletex_invoice 1 requests 0.0 min",
        "course_signup 2 requests 0.0 min",
        "order_form 1 requests 0.0 min",
    ]
    [output] = [event for event in done.all_events if event.is_successful_output]
    numbers = output.step_output_data.metadata
    assert (numbers["requests"].value, numbers["minutes"].value) == (9, 0.0)


def test_a_day_is_a_norwegian_one_from_its_first_moment_to_its_last(
    instance: dg.DagsterInstance, crm_engine: sa.Engine
) -> None:
    """Of the 23 hours of a day in spring, each edge: 25 conversations make a request."""
    start, end = datetime(2026, 3, 29, tzinfo=OSLO), datetime(2026, 3, 30, tzinfo=OSLO)
    second = timedelta(seconds=1)
    inside, outside = [start, end - second] * 13, [start - second, end] * 50
    land(crm_engine, "helpscout_conversation", "source_changed_at", [*inside, *outside])
    day = start.date()
    around = [day - timedelta(days=1), day + timedelta(days=1)] * 800
    land(crm_engine, "tripletex_invoice", "invoice_date", [day] * 1_000 + around)
    lines = told(instance, launch(instance, "2026-03-29", "2026-03-29"))
    assert lines[0] == "Backfill of 1 day will take at least"
    assert {line.split()[0]: int(line.split()[1]) for line in lines[1:4]} == {
        "helpscout_customer": 1,
        "helpscout_conversation": 2,
        "tripletex_invoice": 1,
    }


def test_minutes_are_those_of_the_budget_of_the_api(
    instance: dg.DagsterInstance, crm_engine: sa.Engine
) -> None:
    """200 requests a minute, of 25 conversations each."""
    noon = datetime(2026, 3, 2, 11, tzinfo=UTC)
    land(crm_engine, "helpscout_conversation", "source_changed_at", [noon] * 7_500)
    lines = told(instance, launch(instance, "2026-03-01", "2026-03-03"))
    assert "  helpscout_conversation       300 requests     1.5 min" in lines


def test_without_a_last_day_it_is_yesterday(instance: dg.DagsterInstance, crm_engine: sa.Engine) -> None:
    lines = told(instance, launch(instance, "2026-11-20", ""))
    assert lines[0] == "Backfill of 5 days will take at least"


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        ("2026-03-03", "2026-03-01", "must run forward"),
        ("2026-11-01", "2026-11-25", "at most 2026-11-24"),
        ("1 March", "2026-03-03", "first is a day"),
        ("2026-03-03", "3 March", "last is a day"),
        ("", "", "first is a day"),
    ],
)
def test_days_that_cannot_be_read_are_refused(
    instance: dg.DagsterInstance, first: str, last: str, why: str
) -> None:
    done = launch(instance, first, last)
    [failure] = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    assert why in str(failure.user_failure_data)
