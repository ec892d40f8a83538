"""What is wrong with the configuration is said in one line that names it, before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.sandbox.server import Sandbox
from tests.e2e.home import ROOT, Home, Outcome

NOBODY_LISTENS = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Case:
    """What is configured on top of a sandbox that works, and what the answer must name."""

    variables: Mapping[str, str]
    named: str


CASES = {
    "a secret that is not accepted": Case(
        {"HELPSCOUT_APP_SECRET": "wrong-app-secret"}, "HELPSCOUT_APP_SECRET"
    ),
    "a token that is not accepted": Case(
        {"TRIPLETEX_EMPLOYEE_TOKEN": "wrong-token"}, "TRIPLETEX_EMPLOYEE_TOKEN"
    ),
    "a password that is not accepted": Case({"PINDENA_PASSWORD": "wrong-password"}, "PINDENA_PASSWORD"),
    "a secret that is missing": Case({"HELPSCOUT_APP_SECRET": ""}, "HELPSCOUT_APP_SECRET"),
    "a host that does not answer": Case({"TRIPLETEX_URL": f"{NOBODY_LISTENS}/v2"}, "TRIPLETEX_URL"),
    "a register that does not answer": Case({"BRREG_URL": NOBODY_LISTENS}, "BRREG_URL"),
    "a URL that is none": Case({"PINDENA_URL": "example.no"}, "PINDENA_URL"),
    "a database that does not answer": Case(
        {"CRM_DATABASE_URL": "postgresql://crm:wrong-password@127.0.0.1:9/crm"}, "CRM_DATABASE_URL"
    ),
    "a database of another kind": Case({"CRM_DATABASE_URL": "mysql://localhost/crm"}, "CRM_DATABASE_URL"),
}


@dataclass(frozen=True)
class Refused:
    """What a run with one fault said, and the home it was to write to."""

    outcome: Outcome
    home: Home


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Refused]]:
    """All cases, two processes at a time."""
    folder = tmp_path_factory.mktemp("refused")
    with Sandbox(folder / "world") as sandbox, ThreadPoolExecutor(2) as pool:
        homes = {
            name: Home.make(folder / str(number), sandbox.environment() | dict(case.variables))
            for number, (name, case) in enumerate(CASES.items())
        }
        outcomes = pool.map(Home.sync, homes.values())
        yield {
            name: Refused(outcome, home)
            for (name, home), outcome in zip(homes.items(), outcomes, strict=True)
        }


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_named_in_one_line_and_nothing_is_written(refused: dict[str, Refused], name: str) -> None:
    outcome, home = refused[name].outcome, refused[name].home
    assert outcome.code == 2, outcome.output
    assert outcome.last_line.startswith("Nothing was started. ")
    assert CASES[name].named in outcome.last_line
    assert "Traceback" not in outcome.output
    assert "wrong-" not in outcome.output
    assert [path.name for path in home.folder.iterdir()] == ["dagster.yaml"]


@pytest.mark.parametrize(
    ("line", "replacement"),
    [("clauses:", "clauses: ["), ("    period: P14D", "    period: 14 days")],
    ids=["not YAML", "a period that is none"],
)
def test_a_policy_that_cannot_be_used_is_named_with_its_line(
    tmp_path: Path, line: str, replacement: str
) -> None:
    code = tmp_path / "code"
    for package in ("schemas", "connectors", "pipelines"):
        shutil.copytree(ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__"))
    policy = code / "schemas" / "policy.yaml"
    text = policy.read_text()
    assert f"\n{line}\n" in text
    policy.write_text(text.replace(f"\n{line}\n", f"\n{replacement}\n", 1))
    home = Home.make(tmp_path / "home", code=code)
    outcome = home.sync()
    assert outcome.code == 2, outcome.output
    assert outcome.last_line.startswith("Nothing was started. policy.yaml line ")
    assert "Traceback" not in outcome.output
    assert [path.name for path in home.folder.iterdir()] == ["dagster.yaml"]
