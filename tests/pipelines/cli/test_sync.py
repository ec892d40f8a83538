"""What `make sync` hands to the nightly job."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME

from connectors.errors import UnavailableError
from pipelines.cli import run_events, running, summary, sync
from pipelines.cli.startup import terminal
from pipelines.defs.jobs import night
from pipelines.settings import PROJECT, Settings


@pytest.mark.parametrize("complete", [False, True])
def test_a_complete_sync_is_a_run_of_the_weekly_sweep(
    complete: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deletions show in a complete read only, and nobody should have to wait for Sunday."""
    given: list[Any] = []
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(summary, "summarize", lambda *_, **__: 0)

    def execute(_: dg.JobDefinition, **options: Any) -> Result:
        given.append(options)
        return Result()

    monkeypatch.setattr(dg.JobDefinition, "execute_in_process", execute)
    settings = Settings(dagster_home=tmp_path)
    assert running.run_nightly(terminal(), settings, is_sandbox=False, complete=complete) == 0
    assert given[0]["run_config"] == night(complete=complete)


def test_the_page_of_the_job_lists_the_runs_of_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster asks for runs of the code location, which it knows by its name in the workspace."""
    given: dict[str, Any] = {}
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(summary, "summarize", lambda *_, **__: 0)

    def execute(_: dg.JobDefinition, **options: Any) -> Result:
        given.update(options)
        return Result()

    monkeypatch.setattr(dg.JobDefinition, "execute_in_process", execute)
    running.run_nightly(terminal(), Settings(dagster_home=tmp_path), is_sandbox=False)
    workspace = yaml.safe_load((PROJECT / "dagster_home/production/workspace.yaml").read_text())
    (target,) = workspace["load_from"]
    location = target["python_module"]["location_name"]
    assert given["tags"][".dagster/repository"] == f"{SINGLETON_REPOSITORY_NAME}@{location}"


def test_an_unknown_option_is_said_and_nothing_starts(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sync.main(["--everything"])
    assert "--everything" in capsys.readouterr().err


class Result:
    """What a run in this process leaves, as far as the command looks at it."""

    all_events: tuple[Any, ...] = ()
    success = True


def test_an_error_of_a_source_is_told_in_its_own_words() -> None:
    """The name of its class says nothing to whoever reads the last line."""

    @dg.op
    def read() -> None:
        raise UnavailableError("tripletex GET /customer: answered 503")

    @dg.job
    def night_of_one() -> None:
        read()

    result = night_of_one.execute_in_process(raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert run_events.cause(failure) == "tripletex GET /customer: answered 503"


def test_ctrl_c_within_a_step_is_an_interruption_and_no_failure() -> None:
    """Dagster takes it for a failure of the step, which nobody could mend."""

    @dg.op
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    @dg.op
    def broken() -> None:
        raise UnavailableError("tripletex GET /customer: answered 503")

    def events(op: dg.OpDefinition) -> Sequence[dg.DagsterEvent]:
        return (
            dg.JobDefinition(graph_def=dg.GraphDefinition(name="night", node_defs=[op]))
            .execute_in_process(raise_on_error=False)
            .all_events
        )

    assert run_events.was_interrupted(events(interrupted))
    assert not run_events.was_interrupted(events(broken))
