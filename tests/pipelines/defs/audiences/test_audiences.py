"""The audiences as Dagster runs them: building, previewing, exporting, and lists of bounces from a folder."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines.defs.audiences.assets import bounce_lists_sensor
from schemas.audience_reasons import BOUNCED
from schemas.tables.audiences import audience_change, audience_member, audience_preview
from schemas.tables.bounces import email_bounce
from schemas.tables.privacy import disclosure
from schemas.zone import OSLO
from tests.pipelines.audiences.conftest import Town

OLA, KARI = "ola@fjellrev.example.no", "kari@fjellrev.example.no"


@pytest.fixture
def home(only_a_store: None, tmp_path: Path) -> Path:
    """DAGSTER_HOME of runs on a store of their own."""
    return tmp_path


@pytest.fixture
def town(home: Path, crm_engine: sa.Engine) -> Town:
    """Two contact persons of two customers that were billed lately."""
    town = Town(crm_engine)
    for email in (OLA, KARI):
        town.contact(town.person(email), town.customer(billed=datetime.now(OSLO).date()), email)
    return town


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, config: dict[str, Any] | None = None
) -> dg.ExecuteInProcessResult:
    """A run of a job as the launchpad starts it: `config` by step."""
    ops = {name: {"config": given} for name, given in (config or {}).items()}
    return definitions.resolve_job_def(job).execute_in_process(
        instance=instance, run_config={"ops": ops} if ops else None, raise_on_error=False
    )


def metadata(done: dg.ExecuteInProcessResult, key: str) -> dict[str, Any]:
    """What a run shows on an asset, by the last part of its key."""
    (found,) = [
        event.step_materialization_data.materialization.metadata
        for event in done.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.path[-1] == key
    ]
    return {name: value.value for name, value in found.items()}


def checks(done: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {one.check_name: one.passed for one in done.get_asset_check_evaluations()}


def count(engine: sa.Engine, table: sa.Table) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_run_builds_the_audiences_and_shows_them_in_numbers(
    town: Town, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = run(definitions, instance, "build_audiences")
    assert done.success
    assert checks(done) == {
        "no_ended_customer": True,
        "nobody_who_objected": True,
        "nobody_whose_address_bounced": True,
    }
    shown = metadata(done, "audience_member")
    assert (shown["dagster/row_count"], shown["rows_changed"], shown["preview"]) == (4, 4, False)
    assert shown["members"].splitlines()[2:] == ["| course_invitations | 2 |", "| important_updates | 2 |"]
    came = metadata(done, "audience_change")["came_in"]
    assert "| important_updates: contact person of an active customer | 2 |" in came


def test_a_preview_shows_who_would_come_and_go_and_changes_nothing(
    town: Town, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = run(definitions, instance, "build_audiences", {"audiences": {"preview": True}})
    assert done.success
    assert metadata(done, "audience_member")["dagster/row_count"] == 0
    assert metadata(done, "audience_preview")["dagster/row_count"] == 4
    assert (count(town.engine, audience_member), count(town.engine, audience_change)) == (0, 0)
    run(definitions, instance, "build_audiences")
    assert count(town.engine, audience_preview) == 0


def test_nothing_is_exported_unless_an_audience_is_named(
    town: Town, home: Path, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = run(definitions, instance, "export_audience")
    assert done.success
    assert metadata(done, "audience_export")["exported"] is False
    assert not (home / "exports").exists()
    assert count(town.engine, disclosure) == 0


def test_an_export_holds_who_may_be_written_to_now_and_is_noted(
    town: Town, home: Path, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    """It builds the audience first: who bounced or objected since the night is not in the file."""
    run(definitions, instance, "build_audiences")
    with town.engine.begin() as connection:
        connection.execute(sa.text("UPDATE crm.person SET is_internal = true"), {})
        connection.execute(
            sa.text(
                "UPDATE crm.person SET is_internal = false WHERE person_id IN"
                " (SELECT person_id FROM crm.person_email WHERE email = :email)"
            ),
            {"email": OLA},
        )
    done = run(
        definitions,
        instance,
        "export_audience",
        {"audiences__audience_export": {"audience": "course_invitations"}},
    )
    assert done.success
    assert metadata(done, "audience_export")["members"] == 1
    (path,) = (home / "exports").glob("course_invitations-*.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["email"] for row in csv.DictReader(file, delimiter=";")] == [OLA]
    assert count(town.engine, disclosure) == 1


def test_an_audience_that_there_is_not_fails_in_one_line(
    town: Town, home: Path, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = run(
        definitions, instance, "export_audience", {"audiences__audience_export": {"audience": "everybody"}}
    )
    (event,) = done.get_step_failure_events()
    assert "audience is none of important_updates, course_invitations" in str(
        event.step_failure_data.user_failure_data
    )
    assert not list(home.glob("exports/*"))


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of bounce lists; files in it have come to rest."""
    folder = home / "bounces"
    folder.mkdir()
    monkeypatch.setenv("BOUNCES_FOLDER", str(folder))
    monkeypatch.setattr("pipelines.dropped.folder.QUIET", 0.0)
    return folder


def test_a_list_takes_those_whose_address_bounced_out_at_once(
    town: Town, folder: Path, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    run(definitions, instance, "build_audiences")
    text = f"E-post;Dato;Type;Kode\n{OLA};{{}};hard;5.1.1\n"
    with town.engine.connect() as connection:
        yesterday = connection.scalar(sa.text("SELECT (now() - interval '1 day')::date"))
    (folder / "liste.csv").write_text(text.format(yesterday))
    done = run(definitions, instance, "load_bounces")
    assert done.success
    shown = metadata(done, "email_bounce")
    assert (shown["files_loaded"], shown["noted"], shown["dagster/row_count"]) == (1, 1, 1)
    assert metadata(done, "audience_member")["dagster/row_count"] == 2
    assert f"important_updates: {BOUNCED}" in metadata(done, "audience_exclusion")["left_out"]
    assert checks(done)["no_list_set_aside"]
    assert list(folder.iterdir()) == []


def test_a_bad_list_is_a_warning_that_quotes_nothing(
    town: Town, folder: Path, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    (folder / "ola-eksempel.csv").write_text(f"E-post;Dato;Type\n{OLA};i går;hard\n")
    done = run(definitions, instance, "load_bounces")
    assert done.success
    (finding,) = [one for one in done.get_asset_check_evaluations() if one.check_name == "no_list_set_aside"]
    assert (finding.passed, finding.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "row 2: the time" in str(finding.description)
    assert "ola" not in str(finding.description)
    assert count(town.engine, email_bounce) == 0


def test_the_sensor_starts_a_run_when_a_list_has_stopped_growing(folder: Path) -> None:
    def tick(cursor: str | None) -> tuple[int, str | None]:
        result = bounce_lists_sensor(dg.build_sensor_context(cursor=cursor))
        assert isinstance(result, dg.SensorResult)
        return len(result.run_requests or []), result.cursor

    (folder / "liste.csv").write_text("E-post")
    started, cursor = tick(None)
    assert started == 0
    assert tick(cursor)[0] == 1


def test_without_a_folder_nothing_is_looked_for(
    town: Town, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    assert isinstance(bounce_lists_sensor(dg.build_sensor_context()), dg.SkipReason)
    done = run(definitions, instance, "load_bounces")
    assert metadata(done, "email_bounce")["configured"] is False
