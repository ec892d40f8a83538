"""Starts a run when webhooks have marked something. Off by default (OPERATIONS.md)."""

import dagster as dg

from pipelines.defs.jobs import READING, REFETCHING, reading, refetching
from pipelines.defs.partitions import DAILY
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.webhooks.marks import numbers_marked

MAX_MARKS = 200
"""More marked records of a system than this are read by their window: a page holds many, a look-up one."""
_SECONDS = 60


@dg.sensor(
    name="webhook_sensor",
    jobs=[refetching, reading],
    description="Starts refetching for what webhooks have marked, or reading where it is much; off at first.",
    minimum_interval_seconds=_SECONDS,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def webhook_sensor(
    context: dg.SensorEvaluationContext, workbench: Workbench
) -> dg.RunRequest | dg.SkipReason:
    """One run for all marks that have come since the last: by id, or on from the nightly cursor if many."""
    with nothing_personal(), workbench.store.crm.connect() as connection:
        numbers, latest = numbers_marked(connection)
    if latest is None:
        return dg.SkipReason("no webhook has marked a record")
    key = latest.isoformat()
    if key == context.cursor:
        return dg.SkipReason(f"the run for {sum(numbers.values())} marks has been started")
    context.update_cursor(key)
    is_many = max(numbers.values()) > MAX_MARKS
    job = READING if is_many else REFETCHING
    return dg.RunRequest(
        run_key=f"{job} {key}",
        job_name=job,
        partition_key=DAILY.get_last_partition_key() if is_many else None,
        tags={f"marked/{system}": str(number) for system, number in numbers.items()},
    )
