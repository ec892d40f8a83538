"""Dagster's history tells which days were read; every source with days has a check that names the others."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pytest
import sqlalchemy as sa
import time_machine

from pipelines.defs.missing_days import DAY_CHECKS, days_read, failures_of, no_day_missing_of_all
from pipelines.defs.resources import Workbench
from schemas.tables.landing import load


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


HEALTH = dg.AssetKey(["privacy", "health"])


@pytest.mark.parametrize("name", ["nightly", "retention"])
def test_every_source_with_days_has_a_check_that_names_them(definitions: dg.Definitions, name: str) -> None:
    """Also in the job that runs when a source was down: the night's own checks do not get that far then."""
    graph = definitions.resolve_asset_graph()
    windowed = {key for key in graph.materializable_asset_keys if graph.get(key).is_partitioned}
    steps = definitions.resolve_job_def(name).asset_layer.data
    selected = {check for step in steps for check in step.assets_def.check_keys}
    checked = {check.asset_key for check in selected if check.name == "no_day_missing"}
    assert checked == windowed | {HEALTH}


@pytest.mark.usefixtures("only_a_store")
def test_a_failed_day_is_told_with_its_run_until_it_is_read(instance: dg.DagsterInstance) -> None:
    [check] = [one for one in DAY_CHECKS if next(iter(one.check_keys)).asset_key.path[-1] == "order_forms"]
    key = dg.AssetKey(["pindena", "order_forms"])

    @dg.asset(key=key, partitions_def=dg.DailyPartitionsDefinition("2025-01-01", timezone="Europe/Oslo"))
    def order_forms() -> None:
        raise ValueError("no")

    with time_machine.travel(datetime(2026, 5, 10, 2, tzinfo=UTC), tick=False):
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition="2026-05-07"))
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition="2026-05-09"))
        failed = dg.materialize(
            [order_forms], partition_key="2026-05-08", instance=instance, raise_on_error=False
        )
        assert failures_of(instance, key) == {"2026-05-08": failed.run_id}
        evaluation = judged(check, instance)
        assert not evaluation.passed
        assert f"2026-05-08 (failed in run {failed.run_id[:8]})" in str(evaluation.description)
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition="2026-05-08"))
        assert judged(check, instance).passed


@pytest.mark.usefixtures("only_a_store")
def test_a_day_that_a_later_read_has_covered_is_told_no_more(
    instance: dg.DagsterInstance, crm_engine: sa.Engine
) -> None:
    """Every check with days asks for the reads of its own source, and so does the page of health."""
    began = datetime(2026, 5, 10, 2, tzinfo=UTC)
    sources = (
        "helpscout_customer",
        "helpscout_conversation",
        "tripletex_invoice",
        "course_signup",
        "order_form",
    )
    with time_machine.travel(began, tick=False), crm_engine.connect() as connection:
        for check in DAY_CHECKS:
            for day in ("2026-05-07", "2026-05-09"):
                key = next(iter(check.check_keys)).asset_key
                instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
        for number, (source, check) in enumerate(zip(sources, DAY_CHECKS, strict=True)):
            assert not judged(check, instance).passed
            assert no_day_missing_of_all(instance, connection).numbers["missing"] == len(sources) - number
            connection.rollback()
            with crm_engine.begin() as writing:
                writing.execute(sa.insert(load).values(a_night(source, began)))
            assert judged(check, instance).passed
        assert no_day_missing_of_all(instance, connection).numbers == {"missing": 0, "caught_up": 5}


def a_night(source: str, began: datetime) -> dict[str, object]:
    """A read since 7 May that went well and brought nothing."""
    numbers = "requests told received rejected repeated stored unchanged suppressed deleted unknown_fields"
    return {
        "source": source,
        "run_id": "run",
        "kind": "nightly",
        "window_start": datetime(2026, 5, 7, 19, 30, tzinfo=UTC),
        "started_at": began,
        "finished_at": began,
        **dict.fromkeys(numbers.split(), 0),
        **{column.name: [] for column in load.columns if isinstance(column.type, sa.ARRAY)},
    }


def judged(check: dg.AssetChecksDefinition, instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    job = dg.Definitions(
        asset_checks=[check],
        jobs=[dg.define_asset_job("days", dg.AssetSelection.checks(check))],
        resources={"workbench": Workbench()},
    ).resolve_job_def("days")
    [evaluation] = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    return evaluation
