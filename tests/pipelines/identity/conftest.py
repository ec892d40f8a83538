"""Rows in the landing tables, put there directly, for tests of what identity makes of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.normalise import domains, emails
from schemas.tables.landing import TABLES


class Landing:
    """Writes and removes landing rows; what a row does not say is null, false or empty."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def put(self, source: str, key: Any, **fields: Any) -> None:
        """Insert a row, or replace the one with the same key as a later read would."""
        table = TABLES[source]
        name = next(iter(table.primary_key)).name
        row: dict[str, Any] = {
            column.name: [] if isinstance(column.type, pg.ARRAY) else None
            for column in table.columns
            if column.name not in ("first_seen_at", "last_changed_at", "deleted_at_source")
        }
        row |= {"is_subunit": False} if "is_subunit" in row else {}
        row |= {name: key, **fields}
        row["content_hash"] = hashlib.blake2b(
            repr(sorted(row.items(), key=str)).encode(), digest_size=16
        ).digest()
        changes = {**row, "last_changed_at": sa.func.clock_timestamp(), "deleted_at_source": None}
        statement = pg.insert(table).values(row)
        with self._engine.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=[name], set_=changes))

    def mark_deleted(self, source: str, key: Any) -> None:
        """The record was found to be gone from its source."""
        table = TABLES[source]
        now = sa.func.clock_timestamp()
        with self._engine.begin() as connection:
            connection.execute(
                sa.update(table)
                .where(next(iter(table.primary_key)) == key)
                .values(deleted_at_source=now, last_changed_at=now)
            )

    def remove(self, source: str, key: Any) -> None:
        """Retention or an erasure took the row out of landing."""
        table = TABLES[source]
        with self._engine.begin() as connection:
            connection.execute(sa.delete(table).where(next(iter(table.primary_key)) == key))


@pytest.fixture
def landing(crm_engine: sa.Engine) -> Landing:
    """The landing tables of the test's own database."""
    return Landing(crm_engine)


@pytest.fixture
def public_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A domain at which anyone may have an address, as at the providers of the list."""
    provider = "nettpost.example.no"
    listed = domains.PUBLIC_MAIL | {provider}
    monkeypatch.setattr(domains, "PUBLIC_MAIL", listed)
    monkeypatch.setattr(emails, "PUBLIC_MAIL", listed)
    emails._host.cache_clear()
    yield provider
    emails._host.cache_clear()
