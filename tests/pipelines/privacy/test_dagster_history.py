"""Dagster forgets old runs without forgetting which partitions were read."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pipelines.privacy.dagster_history import overdue_runs, prune_history
from schemas.policy import load_policy

DAYS = dg.DailyPartitionsDefinition(start_date="2026-01-01")
POLICY = load_policy()
CANARY = "kanarifugl"


@dg.asset(partitions_def=DAYS)
def read(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    context.log.info(CANARY)
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.asset
def broken() -> None:
    raise RuntimeError(CANARY)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Dagster's embedded storage with one run that read a day and one that failed."""
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        assert dg.materialize([read], instance=instance, partition_key="2026-01-02").success
        assert not dg.materialize([broken], instance=instance, raise_on_error=False).success
        yield instance


def later(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def files_with(instance: dg.DagsterInstance, text: str) -> list[str]:
    root = Path(instance.root_directory)
    return [file.name for file in root.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def test_within_the_period_nothing_goes(instance: dg.DagsterInstance) -> None:
    removal = prune_history(instance, POLICY, later(89))
    assert (removal.runs, removal.events) == (0, 0)
    assert instance.get_runs_count() == 2


def test_after_it_the_runs_and_what_they_said_are_gone(instance: dg.DagsterInstance) -> None:
    assert files_with(instance, CANARY), "a test that finds nothing before proves nothing"
    assert overdue_runs(instance, POLICY, later(91)) == 2
    assert prune_history(instance, POLICY, later(91)).runs == 2
    assert instance.get_runs_count() == 0
    assert files_with(instance, CANARY) == []
    assert overdue_runs(instance, POLICY, later(91)) == 0


def test_a_partition_that_was_read_still_counts_as_read(instance: dg.DagsterInstance) -> None:
    """Else a backfill of what is missing would read everything again."""
    prune_history(instance, POLICY, later(91))
    assert instance.get_materialized_partitions(dg.AssetKey("read")) == {"2026-01-02"}
    event = instance.get_latest_materialization_event(dg.AssetKey("read"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["rows"].value == 3


def test_a_run_that_is_under_way_stays(instance: dg.DagsterInstance) -> None:
    definitions = dg.Definitions(assets=[read], jobs=[dg.define_asset_job("later", [read])])
    instance.create_run_for_job(definitions.resolve_job_def("later"))
    prune_history(instance, POLICY, later(91))
    assert instance.get_runs_count() == 1


def test_old_files_of_runs_go_and_other_folders_stay(instance: dg.DagsterInstance) -> None:
    root = Path(instance.storage_directory())
    old, new = root / "0b6f3e5e-4c6f-4d5c-9a63-0d8f3d1f8a11", root / "0b6f3e5e-4c6f-4d5c-9a63-0d8f3d1f8a12"
    other = root / "something_else"
    for folder in (old, new, other):
        (folder / "compute_logs").mkdir(parents=True)
        (folder / "compute_logs" / "step.err").write_text(CANARY)
    stamp = (datetime.now(UTC) - timedelta(days=15)).timestamp()
    for path in (*old.rglob("*"), old, *other.rglob("*"), other):
        os.utime(path, (stamp, stamp))
    assert prune_history(instance, POLICY, datetime.now(UTC)).files == 1
    assert (old.exists(), new.exists(), other.exists()) == (False, True, True)


def test_a_second_time_there_is_nothing_to_do(instance: dg.DagsterInstance) -> None:
    prune_history(instance, POLICY, later(91))
    again = prune_history(instance, POLICY, later(91))
    assert (again.runs, again.events, again.files) == (0, 0, 0)
