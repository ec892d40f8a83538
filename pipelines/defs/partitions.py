"""The one daily partitions definition, in Norwegian days, shared by every windowed asset."""

from datetime import timedelta

import dagster as dg

from pipelines.settings import load_settings

TIMEZONE = "Europe/Oslo"

DAILY = dg.DailyPartitionsDefinition(
    start_date=load_settings().partitions_start.isoformat(), timezone=TIMEZONE
)
SINGLE_RUN = dg.BackfillPolicy.single_run()

BY_MORNING = dg.FreshnessPolicy.cron(
    deadline_cron="30 6 * * *", lower_bound_delta=timedelta(hours=4), timezone=TIMEZONE
)
"""For what people rely on: made anew by the run of 03:30. Sources have days that may be missing instead."""
