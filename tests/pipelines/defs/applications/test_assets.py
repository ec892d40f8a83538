"""The applications' folder: a run for files that have stopped growing, once, and what that run shows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines.defs.applications.assets import application_files_sensor
from schemas.tables.landing import TABLES

OLA = "ola@fjellrev.example.no"
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


def load(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return definitions.resolve_job_def("load_applications").execute_in_process(
        instance=instance, raise_on_error=False
    )


@pytest.fixture
def store(
    only_a_store: None, folder: Path, monkeypatch: pytest.MonkeyPatch, crm_engine: sa.Engine
) -> sa.Engine:
    """An empty store, and a folder whose files have come to rest."""
    monkeypatch.setenv("PINDENA_ORDER_ACTIVITIES", "202")
    monkeypatch.setenv("APPLICATIONS_FOLDER", str(folder))
    monkeypatch.setattr("pipelines.dropped.folder.QUIET", 0.0)
    return crm_engine


def test_a_run_loads_what_is_good_once_and_warns_of_what_is_not(
    store: sa.Engine, folder: Path, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    for name in ("a.csv", "b.csv"):
        (folder / name).write_text(GOOD)
    (folder / "kari.csv").write_text(GOOD + "Kari\n")
    done = load(definitions, instance)
    assert done.success
    (event,) = done.get_asset_materialization_events()
    shown = {
        name: one.value for name, one in event.step_materialization_data.materialization.metadata.items()
    }
    assert {
        name: shown[name] for name in "files_loaded files_seen_before files_set_aside stored".split()
    } == {
        "files_loaded": 1,
        "files_seen_before": 1,
        "files_set_aside": 1,
        "stored": 1,
    }
    (check,) = done.get_asset_check_evaluations()
    assert (check.check_name, check.passed, check.severity) == (
        "no_file_set_aside",
        False,
        dg.AssetCheckSeverity.WARN,
    )
    assert "row 3 has 1 cells" in str(check.description)
    with store.connect() as connection:
        assert connection.scalars(sa.select(TABLES["order_form"].c.email)).all() == [OLA]
    assert [path.name for path in folder.iterdir()] == ["set_aside"]
    kept = b"".join(path.read_bytes() for path in Path(instance.root_directory).rglob("*") if path.is_file())
    assert [value for value in (b"fjellrev", b"kari.csv") if value in kept] == []


def test_a_run_without_a_folder_shows_zeros(
    only_a_store: None, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = load(definitions, instance)
    (event,) = done.get_asset_materialization_events()
    assert event.step_materialization_data.materialization.metadata["configured"].value is False
    assert all(check.passed for check in done.get_asset_check_evaluations())
