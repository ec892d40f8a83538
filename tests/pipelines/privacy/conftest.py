"""What the privacy engine's tests share: a transaction, and landing rows as a read leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.tables.landing import TABLES


@pytest.fixture
def connection(crm_engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction on the test's own CRM database."""
    with crm_engine.connect() as connection, connection.begin():
        yield connection


class Sources:
    """Writes landing rows as a read would; what a row does not say is null, false or empty."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def put(self, source: str, key: Any, **fields: Any) -> None:
        """Insert a row, or replace the one with the same key."""
        table = TABLES[source]
        name = next(iter(table.primary_key)).name
        arrays = [column.name for column in table.columns if isinstance(column.type, sa.ARRAY)]
        row: dict[str, Any] = {array: [] for array in arrays}
        if "is_subunit" in table.c:
            row["is_subunit"] = False
        row |= {"content_hash": b"", name: key, **fields}
        statement = pg.insert(table).values(row)
        with self.engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=[name], set_=row))

    def count(self, source: str) -> int:
        """Rows of a source entity."""
        with self.engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(TABLES[source])) or 0


@pytest.fixture
def sources(crm_engine: sa.Engine) -> Sources:
    """The landing tables of the test's own CRM database."""
    return Sources(crm_engine)
