"""Participants' submissions go on the customer's documented instruction alone (GDPR art. 28, clause S5).

Works under the retention role, which sees a submission's number, customer, event and date, and no answer.
To return is therefore done in three steps: what is meant is listed by number; the registration system, which
holds the answers, hands them to the customer; with the customer's receipt noted, what was listed is deleted.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.files import write_whole
from pipelines.privacy.batches import ROWS
from pipelines.privacy.instructions import (
    Instruction,
    InstructionError,
    note_carried_out,
    note_listed,
)
from pipelines.privacy.periods import Period
from pipelines.privacy.platform import configured_table, may_read
from schemas.policy import load_policy
from schemas.tables.platform import PlatformNames

SETTING = "PLATFORM_PARTICIPANT_SUBMISSION"
LISTS = "instructions"
"""Folder of DAGSTER_HOME with the lists of what is to be returned."""

LIST_COPIES = "instruction-lists"
"""Id under `copies` in policy.yaml."""

_HEAD = ("submission", "activity", "submitted_at")


@dataclass(frozen=True, slots=True)
class Platform:
    """The registration system's database under the retention role, its names, and the folder for lists."""

    engine: sa.Engine
    names: PlatformNames
    lists: Path


def preview(platform: Platform, one: Instruction) -> int:
    """How many submissions an instruction covers now."""
    with platform.engine.connect() as connection:
        table = _table(connection, platform.names)
        covered = sa.select(sa.func.count()).select_from(table).where(_covers(table, platform.names, one))
        return connection.execute(covered).scalar_one()


def check_named(platform: Platform, one: Instruction) -> None:
    """Raise InstructionError where no submission bears the customer and the event, whatever its day.

    A customer that is named otherwise there would be told that it was done, and nothing would be.
    """
    with platform.engine.connect() as connection:
        table = _table(connection, platform.names)
        # One column of those that the role may see: `SELECT *` asks for the answers too.
        named = sa.exists(
            sa.select(table.c[platform.names.submission_id]).where(*_is_of(table, platform.names, one))
        )
        if connection.scalar(sa.select(named)):
            return
    of = "of the customer" if one.activity_id is None else "of the customer at that event"
    raise InstructionError(
        f"the registration system holds no submission {of}: is it named as there, e.g. 310000004?"
    )


def carry_out(crm: sa.Engine, platform: Platform, one: Instruction, now: datetime) -> int:
    """Do what is next for an instruction, in bounded transactions; return how many submissions were deleted.

    To delete: deletes what it covers. To return: lists what it covers; once handed over, deletes what was
    listed and nothing that has come since. Killed in between, the next call does the rest. Raises
    InstructionError when the list is not the one that was noted.
    """
    match one.state:
        case "to be handed over":
            return 0
        case "to be listed":
            rows, digest = write_list(platform, one)
            with crm.begin() as connection:
                note_listed(connection, one.instruction_id, rows, digest, now)
            return 0
        case "to be deleted":
            removed = _delete_listed(platform, one)
        case "open":
            removed = _delete_covered(platform, one)
    with crm.begin() as connection:
        note_carried_out(connection, one.instruction_id, removed, now)
    return removed


def write_list(platform: Platform, one: Instruction) -> tuple[int, bytes]:
    """List what an instruction covers by number, event and date; return how many, and the list's SHA-256."""
    digest, rows = hashlib.sha256(), 0

    def lines() -> Iterator[str]:
        nonlocal rows
        with platform.engine.connect() as connection:
            for rows, line in enumerate(_listed(connection, platform.names, one)):  # noqa: B007  # counted
                digest.update(line.encode())
                yield line

    write_whole(list_of(platform, one.instruction_id), lines())
    return rows, digest.digest()


def list_of(platform: Platform, number: int) -> Path:
    """Where the list of an instruction lies."""
    return platform.lists / f"{number}.csv"


def forget_lists(folder: Path, now: datetime) -> int:
    """Remove lists that are older than the policy gives them; return how many."""
    oldest = Period.parse(load_policy().copy_period(LIST_COPIES)).cutoff(now)
    old = [
        path for path in folder.glob("*.csv") if datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


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


def _delete_covered(platform: Platform, one: Instruction) -> int:
    def some(table: sa.Table, key: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        # By id, since the role may see no more of a row than its id, customer, event and date.
        doomed = sa.select(key).where(_covers(table, platform.names, one)).order_by(key).limit(ROWS)
        return key.in_(doomed)

    removed = 0
    while deleted := _delete(platform, some):
        removed += deleted
    return removed


def _delete_listed(platform: Platform, one: Instruction) -> int:
    """Only what is on the list that the customer's receipt is about, as far as it is still covered."""
    listed, removed = _read_list(platform, one), 0
    for start in range(0, len(listed), ROWS):
        block = listed[start : start + ROWS]

        def some(
            table: sa.Table, key: sa.ColumnElement[Any], block: Sequence[str] = block
        ) -> sa.ColumnElement[bool]:
            named = sa.cast(sa.literal(list(block), pg.ARRAY(sa.Text())), pg.ARRAY(sa.Text()))
            is_number = isinstance(key.type, sa.Integer)
            among = (
                key == sa.func.any(sa.cast(named, pg.ARRAY(sa.BigInteger())))
                if is_number
                else sa.cast(key, sa.Text) == sa.func.any(named)
            )
            return sa.and_(among, _covers(table, platform.names, one))

        removed += _delete(platform, some)
    return removed


def _delete(
    platform: Platform,
    some: Callable[[sa.Table, sa.ColumnElement[Any]], sa.ColumnElement[bool]],
) -> int:
    with platform.engine.begin() as connection:
        table = _table(connection, platform.names)
        condition = some(table, table.c[platform.names.submission_id])
        return connection.execute(sa.delete(table).where(condition)).rowcount


def _read_list(platform: Platform, one: Instruction) -> list[str]:
    path = list_of(platform, one.instruction_id)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    if hashlib.sha256(content).digest() != one.listed_hash:
        raise InstructionError(
            f"the list {path.name} is not the one that instruction {one.instruction_id} was handed over by: "
            "put it back from a backup; nothing was deleted"
        )
    return [row[0] for row in csv.reader(io.StringIO(content.decode()))][1:]


def _listed(connection: sa.Connection, names: PlatformNames, one: Instruction) -> Iterator[str]:
    """The list as lines of CSV, the first with the names of the columns."""
    table = _table(connection, names)
    columns = [table.c[name] for name in (names.submission_id, names.activity_id, names.submitted_at)]
    rows = connection.execute(
        sa.select(*columns).where(_covers(table, names, one)).order_by(columns[0]),
        execution_options={"stream_results": True},
    )
    yield _line(_HEAD)
    for key, activity, moment in rows:
        aware = moment.astimezone(UTC) if moment.tzinfo else moment
        yield _line((key, activity, aware.isoformat()))


def _line(values: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue()


def _table(connection: sa.Connection, names: PlatformNames) -> sa.Table:
    columns = (names.submission_id, names.customer_org, names.activity_id, names.submitted_at)
    return configured_table(connection, names.participant_submission, columns, SETTING)


def _covers(table: sa.FromClause, names: PlatformNames, one: Instruction) -> sa.ColumnElement[bool]:
    before: Any = table.c[names.submitted_at]
    if isinstance(before.type, sa.DateTime) and not before.type.timezone:
        before = sa.func.timezone(names.zone, before, type_=sa.DateTime(timezone=True))
    in_time = before < sa.literal(one.submitted_before, sa.DateTime(timezone=True))
    return sa.and_(*_is_of(table, names, one), in_time)


def _is_of(
    table: sa.FromClause, names: PlatformNames, one: Instruction
) -> tuple[sa.ColumnElement[bool], ...]:
    # The customer may be kept as a text or a number there, so it is compared as a text.
    customer = sa.cast(table.c[names.customer_org], sa.Text) == one.customer_org
    if one.activity_id is None:
        return (customer,)
    return customer, table.c[names.activity_id] == one.activity_id
