"""What customers instructed about their participants' submissions (GDPR art. 28(3)(a) and (g), clause S5).

The CRM's side: what was instructed, how far it has come. `submissions.py` carries it out in the registration
system's database. Nothing is ever instructed by default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from pipelines.privacy import audit_log
from schemas.errors import SafeError
from schemas.tables.privacy import instruction

Kind = Literal["delete", "return"]
State = Literal["open", "to be listed", "to be handed over", "to be deleted"]

_NAME = re.compile(r"[\w./:-]{1,100}")


class InstructionError(SafeError, ValueError):
    """An instruction cannot be recorded, changed or carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a customer instructed. `activity_id` None: all of the customer's events."""

    instruction_id: int
    kind: Kind
    customer_org: str
    activity_id: int | None
    submitted_before: datetime
    listed_rows: int | None = None
    listed_hash: bytes | None = None
    handed_over_at: datetime | None = None

    @property
    def state(self) -> State:
        """What is to be done next: an instruction to return goes through all three."""
        if self.kind == "delete":
            return "open"
        if self.listed_hash is None:
            return "to be listed"
        return "to be handed over" if self.handed_over_at is None else "to be deleted"


def record_instruction(
    connection: sa.Connection,
    *,
    customer_org: str,
    activity_id: int | None,
    submitted_before: datetime,
    document: str,
    received_at: datetime,
    kind: Kind = "delete",
    recorded_by: str | None = None,
) -> int:
    """Note a customer's written instruction; return its number.

    `document` says where it is kept. Raises InstructionError without one, and for a moment still to come.
    """
    _check(customer_org, document, submitted_before, received_at)
    number: int = connection.execute(
        sa.insert(instruction)
        .values(
            kind=kind,
            customer_org=customer_org,
            activity_id=activity_id,
            submitted_before=submitted_before,
            document=document.strip(),
            received_at=received_at,
            recorded_by=recorded_by,
        )
        .returning(instruction.c.instruction_id)
    ).scalar_one()
    audit_log.append(connection, "instruction_received", received_at, instruction=number, kind=kind)
    return number


def _check(customer_org: str, document: str, submitted_before: datetime, received_at: datetime) -> None:
    """Raise InstructionError for an instruction that cannot be recorded.

    `document` says where it is kept; an instruction has to be documented. Not for a moment that is still to
    come, since what will be submitted cannot be meant.
    """
    if not _NAME.fullmatch(document.strip()):
        raise InstructionError(
            "an instruction needs the place where its document is kept, without spaces (GDPR art. 28(3)(a))"
        )
    if not _NAME.fullmatch(customer_org):
        raise InstructionError("a customer is named as the registration system names it, e.g. 310000004")
    if submitted_before > received_at:
        raise InstructionError("an instruction is about what was submitted before it was received")


@dataclass(frozen=True, slots=True)
class Ended:
    """An instruction that is carried out or withdrawn, and how many submissions were deleted."""

    instruction: Instruction
    ended: Literal["carried out", "withdrawn"]
    at: datetime
    rows_removed: int


def ended_instructions(connection: sa.Connection) -> tuple[Ended, ...]:
    """Instructions that are carried out or withdrawn, in the order in which they came."""
    rows = connection.execute(
        sa.select(instruction).where(sa.not_(_is_open())).order_by(instruction.c.instruction_id)
    )
    return tuple(
        Ended(
            _instruction(row),
            "carried out" if row.carried_out_at is not None else "withdrawn",
            row.carried_out_at or row.withdrawn_at,
            row.rows_removed or 0,
        )
        for row in rows
    )


def open_instructions(connection: sa.Connection) -> tuple[Instruction, ...]:
    """Instructions that are neither carried out nor withdrawn, in the order in which they came."""
    rows = connection.execute(sa.select(instruction).where(_is_open()).order_by(instruction.c.instruction_id))
    return tuple(map(_instruction, rows))


def read_instruction(connection: sa.Connection, number: int, *, lock: bool = False) -> Instruction:
    """An open instruction by its number. Raises InstructionError where there is none."""
    statement = sa.select(instruction).where(instruction.c.instruction_id == number, _is_open())
    row = connection.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise InstructionError(f"there is no instruction {number} that is open")
    return _instruction(row)


def withdraw(connection: sa.Connection, number: int, document: str, now: datetime) -> None:
    """The customer has taken the instruction back. What was deleted already stays deleted.

    `document` says where what the customer wrote is kept. Raises InstructionError without, and where there is
    no such instruction that is open.
    """
    if not _NAME.fullmatch(document.strip()):
        raise InstructionError("say where the customer's withdrawal is kept, without spaces")
    read_instruction(connection, number, lock=True)
    _set(connection, number, withdrawn_at=now, withdrawn_document=document.strip())
    audit_log.append(connection, "instruction_withdrawn", now, instruction=number)


def note_listed(connection: sa.Connection, number: int, rows: int, list_hash: bytes, now: datetime) -> None:
    """What is to be returned was listed. Raises InstructionError when it was handed over already."""
    if read_instruction(connection, number, lock=True).handed_over_at is not None:
        raise InstructionError(f"what instruction {number} is about was handed over already")
    _set(connection, number, listed_at=now, listed_rows=rows, listed_hash=list_hash)
    audit_log.append(connection, "instruction_listed", now, instruction=number, rows=rows)


def note_handed_over(connection: sa.Connection, number: int, document: str, now: datetime) -> None:
    """The customer has received what was listed; from now on it may be deleted.

    `document` says where the customer's receipt is kept. Raises InstructionError without, and for an
    instruction of which nothing was listed.
    """
    if not _NAME.fullmatch(document.strip()):
        raise InstructionError("say where the customer's receipt is kept, without spaces")
    one = read_instruction(connection, number, lock=True)
    if one.state != "to be handed over":
        raise InstructionError(f"instruction {number} is not one to hand over now: it is {one.state}")
    _set(connection, number, handed_over_at=now, handed_over_document=document.strip())
    audit_log.append(connection, "instruction_handed_over", now, instruction=number)


def note_carried_out(connection: sa.Connection, number: int, removed: int, now: datetime) -> None:
    """All that was meant is deleted."""
    _set(
        connection,
        number,
        carried_out_at=now,
        rows_removed=sa.func.coalesce(instruction.c.rows_removed, 0) + removed,
    )
    audit_log.append(connection, "instruction_carried_out", now, instruction=number, rows=removed)


def _is_open() -> sa.ColumnElement[bool]:
    return sa.and_(instruction.c.carried_out_at.is_(None), instruction.c.withdrawn_at.is_(None))


def _set(connection: sa.Connection, number: int, **values: Any) -> None:
    connection.execute(sa.update(instruction).where(instruction.c.instruction_id == number).values(**values))


def _instruction(row: sa.Row[Any]) -> Instruction:
    return Instruction(
        row.instruction_id,
        row.kind,
        row.customer_org,
        row.activity_id,
        row.submitted_before,
        row.listed_rows,
        bytes(row.listed_hash) if row.listed_hash is not None else None,
        row.handed_over_at,
    )
