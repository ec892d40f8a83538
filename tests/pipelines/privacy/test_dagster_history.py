"""Dagster forgets old runs without forgetting which partitions were read: in files, and in PostgreSQL."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.scheduler.instigation import InstigatorType, TickData, TickStatus
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from pipelines.privacy.dagster_history import HistoryRemoval, overdue_runs, prune_history
from pipelines.privacy.dagster_state import ENDED, StateRemoval
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


class Card(dg.Config):
    """Stands for the ids of cards that the project's assets show."""

    id: str


@dg.asset(check_specs=[dg.AssetCheckSpec("small", asset="cards")])
def cards(config: Card) -> dg.MaterializeResult:  # type: ignore[type-arg]  # with checks Dagster takes none
    largest = {"largest": config.id}
    return dg.MaterializeResult(
        metadata=largest, check_results=[dg.AssetCheckResult(passed=True, metadata=largest)], tags=largest
    )


@pytest.fixture(params=["files", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance on each kind of storage that the project is run on."""
    storage: dict[str, Any] = {}
    if request.param == "postgres":
        url: sa.URL = request.getfixturevalue("platform_url")
        address = url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
        storage = {"storage": {"postgres": {"postgres_url": address}}}
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides=storage) as instance:
        yield instance


@pytest.fixture
def instance(empty: dg.DagsterInstance) -> dg.DagsterInstance:
    """With one run that read a day and one that failed."""
    assert dg.materialize([read], instance=empty, partition_key="2026-01-02", tags={"note": CANARY}).success
    assert not dg.materialize([broken], instance=empty, raise_on_error=False).success
    return empty


def later(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def places_with(instance: dg.DagsterInstance, text: str) -> list[str]:
    """Files and tables of Dagster's in which a text stands."""
    root = Path(instance.root_directory)
    found = [file.name for file in root.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]
    storage = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    with storage.index_connection() as connection:
        if connection.dialect.name == "postgresql":
            found += [
                table
                for table in sa.inspect(connection).get_table_names()
                if connection.scalar(
                    sa.text(f"SELECT EXISTS (SELECT FROM {table} AS t WHERE to_jsonb(t)::text LIKE :text)"),
                    {"text": f"%{text}%"},
                )
            ]
    return found


def test_within_the_period_nothing_goes(instance: dg.DagsterInstance) -> None:
    removal = prune_history(instance, POLICY, later(89))
    assert (removal.runs, removal.events) == (0, 0)
    assert instance.get_runs_count() == 2


def test_after_it_the_runs_and_what_they_said_are_gone(instance: dg.DagsterInstance) -> None:
    assert places_with(instance, CANARY), "a test that finds nothing before proves nothing"
    assert overdue_runs(instance, POLICY, later(91)) == 2
    assert prune_history(instance, POLICY, later(91)).runs == 2
    assert instance.get_runs_count() == 0
    assert places_with(instance, CANARY) == []
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


def make_cards(instance: dg.DagsterInstance, card: str) -> None:
    config = dg.RunConfig(ops={"cards": Card(id=card)})
    assert dg.materialize([cards], instance=instance, run_config=config).success


def test_a_state_goes_once_a_newer_one_has_taken_its_place(empty: dg.DagsterInstance) -> None:
    """Else what an asset said of a card would outlive every period."""
    make_cards(empty, "first-card")
    make_cards(empty, "second-card")
    assert prune_history(empty, POLICY, later(89)).state == StateRemoval()
    assert places_with(empty, "first-card")
    # A materialisation, the result of a check, and the event that told of it.
    assert prune_history(empty, POLICY, later(91)).state.states == 3
    assert places_with(empty, "first-card") == []


def test_the_newest_state_of_an_asset_and_of_its_check_stays_however_old(empty: dg.DagsterInstance) -> None:
    for card in ("first-card", "second-card"):
        make_cards(empty, card)
    prune_history(empty, POLICY, later(400))
    event = empty.get_latest_materialization_event(dg.AssetKey("cards"))
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["largest"].value == "second-card"
    key = dg.AssetCheckKey(dg.AssetKey("cards"), "small")
    [check] = empty.event_log_storage.get_asset_check_execution_history(key, limit=9)
    assert check.status == AssetCheckExecutionRecordStatus.SUCCEEDED


def test_each_partition_keeps_its_own_state(empty: dg.DagsterInstance) -> None:
    for day in ("2026-01-02", "2026-01-03", "2026-01-02"):
        assert dg.materialize([read], instance=empty, partition_key=day).success
    assert prune_history(empty, POLICY, later(91)).state.states == 1
    assert empty.get_materialized_partitions(dg.AssetKey("read")) == {"2026-01-02", "2026-01-03"}


def tick(instance: dg.DagsterInstance, name: str, age: timedelta) -> None:
    instance.create_tick(
        TickData(
            instigator_origin_id=name, instigator_name=name, instigator_type=InstigatorType.SCHEDULE,
            status=TickStatus.SUCCESS, timestamp=(datetime.now(UTC) - age).timestamp(), selector_id=name,
            run_ids=[],
        )
    )  # fmt: skip


def test_old_ticks_go_also_of_schedules_that_are_no_more(empty: dg.DagsterInstance) -> None:
    """Dagster's own pruning waits for the schedule's next tick. The newest tick tells what was missed."""
    for name, ages in {"gone": (200, 190, 180), "nightly": (91, 89, 1)}.items():
        for days in ages:
            tick(empty, name, timedelta(days=days))
    assert prune_history(empty, POLICY, datetime.now(UTC)).state.ticks == 3
    left = {name: len(empty.get_ticks(name, name)) for name in ("gone", "nightly")}
    assert left == {"gone": 1, "nightly": 2}


def test_a_backfill_has_ended_when_dagster_says_so() -> None:
    """The engine names the states itself; a new version of Dagster may know others."""
    assert {*ENDED} == {status.value for status in BULK_ACTION_TERMINAL_STATUSES}


@pytest.mark.parametrize(
    ("status", "removed"), [(BulkActionStatus.COMPLETED_SUCCESS, 1), (BulkActionStatus.REQUESTED, 0)]
)
def test_old_backfills_go_when_they_have_ended(
    empty: dg.DagsterInstance, status: BulkActionStatus, removed: int
) -> None:
    empty.add_backfill(
        PartitionBackfill(
            backfill_id="old", status=status, from_failure=False, tags={"note": CANARY},
            backfill_timestamp=datetime.now(UTC).timestamp(), partition_names=["2026-01-02"],
        )
    )  # fmt: skip
    assert prune_history(empty, POLICY, later(89)).state.backfills == 0
    assert prune_history(empty, POLICY, later(91)).state.backfills == removed
    assert bool(places_with(empty, CANARY)) == (not removed)


def test_a_second_time_there_is_nothing_to_do(instance: dg.DagsterInstance) -> None:
    prune_history(instance, POLICY, later(91))
    again = prune_history(instance, POLICY, later(91))
    assert again == HistoryRemoval()
