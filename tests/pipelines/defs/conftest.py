"""The loaded definitions, and an environment in which no source is configured."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import defs


@pytest.fixture(autouse=True)
def _no_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instances that are made for a moment know no dagster.yaml."""
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")


@pytest.fixture
def instance(furnished_home: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance with the project's settings that keeps everything in files below a folder of its own."""
    home = tmp_path / "home"
    shutil.copytree(furnished_home, home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@pytest.fixture(scope="session")
def definitions() -> dg.Definitions:
    """What Dagster loads."""
    return defs()
