"""Fills the embedded platform database for a sandbox: IP addresses that expire, submissions nobody may read.

What the registration system itself would have written. Each day of the world is written once: what
retention has removed since does not come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.sandbox.registration_system import DAYS_OF_LOG, Access, accesses, submissions
from connectors.sandbox.world_file import WorldFile, load_or_create
from pipelines.privacy.access_log import create_partitions
from schemas.tables.platform import PlatformNames, access_log, participant_submission

_SEED_LOCK = 7_314_160

_metadata = sa.MetaData(schema="sandbox")
_seeded = sa.Table(
    "seeded",
    _metadata,
    sa.Column("world", sa.Text(), primary_key=True, comment="Seed and birth of the world"),
    sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False, comment="Day that was written"),
    sa.Column("moment", sa.DateTime(timezone=True), primary_key=True, comment="When the day was added"),
    comment="Days of a sandbox's world that this database has been given",
)


def seed_platform(engine: sa.Engine, directory: Path) -> int:
    """Write the days of the world in `directory` that are not yet in the database; returns their number.

    `engine` must have an owner's rights on the platform tables in their default shape.
    """
    file = load_or_create(directory)
    with _alone(engine):
        with engine.begin() as connection:
            missing = _missing_days(connection, file)
        for day, moment in missing:
            days_before = DAYS_OF_LOG if day == 0 else 1
            create_partitions(engine, PlatformNames(), moment - timedelta(days=days_before), days_before)
        with engine.begin() as connection:
            _own_partitions(connection)
            for day, moment in missing:
                _write_log(connection, list(accesses(file, day)))
                _write_submissions(connection, file, day)
                written = sa.insert(_seeded).values(world=_name(file), day=day, moment=moment)
                connection.execute(written)
    return len(missing)


@contextmanager
def _alone(engine: sa.Engine) -> Iterator[None]:
    """Keeps other processes from seeding for as long as the block: a lock of the session."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(_SEED_LOCK)))
        try:
            yield
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_SEED_LOCK)))


def _missing_days(connection: sa.Connection, file: WorldFile) -> list[tuple[int, datetime]]:
    """Days of the world, with their moments, that the database has not been given."""
    connection.execute(sa.schema.CreateSchema("sandbox", if_not_exists=True))
    _metadata.create_all(connection)
    days = _seeded.c
    rows = connection.execute(sa.select(days.day, days.moment).where(days.world == _name(file)))
    return sorted({*enumerate((file.born_at, *file.days))} - {(row.day, row.moment) for row in rows})


def _name(file: WorldFile) -> str:
    return f"{file.seed}/{file.birth.isoformat()}"


def _write_log(connection: sa.Connection, rows: list[Access]) -> None:
    first = (connection.scalar(sa.select(sa.func.max(access_log.c.id))) or 0) + 1
    connection.execute(
        sa.insert(access_log),
        [
            {
                "id": first + place,
                "user_id": row.user_id,
                "ip_address": row.ip_address,
                "user_agent": row.user_agent,
                "occurred_at": row.occurred_at,
            }
            for place, row in enumerate(rows)
        ],
    )


def _write_submissions(connection: sa.Connection, file: WorldFile, day: int) -> None:
    table = participant_submission
    first = (connection.scalar(sa.select(sa.func.max(table.c.id))) or 0) + 1
    rows: list[dict[str, Any]] = [
        {
            "id": first + place,
            "customer_org": row.customer_org,
            "activity_id": row.activity_id,
            "submitted_at": row.submitted_at,
            "answers": row.answers,
        }
        for place, row in enumerate(submissions(file, day))
    ]
    connection.execute(sa.insert(table), rows)


def _own_partitions(connection: sa.Connection) -> None:
    """Give the partitions of the log to the log's owner: nobody else may drop them."""
    tables = connection.execute(
        sa.text(
            "SELECT part.oid::regclass::text, pg_get_userbyid(log.relowner) FROM pg_class AS log"
            " JOIN pg_inherits ON inhparent = log.oid JOIN pg_class AS part ON part.oid = inhrelid"
            " WHERE log.oid = to_regclass(:name) AND part.relowner <> log.relowner"
        ),
        {"name": access_log.fullname},
    )
    quote = connection.dialect.identifier_preparer.quote
    for table, owner in tables.all():
        connection.exec_driver_sql(f"ALTER TABLE {table} OWNER TO {quote(owner)}")
