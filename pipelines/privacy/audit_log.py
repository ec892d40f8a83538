"""The engine's own log: a chain of hashes in which no entry can be changed or left out unseen.

Holds counts and ids, never a value. Pruning moves the chain's beginning and says so, so that what is left
still verifies.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.errors import SafeError
from schemas.tables.privacy import audit_chain, audit_log

Detail = int | str

_LOCK = 0x6B6A656465  # "kjede": one writer at a time, or the chain would fork
_GENESIS = bytes(32)
# Ids, names of rules and tables, hashes: no spaces, no @, so that no name, address or sentence fits.
_ID = re.compile(r"[A-Za-z0-9_.:*/-]{1,100}")


class PersonalDataError(SafeError, ValueError):
    """A detail looks like more than a count or an id; nothing was logged."""


class Mark(NamedTuple):
    """An entry by its number and hash: a later state of the same log has it too, and no other log."""

    entry_no: int
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along the chain found."""

    entries: int
    head: str
    """Hash of the last entry, in hex: whoever noted it down earlier can tell whether it is still there."""
    problem: str | None = None

    @property
    def holds(self) -> bool:
        """The chain is whole."""
        return self.problem is None


def append(connection: sa.Connection, action: str, now: datetime, **details: Detail) -> int:
    """Add an entry in the caller's transaction; return its number.

    Raises PersonalDataError for a detail that is neither a number nor an id.
    """
    for name, value in details.items():
        if not isinstance(value, int) and not _ID.fullmatch(value):
            raise PersonalDataError(f"audit log: detail {name} of {action} is neither a number nor an id")
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    last = connection.execute(
        sa.select(audit_log.c.entry_no, audit_log.c.occurred_at, audit_log.c.entry_hash)
        .order_by(audit_log.c.entry_no.desc())
        .limit(1)
    ).one_or_none()
    if last is not None:
        before, previous, at = last.entry_no, bytes(last.entry_hash), max(now, last.occurred_at)
    else:
        (before, previous), at = _end(connection, "pruned"), now
    number: int = before + 1
    entry_hash = _hash(previous, number, at, action, details)
    connection.execute(
        sa.insert(audit_log).values(
            entry_no=number, occurred_at=at, action=action, details=details, entry_hash=entry_hash
        )
    )
    _set_end(connection, "head", number, entry_hash)
    return number


def begin(connection: sa.Connection, now: datetime) -> None:
    """Give a log without entries its first one, by which every later state of it is known as this store's.

    A backup from before the first act would be taken for another store's otherwise.
    """
    if _end(connection, "head") == (0, _GENESIS):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if _end(connection, "head") == (0, _GENESIS):
            append(connection, "log_begun", now, store=secrets.token_hex(16))


def verify(connection: sa.Connection) -> Verification:
    """Walk along the chain from its beginning (or where it was pruned) to its head."""
    number, previous = _end(connection, "pruned")
    entries = 0
    in_order = sa.select(audit_log).order_by(audit_log.c.entry_no)
    with connection.execute(in_order, execution_options={"stream_results": True}) as rows:
        for row in rows:
            if row.entry_no != number + 1:
                return Verification(entries, previous.hex(), f"entry {number + 1} is missing")
            expected = _hash(previous, row.entry_no, row.occurred_at, row.action, row.details)
            if expected != bytes(row.entry_hash):
                return Verification(entries, previous.hex(), f"entry {row.entry_no} was changed")
            number, previous, entries = row.entry_no, expected, entries + 1
    head_number, head_hash = _end(connection, "head")
    if head_number > number:
        return Verification(entries, previous.hex(), f"the entries after {number} are missing")
    if head_number < number or head_hash != previous:
        return Verification(entries, previous.hex(), "the note of the last entry does not fit the chain")
    return Verification(entries, previous.hex())


def head(connection: sa.Connection) -> str:
    """Hash of the last entry, in hex; for receipts, which carry it out of this database's reach."""
    return _end(connection, "head")[1].hex()


def marks(connection: sa.Connection) -> tuple[Mark, ...]:
    """Entries by which any state of this log is known: the last, ever further ones, and the first."""
    last, _ = _end(connection, "head")
    first, _ = _end(connection, "pruned")
    numbers = [last, *(last - (1 << power) for power in range(last.bit_length())), first + 1]
    found = connection.execute(
        sa.select(audit_log.c.entry_no, audit_log.c.entry_hash)
        .where(audit_log.c.entry_no.in_(numbers))
        .order_by(audit_log.c.entry_no.desc())
    )
    return tuple(Mark(row.entry_no, bytes(row.entry_hash)) for row in found)


def has(connection: sa.Connection, mark: Mark) -> bool:
    """Whether the log has come past an entry. Of one that was pruned since, the number alone tells."""
    number, entry_hash = _end(connection, "pruned")
    if mark.entry_no <= number:
        return mark.entry_no < number or mark.entry_hash == entry_hash
    stored = connection.scalar(sa.select(audit_log.c.entry_hash).where(audit_log.c.entry_no == mark.entry_no))
    return stored is not None and bytes(stored) == mark.entry_hash


def prune(connection: sa.Connection, is_expired: sa.ColumnElement[bool], now: datetime) -> int:
    """Remove the oldest entries that meet the condition, up to the first that does not; return how many.

    The hash of the last one removed is kept as the chain's new beginning, and the removal is logged.
    """
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    kept = connection.scalar(sa.select(sa.func.min(audit_log.c.entry_no)).where(sa.not_(is_expired)))
    expired = audit_log.c.entry_no < kept if kept is not None else sa.true()
    last = connection.execute(
        sa.select(audit_log.c.entry_no, audit_log.c.entry_hash)
        .where(expired)
        .order_by(audit_log.c.entry_no.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return 0
    removed = connection.execute(sa.delete(audit_log).where(audit_log.c.entry_no <= last.entry_no)).rowcount
    _set_end(connection, "pruned", last.entry_no, bytes(last.entry_hash))
    append(connection, "audit_log_pruned", now, entries=removed, up_to=last.entry_no)
    return removed


def _hash(previous: bytes, number: int, at: datetime, action: str, details: Mapping[str, Any]) -> bytes:
    """SHA-256 over the entry in one canonical form and the hash of the one before."""
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    entry = json.dumps([number, moment, action, details], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + entry.encode()).digest()


def _end(connection: sa.Connection, part: str) -> tuple[int, bytes]:
    found = connection.execute(
        sa.select(audit_chain.c.entry_no, audit_chain.c.entry_hash).where(audit_chain.c.part == part)
    ).one_or_none()
    return (found.entry_no, bytes(found.entry_hash)) if found else (0, _GENESIS)


def _set_end(connection: sa.Connection, part: str, number: int, entry_hash: bytes) -> None:
    statement = pg.insert(audit_chain).values(part=part, entry_no=number, entry_hash=entry_hash)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[audit_chain.c.part],
            set_={"entry_no": statement.excluded.entry_no, "entry_hash": statement.excluded.entry_hash},
        )
    )
