"""A sync that was killed must not keep the next one waiting, and two syncs do not meet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.cli.leftovers import alone, end_leftovers
from pipelines.cli.startup import StartError
from pipelines.launcher import STARTED_BY


@pytest.fixture
def instance(furnished_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the project's settings, pools of one included."""
    shutil.copytree(furnished_home, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def unfinished_run(instance: dg.DagsterInstance, **tags: str) -> dg.DagsterRun:
    """A run that has begun, holds the pool `pindena`, and says no more."""

    @dg.job
    def nightly() -> None:
        """Does nothing."""

    run = instance.create_run_for_job(nightly, tags=tags)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "nightly", message="start"), run.run_id
    )
    instance.event_log_storage.initialize_concurrency_limit_to_default("pindena")
    assert instance.event_log_storage.claim_concurrency_slot("pindena", run.run_id, "step").is_claimed
    return run


def status(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    stored = instance.get_run_by_id(run.run_id)
    assert stored is not None
    return stored.status


def test_a_killed_sync_is_ended_and_gives_its_pools_back(instance: dg.DagsterInstance) -> None:
    killed = unfinished_run(instance, **STARTED_BY)
    storage = instance.event_log_storage
    assert not storage.claim_concurrency_slot("pindena", "next", "step").is_claimed
    assert end_leftovers(instance) == 1
    assert status(instance, killed) == dg.DagsterRunStatus.CANCELED
    assert storage.claim_concurrency_slot("pindena", "next", "step").is_claimed


def test_runs_that_others_started_are_left_alone(instance: dg.DagsterInstance) -> None:
    theirs = unfinished_run(instance)
    assert end_leftovers(instance) == 0
    assert status(instance, theirs) == dg.DagsterRunStatus.STARTED


def test_runs_that_came_to_their_end_are_left_as_they_are(instance: dg.DagsterInstance) -> None:
    done = unfinished_run(instance, **STARTED_BY)
    instance.report_run_failed(done)
    assert end_leftovers(instance) == 0
    assert status(instance, done) == dg.DagsterRunStatus.FAILURE


def test_a_second_sync_is_told_to_wait(tmp_path: Path) -> None:
    with (
        alone(tmp_path, "first"),
        pytest.raises(StartError, match="wait until it is done"),
        alone(tmp_path, "second"),
    ):
        raise AssertionError("two syncs at once")


def test_the_lock_is_free_again_after_a_sync(tmp_path: Path) -> None:
    with alone(tmp_path, "run"):
        pass
    with alone(tmp_path, "second"):
        assert (tmp_path / "run.lock").read_text() == "second"
