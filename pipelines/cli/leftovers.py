"""One run at a time, and the end of those that were killed.

Dagster counts a killed run as running for ever and keeps its sources' pools for it: the next run would wait
for one that will never end.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from pipelines.cli.startup import StartError
from pipelines.launcher import LOCK, STARTED_BY


@contextmanager
def alone(home: Path, run_id: str) -> Iterator[None]:
    """Keep other commands that run the job in this home out for as long as the block.

    The lock ends with the process, however it ends; the file then still names the run, so that run monitoring
    can tell that it is over. Raises StartError when there is one already.
    """
    with (home / LOCK).open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"Another sync or backfill is at work in {home.name}: wait until it is done, then try again"
            ) from None
        handle.truncate(0)
        handle.write(run_id)
        handle.flush()
        yield


def end_leftovers(instance: dg.DagsterInstance) -> int:
    """Mark runs of commands that were killed as cancelled and give their pools back; returns their number.

    To be called under `alone`: a run that is still at work looks just the same.
    """
    unfinished = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
    runs = instance.get_runs(dg.RunsFilter(tags=STARTED_BY, statuses=unfinished))
    for run in runs:
        instance.report_run_canceled(
            run, "The process of this run was killed; a later one has marked its end."
        )
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(runs)
