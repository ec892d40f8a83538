"""The house rules that a machine can check: directions of imports, names in the documents, lock files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_imports_run_one_way_and_only_egress_opens_connections() -> None:
    """In a process of its own: the linter switches off every logger that other tests listen to."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "OPERATIONS.md", "README.md"])
def test_every_file_that_a_document_names_is_there(name: str) -> None:
    """Files that move take their names in the documents along."""
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:connectors|pipelines|schemas|tests)/[\w/.*-]*)", text))
    assert sorted(path for path in named if not any(ROOT.glob(path.rstrip("/")))) == []


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-kubernetes.lock", "requirements-test.lock"]
)
def test_the_lock_pins_every_package_by_hash_and_names_no_index(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?://|index-url|find-links", text)
    packages = re.findall(r"^[a-z0-9][^ ]*==[^ ]+", text, re.MULTILINE)
    assert len(packages) > 50
    assert len(packages) <= text.count("--hash=sha256:")


def test_what_only_tests_need_stays_out_of_what_sync_installs() -> None:
    locked = (ROOT / "requirements.lock").read_text()
    for package in ("pytest", "hypothesis", "responses", "ruff", "mypy"):
        assert not re.search(rf"^{package}==", locked, re.MULTILINE)
