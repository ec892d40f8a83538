"""Lands pages of payloads: set aside, deduplicate, hold back, hash, write what changed, count.

Every record of an answer ends in exactly one column of the reconciliation. Knows no API and no customer:
pages in, rows and numbers out.
"""

from __future__ import annotations

import hashlib
import itertools
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import psycopg.errors
import sqlalchemy as sa
from psycopg import sql

from connectors.pages import Page, Rejected
from pipelines.store.bulk import append_rows, upsert
from pipelines.store.tally import Tally
from schemas.payloads.base import Payload
from schemas.tables import landing as tables

BUFFER_ROWS = 5_000
"""Records per write: enough for COPY to pay, few enough to keep memory flat."""

Expired = Callable[[sa.Connection, type[Payload], Sequence[Payload]], Collection[Any]]
"""Keys of arriving records that are past their retention period already."""


class Screened(Protocol):
    """What may not be stored of some records that arrived, by record key."""

    @property
    def held_back(self) -> Collection[Any]:
        """Records that must not be stored."""

    @property
    def blanked(self) -> Mapping[Any, Payload]:
        """Records that may be stored in this form only."""


class Screen(Protocol):
    """Knows what was erased (`pipelines.privacy.suppression`)."""

    def keep_out_erasures(self, connection: sa.Connection) -> None:
        """Let no erasure begin until this transaction ends."""

    def screen(self, connection: sa.Connection, source: str, records: Iterable[Payload]) -> Screened:
        """Judge records of one source, inside the transaction that will store them."""


class Lander:
    """Writes the pages of one source entity into its landing table.

    `suppression` holds back what was erased; `expired` what is past its retention period on arrival.
    """

    def __init__(
        self,
        engine: sa.Engine,
        payload: type[Payload],
        *,
        run_id: str,
        suppression: Screen,
        expired: Expired | None = None,
    ) -> None:
        self._engine = engine
        self._payload = payload
        self._table = tables.TABLES[payload.source]
        self._run_id = run_id
        self._suppression = suppression
        self._expired = expired
        self._columns = [*payload.model_fields, "content_hash", "deleted_at_source"]
        self._seen: set[Any] = set()
        self.tally = Tally(payload.source)

    @property
    def seen(self) -> Collection[Any]:
        """Keys of the valid records met so far: what a complete sweep found."""
        return self._seen

    def land(self, pages: Iterable[Page[Any]]) -> Tally:
        """Read all pages, writing every BUFFER_ROWS records in a transaction of its own.

        A read that is cut short leaves whole rows; reading again ends in the same table.
        """
        for records in _buffers(self._counted(pages), BUFFER_ROWS):
            with self._engine.begin() as connection:
                self._write(connection, records)
        if self.tally.told == 0:
            self.tally.told = self.tally.received
        return self.tally

    def _counted(self, pages: Iterable[Page[Any]]) -> Iterator[Payload]:
        for page in pages:
            self.tally.received += page.received
            self.tally.told = max(self.tally.told, page.told or 0)
            self.tally.seen_fields |= page.seen_fields
            self.tally.lacking_fields |= page.lacking_fields
            for name, count in page.unknown_fields.items():
                self.tally.unknown_fields[name] = self.tally.unknown_fields.get(name, 0) + count
            if page.rejected:
                self.tally.rejected += len(page.rejected)
                self._set_aside(page.rejected)
            yield from page.records

    def _write(self, connection: sa.Connection, records: Sequence[Payload]) -> None:
        """Write one buffer. A record met before is `repeated`, whatever its second version changes."""
        newest: dict[Any, Payload] = {}
        for record in records:
            key = getattr(record, self._payload.key)
            if key not in newest or not _is_older(record, newest[key]):
                newest[key] = record
        met_before = newest.keys() & self._seen
        first_met = newest.keys() - met_before
        self._seen.update(first_met)
        self.tally.repeated += len(records) - len(first_met)

        self._suppression.keep_out_erasures(connection)
        hashes = {key: content_hash(record) for key, record in newest.items()}
        known = self._known(connection, newest)
        # A row that is stored as it came was screened when it was, and erasures have taken theirs away.
        different = {key: record for key, record in newest.items() if known.get(key) != hashes[key]}
        admitted = self._admitted(connection, different)
        hashes |= {key: content_hash(record) for key, record in admitted.items() if record is not newest[key]}
        again = {key: record for key, record in admitted.items() if key in met_before}
        self._store(connection, again, hashes, known)
        first = {key: record for key, record in admitted.items() if key in first_met} if again else admitted
        stored = self._store(connection, first, hashes, known)
        held_back = different.keys() - admitted.keys()
        suppressed = len(held_back & first_met)
        self.tally.suppressed += suppressed
        self.tally.stored += stored
        self.tally.unchanged += len(first_met) - suppressed - stored
        self._forget_rejections(connection, newest.keys() - held_back)

    def _admitted(self, connection: sa.Connection, records: Mapping[Any, Payload]) -> Mapping[Any, Payload]:
        """The records that may be stored, without what was erased on them."""
        arrived = list(records.values())
        screening = self._suppression.screen(connection, self._payload.source, arrived)
        expired = self._expired(connection, self._payload, arrived) if self._expired else ()
        if not (screening.held_back or screening.blanked or expired):
            return records
        return {
            key: screening.blanked.get(key, record)
            for key, record in records.items()
            if key not in screening.held_back and key not in expired
        }

    def _store(
        self,
        connection: sa.Connection,
        records: Mapping[Any, Payload],
        hashes: Mapping[Any, bytes],
        known: Mapping[Any, bytes | None],
    ) -> int:
        """Write the records whose hash is not the known one; return how many rows changed."""
        new = [key for key in records if key not in known]
        different = [key for key in records if key in known and known[key] != hashes[key]]
        inserted = self._insert(connection, self._rows(new, records, hashes)) if new else 0
        if inserted == 0:
            different += new
        if not different:
            return inserted
        updated = upsert(
            connection,
            self._table,
            self._columns,
            self._rows(different, records, hashes),
            newer=self._newer(),
            touch="last_changed_at",
        )
        return inserted + updated.changed

    def _known(self, connection: sa.Connection, keys: Collection[Any]) -> dict[Any, bytes | None]:
        """The hashes of the stored records among the keys; None for one that was gone from its source."""
        key = self._table.c[self._payload.key]
        statement = sql.SQL(
            "SELECT {key}, CASE WHEN deleted_at_source IS NULL THEN content_hash END FROM {table}"
            " WHERE {key} = ANY(%s::{type}[])"
        ).format(
            key=sql.Identifier(key.name),
            table=sql.Identifier(tables.SCHEMA, self._table.name),
            type=sql.SQL(key.type.compile(connection.dialect)),
        )
        # Past SQLAlchemy: a row of it costs more than the hash that it brings.
        cursor = connection.connection.cursor(binary=True)
        return dict(cursor.execute(statement, [_array(keys)]).fetchall())

    def _insert(self, connection: sa.Connection, rows: Iterable[Sequence[Any]]) -> int:
        """COPY records that are not stored yet; return how many, 0 when another run was quicker."""
        try:
            with connection.begin_nested():
                return append_rows(connection, self._table, self._columns, rows).inserted
        except psycopg.errors.UniqueViolation:
            return 0

    def _rows(
        self, keys: Iterable[Any], records: Mapping[Any, Payload], hashes: Mapping[Any, bytes]
    ) -> Iterator[Sequence[Any]]:
        """Rows in the order of `_columns`."""
        values = operator.attrgetter(*self._payload.model_fields)
        return ((*values(records[key]), hashes[key], None) for key in keys)

    def _newer(self) -> sql.Composable | None:
        """Whether the incoming version may overwrite the stored one; unknown versions may."""
        if self._payload.version is None:
            return None
        column = sql.Identifier(self._payload.version)
        return sql.SQL("(excluded.{0} >= target.{0}) IS NOT FALSE").format(column)

    def _set_aside(self, rejected: Sequence[Rejected]) -> None:
        rows = {
            item.source_id: (self._payload.source, item.source_id, item.reason, self._run_id)
            for item in rejected
        }
        with self._engine.begin() as connection:
            upsert(
                connection,
                tables.rejected,
                ["source", "source_id", "reason", "run_id"],
                rows.values(),
                touch="seen_at",
            )

    def _forget_rejections(self, connection: sa.Connection, arrived: Collection[Any]) -> None:
        """A record that was set aside and is whole now is no longer one to look at."""
        of_source = tables.rejected.c.source == self._payload.source
        if not connection.scalar(sa.select(sa.exists().where(of_source))):
            return
        whole = sa.cast(sa.literal(_array(arrived)), sa.ARRAY(sa.Text()))
        connection.execute(
            sa.delete(tables.rejected).where(of_source, tables.rejected.c.source_id == sa.func.any(whole))
        )


def content_hash(record: Payload) -> bytes:
    """16 bytes over all declared fields, the same for the same values in any process."""
    text = record.__pydantic_serializer__.to_json(record)
    return hashlib.blake2b(text, digest_size=16).digest()


def live_keys(connection: sa.Connection, payload: type[Payload]) -> list[Any]:
    """Keys of the landed records that are still at their source."""
    table = tables.TABLES[payload.source]
    return list(
        connection.scalars(sa.select(table.c[payload.key]).where(table.c.deleted_at_source.is_(None)))
    )


def mark_deleted(connection: sa.Connection, payload: type[Payload], keys: Sequence[Any]) -> int:
    """Note that records are gone from their source; the cards follow, retention removes the rows."""
    table = tables.TABLES[payload.source]
    key = table.c[payload.key]
    return connection.execute(
        sa.update(table)
        .where(
            key == sa.func.any(sa.literal(list(keys), sa.ARRAY(key.type))),
            table.c.deleted_at_source.is_(None),
        )
        .values(deleted_at_source=sa.func.now(), last_changed_at=sa.func.now())
    ).rowcount


def _array(keys: Collection[Any]) -> str:
    """Keys as PostgreSQL writes an array; quicker by far than a list of parameters."""
    if not keys:
        return "{}"
    quoted = (str(key).replace("\\", r"\\").replace('"', r"\"") for key in keys)
    return '{"' + '","'.join(quoted) + '"}'


def _is_older(record: Payload, other: Payload) -> bool:
    """Whether `record` is an older version than `other`; what has no version is as new as it came."""
    if record.version is None:
        return False
    mine, theirs = getattr(record, record.version), getattr(other, record.version)
    return mine is not None and theirs is not None and mine < theirs


def _buffers(records: Iterator[Payload], size: int) -> Iterator[list[Payload]]:
    while buffer := list(itertools.islice(records, size)):
        yield buffer
