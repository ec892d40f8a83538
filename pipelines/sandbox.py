"""Fills the embedded platform database for a sandbox: IP addresses that expire, submissions nobody may read.

What the registration system itself would have written. Each day of the world is written once: what
retention has removed since does not come back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.sandbox.registration_system import Access, accesses, submissions
from connectors.sandbox.world_file import WorldFile, load_or_create
from schemas.tables.platform import access_log, participant_submission

_SEED_LOCK = 7_314_160

_metadata = sa.MetaData(schema="sandbox")
_seeded = sa.Table(
    "seeded",
    _metadata,
    sa.Column("world", sa.Text(), primary_key=True, comment="Seed and birth of the world"),
    sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False, comment="Day that was written"),
    comment="Days of a sandbox's world that this database has been given",
)


def seed_platform(engine: sa.Engine, directory: Path) -> int:
    """Write the days of the world in `directory` that are not yet in the database; returns their number.

    `engine` must have an owner's rights on the platform tables in their default shape.
    """
    file = load_or_create(directory)
    world = f"{file.seed}/{file.birth.isoformat()}"
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEED_LOCK)))
        connection.execute(sa.schema.CreateSchema("sandbox", if_not_exists=True))
        _metadata.create_all(connection)
        written = set(connection.scalars(sa.select(_seeded.c.day).where(_seeded.c.world == world)))
        missing = [day for day in range(len(file.days) + 1) if day not in written]
        for day in missing:
            _write_log(connection, list(accesses(file, day)))
            _write_submissions(connection, file, day)
            connection.execute(sa.insert(_seeded).values(world=world, day=day))
    return len(missing)


def _write_log(connection: sa.Connection, rows: list[Access]) -> None:
    _make_partitions(connection, (row.occurred_at for row in rows))
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


def _make_partitions(connection: sa.Connection, times: Iterable[datetime]) -> None:
    """A partition of the log for each day (UTC), owned by whoever owns the log, so that it may be dropped."""
    owner = connection.scalar(
        sa.text("SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class WHERE oid = to_regclass(:name)"),
        {"name": access_log.fullname},
    )
    for day in sorted({moment.astimezone(UTC).date() for moment in times}):
        start = datetime.combine(day, time(), UTC)
        name = f"{access_log.fullname}_{day:%Y%m%d}"
        if connection.scalar(sa.select(sa.func.to_regclass(name))) is not None:
            continue
        connection.exec_driver_sql(
            f"CREATE TABLE {name} PARTITION OF {access_log.fullname}"
            f" FOR VALUES FROM ('{start.isoformat()}') TO ('{(start + timedelta(days=1)).isoformat()}')"
        )
        connection.exec_driver_sql(f"ALTER TABLE {name} OWNER TO {owner}")
