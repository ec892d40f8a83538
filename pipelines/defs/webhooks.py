"""Starts a read when webhooks have marked something. Off by default (OPERATIONS.md)."""

import dagster as dg

from pipelines.defs.jobs import READING, reading
from pipelines.defs.partitions import DAILY
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.webhooks.marks import marked

_SECONDS = 60


@dg.sensor(
    name="webhook_sensor",
    job=reading,
    minimum_interval_seconds=_SECONDS,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def webhook_sensor(
    context: dg.SensorEvaluationContext, workbench: Workbench
) -> dg.RunRequest | dg.SkipReason:
    """One run for all marks that have come since the last; it reads on from the nightly cursor."""
    with nothing_personal(), workbench.store.crm.connect() as connection:
        numbers, latest = marked(connection)
    if latest is None:
        return dg.SkipReason("no webhook has marked a record")
    key = latest.isoformat()
    if key == context.cursor:
        return dg.SkipReason(f"the run for {sum(numbers.values())} marks has been started")
    context.update_cursor(key)
    return dg.RunRequest(
        run_key=f"{READING} {key}",
        partition_key=DAILY.get_last_partition_key(),
        tags={f"marked/{system}": str(number) for system, number in numbers.items()},
    )
