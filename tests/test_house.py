"""The house rules that a machine can check: the direction of imports, style of the lock files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]


def test_imports_run_one_way_and_only_egress_opens_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename="pyproject.toml", no_cache=True) == 0


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
