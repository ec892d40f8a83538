"""The jobs of holds, instructions and restrictions try by default, and do it when they are told to."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
import time_machine

from pipelines.defs.privacy.by_hand import (
    customer_instruction_job,
    legal_hold_job,
    lift_restriction_job,
)
from pipelines.defs.resources import Workbench
from pipelines.privacy.holds import set_hold
from schemas.tables import landing, privacy

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
REQUEST = "5f0c9c1e-0000-4000-8000-000000000001"
HOLD = {
    "data": "landing.tripletex_invoice",
    "value": "71",
    "basis": "bokføringsloven § 13",
    "reason": "bokettersyn 2026",
    "until": "2031-12-31",
}
INSTRUCTION = {
    "customer_org": "310000004",
    "submitted_before": "2026-11-01",
    "document": "arkiv/2026/17",
}

pytestmark = pytest.mark.usefixtures("only_a_store")


def launch(instance: dg.DagsterInstance, job: dg.JobDefinition, **config: Any) -> str:
    """Run a job; what its step said when it failed, else nothing."""
    (op,) = job.nodes
    with time_machine.travel(NOW):
        done = job.execute_in_process(
            run_config={"ops": {op.name: {"config": config}}},
            resources={"workbench": Workbench()},
            instance=instance,
            raise_on_error=False,
        )
    failures = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    assert done.success == (not failures)
    return "".join(f"{failure.error} {failure.user_failure_data}" for failure in failures)


def rows(engine: sa.Engine, table: sa.Table) -> list[sa.Row[Any]]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(table)))


def test_a_hold_is_tried_then_set_then_lifted(crm_engine: sa.Engine, instance: dg.DagsterInstance) -> None:
    assert "no row of landing.tripletex_invoice has that id" in launch(instance, legal_hold_job, **HOLD)
    with crm_engine.begin() as connection:
        connection.execute(
            sa.insert(landing.TABLES["tripletex_invoice"]).values(id=71, customer_id=1, content_hash=b"")
        )
    assert not launch(instance, legal_hold_job, **HOLD)
    assert rows(crm_engine, privacy.hold) == []
    assert not launch(instance, legal_hold_job, **HOLD, apply=True)
    (one,) = rows(crm_engine, privacy.hold)
    assert (one.column_name, one.value, one.set_by) == ("id", "71", "dagster")
    lifting = {"act": "lift", "hold_id": one.hold_id, "reason": "saken er avsluttet"}
    assert not launch(instance, legal_hold_job, **lifting)
    assert rows(crm_engine, privacy.hold)[0].lifted_at is None
    assert not launch(instance, legal_hold_job, **lifting, apply=True)
    assert rows(crm_engine, privacy.hold)[0].lifted_because == "saken er avsluttet"


def test_an_instruction_is_tried_then_recorded_then_withdrawn(
    crm_engine: sa.Engine, instance: dg.DagsterInstance
) -> None:
    assert not launch(instance, customer_instruction_job, **INSTRUCTION)
    assert rows(crm_engine, privacy.instruction) == []
    assert not launch(instance, customer_instruction_job, **INSTRUCTION, apply=True)
    (one,) = rows(crm_engine, privacy.instruction)
    assert (one.kind, one.activity_id, one.recorded_by) == ("delete", None, "dagster")
    assert one.submitted_before == datetime(2026, 10, 31, 23, tzinfo=UTC)
    number = {"instruction_id": one.instruction_id, "document": "arkiv/2026/19"}
    assert "is not one to hand over" in launch(
        instance, customer_instruction_job, act="handed_over", **number, apply=True
    )
    assert not launch(instance, customer_instruction_job, act="withdraw", **number, apply=True)
    assert rows(crm_engine, privacy.instruction)[0].withdrawn_document == "arkiv/2026/19"


def test_a_restriction_is_lifted_when_the_person_was_told(
    crm_engine: sa.Engine, instance: dg.DagsterInstance
) -> None:
    with crm_engine.begin() as connection:
        set_hold(
            connection, "landing.helpscout_customer", "id", "1",
            kind="restriction", reason=f"request {REQUEST}", now=NOW,
        )  # fmt: skip
    given = {"request_id": REQUEST, "person_was_told": "2026-11-25"}
    assert not launch(instance, lift_restriction_job, **given)
    assert rows(crm_engine, privacy.hold)[0].lifted_at is None
    assert not launch(instance, lift_restriction_job, **given, apply=True)
    (one,) = rows(crm_engine, privacy.hold)
    assert (one.told_on, one.lifted_by) == (date(2026, 11, 25), "dagster")


@pytest.mark.parametrize(
    ("job", "config", "told"),
    [
        (legal_hold_job, {**HOLD, "until": "New Year"}, "until is a day"),
        (legal_hold_job, {**HOLD, "reason": "sak mot sol@example.no"}, "no address"),
        (legal_hold_job, {**HOLD, "data": "landing.nothing"}, "no such table"),
        (customer_instruction_job, {**INSTRUCTION, "document": ""}, "document is kept"),
        (customer_instruction_job, {**INSTRUCTION, "submitted_before": ""}, "submitted_before is a day"),
        (
            lift_restriction_job,
            {"request_id": REQUEST, "person_was_told": "2026-11-25"},
            "no restriction of that request stands",
        ),
    ],
)
def test_what_cannot_be_fails_and_says_why(
    crm_engine: sa.Engine,
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    config: dict[str, str],
    told: str,
) -> None:
    failure = launch(instance, job, **config, apply=True)
    assert told in failure
    assert "sol@" not in failure
    assert {entry.action for entry in rows(crm_engine, privacy.audit_log)} <= {"log_begun"}
