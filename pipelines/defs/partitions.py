"""The one daily partitions definition, in Norwegian days, shared by every windowed asset."""

import dagster as dg

from pipelines.alerts import DEADLINE, NIGHT
from pipelines.settings import load_settings
from schemas.zone import ZONE_NAME

DAILY = dg.DailyPartitionsDefinition(
    start_date=load_settings().partitions_start.isoformat(), timezone=ZONE_NAME
)
SINGLE_RUN = dg.BackfillPolicy.single_run()

BY_MORNING = dg.FreshnessPolicy.cron(
    deadline_cron=f"{DEADLINE.minute} {DEADLINE.hour} * * *", lower_bound_delta=NIGHT, timezone=ZONE_NAME
)
"""For what people rely on: made anew by the run of 03:30. Sources have days that may be missing instead."""
