"""`make ui`: Dagster's web interface and daemon on the same instance as `make sync`, sandbox included."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys

from pipelines.cli import listening
from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, configured, prepare_store, refuse, terminal
from pipelines.settings import PROJECT

_HOST = "127.0.0.1"
"""Dagster's web server has no login."""


def main(arguments: list[str]) -> int:
    """Serve until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make ui")
    parser.add_argument("--port", type=listening.port, default=3000)
    port = parser.parse_args(arguments).port
    console = terminal()
    # Dagster itself would go on without its web server.
    if problem := listening.problem_of(_HOST, port):
        console.print(
            f"[red]Nothing was started.[/] Port {port} {problem}. If that is no other `make ui`, another port"
            f" may do: `make ui PORT={port + 1 if port < listening.LARGEST_PORT else 3000}`"
        )
        return 2
    try:
        with configured(console) as (settings, is_sandbox):
            prepare_store(console, settings, is_sandbox=is_sandbox)
            console.print(f"Dagster opens on [bold]http://{_HOST}:{port}[/]. Stop it with Ctrl-C.")
            return _serve(port)
    except KeyboardInterrupt:
        return 0
    except NOT_STARTED as error:
        return refuse(console, "Nothing was started.", error)


def _serve(port: int) -> int:
    """Run Dagster until it ends or this process is told to end; then let it stop what it has started."""
    # Also where SIGINT was ignored by whoever started this, as shells do for what runs in the background:
    # Dagster would inherit that, and never end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    # In the project's folder, since its pyproject.toml names the code location: what is on and off is kept
    # under that name. In a session of its own, so that Ctrl-C reaches it once.
    command = f"-m dagster dev -h {_HOST} -p {port} --log-level warning"
    process = subprocess.Popen(
        [sys.executable, *command.split()],
        cwd=PROJECT,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        start_new_session=True,
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        return 0
    finally:
        # The code server would go on until it misses the heartbeat.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)


if __name__ == "__main__":
    end(main)
