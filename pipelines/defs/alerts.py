"""Tells people when a run has failed for good, a check of a run that went through, or a night is missing."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.alerts import NOT_SET, checks_failed, is_late, last_deadline, night_missing, run_failed, tell
from pipelines.defs.crm.assets import SOURCE_LINK
from pipelines.errors import nothing_personal
from pipelines.settings import load_settings

_NOT_SET = dg.SkipReason(NOT_SET)


@dg.run_failure_sensor(
    name="alert_on_failed_runs",
    description="Tells by webhook and e-mail which steps of a run failed, when it is not tried again.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alert_on_failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """One line per run that has failed."""
    run = context.dagster_run
    if run.tags.get("dagster/will_retry") == "true":
        return dg.SkipReason("the run will be tried again")
    steps = sorted({str(event.step_key) for event in context.get_step_failure_events()})
    with nothing_personal():
        return None if tell(load_settings(), run_failed(run.job_name, run.run_id, steps)) else _NOT_SET


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="alert_on_failed_checks",
    description="Tells by webhook and e-mail which checks of a run that went through failed (ERROR).",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alert_on_failed_checks(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
    """One line per run with failed checks."""
    run = context.dagster_run
    failed = failed_checks(context.instance, run.run_id)
    if not failed:
        return dg.SkipReason("all checks passed")
    with nothing_personal():
        return None if tell(load_settings(), checks_failed(run.job_name, run.run_id, failed)) else _NOT_SET


@dg.sensor(
    name="alert_on_missing_night",
    description="Tells by webhook and e-mail, once a morning, that the cards were not made anew by 06:30.",
    minimum_interval_seconds=600,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alert_on_missing_night(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """One line per deadline that passes without cards: also of a night in which nothing ran at all."""
    now = datetime.now(UTC)
    made_at, deadline = cards_made_at(context.instance), last_deadline(now).isoformat()
    if made_at is None or not is_late(made_at, now):
        return dg.SkipReason("the cards of the last night are there, or no night was ever due")
    if context.cursor == deadline:
        return dg.SkipReason("this morning's was told")
    with nothing_personal():
        if not tell(load_settings(), night_missing(made_at)):
            return _NOT_SET
    return dg.SensorResult(cursor=deadline)


def cards_made_at(instance: dg.DagsterInstance) -> datetime | None:
    """When the cards were last made (aware); None before the first time."""
    made = instance.get_latest_materialization_event(SOURCE_LINK)
    return None if made is None else datetime.fromtimestamp(made.timestamp, UTC)


def failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """Checks of a run that failed with ERROR, as `forwarding_audit · structure_is_known`."""
    records = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    evaluations = [
        event.asset_check_evaluation_data
        for record in records
        if (event := record.event_log_entry.dagster_event) is not None
    ]
    return sorted(
        f"{one.asset_key.path[-1]} · {one.check_name}"
        for one in evaluations
        if not one.passed and one.severity == dg.AssetCheckSeverity.ERROR
    )
