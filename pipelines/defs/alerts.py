"""Tells people by webhook when a run has failed for good, or a check of a run that went through."""

import dagster as dg

from pipelines.alerts import checks_failed, run_failed, tell
from pipelines.errors import nothing_personal
from pipelines.settings import load_settings

_NOT_SET = dg.SkipReason("ALERT_WEBHOOK_URL is not set")


@dg.run_failure_sensor(
    name="alert_on_failed_runs",
    description="Tells ALERT_WEBHOOK_URL which steps of a run failed, when it is not tried again.",
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
    description="Tells ALERT_WEBHOOK_URL which checks of a run that went through failed, but for warnings.",
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
