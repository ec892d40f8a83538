"""Serves Dagster's UI on a home, as `make ui` does, for as long as a block."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.home import Home

SECONDS_TO_ANSWER = 240
"""On a machine that has a lot to do."""


@contextmanager
def served(home: Home) -> Iterator[str]:
    """The UI's address, once it answers. Raises AssertionError when it does not come up or go down."""
    port = _free_port()
    log = home.folder.with_name("ui.log")
    with log.open("w") as output:
        process = subprocess.Popen(
            home.command("-m", "pipelines.cli.ui", "--port", str(port)),
            cwd=home.code,
            env=home.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _await(f"http://127.0.0.1:{port}/server_info", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=120)
    assert code == 0, log.read_text()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=10).close()
        except (urllib.error.URLError, OSError):
            try:
                process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError("the UI has ended before it answered") from None
        else:
            return
    raise AssertionError(f"the UI has not answered within {SECONDS_TO_ANSWER} seconds")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
