"""Who is told what when something fails: once, when it is for good, and without a word about anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator

import dagster as dg
import pytest
import responses

from pipelines.defs.alerts import alert_on_failed_checks, alert_on_failed_runs

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
