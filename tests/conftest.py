"""One PostgreSQL and one loopback port for the whole session; a fresh database for each test that asks."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from connectors.simulation.server import LoopbackServer
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import create_platform, migrate_crm
from tests.connectors.fake_time import FakeTime

_numbers = itertools.count(1)
_DIRECTORY = "KUNDEKORT_TEST_DIRECTORY"


def pytest_configure() -> None:
    """Choose the data directory before the parallel workers start: they inherit the environment.

    It lies outside pytest's own folders, which a second session of the same user closes to the server.
    """
    if _DIRECTORY not in os.environ:
        directory = tempfile.mkdtemp(prefix="kundekort-tests-")
        os.environ[_DIRECTORY] = directory
        # Registered before the server's own clean-up, so it runs after the server has stopped.
        atexit.register(shutil.rmtree, directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_directory() -> Path:
    """Data directory of the one server of the session; the parallel workers share it."""
    return Path(os.environ[_DIRECTORY]) / "postgres"


@pytest.fixture(scope="session")
def _templates(postgres_directory: Path) -> dict[str, sa.URL]:
    """A migrated, empty database of each kind: copied for each test, which is far quicker than migrating."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    templates = {}
    for kind, prepare in (("crm", migrate_crm), ("platform", create_platform)):
        url = embedded_url(postgres_directory, f"template_{kind}_{worker}")
        engine = make_engine(url)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # Durability is not what these tests are about, and the server is thrown away with them.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync = off")
            # Its snapshots would keep deleted rows alive at moments that no test can choose.
            connection.exec_driver_sql("ALTER SYSTEM SET autovacuum = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        prepare(engine)
        engine.dispose()
        templates[kind] = url
    return templates


def _copy(template: sa.URL) -> sa.URL:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"test_{worker}_{next(_numbers)}"
    admin = sa.create_engine(
        template.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE {name} TEMPLATE "{template.database}"')
    return template.set(database=name)


def _drop(url: sa.URL) -> None:
    admin = sa.create_engine(
        url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)')


@pytest.fixture
def crm_url(_templates: dict[str, sa.URL]) -> Iterator[sa.URL]:
    """A migrated, empty CRM database (superuser URL)."""
    url = _copy(_templates["crm"])
    yield url
    _drop(url)


@pytest.fixture
def crm_engine(crm_url: sa.URL) -> Iterator[sa.Engine]:
    """An engine on a migrated, empty CRM database, with all rights."""
    engine = make_engine(crm_url)
    yield engine
    engine.dispose()


@pytest.fixture
def platform_url(_templates: dict[str, sa.URL]) -> Iterator[sa.URL]:
    """An empty platform database in its default shape (superuser URL)."""
    url = _copy(_templates["platform"])
    yield url
    _drop(url)


@pytest.fixture
def platform_engine(platform_url: sa.URL) -> Iterator[sa.Engine]:
    """An engine on an empty platform database, with all rights."""
    engine = make_engine(platform_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[LoopbackServer]:
    """A loopback port that each test hangs its own simulator on."""
    with LoopbackServer(Starlette()) as running:
        yield running


@pytest.fixture
def fake_time() -> FakeTime:
    """A clock that moves only when somebody sleeps on it."""
    return FakeTime()
