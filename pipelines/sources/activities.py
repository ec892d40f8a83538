"""How far each activity's list was read and what is wrong with it (`landing.activity`), and its check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.findings import Finding
from schemas.tables.landing import activity

_NAMED = 5
"""Activities told of in one sentence."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One configured activity: where its next nightly read begins (aware), and why it could not be read."""

    number: int
    read_until: datetime | None
    fault: str | None


def known_activities(connection: sa.Connection, source: str) -> dict[int, Activity]:
    """The activities of a source entity by number, as they were left by the last read."""
    rows = connection.execute(
        sa.select(activity.c.activity_id, activity.c.read_until, activity.c.fault).where(
            activity.c.source == source
        )
    )
    return {row.activity_id: Activity(row.activity_id, row.read_until, row.fault) for row in rows}


def keep_activities(
    connection: sa.Connection, source: str, activities: Sequence[Activity], now: datetime
) -> None:
    """Note the activities as a read that began at `now` leaves them; others are no longer configured.

    They are forgotten: one that comes back later is read from its beginning.
    """
    connection.execute(
        sa.delete(activity).where(
            activity.c.source == source,
            activity.c.activity_id.not_in([one.number for one in activities]),
        )
    )
    if not activities:
        return
    insert = pg.insert(activity)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=activity.primary_key.columns,
            set_={
                "read_until": insert.excluded.read_until,
                "fault": insert.excluded.fault,
                "failing_since": sa.case(
                    (insert.excluded.fault.is_(None), sa.null()),
                    else_=sa.func.coalesce(activity.c.failing_since, insert.excluded.failing_since),
                ),
            },
        ),
        [
            {
                "source": source,
                "activity_id": one.number,
                "read_until": one.read_until,
                "fault": one.fault,
                "failing_since": now if one.fault else None,
            }
            for one in activities
        ],
    )


def every_activity_read(connection: sa.Connection, source: str) -> Finding:
    """The last read had an answer from every configured activity."""
    rows = connection.execute(
        sa.select(activity.c.activity_id, activity.c.fault, activity.c.failing_since)
        .where(activity.c.source == source)
        .order_by(activity.c.activity_id)
    ).all()
    failing = [row for row in rows if row.fault]
    numbers = {"activities": len(rows), "failing": len(failing)}
    if not failing:
        return Finding(True, f"{len(rows):,} activities were read", numbers)
    named = "; ".join(
        f"{row.activity_id} since {row.failing_since:%Y-%m-%d} ({row.fault})" for row in failing[:_NAMED]
    )
    more = f"; and {len(failing) - _NAMED:,} more" if len(failing) > _NAMED else ""
    return Finding(
        False,
        f"{len(failing):,} of {len(rows):,} activities could not be read, the others were: {named}{more}."
        " Check that each exists and that the API user may read it, or take it out of the settings; what"
        " changed meanwhile is read as soon as it answers",
        numbers,
    )
