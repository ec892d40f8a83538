"""After a restored backup: what was erased and decided since then is so again, before anything else runs.

A backup is older than the last erasures, objections, holds, restrictions, requests and instructions. So these
are copied apart from the database (keyed hashes and sealed rows), and the copy is put back over the restored
store.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.publish import take_turn
from pipelines.privacy import audit_log, carried
from pipelines.privacy.holds import RowHold
from pipelines.privacy.ledger_copy import (
    LEDGER_COPY,
    CopyHead,
    LedgerCopyError,
    replace_copy,
    standing_of_copy,
)
from pipelines.privacy.subjects.erasure import held_facts, ids_by_source, is_kept, legal_holds, remove
from pipelines.privacy.subjects.finding import SourceRecord, source_record
from pipelines.privacy.suppression import Suppression
from schemas.policy import load_policy
from schemas.tables import landing
from schemas.tables.privacy import objection, suppression, suppression_key

ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What putting the ledger back did."""

    entries: int
    """Entries of the copy that the restored ledger did not have."""
    released: int
    """Erasures and objections of the backup that had been released, taken back or had lapsed since."""
    removed: int
    """Landing rows of erased persons that the backup had brought back."""
    blanked: int
    """Records of organisations that bore an erased person's address or number again."""
    decided: int
    """Holds, restrictions, requests, receipts and instructions that were missing, or in an earlier state."""
    rectified: int
    """Corrections answered since the backup: their values come from the sources that were told."""

    def __str__(self) -> str:
        """In numbers, for who runs a command."""
        text = (
            f"{self.entries:,} entries put back, {self.released:,} released since, {self.removed:,} records"
            f" erased again, {self.blanked:,} blanked; {self.decided:,} holds, restrictions, requests and"
            " instructions as they were."
        )
        if self.rectified:
            text += (
                f" {self.rectified:,} rectifications were answered since the backup: look whether the sources"
                " have the corrected values (privacy.subject_request names them)."
            )
        return text


def reapply_if_restored(
    engine: sa.Engine, ledger: Suppression, home: Path, *, now: datetime
) -> Reapplied | None:
    """As `reapply` with the copy in `home`, where the store is an older state of the one it was made of.

    Returns None where it is not. Raises as `reapply`.
    """
    with engine.connect() as connection:
        if standing_of_copy(connection, home) != "older":
            return None
    with (home / LEDGER_COPY).open(encoding="utf-8") as copy:
        done = reapply(engine, ledger, copy, now=now)
    replace_copy(engine, home, ledger.secrets[0])
    return done


def reapply(engine: sa.Engine, ledger: Suppression, copy: Iterable[str], *, now: datetime) -> Reapplied:
    """Put a copy of the ledger back into a restored store and erase again what it names.

    Where the store is an older state of the one that the copy was made of, what had been released or taken
    back in between is so again; otherwise everything stays that either of them has. Holds come first, since
    what a duty kept then it keeps now. To be run before the first read; the caller has the cards made anew.
    One transaction, safe to repeat.
    Raises LedgerCopyError, and SuppressionError when the copy was made under a secret that is not configured.
    """
    with engine.begin() as connection:
        ledger.lock(connection)
        take_turn(connection)
        stored = _read(copy, ledger.secrets)
        entries, released = _put_back(connection, stored)
        ledger.check(connection)
        decided = carried.put_back(connection, stored.rows)
        removed, blanked = _erase_again(connection, ledger, legal_holds(connection, load_policy(), now))
        audit_log.append(
            connection,
            "ledger_reapplied",
            now,
            entries=entries,
            released=released,
            removed=removed,
            blanked=blanked,
            decided=decided.rows,
        )
    return Reapplied(entries, released, removed, blanked, decided.rows, decided.rectified)


@dataclass(slots=True)
class _Copy:
    """A copy as it was read."""

    head: CopyHead | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    objections: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """What it carries besides, by the name of the table."""


def _read(lines: Iterable[str], secrets: Sequence[bytes]) -> _Copy:
    copy = _Copy()
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            if "audit_log" in row:
                copy.head = CopyHead.of(row)
                continue
            if "sealed" in row:
                name, opened = carried.opened(row, secrets)
                copy.rows[name].append(opened)
                continue
            moments = {name: datetime.fromisoformat(row[name]) for name in row if name.endswith("_at")}
            if "key_hmac" in row:
                copy.entries.append(row | moments | {"key_hmac": bytes.fromhex(row["key_hmac"])})
            elif "objection" in row:
                noted = {"key_hmac": bytes.fromhex(row.pop("objection"))}
                copy.objections.append(row | moments | noted)
            else:
                copy.keys.append(row | moments)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise LedgerCopyError(f"the copy of the suppression ledger is damaged in line {number}") from None
    return copy


def _put_back(connection: sa.Connection, copy: _Copy) -> tuple[int, int]:
    """How many erasures came back, and how many erasures and objections went."""
    older = copy.head is not None and copy.head.standing(connection) == "older"
    if copy.keys:
        connection.execute(pg.insert(suppression_key).on_conflict_do_nothing(), copy.keys)
    entries = released = 0
    for table, rows in ((suppression, copy.entries), (objection, copy.objections)):
        before = _count(connection, table)
        for start in range(0, len(rows), ROWS):
            connection.execute(pg.insert(table).on_conflict_do_nothing(), rows[start : start + ROWS])
        if table is suppression:
            entries = _count(connection, table) - before
        if older and copy.head is not None:
            released += _let_go(connection, table, rows, copy.head.copied_at)
    return entries, released


def _let_go(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], copied_at: datetime
) -> int:
    """Remove what the newer copy no longer has; what was noted after it was made stays."""
    key = list(table.primary_key.columns)
    kept = sa.Table(
        "kept", sa.MetaData(), *(sa.Column(one.name, one.type) for one in key), prefixes=["TEMPORARY"]
    )
    kept.create(connection)
    names = [one.name for one in key]
    for start in range(0, len(rows), ROWS):
        part = [{name: row[name] for name in names} for row in rows[start : start + ROWS]]
        connection.execute(sa.insert(kept), part)
    is_kept = sa.exists().where(*(one == kept.c[one.name] for one in key))
    gone = connection.execute(sa.delete(table).where(~is_kept, table.c.created_at <= copied_at)).rowcount
    kept.drop(connection)
    return gone


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


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
