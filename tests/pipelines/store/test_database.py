"""Opening the store: the database is brought up to date once in a process, and used by its roles."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.settings import Settings
from pipelines.store import database
from pipelines.store.database import open_store
from pipelines.store.engines import DatabaseError
from pipelines.store.migrate import migrate_crm
from pipelines.store.roles import PIPELINE_ROLE


@pytest.fixture
def settings(crm_url: sa.URL, tmp_path: Path) -> Settings:
    return Settings(crm_database_url=crm_url.render_as_string(hide_password=False), dagster_home=tmp_path)


def test_a_command_that_opens_the_store_often_migrates_it_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated: Counter[str] = Counter()

    def counted(engine: sa.Engine) -> bool:
        migrated[str(engine.url.database)] += 1
        return migrate_crm(engine)

    monkeypatch.setattr(database, "migrate_crm", counted)
    for _ in range(3):
        store = open_store(settings)
        with store.crm.connect() as connection:
            assert connection.scalar(sa.text("SELECT current_user")) == PIPELINE_ROLE
        store.close()
    assert list(migrated.values()) == [1]


def test_a_failure_is_not_kept_in_mind(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A right that is given after the first try is seen by the second."""
    with monkeypatch.context() as patch:

        def refused(engine: sa.Engine) -> bool:
            raise sa.exc.ProgrammingError("", {}, Exception())

        patch.setattr(database, "migrate_crm", refused)
        with pytest.raises(DatabaseError, match="may not create the schemas"):
            open_store(settings)
    open_store(settings).close()


def test_each_database_is_migrated(settings: Settings, platform_url: sa.URL) -> None:
    """Another database of the same server is another one."""
    open_store(settings).close()
    other = settings.model_copy(
        update={"crm_database_url": platform_url.render_as_string(hide_password=False)}
    )
    store = open_store(other)
    with store.crm.connect() as connection:
        assert sa.inspect(connection).has_table("person", schema="crm")
    store.close()
