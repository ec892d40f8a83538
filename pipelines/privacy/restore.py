"""After a restored backup: what was erased since then is erased again, before anything else runs.

A backup is older than the last erasures and objections, its ledgers too. So these are copied apart from the
database (keyed hashes, no values), and the copy is put back over the restored store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.files import write_whole
from pipelines.identity.publish import take_turn
from pipelines.privacy import audit_log
from pipelines.privacy.holds import RowHold
from pipelines.privacy.subjects.erasure import held_facts, ids_by_source, is_kept, legal_holds, remove
from pipelines.privacy.subjects.finding import SourceRecord, source_record
from pipelines.privacy.suppression import Suppression
from schemas.errors import SafeError
from schemas.policy import load_policy
from schemas.tables import landing
from schemas.tables.privacy import objection, suppression, suppression_key

ROWS = 5_000
LEDGER_COPY = "suppression_ledger.jsonl"
"""File of DAGSTER_HOME with the copy, written each night and after each erasure."""

_COPY_LOCK = 0x6C6564676572  # "ledger": one writer of the copy at a time


class LedgerCopyError(SafeError, ValueError):
    """A copy of the ledger cannot be read; the message says which line."""


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What putting the ledger back did."""

    entries: int
    """Entries of the copy that the restored ledger did not have."""
    removed: int
    """Landing rows of erased persons that the backup had brought back."""
    blanked: int
    """Records of organisations that bore an erased person's address or number again."""


def copy_ledger(connection: sa.Connection) -> Iterator[str]:
    """The suppression ledger and the objections to marketing as lines of JSON, for a place apart."""
    keys = connection.execute(sa.select(suppression_key).order_by(suppression_key.c.key_id))
    for row in keys:
        yield json.dumps({"key_id": row.key_id, "created_at": row.created_at.isoformat()}) + "\n"
    entries = sa.select(suppression).order_by(*suppression.primary_key.columns)
    with connection.execute(entries, execution_options={"stream_results": True}) as rows:
        for row in rows:
            entry = {
                "key_id": row.key_id,
                "key_kind": row.key_kind,
                "key_hmac": bytes(row.key_hmac).hex(),
                "reason": row.reason,
                "created_at": row.created_at.isoformat(),
                "last_met_at": row.last_met_at.isoformat(),
            }
            yield json.dumps(entry) + "\n"
    objections = connection.execute(sa.select(objection).order_by(*objection.primary_key.columns))
    for row in objections:
        entry = {
            "objection": bytes(row.key_hmac).hex(),
            "key_kind": row.key_kind,
            "key_id": row.key_id,
            "created_at": row.created_at.isoformat(),
        }
        yield json.dumps(entry) + "\n"


def keep_copy(engine: sa.Engine, home: Path) -> Path:
    """Write the ledger as it stands to LEDGER_COPY in `home`, whole or not at all.

    Writers take turns and look after their turn has come, so no older copy takes a newer one's place.
    """
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_COPY_LOCK)))
        return write_whole(home / LEDGER_COPY, copy_ledger(connection))


def reapply(engine: sa.Engine, ledger: Suppression, copy: Iterable[str], *, now: datetime) -> Reapplied:
    """Put a copy of the ledger back into a restored store and erase again what it names.

    To be run before the first read; the caller has the cards made anew. One transaction, safe to repeat.
    Raises LedgerCopyError, and SuppressionError when the copy was made under a secret that is not configured.
    """
    with engine.begin() as connection:
        ledger.lock(connection)
        take_turn(connection)
        entries = _put_back(connection, copy)
        removed, blanked = _erase_again(connection, ledger, legal_holds(connection, load_policy(), now))
        audit_log.append(
            connection, "ledger_reapplied", now, entries=entries, removed=removed, blanked=blanked
        )
    return Reapplied(entries, removed, blanked)


def _put_back(connection: sa.Connection, copy: Iterable[str]) -> int:
    keys: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    objected: list[dict[str, Any]] = []
    for number, line in enumerate(copy, 1):
        try:
            row = json.loads(line)
            moments = {name: datetime.fromisoformat(row[name]) for name in row if name.endswith("_at")}
            if "key_hmac" in row:
                entries.append(row | moments | {"key_hmac": bytes.fromhex(row["key_hmac"])})
            elif "objection" in row:
                noted = {"key_hmac": bytes.fromhex(row.pop("objection"))}
                objected.append(row | moments | noted)
            else:
                keys.append(row | moments)
        except (ValueError, TypeError, AttributeError):
            raise LedgerCopyError(f"the copy of the suppression ledger is damaged in line {number}") from None
    if keys:
        connection.execute(pg.insert(suppression_key).on_conflict_do_nothing(), keys)
    before = connection.execute(sa.select(sa.func.count()).select_from(suppression)).scalar_one()
    for start in range(0, len(entries), ROWS):
        connection.execute(pg.insert(suppression).on_conflict_do_nothing(), entries[start : start + ROWS])
    for start in range(0, len(objected), ROWS):
        connection.execute(pg.insert(objection).on_conflict_do_nothing(), objected[start : start + ROWS])
    after = connection.execute(sa.select(sa.func.count()).select_from(suppression)).scalar_one()
    return int(after - before)


def _erase_again(connection: sa.Connection, ledger: Suppression, holds: Sequence[RowHold]) -> tuple[int, int]:
    """Screen every landing row as if it came in now; what a legal hold kept then, it keeps now."""
    removed = blanked = 0
    for source in landing.TABLES:
        for records in _in_blocks(connection, source):
            screening = ledger.screen(connection, source, [record.payload for record in records])
            held = {str(key) for key in screening.held_back}
            bearing = {str(key) for key in screening.blanked}
            companies = [record for record in records if record.source_id in bearing]
            ids = [
                record.id
                for record in records
                if record.source_id in held and not is_kept(holds, source, record.values)
            ]
            if ids or companies:
                contacts = {
                    key
                    for record in records
                    if record.source_id in held | bearing
                    for key in record.contacts()
                }
                remove(
                    connection,
                    ids,
                    companies,
                    ledger.contains(connection, contacts),
                    kept=ids_by_source(held_facts(connection, holds, ids)),
                )
            removed, blanked = removed + len(ids), blanked + len(companies)
    return removed, blanked


def _in_blocks(connection: sa.Connection, source: str) -> Iterator[list[SourceRecord]]:
    """All rows of a landing table in the order of their key, ROWS at a time."""
    table = landing.TABLES[source]
    key = next(iter(table.primary_key))
    last: Any = None
    while True:
        statement = sa.select(table).order_by(key).limit(ROWS)
        if last is not None:
            statement = statement.where(key > last)
        rows = connection.execute(statement).mappings().all()
        if not rows:
            return
        yield [source_record(source, row) for row in rows]
        last = rows[-1][key.name]
