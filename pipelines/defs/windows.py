"""From a Dagster context to what is to be read."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from pipelines.defs.partitions import DAILY
from pipelines.sources.reading import Run


class Reading(dg.Config):
    """Launchpad options of a source asset."""

    complete: bool = Field(
        default=False, description="Read everything anew and look for deletions, as the weekly sweep does."
    )
    allow_mass_deletion: bool = Field(
        default=False, description="Mark records as deleted however many are missing at once."
    )


def run_of(context: dg.AssetExecutionContext, reading: Reading) -> Run:
    """The newest partition alone continues from the cursor; any other is a backfill of its window."""
    window = None
    if context.has_partition_key or context.has_partition_key_range:
        keys = list(context.partition_keys)
        if keys != [DAILY.get_last_partition_key()]:
            start, end = context.partition_time_window
            window = (start.astimezone(UTC), end.astimezone(UTC))
    return Run(
        run_id=context.run.run_id,
        started_at=datetime.now(UTC),
        window=window,
        complete=reading.complete,
        allow_mass_deletion=reading.allow_mass_deletion,
    )
