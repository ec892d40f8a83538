"""The job `match_decision` tries by default, and applies when it is told to."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.defs.crm.decisions import match_decision_job
from pipelines.defs.resources import Workbench
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.tables import crm

SAME = {
    "decision": "same",
    "left_source": "helpscout_customer",
    "left_id": "1",
    "right_source": "helpscout_customer",
    "right_id": "2",
}


@pytest.fixture
def store(only_a_store: None, crm_engine: sa.Engine) -> sa.Engine:
    """Two support contacts that nothing ties to each other."""
    records = [
        HelpScoutCustomer(id=1, first_name="Sol", last_name="Vik", emails=["sol@example.no"]),
        HelpScoutCustomer(id=2, first_name="Solveig", last_name="Dal", emails=["sd@annet.example.no"]),
    ]
    lander = Lander(crm_engine, HelpScoutCustomer, run_id="run", suppression=Suppression(b"s" * 32))
    lander.land([Page(records)])
    rebuild(crm_engine, "run")
    return crm_engine


def launch(instance: dg.DagsterInstance, **config: Any) -> dg.ExecuteInProcessResult:
    return match_decision_job.execute_in_process(
        run_config={"ops": {"decide_pair": {"config": config}}},
        resources={"workbench": Workbench()},
        instance=instance,
        raise_on_error=False,
    )


def people_and_decisions(engine: sa.Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (crm.person, crm.match_decision)
        ]
    return counts[0], counts[1]


def test_a_decision_is_tried_then_applied_then_withdrawn(
    store: sa.Engine, instance: dg.DagsterInstance
) -> None:
    assert launch(instance, **SAME).success
    assert people_and_decisions(store) == (2, 0)
    assert launch(instance, **SAME, apply=True).success
    assert people_and_decisions(store) == (1, 1)
    with store.connect() as connection:
        number = connection.scalar(sa.select(crm.match_decision.c.decision_id))
    assert launch(instance, decision="withdraw", decision_id=number, apply=True).success
    assert people_and_decisions(store) == (2, 0)


def test_a_preview_never_applies(store: sa.Engine, instance: dg.DagsterInstance) -> None:
    assert launch(instance, decision="preview", apply=True).success
    assert people_and_decisions(store) == (2, 0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"right_id": "99"}, "there is no record helpscout_customer:99"),
        ({"right_id": ""}, "name both records by their source entity and number"),
        ({"left_source": ""}, "name both records by their source entity and number"),
    ],
)
def test_a_decision_about_no_record_fails_and_says_so(
    store: sa.Engine, instance: dg.DagsterInstance, changed: dict[str, str], said: str
) -> None:
    done = launch(instance, **{**SAME, **changed}, apply=True)
    assert not done.success
    [failure] = [event for event in done.all_events if event.is_step_failure]
    assert said in str(failure.step_failure_data.error)
