"""Retention of Dagster's own runs, events and files: what a partition's state rests on stays, the rest goes.

Deleting a run through Dagster's own API would take the materialisations with it, and partitions that were
read would show as missing; so the events are chosen by type.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.runs.schema import RunTagsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from dagster._core.storage.schedules.sql_schedule_storage import SqlScheduleStorage

from pipelines.privacy.dagster_state import (
    ASSET_STATES,
    CHECK_STATE,
    StateRemoval,
    remove_backfills,
    remove_states,
    remove_ticks,
)
from pipelines.privacy.periods import Period
from schemas.policy import Policy

RUNS, FILES = "dagster-runs", "dagster-files"
"""Ids under `copies` in policy.yaml."""

KEPT_EVENTS = (*ASSET_STATES, CHECK_STATE)
"""What Dagster tells the state of assets, partitions and checks from: they go once newer ones are there."""

_BATCH = 200


@dataclass(frozen=True, slots=True)
class HistoryRemoval:
    """What was removed."""

    runs: int = 0
    events: int = 0
    files: int = 0
    """Folders of runs with compute logs or stored values."""
    state: StateRemoval = field(default_factory=StateRemoval)


def overdue_runs(instance: dg.DagsterInstance, policy: Policy, now: datetime) -> int:
    """Finished runs that are older than the policy keeps them: 0 after a run of `prune_history`."""
    return instance.get_runs_count(_finished_before(policy, now))


def prune_history(instance: dg.DagsterInstance, policy: Policy, now: datetime) -> HistoryRemoval:
    """Remove finished runs past their period and their events, states, ticks, backfills, old files of runs.

    The newest state of each asset, partition and check stays. Safe to repeat and to kill anywhere: a run's
    row goes last. Raises TypeError where Dagster's storage is no SQL database.
    """
    runs = events = 0
    for run_ids in _batches(instance, _finished_before(policy, now)):
        events += _remove_events(instance, run_ids)
        _remove_runs(instance, run_ids)
        runs += len(run_ids)
    state = _remove_state(instance, _cutoff(policy, now))
    if runs or state != StateRemoval():
        _write_files_anew(instance)
    return HistoryRemoval(runs, events, _remove_files(instance, policy, now), state)


def _cutoff(policy: Policy, now: datetime) -> datetime:
    return Period.parse(policy.copy_period(RUNS)).cutoff(now)


def _finished_before(policy: Policy, now: datetime) -> dg.RunsFilter:
    return dg.RunsFilter(statuses=list(FINISHED_STATUSES), created_before=_cutoff(policy, now))


def _batches(instance: dg.DagsterInstance, old: dg.RunsFilter) -> Iterator[list[str]]:
    """Ids of the runs to remove; each batch is gone when the next is asked for."""
    while run_ids := instance.get_run_ids(old, limit=_BATCH):
        yield list(run_ids)


def _remove_events(instance: dg.DagsterInstance, run_ids: list[str]) -> int:
    """Delete the events of some runs, except those that the state of assets rests on."""
    storage = _events(instance)
    event = SqlEventLogStorageTable.c
    unneeded = sa.delete(SqlEventLogStorageTable).where(
        event.run_id.in_(run_ids),
        sa.or_(event.dagster_event_type.is_(None), event.dagster_event_type.not_in(KEPT_EVENTS)),
    )
    with storage.index_connection() as connection:
        removed = int(connection.execute(unneeded).rowcount)
    if isinstance(storage, SqliteEventLogStorage):
        # SQLite keeps each run's events in a file of its own, and those of assets in the index as well.
        for run_id in run_ids:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{storage.path_for_shard(run_id)}{suffix}").unlink(missing_ok=True)
    return removed


def _events(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(f"Dagster's event storage {type(storage).__name__} is not one that can be pruned")
    return storage


def _runs(instance: dg.DagsterInstance) -> SqlRunStorage:
    storage = instance.run_storage
    if not isinstance(storage, SqlRunStorage):
        raise TypeError(f"Dagster's run storage {type(storage).__name__} is not one that can be pruned")
    return storage


def _schedules(instance: dg.DagsterInstance) -> SqlScheduleStorage | None:
    """None for an instance that is made for a moment: it keeps no ticks."""
    storage = instance.schedule_storage
    if storage is not None and not isinstance(storage, SqlScheduleStorage):
        raise TypeError(f"Dagster's schedule storage {type(storage).__name__} is not one that can be pruned")
    return storage


def _remove_state(instance: dg.DagsterInstance, cutoff: datetime) -> StateRemoval:
    with _events(instance).index_connection() as connection:
        states = remove_states(connection, cutoff)
    with _runs(instance).connect() as connection:
        backfills = remove_backfills(connection, cutoff)
    ticks, schedules = 0, _schedules(instance)
    if schedules is not None:
        with schedules.connect() as connection:
            ticks = remove_ticks(connection, cutoff)
    return StateRemoval(states, ticks, backfills)


def _remove_runs(instance: dg.DagsterInstance, run_ids: list[str]) -> None:
    """Delete the rows of some runs, and their tags, which SQLite would leave."""
    storage = _runs(instance)
    with storage.connect() as connection:
        connection.execute(sa.delete(RunTagsTable).where(RunTagsTable.c.run_id.in_(run_ids)))
    for run_id in run_ids:
        storage.delete_run(run_id)


def _write_files_anew(instance: dg.DagsterInstance) -> None:
    """Where Dagster keeps its history in SQLite files: write them anew, without what was deleted."""
    events = instance.event_log_storage
    if isinstance(events, SqliteEventLogStorage):
        _write_anew(Path(events.path_for_shard(INDEX_SHARD_NAME)))
    for storage in (_runs(instance), _schedules(instance)):
        if storage is not None:
            with storage.connect() as connection:
                url = connection.engine.url
            if url.get_backend_name() == "sqlite" and url.database:
                _write_anew(Path(url.database))


def _write_anew(file: Path) -> None:
    """Deleted rows stay readable in an SQLite file until it is written anew; one in use waits its turn."""
    database = sqlite3.connect(file, timeout=20, isolation_level=None)
    try:
        with contextlib.suppress(sqlite3.OperationalError):
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()


def _remove_files(instance: dg.DagsterInstance, policy: Policy, now: datetime) -> int:
    """Remove folders of runs (compute logs, stored values) that nobody wrote to within the period."""
    cutoff = Period.parse(policy.copy_period(FILES)).cutoff(now)
    root = Path(instance.storage_directory())
    if not root.is_dir():
        return 0
    removed = 0
    for folder in root.iterdir():
        if folder.is_dir() and _is_run_id(folder.name) and _last_written(folder) < cutoff:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def _last_written(folder: Path) -> datetime:
    newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
    return datetime.fromtimestamp(newest, UTC)


def _is_run_id(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
