"""The state of everything on one page: when each source was read, what waits, what is past its time.

Counts and times only. Knows no Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.findings import Finding
from schemas.tables import crm, landing

LOOK_BACK_DAYS = 14


@dataclass(frozen=True, slots=True)
class Health:
    """Numbers of the store at one moment."""

    sources: Sequence[tuple[str, datetime, int, int]]
    """Source entity, when its last read ended (aware), records set aside, values of unknown fields."""
    people: int
    organizations: int
    reviews: int


def look(connection: sa.Connection) -> Health:
    """Read the numbers."""
    load, rejected = landing.load, landing.rejected
    aside = (
        sa.select(rejected.c.source, sa.func.count().label("number")).group_by(rejected.c.source).subquery()
    )
    last = (
        sa.select(load.c.source, load.c.finished_at, load.c.unknown_fields)
        .ext(pg.distinct_on(load.c.source))
        .order_by(load.c.source, load.c.load_id.desc())
        .subquery()
    )
    rows = connection.execute(
        sa.select(
            last.c.source, last.c.finished_at, sa.func.coalesce(aside.c.number, 0), last.c.unknown_fields
        )
        .outerjoin(aside, aside.c.source == last.c.source)
        .order_by(last.c.source)
    )
    return Health(
        sources=[(source, at, number, unknown) for source, at, number, unknown in rows],
        people=_count(connection, crm.person),
        organizations=_count(connection, crm.organization),
        reviews=_count(connection, crm.match_review),
    )


def page(health: Health, now: datetime) -> str:
    """One page of Markdown."""
    lines = [
        f"**{health.organizations:,}** organisations and **{health.people:,}** people;"
        f" **{health.reviews:,}** pairs wait for a person.",
        "",
        "| source | read | hours ago | set aside | unknown fields |",
        "|---|---|---:|---:|---:|",
        *(
            f"| {source} | {at:%Y-%m-%d %H:%M} UTC | {(now - at).total_seconds() / 3600:.0f} |"
            f" {aside:,} | {unknown:,} |"
            for source, at, aside, unknown in health.sources
        ),
    ]
    return "\n".join(lines)


def no_day_missing(days: Mapping[str, Mapping[str, bool]]) -> Finding:
    """Since it was first read, every source has been read for every one of the last 14 days.

    `days`: by asset, for each of the days (oldest first), whether it was read.
    """
    missing = {
        name: [day for day, read in known.items() if not read and day > first]
        for name, known in days.items()
        if (first := next((day for day, read in known.items() if read), None)) is not None
    }
    missing = {name: holes for name, holes in missing.items() if holes}
    number = sum(len(holes) for holes in missing.values())
    if not number:
        return Finding(True, "no day is missing", {"missing": 0})
    first, last = min(min(holes) for holes in missing.values()), max(max(holes) for holes in missing.values())
    return Finding(
        False,
        f"{number:,} days of {', '.join(sorted(missing))} were not read in their nights: a later green night"
        f" has caught them up; `make backfill FROM={first} TO={last}` reads them by themselves",
        {"missing": number},
    )


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
