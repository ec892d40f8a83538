"""The nights: in Norwegian time, each once, also those that daylight saving makes shorter or longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile

import dagster as dg
import dagster._daemon  # its parts can be imported after the whole only
import pytest
import time_machine
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._scheduler.scheduler import launch_scheduled_runs
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines.defs.partitions import DAILY
from schemas.zone import OSLO, ZONE_NAME

DAY = timedelta(days=1)
SPRING = date(2026, 3, 29)
"""This day has 23 hours in Norway."""
AUTUMN = date(2026, 10, 25)
"""And this one 25."""


def ticks(schedule: dg.ScheduleDefinition, first: date, last: date) -> list[datetime]:
    """When Dagster's daemon fires a schedule, from one Norwegian day to another, both included."""
    begin, end = (datetime.combine(day, time(), OSLO) for day in (first, last + DAY))
    assert isinstance(schedule.cron_schedule, str)
    moments = schedule_execution_time_iterator(
        begin.timestamp(), schedule.cron_schedule, schedule.execution_timezone, ascending=True
    )
    return [moment.astimezone(OSLO) for moment in takewhile(lambda moment: moment < end, moments)]


def requests(
    definitions: dg.Definitions, schedule: dg.ScheduleDefinition, moments: Sequence[datetime]
) -> list[dg.RunRequest]:
    """What each firing asks for."""
    with dg.DagsterInstance.ephemeral() as instance:
        found: list[dg.RunRequest] = []
        for moment in moments:
            context = dg.build_schedule_context(
                instance,
                scheduled_execution_time=moment.astimezone(UTC),
                repository_def=definitions.get_repository_def(),
            )
            found.extend(schedule.evaluate_tick(context).run_requests or [])
        return found


@pytest.fixture
def nightly_schedule(definitions: dg.Definitions) -> dg.ScheduleDefinition:
    schedule = definitions.resolve_schedule_def("nightly_schedule")
    assert isinstance(schedule, dg.ScheduleDefinition)
    return schedule


def test_every_schedule_keeps_norwegian_time_and_is_on_in_a_fresh_home(definitions: dg.Definitions) -> None:
    schedules = list(definitions.get_repository_def().schedule_defs)
    assert {schedule.execution_timezone for schedule in schedules} == {ZONE_NAME}
    assert {schedule.default_status for schedule in schedules} == {dg.DefaultScheduleStatus.RUNNING}


@pytest.mark.parametrize("changed", [SPRING, AUTUMN])
def test_every_schedule_fires_once_on_the_nights_on_which_the_clock_is_changed(
    definitions: dg.Definitions, changed: date
) -> None:
    days = [changed - DAY, changed, changed + DAY]
    for schedule in definitions.get_repository_def().schedule_defs:
        if schedule.name == "nightly_schedule" or schedule.name == "retention_schedule":
            assert [moment.date() for moment in ticks(schedule, days[0], days[-1])] == days, schedule.name


@pytest.mark.parametrize("changed", [SPRING, AUTUMN])
def test_each_night_asks_for_the_day_before_under_a_key_of_its_own(
    definitions: dg.Definitions, nightly_schedule: dg.ScheduleDefinition, changed: date
) -> None:
    """The run key keeps a tick that is evaluated twice from starting two runs."""
    nights = ticks(nightly_schedule, changed, changed + 2 * DAY)
    asked = requests(definitions, nightly_schedule, nights)
    expected = [(changed + number * DAY).isoformat() for number in (-1, 0, 1)]
    assert [request.partition_key for request in asked] == expected
    assert [request.run_key for request in asked] == expected
    assert all(DAILY.has_partition_key(key) for key in expected)


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (SPRING + DAY, 24), (AUTUMN, 25)])
def test_the_window_of_a_day_is_as_long_as_the_day(day: date, hours: int) -> None:
    window = DAILY.time_window_for_partition_key(day.isoformat())
    assert window.end.timestamp() - window.start.timestamp() == hours * 3600
    assert window.start == datetime.combine(day, time(), OSLO)


def test_the_windows_of_all_days_leave_no_gap_and_no_overlap() -> None:
    keys = [(SPRING + number * DAY).isoformat() for number in range(-2, 220)]
    windows = [DAILY.time_window_for_partition_key(key) for key in keys]
    assert [window.end for window in windows[:-1]] == [window.start for window in windows[1:]]


def test_everything_is_read_anew_on_sundays_and_on_no_other_day(
    definitions: dg.Definitions, nightly_schedule: dg.ScheduleDefinition
) -> None:
    nights = ticks(nightly_schedule, date(2026, 6, 1), date(2026, 6, 14))
    asked = requests(definitions, nightly_schedule, nights)
    swept = [
        night.isoweekday()
        for night, request in zip(nights, asked, strict=True)
        if any(op.get("config", {}).get("complete") for op in request.run_config.get("ops", {}).values())
    ]
    assert swept == [7, 7]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("nightly_schedule", date(2026, 6, 6)),
        ("nightly_schedule", date(2026, 6, 7)),
        ("retention_schedule", date(2026, 6, 7)),
    ],
)
def test_every_scheduled_night_applies_retention(definitions: dg.Definitions, name: str, day: date) -> None:
    """A schedule's configuration replaces the job's own: one that names less would only show the plan."""
    schedule = definitions.resolve_schedule_def(name)
    assert isinstance(schedule, dg.ScheduleDefinition)
    [request] = requests(definitions, schedule, ticks(schedule, day, day))
    resolved = dg.validate_run_config(definitions.resolve_job_def(schedule.job_name), request.run_config)
    assert resolved is not None
    for step in ("privacy__retention", "privacy__ip_address_retention"):
        assert resolved["ops"][step]["config"]["apply"] is True


def look_at_the_clock(
    instance: dg.DagsterInstance, workspace: WorkspaceProcessContext, now: datetime
) -> None:
    """What the daemon does at this moment, as one that has just been started."""
    logger = dg.get_dagster_logger()
    with time_machine.travel(now, tick=False):
        done = list(launch_scheduled_runs(workspace, logger, now.astimezone(UTC), iteration_times={}))
    assert [error for error in done if error] == []


# Dagster itself, when it looks at a schedule in its own process.
@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")
@pytest.mark.parametrize("outage", [3, 9])
def test_nights_that_were_missed_are_made_up_for_by_one_run_that_goes_on_from_the_cursor(
    instance: dg.DagsterInstance, nothing_configured: None, outage: int
) -> None:
    """Dagster's own daemon over the definitions as they are loaded, down for some nights and back at noon."""
    module = LoadableTargetOrigin(module_name="pipelines.definitions")
    here = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(module, location_name="kundekort"))
    monday = datetime(2026, 6, 1, 12, tzinfo=OSLO)
    back = monday + (1 + outage) * DAY
    with WorkspaceProcessContext(instance, here) as workspace:
        look_at_the_clock(instance, workspace, monday)
        assert instance.get_runs_count() == 0
        look_at_the_clock(instance, workspace, monday + DAY)
        before = {run.run_id for run in instance.get_runs()}
        look_at_the_clock(instance, workspace, back)
        new = [run for run in instance.get_runs() if run.run_id not in before]
        look_at_the_clock(instance, workspace, back + timedelta(minutes=1))
    assert sorted(run.job_name for run in new) == ["nightly", "retention"]
    assert instance.get_runs_count() == len(before) + len(new) == 4
    [night] = [run for run in new if run.job_name == "nightly"]
    with time_machine.travel(back, tick=False):
        # The newest day alone is read from the cursor on (windows.py), so the whole gap is.
        assert night.tags["dagster/partition"] == DAILY.get_last_partition_key()
