"""What every command does before it starts anything."""

from __future__ import annotations

import io
from pathlib import Path

import dagster as dg
import pytest
import requests
import responses
from rich.console import Console

from pipelines.cli.startup import StartError, check_doors, furnish_home, history, refuse
from pipelines.settings import Settings, load_settings

REGISTER = "https://register.example.no/api"
INSTANCE = "https://own.example.no"
PARTICIPANTS = f"{INSTANCE}/api/v1/activities/101/participants"
_TIP = {"page": {"size": 1, "totalElements": 0, "totalPages": 0, "number": 0}}


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


def _settings() -> Settings:
    return Settings(
        _env_file=None,
        brreg_url=REGISTER,
        pindena_url=INSTANCE,
        pindena_username="api",
        pindena_password="secret",
        pindena_course_activities=(101,),
    )


def _knock(answer: responses.BaseResponse) -> str:
    """What is printed when the register answers well and the registration system as given."""
    console = Console(record=True, soft_wrap=True, file=io.StringIO())
    with responses.RequestsMock() as mock:
        mock.add(responses.GET, f"{REGISTER}/oppdateringer/enheter", json=_TIP)
        mock.add(answer)
        check_doors(console, _settings(), sleep=lambda _: None)
    return console.export_text()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_source_that_is_out_of_order_does_not_keep_the_others_from_being_read(status: int) -> None:
    printed = _knock(responses.Response("GET", PARTICIPANTS, status=status))
    assert f"answered {status}" in printed
    assert "Going on" in printed


def test_a_connection_that_breaks_does_not_keep_the_others_from_being_read() -> None:
    printed = _knock(responses.Response("GET", PARTICIPANTS, body=requests.ConnectionError("reset")))
    assert "Going on" in printed


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_source_that_says_no_stops_the_command_and_names_what_to_mend(status: int) -> None:
    with pytest.raises(StartError, match=rf"answered {status}.*PINDENA_URL, PINDENA_USERNAME"):
        _knock(responses.Response("GET", PARTICIPANTS, status=status))


def test_a_page_in_the_place_of_an_answer_stops_the_command() -> None:
    """The address of a web site answers 200 to everything."""
    with pytest.raises(StartError, match="a web page instead of JSON"):
        _knock(responses.Response("GET", PARTICIPANTS, body="<html></html>"))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("concurrency: [", "expected the node content"),
        ("colour: red", 'unexpected config entry "colour"'),
        ("storage: {postgres: {postgres_url: {env: NOT_SET_ANYWHERE}}}", "NOT_SET_ANYWHERE"),
    ],
)
def test_settings_of_dagster_that_cannot_be_used_are_said(
    written: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text(written)
    with pytest.raises(StartError, match=r"dagster\.yaml cannot be used") as refused, history(tmp_path):
        pass
    assert told in str(refused.value)
    assert len(str(refused.value)) < 500


def test_records_of_dagster_that_cannot_be_opened_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "runs.db").write_text("not a database, as after a disk that was full")
    with pytest.raises(StartError, match="records cannot be opened"), history(tmp_path):
        pass


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("there is no record course_signup:9", "Nothing was done. There is no record course_signup:9"),
        ("CRM_DATABASE_URL: no connection", "Nothing was done. CRM_DATABASE_URL: no connection"),
        ("policy.yaml line 3 (data): is empty", "Nothing was done. policy.yaml line 3 (data): is empty"),
        ("a list [of what]", "Nothing was done. A list [of what]"),
    ],
)
def test_a_refusal_is_a_sentence(reason: str, told: str) -> None:
    for error in (StartError(reason), KeyError(reason)):
        console = Console(record=True, soft_wrap=True, file=io.StringIO())
        assert refuse(console, "Nothing was done.", error) == 2
        assert console.export_text().strip() == told
