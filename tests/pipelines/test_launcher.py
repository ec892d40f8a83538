"""Run monitoring is told when a run's process is gone: soon where it is, never where it works."""

from __future__ import annotations

import fcntl
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import time_machine
from dagster._core.launcher.base import WorkerStatus
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget
from dagster._daemon.monitoring.concurrency import execute_concurrency_slots_iteration
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from dagster._grpc.client import DagsterGrpcClient

from pipelines.cli.leftovers import alone
from pipelines.launcher import LOCK, PATIENCE_SECONDS, STARTED_BY, WatchfulRunLauncher

ENDLESS = """
import os, pathlib
import dagster as dg

@dg.op(pool="pindena")
def read_on():
    folder = pathlib.Path(os.environ["FOLDER"])
    (folder / "process").write_text(str(os.getpid()))
    (folder / "never").open().read()

@dg.job(executor_def=dg.in_process_executor)
def endless():
    read_on()

defs = dg.Definitions(jobs=[endless])
"""
"""A job that holds the pool `pindena` and waits for a pipe that nobody writes to."""


@pytest.fixture
def instance(furnished_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the project's settings."""
    shutil.copytree(furnished_home, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@dg.job
def nightly() -> None:
    """Does nothing."""


def launcher_of(instance: dg.DagsterInstance) -> WatchfulRunLauncher:
    launcher = instance.run_launcher
    assert isinstance(launcher, WatchfulRunLauncher)
    assert launcher.supports_check_run_worker_health
    return launcher


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_command_is_believed_to_go_on_for_as_long_as_it_has_its_lock(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    run = instance.create_run_for_job(nightly, tags=STARTED_BY)
    with alone(tmp_path, run.run_id):
        assert launcher_of(instance).check_run_worker_health(run).status == WorkerStatus.RUNNING
    assert launcher_of(instance).check_run_worker_health(run).status == WorkerStatus.NOT_FOUND


@pytest.mark.parametrize("content", [None, "another run"])
def test_of_a_command_in_another_home_nothing_is_believed(
    instance: dg.DagsterInstance, tmp_path: Path, content: str | None
) -> None:
    """Homes on several machines may share one database."""
    run = instance.create_run_for_job(nightly, tags=STARTED_BY)
    if content is not None:
        (tmp_path / LOCK).write_text(content)
    assert launcher_of(instance).check_run_worker_health(run).status == WorkerStatus.RUNNING


def test_to_look_at_a_lock_does_not_keep_it(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(nightly, tags=STARTED_BY)
    (tmp_path / LOCK).write_text(run.run_id)
    launcher_of(instance).check_run_worker_health(run)
    with (tmp_path / LOCK).open() as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_code_server_that_is_silent_is_waited_for(instance: dg.DagsterInstance) -> None:
    """It may be starting anew; only a long silence ends its runs, and each silence counts anew."""
    now = [1_000.0]
    launcher = WatchfulRunLauncher(clock=lambda: now[0])
    launcher.register_instance(instance)
    grpc = {".dagster/grpc_info": f'{{"host": "127.0.0.1", "port": {free_port()}}}'}
    run = instance.create_run_for_job(nightly, tags=grpc)
    seen = []
    for waited in (0, PATIENCE_SECONDS - 1, PATIENCE_SECONDS, PATIENCE_SECONDS + 60):
        now[0] = 1_000.0 + waited
        seen.append(launcher.check_run_worker_health(run).status)
    running, gone = WorkerStatus.RUNNING, WorkerStatus.NOT_FOUND
    assert seen == [running, running, gone, running]


def test_a_run_that_nobody_can_be_asked_about_is_left_alone(instance: dg.DagsterInstance) -> None:
    run = instance.create_run_for_job(nightly)
    assert launcher_of(instance).check_run_worker_health(run).status == WorkerStatus.RUNNING


@pytest.mark.timeout(180)
def test_a_run_that_died_with_its_code_server_is_ended_and_gives_its_pool_back(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container started anew, a machine that lost its power: nobody is left to tell the run's end."""
    monkeypatch.setenv("FOLDER", str(tmp_path))
    (tmp_path / "endless.py").write_text(ENDLESS)
    subprocess.run(["mkfifo", str(tmp_path / "never")], check=True)
    instance.event_log_storage.initialize_concurrency_limit_to_default("pindena")
    port = free_port()
    target = GrpcServerTarget(host="127.0.0.1", port=port, socket=None, location_name="endless")
    with code_server(tmp_path, port) as server, WorkspaceProcessContext(instance, target) as context:
        run_id = launch(instance, context)
        await_(lambda: (tmp_path / "process").exists())
        monitor(context)
        assert status(instance, run_id) == dg.DagsterRunStatus.STARTED
        server.kill()
        server.wait()
        # The run's own process can outlive its server for a moment; with the machine's power it would not.
        subprocess.run(["kill", "-9", (tmp_path / "process").read_text()], check=True)
    with code_server(tmp_path, port), WorkspaceProcessContext(instance, target) as context:
        assert not claimed(instance, "next")
        monitor(context)
        assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
        with time_machine.travel(time.time() + 60):
            monitor(context)
        assert claimed(instance, "next")


def launch(instance: dg.DagsterInstance, context: WorkspaceProcessContext) -> str:
    """Launch the endless job on the code server."""
    workspace = context.create_request_context()
    [repository] = workspace.get_code_location("endless").get_repositories().values()
    job = repository.get_full_job("endless")
    run = instance.create_run(
        job_name="endless",
        run_id=None,
        run_config=None,
        status=dg.DagsterRunStatus.NOT_STARTED,
        tags=None,
        root_run_id=None,
        parent_run_id=None,
        step_keys_to_execute=None,
        execution_plan_snapshot=None,
        job_snapshot=job.job_snapshot,
        parent_job_snapshot=job.parent_job_snapshot,
        asset_selection=None,
        asset_check_selection=None,
        resolved_op_selection=None,
        op_selection=None,
        remote_job_origin=job.get_remote_origin(),
        job_code_origin=job.get_python_origin(),
        asset_graph=repository.asset_graph,
    )
    instance.launch_run(run.run_id, workspace)
    return run.run_id


def monitor(context: WorkspaceProcessContext) -> None:
    """What the daemon does once a minute."""
    logger = dg.get_dagster_logger()
    assert [error for error in execute_run_monitoring_iteration(context, logger) if error] == []
    assert [error for error in execute_concurrency_slots_iteration(context, logger) if error] == []


def claimed(instance: dg.DagsterInstance, run_id: str) -> bool:
    claim = instance.event_log_storage.claim_concurrency_slot("pindena", run_id, "step")
    return bool(claim.is_claimed)


@contextmanager
def code_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A code server with the endless job, once it answers."""
    arguments = f"-m dagster api grpc -f endless.py -h 127.0.0.1 -p {port} --location-name endless"
    process = subprocess.Popen([sys.executable, *arguments.split()], cwd=folder)
    try:
        client = DagsterGrpcClient(host="127.0.0.1", port=port)
        await_(lambda: answers(client) or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def answers(client: DagsterGrpcClient) -> bool:
    try:
        return bool(client.ping("")["echo"] == "")
    except dg.DagsterError:
        return False


def await_(condition: Callable[[], bool]) -> None:
    """Until the condition holds; the test's time-out ends it otherwise."""
    while not condition():
        threading.Event().wait(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
