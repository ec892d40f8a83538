"""The sensor looks up what few webhooks marked and reads on from the cursor where they are many."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from connectors.sandbox.server import Sandbox
from pipelines.defs.resources import Workbench
from pipelines.defs.webhooks import MAX_MARKS, webhook_sensor
from pipelines.webhooks.marks import note, numbers_marked
from pipelines.webhooks.receiver import Mark
from schemas.tables import crm
from schemas.tables.landing import TABLES, load, webhook_mark
from schemas.tables.privacy import request_log


@pytest.fixture
def sandbox(only_a_store: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """All four sources, simulated, and configured."""
    with Sandbox(tmp_path / "sandbox") as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        yield sandbox


def evaluate(instance: dg.DagsterInstance, definitions: dg.Definitions, cursor: str | None = None) -> Any:
    """What the sensor says, and its cursor."""
    with dg.build_sensor_context(
        instance, cursor, definitions=definitions, resources={"workbench": Workbench()}
    ) as context:
        return webhook_sensor(context), context.cursor


def mark(engine: sa.Engine, *ids: int, event: str = "customer.updated") -> None:
    for number in ids:
        note(engine, Mark("helpscout", event, number))


def test_without_marks_nothing_is_started(
    only_a_store: None, instance: dg.DagsterInstance, definitions: dg.Definitions
) -> None:
    answer, _ = evaluate(instance, definitions)
    assert isinstance(answer, dg.SkipReason)


def test_few_marks_are_looked_up_and_once(
    only_a_store: None, instance: dg.DagsterInstance, definitions: dg.Definitions, crm_engine: sa.Engine
) -> None:
    mark(crm_engine, 17, 18)
    answer, cursor = evaluate(instance, definitions)
    assert (answer.job_name, answer.partition_key) == ("refetching", None)
    assert answer.tags["marked/helpscout"] == "2"
    again, _ = evaluate(instance, definitions, cursor)
    assert isinstance(again, dg.SkipReason)
    mark(crm_engine, 17)
    later, _ = evaluate(instance, definitions, cursor)
    assert later.run_key != answer.run_key


def test_many_marks_are_read_by_their_window(
    only_a_store: None, instance: dg.DagsterInstance, definitions: dg.Definitions, crm_engine: sa.Engine
) -> None:
    """A page holds many records, a look-up one."""
    with crm_engine.begin() as connection:
        rows = [
            {"system": "helpscout", "event": "customer.updated", "record_id": n} for n in range(MAX_MARKS + 1)
        ]
        connection.execute(sa.insert(webhook_mark), rows)
    answer, _ = evaluate(instance, definitions)
    assert answer.job_name == "reading"
    assert answer.partition_key is not None


def test_what_is_marked_is_on_its_card_after_one_run_that_asks_for_nothing_else(
    sandbox: Sandbox, instance: dg.DagsterInstance, definitions: dg.Definitions, crm_engine: sa.Engine
) -> None:
    marked = 500_000_001
    mark(crm_engine, marked)
    done = definitions.resolve_job_def("refetching").execute_in_process(
        instance=instance, raise_on_error=False
    )
    assert done.success
    with crm_engine.connect() as connection:
        landed = connection.scalars(sa.select(TABLES["helpscout_customer"].c.id)).all()
        linked = connection.scalars(sa.select(crm.source_link.c.source_id)).all()
        kinds = connection.scalars(sa.select(load.c.kind)).all()
        asked = connection.execute(
            sa.select(request_log.c.recipient, request_log.c.path, request_log.c.requests)
        ).all()
        assert numbers_marked(connection)[0] == {}
    assert (landed, linked, kinds) == ([marked], [str(marked)], ["webhook"])
    assert sorted(asked) == [("helpscout", "/v2/customers/{id}", 1), ("helpscout", "/v2/oauth2/token", 1)]
    [shown] = [
        event.step_materialization_data.materialization.metadata
        for event in done.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(["helpscout", "helpscout_marked"])
    ]
    assert (shown["requests"].value, shown["received"].value, shown["stored"].value) == (2, 1, 1)


def test_the_run_says_nothing_of_a_day(definitions: dg.Definitions) -> None:
    """A day that no night has read must not look as if it had been."""
    job = definitions.resolve_job_def("refetching")
    made = {key.path[-1] for key in job.asset_layer.selected_asset_keys}
    assert not made & {"helpscout_customers", "helpscout_conversations", "tripletex_invoices"}
    assert job.partitions_def is None
