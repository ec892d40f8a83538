"""The command line: serve in the foreground, or let days pass."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from connectors.sandbox.__main__ import main
from connectors.sandbox.world_file import WORLD, load_or_create


def test_advance_adds_days(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--directory", str(directory), "advance"]) == 0
    assert main(["--directory", str(directory), "advance", "--days", "2"]) == 0

    assert len(load_or_create(directory).days) == 3
    assert capsys.readouterr().out.splitlines()[-1].startswith("Days in the world since its birth: 3.")


@pytest.mark.parametrize("days", ["0", "-1", "x"])
def test_advance_refuses_what_is_no_number_of_days(directory: Path, days: str) -> None:
    with pytest.raises(SystemExit):
        main(["--directory", str(directory), "advance", "--days", days])


def test_an_unreadable_world_is_one_line_and_a_failure(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory.mkdir()
    (directory / WORLD).write_text("?")

    assert main(["--directory", str(directory), "advance"]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert WORLD in line


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_serving_prints_an_environment_that_works(directory: Path, told: signal.Signals) -> None:
    """Until it is told to end, which is no failure; a shell's background ignores SIGINT."""
    in_background = ["sh", "-c", 'trap "" INT; exec "$@"', "sh"]
    command = [*in_background, sys.executable, "-m", "connectors.sandbox", "--directory", str(directory)]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(root)}
    ) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(12)]
            given = dict(shlex.split(line)[1].split("=", 1) for line in lines)
            answer = requests.get(
                f"{given['PINDENA_URL']}/api/v1/activities/101/participants",
                auth=(given["PINDENA_USERNAME"], given["PINDENA_PASSWORD"]),
                timeout=10,
            )
            process.send_signal(told)
            code = process.wait(timeout=20)
        finally:
            process.kill()

    assert all(line.startswith("export ") for line in lines)
    assert answer.json()
    assert code == 0
