"""The copy of what must outlast a restored backup, in a file apart from the database.

Erasures and objections to marketing as keyed hashes; legal holds, restrictions, requests with their receipts
and customers' instructions sealed (`carried.py`): those in a backup are older than the last ones.
The first line says up to which entry of the audit log the store had come: a store that has not come so far is
a restored one, and the copy is put back over it before anything else (`restore.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.files import write_whole
from pipelines.privacy import audit_log, carried
from schemas.errors import SafeError
from schemas.tables.privacy import objection, suppression, suppression_key

LEDGER_COPY = "suppression_ledger.jsonl"
"""File of DAGSTER_HOME with the copy, written each night and after each act that it carries."""

_COPY_LOCK = 0x6C6564676572  # "ledger": one writer of the copy at a time

Standing = Literal["same", "older", "another"]
"""Whether a store is the one the copy was made of, then or since; an older state of it; or neither."""


class LedgerCopyError(SafeError, ValueError):
    """A copy of the ledger cannot be read; the message says which line."""


class RestoredStoreError(SafeError, RuntimeError):
    """The store was put back while a program was at work on it, and is older than the copy of its ledger."""

    def __init__(self) -> None:
        super().__init__(
            f"the database is older than the copy of its suppression ledger ({LEDGER_COPY} in DAGSTER_HOME):"
            " a backup was restored meanwhile. Run `make reapply`: what was erased and decided since is"
            " so again then"
        )


@dataclass(frozen=True, slots=True)
class CopyHead:
    """The first line of a copy."""

    copied_at: datetime
    marks: tuple[audit_log.Mark, ...]
    """Entries of the audit log, the last one first."""

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> CopyHead:
        """The line as it was read. Raises ValueError, TypeError or KeyError for anything else."""
        marks = tuple(audit_log.Mark(int(number), bytes.fromhex(text)) for number, text in line["audit_log"])
        return cls(datetime.fromisoformat(line["copied_at"]), marks)

    def standing(self, connection: sa.Connection) -> Standing:
        """How a store stands to the copy."""
        if not self.marks or audit_log.has(connection, self.marks[0]):
            return "same"
        return "older" if any(audit_log.has(connection, mark) for mark in self.marks[1:]) else "another"


def copy_ledger(connection: sa.Connection, secret: bytes) -> Iterator[str]:
    """The suppression ledger, the objections to marketing and `carried.TABLES` as lines of JSON.

    `secret`: the present one, under which rows are sealed.
    """
    # First, so that the copy has at least what was written up to there.
    marks = audit_log.marks(connection)
    copied_at: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    head = {
        "audit_log": [[mark.entry_no, mark.entry_hash.hex()] for mark in marks],
        "copied_at": copied_at.isoformat(),
    }
    yield json.dumps(head) + "\n"
    keys = connection.execute(sa.select(suppression_key).order_by(suppression_key.c.key_id))
    for row in keys:
        yield json.dumps({"key_id": row.key_id, "created_at": row.created_at.isoformat()}) + "\n"
    # Lines are made by the server: there may be hundreds of thousands, and every request waits for the copy.
    values: dict[str, Any] = dict(suppression.c.items())
    values["key_hmac"] = sa.func.encode(suppression.c.key_hmac, "hex")
    pairs: list[Any] = []
    for name, value in values.items():
        pairs += [sa.literal_column(f"'{name}'"), value]
    line = sa.cast(sa.func.json_build_object(*pairs), sa.Text)
    entries = sa.select(line).order_by(*suppression.primary_key.columns)
    with connection.execute(entries, execution_options={"yield_per": 10_000}) as rows:
        for (text,) in rows:
            yield f"{text}\n"
    objections = connection.execute(sa.select(objection).order_by(*objection.primary_key.columns))
    for row in objections:
        entry = {
            "objection": bytes(row.key_hmac).hex(),
            "key_kind": row.key_kind,
            "key_id": row.key_id,
            "created_at": row.created_at.isoformat(),
        }
        yield json.dumps(entry) + "\n"
    for sealed in carried.sealed_rows(connection, secret):
        yield json.dumps(sealed) + "\n"


def keep_copy(engine: sa.Engine, home: Path, secret: bytes) -> Path:
    """Write the ledger as it stands to LEDGER_COPY in `home`, whole or not at all.

    Writers take turns and look after their turn has come, so no older copy takes a newer one's place; another
    store's copy is set aside. Raises RestoredStoreError rather than write a restored store's older ledger
    over the newer copy, and LedgerCopyError for a file that is no copy.
    """
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_COPY_LOCK)))
        match standing_of_copy(connection, home):
            case "older":
                raise RestoredStoreError
            case "another":
                set_aside(home)
        return write_whole(home / LEDGER_COPY, copy_ledger(connection, secret))


def replace_copy(engine: sa.Engine, home: Path, secret: bytes) -> Path:
    """As `keep_copy`, over whatever copy there is: its content has been put back into the store."""
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_COPY_LOCK)))
        return write_whole(home / LEDGER_COPY, copy_ledger(connection, secret))


def standing_of_copy(connection: sa.Connection, home: Path) -> Standing:
    """How the store stands to the copy in `home`; "same" where no copy can tell, or has anything to lose.

    So without a copy, with one of an earlier version, which has no first line of its own, and with one that
    names nobody. Raises LedgerCopyError for a file that is no copy.
    """
    try:
        with (home / LEDGER_COPY).open(encoding="utf-8") as file:
            line = file.readline()
            names_anyone = any('"key_kind"' in entry or '"sealed"' in entry for entry in file)
        first: dict[str, Any] = dict(json.loads(line)) if line.strip() else {}
        head = CopyHead.of(first) if "audit_log" in first else None
    except FileNotFoundError:
        return "same"
    except (ValueError, TypeError, KeyError):
        raise LedgerCopyError("the copy of the suppression ledger is damaged in line 1") from None
    return head.standing(connection) if head is not None and names_anyone else "same"


def aside(home: Path) -> tuple[datetime, ...]:
    """When each of the copies was written that other stores left in `home`."""
    return tuple(
        datetime.fromtimestamp(path.stat().st_mtime, UTC)
        for path in home.glob(f"{Path(LEDGER_COPY).stem}_*.jsonl")
    )


def set_aside(home: Path) -> Path:
    """Give another store's copy a name of its own, since this store's copy takes its place; the new path."""
    copy = home / LEDGER_COPY
    with copy.open(encoding="utf-8") as file:
        copied_at = CopyHead.of(json.loads(file.readline())).copied_at
    return copy.rename(copy.with_stem(f"{copy.stem}_{copied_at:%Y%m%dT%H%M%S}"))
