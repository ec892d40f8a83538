"""An empty CRM database for the privacy engine's tests; each test's changes are rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.store.embedded import embedded_url
from schemas.tables import metadata


@pytest.fixture(scope="session")
def privacy_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """An engine of a CRM database with all tables and no rows."""
    engine = _engine(tmp_path_factory.mktemp("privacy") / "postgres")
    with engine.begin() as connection:
        for schema in ("landing", "crm", "privacy"):
            connection.execute(sa.schema.CreateSchema(schema))
        metadata.create_all(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(privacy_engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that is rolled back when the test ends."""
    with privacy_engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def _engine(data_directory: Path) -> sa.Engine:
    url = embedded_url(data_directory, "kundekort_test")
    return sa.create_engine(url, connect_args={"options": "-c timezone=UTC"}, hide_parameters=True)
