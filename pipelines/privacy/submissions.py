"""Participants' submissions go on the customer's documented instruction alone (GDPR art. 28, clause S5).

Deletes by customer, event and date under the retention role, which has no right to read an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.privacy import audit_log
from pipelines.privacy.batches import ROWS
from pipelines.privacy.platform import PlatformNames, configured_table, may_read
from schemas.tables.privacy import instruction

SETTING = "PLATFORM_PARTICIPANT_SUBMISSION"


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a customer instructed. `activity_id` None: all of the customer's events."""

    instruction_id: int
    customer_org: str
    activity_id: int | None
    submitted_before: datetime


def record_instruction(
    connection: sa.Connection,
    *,
    customer_org: str,
    activity_id: int | None,
    submitted_before: datetime,
    document: str,
    received_at: datetime,
) -> int:
    """Note a customer's written instruction in the CRM database; return its number.

    `document` says where it is kept. Raises ValueError without: an instruction has to be documented.
    """
    if not document.strip():
        raise ValueError("an instruction needs the place where its document is kept (GDPR art. 28(3)(a))")
    number: int = connection.execute(
        sa.insert(instruction)
        .values(
            customer_org=customer_org,
            activity_id=activity_id,
            submitted_before=submitted_before,
            document=document,
            received_at=received_at,
        )
        .returning(instruction.c.instruction_id)
    ).scalar_one()
    audit_log.append(connection, "instruction_received", received_at, instruction=number)
    return number


def open_instructions(connection: sa.Connection) -> tuple[Instruction, ...]:
    """Instructions that are not carried out yet, in the order in which they came; none by default."""
    rows = connection.execute(
        sa.select(instruction)
        .where(instruction.c.carried_out_at.is_(None))
        .order_by(instruction.c.instruction_id)
    )
    return tuple(
        Instruction(row.instruction_id, row.customer_org, row.activity_id, row.submitted_before)
        for row in rows
    )


def preview(platform: sa.Connection, names: PlatformNames, one: Instruction) -> int:
    """How many submissions an instruction covers."""
    table = _table(platform, names)
    covered = sa.select(sa.func.count()).select_from(table).where(_covers(table, names, one))
    return platform.execute(covered).scalar_one()


def carry_out(
    crm: sa.Engine, platform: sa.Engine, names: PlatformNames, one: Instruction, now: datetime
) -> int:
    """Delete what an instruction covers, in bounded transactions; return how many submissions.

    Killed in between, the instruction stays open and the next call deletes the rest.
    """
    removed = 0
    while True:
        with platform.begin() as connection:
            table = _table(connection, names)
            key = table.c[names.submission_id]
            # By id, since the role may see no more of a row than its id, customer, event and date.
            doomed = sa.select(key).where(_covers(table, names, one)).order_by(key).limit(ROWS)
            deleted = connection.execute(sa.delete(table).where(key.in_(doomed))).rowcount
        removed += deleted
        if deleted < ROWS:
            break
    with crm.begin() as connection:
        connection.execute(
            sa.update(instruction)
            .where(instruction.c.instruction_id == one.instruction_id)
            .values(
                carried_out_at=now, rows_removed=sa.func.coalesce(instruction.c.rows_removed, 0) + removed
            )
        )
        audit_log.append(
            connection, "instruction_carried_out", now, instruction=one.instruction_id, rows=removed
        )
    return removed


def customers(platform: sa.Connection, names: PlatformNames) -> tuple[str, ...] | None:
    """The customers on whose behalf submissions are held, for the record as processor (art. 30(2)).

    None where the login may not see whose they are.
    """
    columns = (names.customer_org,)
    table = configured_table(platform, names.participant_submission, columns, SETTING)
    if not may_read(platform, table):
        return None
    names_of = sa.select(sa.cast(table.c[names.customer_org], sa.Text)).distinct()
    return tuple(sorted(platform.scalars(names_of)))


def _table(connection: sa.Connection, names: PlatformNames) -> sa.Table:
    columns = (names.submission_id, names.customer_org, names.activity_id, names.submitted_at)
    return configured_table(connection, names.participant_submission, columns, SETTING)


def _covers(table: sa.FromClause, names: PlatformNames, one: Instruction) -> sa.ColumnElement[bool]:
    # The customer may be kept as a text or a number there, so it is compared as a text.
    customer = sa.cast(table.c[names.customer_org], sa.Text) == one.customer_org
    before: Any = table.c[names.submitted_at]
    if isinstance(before.type, sa.DateTime) and not before.type.timezone:
        before = sa.func.timezone(names.zone, before, type_=sa.DateTime(timezone=True))
    conditions = [customer, before < sa.literal(one.submitted_before, sa.DateTime(timezone=True))]
    if one.activity_id is not None:
        conditions.append(table.c[names.activity_id] == one.activity_id)
    return sa.and_(*conditions)
