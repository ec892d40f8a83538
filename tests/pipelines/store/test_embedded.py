"""The embedded PostgreSQL is shared by processes, and ends with the last of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.store.embedded import embedded_url
from pipelines.store.engines import DatabaseError

ROOT = Path(__file__).parents[3]
OPENED = """
import os, signal, sys
from pathlib import Path
from pipelines.store.embedded import embedded_url
embedded_url(Path(sys.argv[1]), "crm")
if sys.argv[2] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def use(folder: Path, how: str) -> int:
    """Open the store in a process of its own, which is killed or comes to its end; its exit code."""
    return subprocess.run([sys.executable, "-c", OPENED, str(folder), how], cwd=ROOT, check=False).returncode


def test_it_outlives_a_process_that_was_killed_and_ends_with_the_next_that_was_not(tmp_path: Path) -> None:
    folder = tmp_path / "postgres"
    running = folder / "postmaster.pid"
    assert use(folder, "killed") == -signal.SIGKILL
    assert running.exists()
    assert use(folder, "ended") == 0
    assert not running.exists()


def test_it_runs_in_a_folder_with_spaces_and_norwegian_letters(tmp_path: Path) -> None:
    folder = tmp_path / "Åses hjem" / "postgres"
    assert use(folder, "ended") == 0
    assert use(folder, "ended") == 0


def test_a_server_that_does_not_start_is_told_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").write_text("18\n")
    with pytest.raises(DatabaseError, match="did not start: read the file `log`"):
        embedded_url(folder, "crm")
    assert capfd.readouterr().err == ""


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match=r"(Not a directory|File exists): .*file"):
        embedded_url(tmp_path / "file" / "postgres", "crm")
