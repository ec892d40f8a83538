"""The files for production agree with each other and with the project: what cannot be run here is read."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.settings import Settings

ROOT = Path(__file__).parents[1]
PRODUCTION = ROOT / "dagster_home" / "production"
OWN = {"POSTGRES_PASSWORD", "CRM_PASSWORD", "DAGSTER_PASSWORD", "DAGSTER_DATABASE_URL"}
"""Variables of the databases and of Dagster: no settings of the pipeline."""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def test_each_service_waits_for_services_that_there_are(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name


def test_only_known_variables_are_set(services: dict[str, Any]) -> None:
    known = {name.upper() for name in Settings.model_fields} | OWN
    for name, service in services.items():
        assert set(service.get("environment", {})) <= known, name


def test_no_secret_stands_in_the_file(services: dict[str, Any]) -> None:
    given = {
        (name, value)
        for service in services.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|TOKEN|DATABASE_URL", name)
    }
    assert len(given) >= 5
    assert [name for name, value in given if value and not re.search(r"\$\{\w+", value)] == []


def test_the_web_server_is_reached_from_this_machine_only(services: dict[str, Any]) -> None:
    assert services["web"]["ports"] == ["127.0.0.1:3000:3000"]
    assert [name for name, service in services.items() if "ports" in service] == ["web"]


def test_the_web_server_and_the_daemon_are_given_no_secret_of_a_source(services: dict[str, Any]) -> None:
    for name in ("web", "daemon"):
        assert set(services[name]["environment"]) == {"DAGSTER_DATABASE_URL"}
        assert "env_file" not in services[name]


def test_the_pipeline_is_not_given_the_password_of_the_superuser(services: dict[str, Any]) -> None:
    """It stands in `.env`, which the pipeline is given whole."""
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"]
    for name, service in services.items():
        if "env_file" in service:
            assert service["environment"]["POSTGRES_PASSWORD"] == "", name


def test_every_password_that_is_asked_for_stands_in_the_example(services: dict[str, Any]) -> None:
    asked = set(re.findall(r"\$\{(\w+)", yaml.safe_dump(services)))
    example = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(asked) >= 4
    assert asked <= example


def test_what_is_built_here_may_write_its_home_and_nothing_else(services: dict[str, Any]) -> None:
    built = {name: service for name, service in services.items() if service["image"] == "kundekort"}
    assert built.keys() == services.keys() - {"postgres"}
    for name, service in built.items():
        assert service["read_only"] is True, name
        assert service["tmpfs"] == ["/tmp"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        written = {path.split(":")[1] for path in service.get("volumes", ()) if not path.endswith(":ro")}
        assert written <= {"/kundekort/home"}, name


def test_everything_that_stays_says_whether_it_is_well_and_starts_when_what_it_needs_is(
    services: dict[str, Any],
) -> None:
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            ends = "service_completed_successfully" if needed == "migrate" else "service_healthy"
            assert how == {"condition": ends}, name


def test_the_database_is_well_when_it_answers_over_the_network(services: dict[str, Any]) -> None:
    """The server that makes the databases, and is stopped again, answers on its socket."""
    assert "-h" in services["postgres"]["healthcheck"]["test"]


def test_migrations_that_met_no_database_are_tried_again(services: dict[str, Any]) -> None:
    assert services["migrate"]["restart"] == "on-failure"


def test_the_commands_for_containers_are_of_services_and_programs_that_there_are(
    services: dict[str, Any],
) -> None:
    text = (ROOT / "OPERATIONS.md").read_text() + (ROOT / "README.md").read_text()
    asked = re.findall(r"docker compose exec (?:-T )?(\w+)", text)
    logged = re.findall(r"docker compose logs ([\w ]+)", text)
    assert {"code", "postgres"} <= set(asked)
    assert {*asked, *" ".join(logged).split()} <= services.keys()
    programs = set(re.findall(r"-- python -m ([\w.]+)|exec code python -m ([\w.]+)", text))
    named = {name for pair in programs for name in pair if name}
    assert len(named) >= 2
    assert [name for name in named if importlib.util.find_spec(name) is None] == []


def test_the_image_refuses_to_begin_a_store_that_would_be_lost_with_its_container() -> None:
    (variables,) = re.findall(r"^ENV ((?:.*\\\n)*.*)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    given = dict(line.strip(" \\").split("=", 1) for line in variables.splitlines())
    program = "from pipelines.settings import load_settings; load_settings()"
    started = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "", "KUNDEKORT_ENV_FILE": "/dev/null", "EMBEDDED_STORE": given["EMBEDDED_STORE"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert "CRM_DATABASE_URL is missing" in started.stderr


def test_everything_that_the_image_copies_is_there_and_let_through() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert all((ROOT / name).exists() for name in names)
    assert {name.split("/")[0] for name in names} == {name.split("/")[0] for name in let_through}


@pytest.mark.parametrize("name", ["workspace.yaml", "workspace.containers.yaml"])
def test_the_code_location_has_the_name_of_the_project_everywhere(name: str) -> None:
    """Schedules are on or off under this name."""
    [place] = yaml.safe_load((PRODUCTION / name).read_text())["load_from"]
    [location] = place.values()
    assert location["location_name"] == "kundekort"
    assert 'code_location_name = "kundekort"' in (ROOT / "pyproject.toml").read_text()
    assert '"--location-name", "kundekort"' in (ROOT / "Dockerfile").read_text()


def test_both_homes_differ_in_nothing_but_where_runs_are_kept() -> None:
    laptop, production = (
        yaml.safe_load((folder / "dagster.yaml").read_text()) for folder in (PRODUCTION.parent, PRODUCTION)
    )
    assert production.pop("storage") == {"postgres": {"postgres_url": {"env": "DAGSTER_DATABASE_URL"}}}
    assert laptop == production


@pytest.mark.parametrize("script", [PRODUCTION / "databases.sh", ROOT / ".ci" / "run"])
def test_the_linter_of_shell_scripts_has_nothing_to_say(script: Path) -> None:
    lint("shellcheck", script)


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    lint("hadolint", ROOT / "Dockerfile")


def test_the_compose_file_is_one_by_the_specification_of_compose() -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "compose.yaml")


def test_the_linter_of_yaml_has_nothing_to_say() -> None:
    written = (".yamllint", "compose.yaml", "dagster_home/dagster.yaml", "dagster_home/production")
    lint("yamllint", "--strict", *written, "schemas/policy.yaml")


def test_each_of_these_linters_is_part_of_the_command_for_linting() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\nlint:")[1].split("\n\n")[0]
    for tool in ("hadolint", "shellcheck", "check-jsonschema", "yamllint"):
        assert f"$(BIN)/{tool} " in recipe, tool


def lint(tool: str, *arguments: str | Path) -> None:
    """Run one of the tools that come with the tests."""
    program = Path(sys.executable).with_name(tool)
    done = subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
