"""What the copy beside the database carries of decisions: holds, restrictions, requests, instructions.

They name records by their ids and say who decided, so each row is sealed under a key of PRIVACY_SECRET:
without it the copy tells how many there are. A row only ever goes on from one step to the next (set, lifted),
so that two states of it can be brought together in any order, and twice.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from pipelines.privacy.suppression import SuppressionError
from schemas.tables import qualified
from schemas.tables.privacy import hold, instruction, receipt, subject_request

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Carried:
    """A table whose rows are carried."""

    table: sa.Table
    same: tuple[str, ...]
    """Columns by which a row is known again: its number may have been given to another one meanwhile."""
    steps: tuple[tuple[str, ...], ...] = ()
    """What is filled in later, together; the first column of each is when."""

    @property
    def number(self) -> sa.Column[Any]:
        """The primary key."""
        return next(iter(self.table.primary_key.columns))


TABLES: Mapping[str, Carried] = {
    one.table.name: one
    for one in (
        Carried(subject_request, ("request_id",), (("answered_at", "outcome", "counts"),)),
        Carried(receipt, ("request_id",)),
        Carried(
            hold,
            ("kind", "data", "column_name", "value", "reason", "created_at"),
            (("lifted_at", "lifted_by", "lifted_because", "told_on"),),
        ),
        Carried(
            instruction,
            ("kind", "customer_org", "activity_id", "submitted_before", "document", "received_at"),
            (
                ("listed_at", "listed_rows", "listed_hash"),
                ("handed_over_at", "handed_over_document"),
                ("carried_out_at", "rows_removed"),
                ("withdrawn_at", "withdrawn_document"),
            ),
        ),
    )
}
"""By name, in the order in which they are put back: a receipt needs its request."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """What bringing rows of a copy into a store did."""

    rows: int = 0
    """Rows that the store did not have, or had in an earlier state."""
    rectified: int = 0
    """Of them, corrections of a person's data that the store does not know to be done."""


def sealed_rows(connection: sa.Connection, secret: bytes) -> Iterator[dict[str, str]]:
    """Every row of TABLES for the copy, sealed under the present secret."""
    cipher = _cipher(secret)
    for name, one in TABLES.items():
        for row in connection.execute(sa.select(one.table).order_by(one.number)).mappings():
            text = json.dumps(dict(row), default=_plain, separators=(",", ":"))
            sealed = cipher.encrypt(text.encode(), [name.encode()])
            yield {"carried": name, "seal": _seal_id(secret), "sealed": sealed.hex()}


def opened(line: Row, secrets: Iterable[bytes]) -> tuple[str, dict[str, Any]]:
    """A line of `sealed_rows` as the table's name and the row, with the types of its columns.

    Raises SuppressionError for one under a secret that is not configured, and ValueError, KeyError or
    TypeError for one that is damaged.
    """
    name = str(line["carried"])
    columns = TABLES[name].table.c
    secret = {_seal_id(secret): secret for secret in secrets}.get(line["seal"])
    if secret is None:
        raise SuppressionError(
            f"the copy of the suppression ledger is sealed under the secret {line['seal']}, which is not"
            " configured: set PRIVACY_SECRET to it, or add it to PRIVACY_SECRET_PREVIOUS"
        )
    sealed = bytes.fromhex(line["sealed"])
    try:
        text = _cipher(secret).decrypt(sealed, [name.encode()])
    except InvalidTag:
        raise ValueError("the seal is broken") from None
    return name, {column: _typed(columns[column], value) for column, value in json.loads(text).items()}


def put_back(connection: sa.Connection, rows: Mapping[str, Sequence[Row]]) -> PutBack:
    """Bring rows of a copy, by the name of their table, into the store: what either has got to, it has then.

    A row keeps its number; where the store gave that to another one meanwhile, it takes the next.
    """
    changed = rectified = 0
    for name, one in TABLES.items():
        given = sorted(rows.get(name, ()), key=lambda row: row[one.number.name])
        for row in given:
            is_changed = _bring_in(connection, one, row)
            changed += is_changed
            rectified += is_changed and row.get("outcome") == "done" and row["kind"] == "rectification"
        if given and one.number.identity is not None:
            _number_on(connection, one)
    return PutBack(changed, rectified)


def _bring_in(connection: sa.Connection, one: Carried, row: Row) -> bool:
    """Whether the row is new to the store, or further on than its own."""
    is_same = [one.table.c[name].is_not_distinct_from(row[name]) for name in one.same]
    stored = connection.execute(sa.select(one.table).where(*is_same).with_for_update()).mappings().first()
    if stored is None:
        number = {one.number.name: row[one.number.name]}
        taken = sa.exists().where(one.number == number[one.number.name])
        is_taken = one.number.identity is not None and connection.scalar(sa.select(taken))
        values = {name: value for name, value in row.items() if name != one.number.name}
        connection.execute(sa.insert(one.table).values(values if is_taken else values | number))
        return True
    later = {
        name: row[name]
        for at, *others in one.steps
        if row[at] is not None and (stored[at] is None or stored[at] < row[at])
        for name in (at, *others)
    }
    if not later:
        return False
    connection.execute(sa.update(one.table).where(one.number == stored[one.number.name]).values(later))
    return True


def _number_on(connection: sa.Connection, one: Carried) -> None:
    """Let the next number be higher than those that were put back; a number is never given twice."""
    highest = connection.execute(sa.select(sa.func.max(one.number))).scalar_one()
    following = sa.func.nextval(sa.func.pg_get_serial_sequence(qualified(one.table), one.number.name))
    missing = highest - connection.execute(sa.select(following)).scalar_one()
    if missing > 0:
        connection.execute(sa.select(following).select_from(sa.func.generate_series(1, missing)))


def _cipher(secret: bytes) -> AESSIV:
    """Deterministic (RFC 5297): a copy of the same rows is the same file, and no two rows are equal."""
    return AESSIV(hmac.digest(secret, b"sealed rows of the ledger's copy", "sha512"))


def _seal_id(secret: bytes) -> str:
    """A name for a secret that does not give it away."""
    return hmac.digest(secret, b"sealed rows of the ledger's copy: id", "sha256").hex()[:16]


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value.isoformat())


def _typed(column: sa.Column[Any], value: Any) -> Any:
    match column.type:
        case _ if value is None:
            return None
        case sa.DateTime():
            return datetime.fromisoformat(value)
        case sa.Date():
            return date.fromisoformat(value)
        case sa.LargeBinary():
            return bytes.fromhex(value)
    return value
