"""The asset `health` knows from Dagster which days were read."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import time_machine

from pipelines.defs.health import days_read


def test_only_materialized_days_count_as_read(instance: dg.DagsterInstance) -> None:
    key = dg.AssetKey(["pindena", "order_forms"])
    with time_machine.travel(datetime(2026, 5, 10, 2, tzinfo=UTC), tick=False):
        for day in ("2026-05-07", "2026-05-09", "2026-01-01"):
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
        found = days_read(instance)
    assert len(found) == 5
    assert list(found["order_forms"]) == [f"2026-{month:02}-{day:02}" for month, day in _last_days()]
    assert [day for day, read in found["order_forms"].items() if read] == ["2026-05-07", "2026-05-09"]
    assert not any(found["course_signups"].values())


def _last_days() -> list[tuple[int, int]]:
    """The fourteen days that end with 9 May."""
    return [*((4, day) for day in range(26, 31)), *((5, day) for day in range(1, 10))]
