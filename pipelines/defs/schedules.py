"""When things happen, in Norwegian time and outside the hours that daylight saving skips or repeats."""

from datetime import timedelta

import dagster as dg

from pipelines.defs.jobs import night, nightly, retention
from schemas.zone import OSLO, ZONE_NAME


@dg.schedule(
    job=nightly,
    description="Every night for the day before; on Sundays everything is read anew, to see what is gone.",
    cron_schedule="30 3 * * *",
    execution_timezone=ZONE_NAME,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
def nightly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every night, for the day before; on Sundays everything is read anew, to see deletions."""
    moment = context.scheduled_execution_time.astimezone(OSLO)
    key = (moment.date() - timedelta(days=1)).isoformat()
    is_sunday = moment.isoweekday() == 7
    return dg.RunRequest(run_key=key, partition_key=key, run_config=night(complete=is_sunday))


retention_schedule = dg.ScheduleDefinition(
    name="retention_schedule",
    job=retention,
    description="After the night, so that periods are kept also when a source was down.",
    cron_schedule="30 5 * * *",
    execution_timezone=ZONE_NAME,
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
