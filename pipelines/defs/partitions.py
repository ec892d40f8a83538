"""The one daily partitions definition, in Norwegian days, shared by every windowed asset."""

import dagster as dg

from pipelines.settings import load_settings

TIMEZONE = "Europe/Oslo"

DAILY = dg.DailyPartitionsDefinition(
    start_date=load_settings().partitions_start.isoformat(), timezone=TIMEZONE
)
SINGLE_RUN = dg.BackfillPolicy.single_run()
