"""Lands pages of payloads: reject, deduplicate, hold back, hash, write what changed, count.

Every record of an answer ends in exactly one column of the reconciliation; `Tally.check` says so.
Knows no API and no customer: pages in, rows and numbers out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from connectors.pages import Page
from pipelines.privacy.suppression import Suppression
from schemas.payloads.base import Payload
from schemas.tables import landing as tables
from schemas.tables import privacy
from pipelines.store.bulk import upsert

# Rows per write: large enough that COPY pays, small enough that a page of memory holds them.
BUFFER_ROWS = 5_000

Condition = Callable[[sa.FromClause], sa.ColumnElement[bool] | None]


@dataclass(slots=True)
class Tally:
    """Reconciliation of one read of one source entity; all in records."""

    source: str
    told: int = 0
    rejected: int = 0
    repeated: int = 0
    stored: int = 0
    unchanged: int = 0
    suppressed: int = 0
    deleted: int = 0
    unknown_fields: int = 0
    requests: int = 0
    unknown_field_names: set[str] = field(default_factory=set)

    @property
    def difference(self) -> int:
        """Records told but not accounted for; 0 when the read adds up."""
        accounted = self.rejected + self.repeated + self.stored + self.unchanged + self.suppressed
        return self.told - accounted

    def counts(self) -> dict[str, int]:
        """The numbers by name, as they stand in `landing.load` and in the asset metadata."""
        values = asdict(self)
        return {name: value for name, value in values.items() if isinstance(value, int)}


class Lander:
    """Writes the pages of one source entity into its landing table.

    `suppression` holds back what was erased, `expired` what is past its retention period on
    arrival (a predicate over the arriving rows; None when the rule's clock is not in the payload).
    """

    def __init__(
        self,
        engine: sa.Engine,
        source: str,
        *,
        run_id: str,
        suppression: Suppression,
        expired: Condition | None = None,
    ) -> None:
        self._engine = engine
        self._table = tables.TABLES[source]
        self._run_id = run_id
        self._suppression = suppression
        self._expired = expired
        self._seen: set[Any] = set()
        self.tally = Tally(source)

    @property
    def seen(self) -> frozenset[Any]:
        """Keys of the valid records met so far: what a complete sweep found."""
        return frozenset(self._seen)

    def land(self, pages: Iterable[Page[Any]]) -> Tally:
        """Read all pages, writing every BUFFER_ROWS records in a transaction of its own.

        A read that is cut short leaves whole rows; reading again ends in the same table.
        """
        for records in _buffers(self._counted(pages), BUFFER_ROWS):
            with self._engine.begin() as connection:
                self._write(connection, records)
        return self.tally

    def _counted(self, pages: Iterable[Page[Any]]) -> Iterator[Payload]:
        for page in pages:
            self.tally.told += page.told
            self.tally.unknown_fields += sum(page.unknown_fields.values())
            self.tally.unknown_field_names.update(page.unknown_fields)
            if page.rejected:
                self.tally.rejected += len(page.rejected)
                self._set_aside(page.rejected)
            yield from page.records

    def _write(self, connection: sa.Connection, records: Sequence[Payload]) -> None:
        key = type(records[0]).key
        newest: dict[Any, Payload] = {}
        first_met = 0
        for record in records:
            identifier = getattr(record, key)
            first_met += identifier not in self._seen
            self._seen.add(identifier)
            if identifier not in newest or not _is_older(record, newest[identifier]):
                newest[identifier] = record
        self.tally.repeated += len(records) - first_met

        again = len(newest) - first_met  # met in an earlier buffer: counted as repeated already
        arriving = self._held_back(connection, newest)
        hashes = {name: content_hash(record) for name, record in arriving.items()}
        known = dict(
            connection.execute(
                sa.select(self._table.c[key], self._table.c.content_hash).where(
                    self._table.c[key] == sa.any_(sa.literal(list(arriving), self._key_array)),
                    self._table.c.deleted_at_source.is_(None),
                )
            ).tuples()
        )
        different = [name for name in arriving if known.get(name) != hashes[name]]
        stored = self._upsert(connection, [(arriving[n], hashes[n]) for n in different])
        connection.execute(
            sa.delete(tables.rejected).where(
                tables.rejected.c.source == self._table.name,
                tables.rejected.c.source_id == sa.any_(sa.literal([str(n) for n in arriving], _TEXTS)),
            )
        )
        suppressed = len(newest) - len(arriving)
        # A record met in two buffers is one record: whatever it does the second time is `repeated`.
        self.tally.suppressed += max(suppressed - again, 0) if again else suppressed
        self.tally.stored += stored
        self.tally.unchanged += first_met - stored - (max(suppressed - again, 0) if again else suppressed)

    @property
    def _key_array(self) -> sa.types.TypeEngine[Any]:
        return sa.ARRAY(next(iter(self._table.primary_key)).type)
