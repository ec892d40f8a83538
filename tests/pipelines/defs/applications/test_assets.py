"""The sensor of the applications' folder: a run for files that have stopped growing, once."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.defs.applications.assets import application_files_sensor

GOOD = "Navn;E-post\nOla Eksempel;ola@fjellrev.example.no\n"


@pytest.fixture
def folder(nothing_configured: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder for exports."""
    folder = tmp_path / "applications"
    folder.mkdir()
    monkeypatch.setenv("APPLICATIONS_FOLDER", str(folder))
    return folder


def tick(cursor: str | None = None) -> tuple[list[str | None], str]:
    """Run keys of what the sensor starts, and its cursor."""
    context = dg.build_sensor_context(cursor=cursor)
    result = application_files_sensor(context)
    assert isinstance(result, dg.SensorResult)
    return [request.run_key for request in result.run_requests or []], str(result.cursor)


def test_a_file_is_loaded_when_it_has_stopped_growing(folder: Path) -> None:
    path = folder / "ola-eksempel.csv"
    path.write_text(GOOD)
    started, cursor = tick()
    assert started == []
    path.write_text(GOOD + GOOD)
    started, cursor = tick(cursor)
    assert started == []
    started, cursor = tick(cursor)
    assert len(started) == 1
    assert tick(cursor)[0] == started
    assert "ola" not in cursor


def test_an_empty_folder_starts_nothing(folder: Path) -> None:
    assert tick()[0] == []


def test_without_a_folder_the_sensor_says_so(nothing_configured: None) -> None:
    assert isinstance(application_files_sensor(dg.build_sensor_context()), dg.SkipReason)
