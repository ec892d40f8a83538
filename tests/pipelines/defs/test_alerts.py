"""Who is told what when something fails: once, when it is for good, and without a word about anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
import responses
import time_machine

from pipelines.alerts import is_late, last_deadline
from pipelines.cli import alert_late
from pipelines.defs.alerts import alert_on_failed_checks, alert_on_failed_runs, alert_on_missing_night
from pipelines.defs.crm.assets import SOURCE_LINK
from schemas.zone import OSLO

HOOK = "https://chat.example.no/hooks/hemmelig-krok"
CANARY = "kanarifugl@example.no"


@pytest.fixture
def hook(nothing_configured: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.BaseResponse]:
    monkeypatch.setenv("ALERT_WEBHOOK_URL", HOOK)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock.post(HOOK, status=200)


def lines(hook: responses.BaseResponse) -> list[str]:
    return [json.loads(call.request.body or "")["text"] for call in hook.calls]


@dg.asset(check_specs=[dg.AssetCheckSpec("wrong", asset="cards"), dg.AssetCheckSpec("odd", asset="cards")])
def cards() -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]  # Dagster reads the bare annotation
    yield dg.MaterializeResult(
        check_results=[
            dg.AssetCheckResult(passed=False, check_name="wrong", description=CANARY),
            dg.AssetCheckResult(passed=False, check_name="odd", severity=dg.AssetCheckSeverity.WARN),
        ]
    )


@dg.asset
def contacts() -> None:
    raise ValueError(CANARY)


def run(
    asset: dg.AssetsDefinition, instance: dg.DagsterInstance, **tags: str
) -> tuple[dg.ExecuteInProcessResult, dg.DagsterRun]:
    """`tags` are those that Dagster gives a run at its end."""
    done = dg.materialize([asset], instance=instance, raise_on_error=False)
    instance.add_run_tags(done.run_id, tags)
    stored = instance.get_run_by_id(done.run_id)
    assert stored is not None
    return done, stored


def failed(instance: dg.DagsterInstance, **tags: str) -> dg.RunFailureSensorContext:
    done, stored = run(contacts, instance, **tags)
    context = dg.build_run_status_sensor_context(
        "alerts", done.get_run_failure_event(), instance, stored
    ).for_run_failure()
    assert isinstance(context, dg.RunFailureSensorContext)
    return context


def succeeded(instance: dg.DagsterInstance) -> dg.RunStatusSensorContext:
    done, stored = run(cards, instance)
    context = dg.build_run_status_sensor_context("alerts", done.get_run_success_event(), instance, stored)
    assert isinstance(context, dg.RunStatusSensorContext)
    return context


def test_a_failed_run_is_told_with_its_steps(
    hook: responses.BaseResponse, instance: dg.DagsterInstance
) -> None:
    context = failed(instance)
    alert_on_failed_runs(context)
    [line] = lines(hook)
    assert "failed at contacts" in line
    assert context.dagster_run.run_id[:8] in line
    assert CANARY not in line


def test_a_run_that_is_tried_again_is_not_told(
    hook: responses.BaseResponse, instance: dg.DagsterInstance
) -> None:
    alert_on_failed_runs(failed(instance, **{"dagster/will_retry": "true"}))
    assert lines(hook) == []


def test_failed_checks_are_told_and_warnings_are_not(
    hook: responses.BaseResponse, instance: dg.DagsterInstance
) -> None:
    alert_on_failed_checks(succeeded(instance))
    [line] = lines(hook)
    assert "cards · wrong failed" in line
    assert "odd" not in line
    assert CANARY not in line


def test_without_a_webhook_nothing_is_sent_and_nothing_fails(
    nothing_configured: None, instance: dg.DagsterInstance
) -> None:
    skipped = alert_on_failed_runs(failed(instance))
    assert isinstance(skipped, dg.SkipReason)
    assert "ALERT_WEBHOOK_URL" in str(skipped.skip_message)


def night(day: int, hour: int, minute: int = 0, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=OSLO)


@pytest.mark.parametrize(
    ("made_at", "now", "late"),
    [
        (night(4, 3, 40), night(4, 6, 31), False),
        (night(3, 3, 40), night(4, 6, 29), False),
        (night(3, 3, 40), night(4, 6, 30), True),
        (night(3, 12), night(4, 7), True),
        (night(4, 7), night(4, 8), False),
        (night(1, 3, 40), night(4, 0), True),
        # The nights on which the clock is changed.
        (night(29, 3, 40, month=3), night(29, 7, month=3), False),
        (night(28, 3, 40, month=3), night(29, 7, month=3), True),
        (night(25, 3, 40, month=10), night(25, 7, month=10), False),
        (night(24, 3, 40, month=10), night(25, 7, month=10), True),
    ],
)
def test_cards_are_late_when_a_morning_has_passed_without_them(
    made_at: datetime, now: datetime, late: bool
) -> None:
    assert is_late(made_at.astimezone(UTC), now.astimezone(UTC)) is late


def test_the_deadline_is_that_of_the_freshness_policy(definitions: dg.Definitions) -> None:
    policy = definitions.resolve_asset_graph().get(SOURCE_LINK).freshness_policy
    deadline = last_deadline(night(4, 12))
    assert policy is not None
    assert getattr(policy, "deadline_cron", None) == f"{deadline.minute} {deadline.hour} * * *"


def look(
    instance: dg.DagsterInstance, moment: datetime, cursor: str | None
) -> dg.SensorResult | dg.SkipReason:
    with time_machine.travel(moment, tick=False):
        found = alert_on_missing_night(dg.build_sensor_context(instance, cursor=cursor))
    assert isinstance(found, dg.SensorResult | dg.SkipReason)
    return found


def made(instance: dg.DagsterInstance, moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        instance.report_runless_asset_event(dg.AssetMaterialization(SOURCE_LINK))


def test_a_night_without_a_run_is_told_once_a_morning(
    hook: responses.BaseResponse, instance: dg.DagsterInstance
) -> None:
    """No run fails when no run is started: a daemon that was down, a schedule that is off."""
    made(instance, night(3, 3, 40))
    cursor: str | None = None
    for moment in (night(3, 8), night(4, 6, 35), night(4, 6, 45), night(4, 23), night(5, 7), night(5, 8)):
        found = look(instance, moment, cursor)
        cursor = found.cursor if isinstance(found, dg.SensorResult) else cursor
    assert len(lines(hook)) == 2
    assert all("03.05.2026 03:40" in line and "nightly_schedule" in line for line in lines(hook))


def test_before_the_first_cards_no_night_is_missing(
    hook: responses.BaseResponse, instance: dg.DagsterInstance
) -> None:
    assert isinstance(look(instance, night(4, 7), None), dg.SkipReason)
    assert lines(hook) == []


def test_without_a_way_to_tell_the_sensor_says_so_and_tells_it_later(
    nothing_configured: None, instance: dg.DagsterInstance
) -> None:
    made(instance, night(1, 3, 40))
    found = look(instance, night(4, 7), None)
    assert isinstance(found, dg.SkipReason)
    assert "ALERT_SMTP_URL" in str(found.skip_message)


@pytest.mark.parametrize(("now", "code"), [(night(3, 8), 0), (night(4, 7), 1)])
def test_a_cron_can_tell_without_a_daemon(
    hook: responses.BaseResponse,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    code: int,
) -> None:
    made(instance, night(3, 3, 40))
    monkeypatch.setenv("DAGSTER_HOME", instance.root_directory)
    with time_machine.travel(now, tick=False):
        assert alert_late.main([]) == code
    assert len(lines(hook)) == code
