"""Registration as Dagster runs it: nothing is sent unless somebody says so, and then what was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from connectors.simulation.server import LoopbackServer
from connectors.tripletex.simulator import TripletexSimulator
from connectors.tripletex.simulator_state import TripletexState, encode_token
from schemas.tables import registration
from tests.pipelines.registration.office import Office

NUMBER = "312345676"


@pytest.fixture
def simulator(only_a_store: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TripletexSimulator]:
    """Tripletex, simulated and configured."""
    state = TripletexState(encode_token(1754), encode_token(2913), lambda: datetime.now(UTC))
    simulator = TripletexSimulator(state, clock=lambda: datetime.now(UTC))
    with LoopbackServer(Starlette()) as server:
        server.app = simulator.app
        monkeypatch.setenv("TRIPLETEX_URL", server.url)
        monkeypatch.setenv("TRIPLETEX_CONSUMER_TOKEN", state.consumer_token)
        monkeypatch.setenv("TRIPLETEX_EMPLOYEE_TOKEN", state.employee_token)
        yield simulator


class Now:
    """The office's clock, which is that of the wall here."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def office(simulator: TripletexSimulator, crm_engine: sa.Engine) -> Office:
    """A company has ordered; it is not in Tripletex yet."""
    office = Office(crm_engine, None, simulator.state, Now())  # type: ignore[arg-type]  # only fills the store
    office.company_orders(1, NUMBER)
    return office


def run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, **config: Any
) -> dg.ExecuteInProcessResult:
    """The job as the launchpad starts it."""
    ops = {"crm__registration": {"config": config}}
    return definitions.resolve_job_def("register_customers").execute_in_process(
        instance=instance, run_config={"ops": ops} if config else None, raise_on_error=False
    )


def shown(done: dg.ExecuteInProcessResult, key: str) -> dict[str, Any]:
    """What a run shows on an asset, by the last part of its key."""
    (found,) = [
        event.step_materialization_data.materialization.metadata
        for event in done.get_asset_materialization_events()
        if event.asset_key is not None and event.asset_key.path[-1] == key
    ]
    return {name: value.value for name, value in found.items()}


def asked(simulator: TripletexSimulator) -> list[str]:
    return [f"{each.method} {each.path}" for each in simulator.requests]


def failure(done: dg.ExecuteInProcessResult) -> str:
    (event,) = done.get_step_failure_events()
    return str(event.step_failure_data.user_failure_data)


def test_a_dry_run_is_the_default_and_asks_nobody_anything(
    office: Office, simulator: TripletexSimulator, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = run(definitions, instance)
    assert done.success
    assert asked(simulator) == []
    assert shown(done, "registration") == {"dagster/row_count": 0, "dry_run": True, "requests": 0}
    plan = shown(done, "registration_plan")
    assert "| create customer | 1 |" in plan["steps"]
    assert "no customer in Tripletex has its organisation number" in plan["reasons"]
    (step, _) = office.rows(registration.registration_plan)
    assert (step.action, step.object) == ("create", "customer")
    assert "organization_number" in step.fields


def test_with_the_switch_the_plan_is_carried_out_once(
    office: Office, simulator: TripletexSimulator, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    done = run(definitions, instance, dry_run=False)
    assert done.success
    assert "| created customer | 1 |" in shown(done, "registration")["outcomes"]
    assert [one["organizationNumber"] for one in office.customers()] == [NUMBER]
    assert office.case(1).status == "registered"
    again = run(definitions, instance, dry_run=False)
    assert shown(again, "registration")["outcomes"].splitlines()[2:] == []
    assert (len(office.customers()), len(office.contacts()), office.state.outbox) == (1, 1, [])


def test_a_plan_that_has_changed_since_it_was_looked_at_is_refused(
    office: Office, simulator: TripletexSimulator, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    looked_at = shown(run(definitions, instance), "registration_plan")["plan_hash"]
    office.company_orders(2, "310001376", name="Havheim AS", email="nils@havheim.example.no")
    refused = run(definitions, instance, dry_run=False, plan=looked_at)
    assert not refused.success
    assert "the plan is another" in failure(refused)
    assert [each for each in asked(simulator) if "customer" in each] == []
    seen = shown(run(definitions, instance), "registration_plan")["plan_hash"]
    assert seen != looked_at
    assert run(definitions, instance, dry_run=False, plan=seen).success
    assert len(office.customers()) == 2


def test_the_same_plan_has_the_same_hash_and_another_value_another(
    office: Office, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    first, again = (shown(run(definitions, instance), "registration_plan")["plan_hash"] for _ in range(2))
    with office.engine.begin() as connection:
        connection.execute(sa.text("UPDATE landing.order_form SET first_name = 'Olav'"))
    assert first == again != shown(run(definitions, instance), "registration_plan")["plan_hash"]


def test_a_step_that_failed_is_told_and_taken_by_the_next_run(
    office: Office,
    simulator: TripletexSimulator,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulator.faults.fail(400, path="^/customer", times=10)
    done = run(definitions, instance, dry_run=False)
    assert "| failed customer | 1 |" in shown(done, "registration")["outcomes"]
    simulator.faults.planned.clear()
    run(definitions, instance, dry_run=False)
    assert len(office.customers()) == 1


def test_without_tripletex_nothing_is_sent(
    office: Office,
    simulator: TripletexSimulator,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("TRIPLETEX_CONSUMER_TOKEN", "TRIPLETEX_EMPLOYEE_TOKEN"):
        monkeypatch.delenv(name)
    done = run(definitions, instance, dry_run=False)
    assert shown(done, "registration")["requests"] == 0
    assert asked(simulator) == []


def test_no_value_of_anybody_is_left_in_dagsters_records(
    office: Office, simulator: TripletexSimulator, definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    run(definitions, instance)
    run(definitions, instance, dry_run=False)
    kept = b"".join(path.read_bytes() for path in Path(instance.root_directory).rglob("*") if path.is_file())
    assert b"registration_plan" in kept
    assert [
        value for value in (b"fjellrev", b"Fjellrev", b"Eksempel", NUMBER.encode()) if value in kept
    ] == []
