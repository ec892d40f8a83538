"""What every command does before it starts anything."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.cli.startup import StartError, furnish_home
from pipelines.settings import load_settings


def test_a_new_home_keeps_dagster_from_calling_a_host_outside(tmp_path: Path) -> None:
    """Without a dagster.yaml, Dagster sends telemetry and keeps what steps print."""
    home = tmp_path / "new" / "home"
    furnish_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert not instance.telemetry_enabled
        assert type(instance.compute_log_manager).__name__ == "NoOpComputeLogManager"


def test_the_settings_of_a_home_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    furnish_home(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_a_home_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="DAGSTER_HOME"):
        furnish_home(tmp_path / "file")


def test_a_relative_home_is_made_absolute_for_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "home")
    assert load_settings().dagster_home == tmp_path / "home"
