"""The assets that read: with nothing configured they show zeros, and their failures quote nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
import requests
import sqlalchemy as sa

from connectors.brreg.client import BrregClient
from connectors.errors import PermanentError, TransientError, UnauthorizedError
from connectors.sandbox.server import Sandbox
from pipelines.defs.resources import NoFiles, Workbench
from pipelines.defs.sources.landing_asset import landing_asset
from pipelines.sources.reading import Desk, Run
from pipelines.store.tally import Tally
from schemas.payloads.brreg import BrregUnit
from schemas.tables import landing

CANARY = "kanarifugl"
EMAIL = f"{CANARY}@example.no"
RESOURCES = {"workbench": Workbench(), "io_manager": NoFiles()}


def everything_kept(instance: dg.DagsterInstance) -> bytes:
    """All bytes of an instance's home."""
    home = Path(instance.root_directory)
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def materialize(
    assets: Any, instance: dg.DagsterInstance, partition_key: str | None = None
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        assets, instance=instance, partition_key=partition_key, resources=RESOURCES, raise_on_error=False
    )


def keys_of_landing(definitions: dg.Definitions) -> list[dg.AssetKey]:
    graph = definitions.resolve_asset_graph()
    return [
        key
        for key in graph.materializable_asset_keys
        if str(graph.get(key).metadata.get("dagster/table_name")).startswith("landing.")
    ]


def test_sources_that_are_not_configured_materialize_with_zeros(
    definitions: dg.Definitions, only_a_store: None, instance: dg.DagsterInstance
) -> None:
    """So that what comes after them still runs, and Dagster's plots have no gaps."""
    done = definitions.resolve_job_def("nightly").execute_in_process(
        asset_selection=keys_of_landing(definitions), partition_key="2026-01-05", instance=instance
    )
    assert done.success
    shown = done.get_asset_materialization_events()
    assert len(shown) == len(landing.TABLES)
    for event in shown:
        metadata = event.step_materialization_data.materialization.metadata
        assert metadata["configured"].value is False
        numbers = (
            "dagster/row_count received stored unchanged suppressed rejected requests difference".split()
        )
        assert {name: metadata[name].value for name in numbers} == dict.fromkeys(numbers, 0)
    assert all(check.passed for check in done.get_asset_check_evaluations())


Read = Callable[[Desk, Any, Run], Tally]


def asset_that(read: Read) -> dg.AssetsDefinition:
    """A landing asset whose read does what a test wants."""
    read.__doc__ = "One row per unit."
    return landing_asset(BrregUnit, name="brreg_units", partitioned=False)(read)


@pytest.fixture
def sandbox(only_a_store: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """All four sources, simulated, and configured."""
    with Sandbox(tmp_path / "sandbox") as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        yield sandbox


def failure_of(done: dg.ExecuteInProcessResult) -> str:
    """All that Dagster tells of the one failed step."""
    [event] = done.get_step_failure_events()
    return f"{event.step_failure_data.error} {event.step_failure_data.user_failure_data}"


def test_a_unique_violation_leaves_no_value_in_the_event_log(
    sandbox: Sandbox, instance: dg.DagsterInstance
) -> None:
    """PostgreSQL's own message quotes the key: `Key (source, source_id)=(…) already exists`."""

    def read(desk: Desk, client: BrregClient, run: Run) -> Tally:
        row = {"source": "brreg_unit", "source_id": EMAIL, "reason": "none", "run_id": run.run_id}
        with desk.engine.begin() as connection:
            connection.execute(sa.insert(landing.rejected), [row])
            connection.execute(sa.insert(landing.rejected), [row])
        raise AssertionError("the database lets two rows have one key")

    done = materialize([asset_that(read)], instance)
    assert not done.success
    assert "UniqueViolation on landing.rejected (" in failure_of(done)
    assert CANARY.encode() not in everything_kept(instance)


def test_an_http_error_leaves_no_url_in_the_event_log(sandbox: Sandbox, instance: dg.DagsterInstance) -> None:
    """The name of a company is sent in the query, and the API refuses it."""
    sandbox.faults["brreg"].fail(400, times=10)

    def read(desk: Desk, client: BrregClient, run: Run) -> Tally:
        client.find_company(f"{CANARY.title()} Hagesenter AS")
        raise AssertionError("the register has refused every request")

    done = materialize([asset_that(read)], instance)
    assert not done.success
    assert any(CANARY in str(request.query).lower() for request in sandbox.requests)
    assert "400" in failure_of(done)
    assert CANARY.encode() not in everything_kept(instance).lower()


@pytest.mark.parametrize(
    "error",
    [
        requests.HTTPError(f"404 Client Error for url: https://example.no/customers?email={EMAIL}"),
        ValueError(f"'{EMAIL}' is not a number"),
        KeyError(EMAIL),
        sa.exc.DataError(f"INSERT … '{EMAIL}'", {"email": EMAIL}, Exception(f"invalid input {EMAIL}")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unforeseen_error_is_told_by_its_kind_and_place_alone(
    sandbox: Sandbox, instance: dg.DagsterInstance, error: Exception
) -> None:
    def read(desk: Desk, client: BrregClient, run: Run) -> Tally:
        try:
            raise LookupError(EMAIL)
        except LookupError as cause:
            raise error from cause

    done = materialize([asset_that(read)], instance)
    assert not done.success
    assert CANARY.encode() not in everything_kept(instance)


def test_credentials_that_are_not_accepted_are_told_with_the_variables_that_hold_them(
    sandbox: Sandbox, instance: dg.DagsterInstance
) -> None:
    def read(desk: Desk, client: BrregClient, run: Run) -> Tally:
        raise UnauthorizedError("brreg: the credentials are not accepted")

    done = materialize([asset_that(read)], instance)
    assert "the credentials are not accepted. Check BRREG_URL" in failure_of(done)


@pytest.mark.parametrize(
    "error",
    [
        PermanentError("403: the credentials may not read this"),
        KeyError(1),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_will_fail_again_is_not_tried_again(
    sandbox: Sandbox, instance: dg.DagsterInstance, error: Exception
) -> None:
    attempts = []

    def read(desk: Desk, client: BrregClient, run: Run) -> Tally:
        attempts.append(run.run_id)
        raise error

    done = materialize([asset_that(read)], instance)
    assert not done.success
    assert len(attempts) == 1


@pytest.mark.parametrize(
    "error",
    [
        TransientError("503"),
        sa.exc.OperationalError("SELECT 1", {}, psycopg.errors.AdminShutdown("the server is going down")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_tried_once_more(
    sandbox: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    attempts = []

    def read(desk: Desk, client: BrregClient, run: Run) -> Tally:
        attempts.append(run.run_id)
        if len(attempts) == 1:
            raise error
        return Tally("brreg_unit")

    monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", lambda policy, attempt: 0)
    assert materialize([asset_that(read)], instance).success
    assert len(attempts) == 2


def test_no_asset_lets_an_error_through_as_it_is(
    definitions: dg.Definitions,
    nothing_configured: None,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every asset of the project, with a store that fails at the first touch."""

    def broken(workbench: Workbench) -> Any:
        raise RuntimeError(f"could not send 'SELECT … {EMAIL}'")

    monkeypatch.setattr(Workbench, "store", property(broken))
    graph, job = definitions.resolve_asset_graph(), definitions.resolve_job_def("nightly")
    together = {frozenset(graph.get(key).assets_def.keys) for key in graph.materializable_asset_keys}
    went_through = {
        key.path[-1]
        for keys in together
        if job.execute_in_process(
            asset_selection=sorted(keys, key=str),
            partition_key="2026-01-05",
            instance=instance,
            raise_on_error=False,
        ).success
        for key in keys
    }
    # An export that is not to be written, and Dagster's own runs: the store is not needed.
    assert went_through <= {"audience_export", "dagster_history"}
    assert CANARY.encode() not in everything_kept(instance)
