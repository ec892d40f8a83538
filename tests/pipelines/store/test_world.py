"""A store holds the sandbox's invented records or real accounts', never both."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.cli.startup import StartError, prepare_store, terminal
from pipelines.settings import load_settings
from pipelines.store.database import open_store
from pipelines.store.world import claim_world
from schemas.tables.landing import load

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def read_into(engine: sa.Engine) -> None:
    numbers = {
        column.name: 0
        for column in load.c
        if isinstance(column.type, sa.BigInteger) and not column.nullable and column.name != "load_id"
    }
    names: dict[str, list[str]] = {"unknown_names": [], "seen_names": [], "refused_names": []}
    with engine.begin() as connection:
        connection.execute(
            sa.insert(load).values(
                source="brreg_unit",
                run_id="run",
                kind="nightly",
                started_at=NOW,
                finished_at=NOW,
                **numbers,
                **names,
            )
        )


@pytest.mark.parametrize("is_sandbox", [True, False])
def test_a_store_stays_with_the_world_that_was_read_into_it(crm_engine: sa.Engine, is_sandbox: bool) -> None:
    assert claim_world(crm_engine, is_sandbox=is_sandbox)
    read_into(crm_engine)
    for _ in range(2):
        assert claim_world(crm_engine, is_sandbox=is_sandbox)
        assert not claim_world(crm_engine, is_sandbox=not is_sandbox)


def test_an_empty_store_takes_either_world(crm_engine: sa.Engine) -> None:
    assert claim_world(crm_engine, is_sandbox=True)
    assert claim_world(crm_engine, is_sandbox=False)
    read_into(crm_engine)
    assert not claim_world(crm_engine, is_sandbox=True)


def test_a_store_that_dagster_read_real_accounts_into_is_not_the_sandboxs(crm_engine: sa.Engine) -> None:
    read_into(crm_engine)
    assert not claim_world(crm_engine, is_sandbox=True)
    assert claim_world(crm_engine, is_sandbox=False)


@pytest.mark.usefixtures("only_a_store")
def test_a_real_database_is_never_emptied(crm_engine: sa.Engine) -> None:
    """Somebody let the sandbox into the database that CRM_DATABASE_URL names."""
    claim_world(crm_engine, is_sandbox=True)
    read_into(crm_engine)
    with pytest.raises(StartError, match=r"CRM_DATABASE_URL.*name another database"):
        prepare_store(terminal(), load_settings(), is_sandbox=False)
    with crm_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(load)) == 1


@pytest.mark.usefixtures("only_a_store")
def test_invented_customers_are_not_mixed_with_real_ones_because_a_variable_is_missing(
    crm_engine: sa.Engine,
) -> None:
    claim_world(crm_engine, is_sandbox=False)
    read_into(crm_engine)
    with pytest.raises(StartError, match=r"No source is configured.*configure the sources"):
        prepare_store(terminal(), load_settings(), is_sandbox=True)


@pytest.mark.usefixtures("nothing_configured")
def test_the_sandbox_leaves_the_embedded_store_when_real_accounts_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings = load_settings()
    prepare_store(terminal(), settings, is_sandbox=True)
    store = open_store(settings)
    read_into(store.crm)
    store.close()
    prepare_store(terminal(), settings, is_sandbox=True)
    assert not capsys.readouterr().out
    prepare_store(terminal(), settings, is_sandbox=False)
    assert "the store begins empty" in capsys.readouterr().out
    store = open_store(settings)
    with store.crm.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(load)) == 0
    store.close()
    prepare_store(terminal(), settings, is_sandbox=False)
    assert not capsys.readouterr().out
