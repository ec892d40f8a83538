"""Rights that are lost look like a mass deletion: a red check, cards as they were, and a way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from connectors.sandbox.server import Sandbox
from pipelines.defs.jobs import night
from pipelines.defs.partitions import DAILY
from schemas.tables import crm
from schemas.tables.landing import TABLES

CUSTOMERS, SIGNUPS = (
    dg.AssetKey(["helpscout", "helpscout_customers"]),
    dg.AssetKey(["pindena", "course_signups"]),
)
CARDS = dg.AssetKey(["crm", "source_link"])
TABLE = TABLES["helpscout_customer"]

Nightly = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def sandbox(only_a_store: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    """All four sources, simulated, and configured."""
    with Sandbox(tmp_path / "sandbox") as sandbox:
        for name, value in sandbox.environment().items():
            monkeypatch.setenv(name, value)
        yield sandbox


@pytest.fixture
def nightly(sandbox: Sandbox, definitions: dg.Definitions, instance: dg.DagsterInstance) -> Nightly:
    """Runs what reads Help Scout's customers and the sign-ups, and the cards, as the nightly job does."""
    job = definitions.resolve_job_def("nightly")
    cards = [
        key for key in definitions.resolve_asset_graph().materializable_asset_keys if key.path[0] == "crm"
    ]

    def run(config: dict[str, Any] | None = None) -> dg.ExecuteInProcessResult:
        selection = [CUSTOMERS, SIGNUPS, *cards]
        config_of: Any = night()
        asked = config_of.to_config_dict()
        if config:
            asked["ops"]["helpscout__helpscout_customers"] = {"config": config}
        names = {"helpscout__helpscout_customers", "pindena__course_signups"}
        ops = {name: value for name, value in asked["ops"].items() if name in names}
        return job.execute_in_process(
            asset_selection=selection,
            partition_key=DAILY.get_last_partition_key(),
            instance=instance,
            run_config={"ops": ops},
            raise_on_error=False,
        )

    return run


def check_of(
    done: dg.ExecuteInProcessResult, name: str, asset: dg.AssetKey = CUSTOMERS
) -> dg.AssetCheckEvaluation:
    [found] = [
        check
        for check in done.get_asset_check_evaluations()
        if check.check_name == name and check.asset_key == asset
    ]
    return found


def store_of(engine: sa.Engine) -> tuple[int, int, set[int]]:
    """People on cards, records on them, and customers of Help Scout that are live."""
    live = sa.select(TABLE.c.id).where(TABLE.c.deleted_at_source.is_(None))
    with engine.connect() as connection:
        numbers = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (crm.person, crm.source_link)
        ]
        return numbers[0], numbers[1], set(connection.scalars(live))


def hide_every_third(table: str, record: Any) -> bool:
    return table == "customers" and record["id"] % 3 == 0


@pytest.fixture
def after_rights_were_lost(
    nightly: Nightly, sandbox: Sandbox, crm_engine: sa.Engine
) -> tuple[dg.ExecuteInProcessResult, tuple[int, int, set[int]]]:
    assert nightly().success
    before = store_of(crm_engine)
    sandbox.faults["helpscout"].hidden = hide_every_third
    return nightly(), before


def test_a_mass_deletion_is_a_red_check_and_the_night_goes_on(
    after_rights_were_lost: tuple[dg.ExecuteInProcessResult, tuple[int, int, set[int]]],
    crm_engine: sa.Engine,
) -> None:
    done, before = after_rights_were_lost
    assert done.success
    check = check_of(done, "no_mass_deletion")
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.ERROR
    lost = sum(number % 3 == 0 for number in before[2])
    assert f"{lost} of {len(before[2])} records are missing" in str(check.description)
    assert "allow_mass_deletion" in str(check.description)
    assert store_of(crm_engine) == before
    [event] = [
        event.step_materialization_data.materialization
        for event in done.get_asset_materialization_events()
        if event.asset_key == CUSTOMERS
    ]
    told = {name: event.metadata[name].value for name in ("deleted", "missing", "refused_deletions")}
    assert told == {"deleted": 0, "missing": lost, "refused_deletions": lost}
    assert check_of(done, "adds_up").passed
    assert any(event.asset_key == CARDS for event in done.get_asset_materialization_events())


def test_it_is_green_again_when_the_rights_are_back(
    after_rights_were_lost: tuple[dg.ExecuteInProcessResult, tuple[int, int, set[int]]],
    nightly: Nightly,
    sandbox: Sandbox,
    crm_engine: sa.Engine,
) -> None:
    assert not check_of(nightly(), "no_mass_deletion").passed, "it does not go away by itself"
    sandbox.faults["helpscout"].hidden = None
    assert check_of(nightly(), "no_mass_deletion").passed
    assert store_of(crm_engine) == after_rights_were_lost[1]


def test_it_is_green_again_when_somebody_has_allowed_it_and_the_cards_follow(
    after_rights_were_lost: tuple[dg.ExecuteInProcessResult, tuple[int, int, set[int]]],
    nightly: Nightly,
    sandbox: Sandbox,
    crm_engine: sa.Engine,
) -> None:
    """Those who are asked for one by one must be gone too: a 403 is a right that was lost, and they stay."""
    _, (_, links, customers) = after_rights_were_lost
    allowed = {"complete": True, "allow_mass_deletion": True}
    assert check_of(nightly(allowed), "no_mass_deletion").passed
    assert store_of(crm_engine)[2] == customers

    sandbox.faults["helpscout"].fail(404, path=r"/v2/customers/\d", times=len(customers))
    done = nightly(allowed)
    assert check_of(done, "no_mass_deletion").passed
    assert store_of(crm_engine)[2] == {number for number in customers if number % 3}
    assert store_of(crm_engine)[1] < links


def test_a_broken_activity_is_a_red_check_and_the_night_goes_on(nightly: Nightly, sandbox: Sandbox) -> None:
    first = min(sandbox.environment()["PINDENA_COURSE_ACTIVITIES"].split(","), key=int)
    sandbox.faults["pindena"].fail(403, path=f"/activities/{first}/", times=10)
    done = nightly()
    assert done.success
    check = check_of(done, "every_activity_read", SIGNUPS)
    assert not check.passed
    assert f"{first} since " in str(check.description)
    assert check_of(nightly(), "every_activity_read", SIGNUPS).passed is False
    sandbox.faults["pindena"].planned.clear()
    assert check_of(nightly(), "every_activity_read", SIGNUPS).passed
