"""Environments in which the pipeline's own settings are known, whatever this machine has set."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines.settings import PROJECT, Settings


@pytest.fixture(scope="session")
def furnished_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DAGSTER_HOME with the project's settings and empty databases, which take seconds to make: to copy."""
    home = tmp_path_factory.mktemp("home")
    shutil.copy(PROJECT / "dagster_home" / "dagster.yaml", home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.get_runs()
    return home


@pytest.fixture
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the project is set, and no `.env` is read."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))


@pytest.fixture
def only_a_store(nothing_configured: None, monkeypatch: pytest.MonkeyPatch, crm_url: sa.URL) -> None:
    """An empty CRM database, no platform database, no source."""
    monkeypatch.setenv("CRM_DATABASE_URL", crm_url.render_as_string(hide_password=False))
