"""Dagster's own run launcher, which also tells run monitoring when a run's process is gone.

Without that a run whose process died with its code server counts as started, and keeps its sources' pools,
until its longest time is over. Named in dagster.yaml; must know neither the store nor the definitions.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import ConfigurableClassData, deserialize_value

STARTED_BY = {"kundekort/started_by": "command"}
"""Tag of the runs that a command executes in its own process: none of them outlives the command."""
LOCK = "run.lock"
"""File of DAGSTER_HOME that such a command keeps locked; it holds the id of the command's run."""
PATIENCE_SECONDS = 300
"""A code server that does not answer may be starting anew; for this long its runs are believed to go on."""
_ANSWER_SECONDS = 10


class WatchfulRunLauncher(dg.DefaultRunLauncher):
    """Launches runs on the code server, as Dagster does by default, and asks there whether they go on."""

    def __init__(
        self, inst_data: ConfigurableClassData | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(inst_data)
        self._clock = clock
        self._silent_since: dict[str, float] = {}

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring asks for the health of every started run, once a minute."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """RUNNING while the run's process works, or nobody here can know; NOT_FOUND once it is gone."""
        if STARTED_BY.items() <= run.tags.items():
            return self._of_command(run)
        client: DagsterGrpcClient | None = super()._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call] # Dagster's
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        try:
            answer = client.can_cancel_execution(
                CanCancelExecutionRequest(run_id=run.run_id), timeout=_ANSWER_SECONDS
            )
        except DagsterUserCodeUnreachableError:
            since = self._silent_since.setdefault(run.run_id, self._clock())
            if self._clock() - since < PATIENCE_SECONDS:
                return CheckRunHealthResult(WorkerStatus.RUNNING)
            del self._silent_since[run.run_id]
            return CheckRunHealthResult(
                WorkerStatus.NOT_FOUND, "its code server has not answered for five minutes"
            )
        self._silent_since.pop(run.run_id, None)
        if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "its code server has no process for it")

    def _of_command(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """A command in this home works for as long as its lock; of another home's nothing can be known."""
        lock = Path(self._instance.root_directory) / LOCK
        if is_held(lock) or not lock.exists() or lock.read_text() != run.run_id:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the command that executed it was killed")


def is_held(lock: Path) -> bool:
    """Whether a process keeps the file locked."""
    try:
        with lock.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
