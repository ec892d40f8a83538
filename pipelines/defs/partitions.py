"""The one daily partitions definition, in Norwegian days, shared by every windowed asset."""

import os

import dagster as dg

TIMEZONE = "Europe/Oslo"

DAILY = dg.DailyPartitionsDefinition(
    start_date=os.environ.get("PARTITIONS_START") or "2025-01-01", timezone=TIMEZONE
)
SINGLE_RUN = dg.BackfillPolicy.single_run()
