"""Judges which days of the last two weeks were not read, for one source and for all. Knows no Dagster.

A day that its night did not read is missing until a later read has covered it from midnight to midnight.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

import sqlalchemy as sa

from pipelines.findings import Finding
from pipelines.privacy.periods import midnight
from schemas.tables.landing import load

LOOK_BACK_DAYS = 14


def no_day_missing(
    days: Mapping[str, Mapping[str, bool]], caught_up: Mapping[str, Collection[str]]
) -> Finding:
    """Since it was first read, every source has been read for every one of the last 14 days.

    `days`: by asset, for each of the days (oldest first), whether its night read it; `caught_up`: by asset,
    the days that a later read has covered.
    """
    holes = {name: found for name, known in days.items() if (found := _holes(known))}
    missing = {
        name: left
        for name, found in holes.items()
        if (left := [day for day in found if day not in caught_up.get(name, ())])
    }
    number, names = sum(map(len, missing.values())), ", ".join(sorted(missing))
    numbers = {"missing": number, "caught_up": sum(map(len, holes.values())) - number}
    if not number:
        return Finding(True, _nothing_missing(numbers["caught_up"]), numbers)
    first = min(left[0] for left in missing.values())
    last = max(left[-1] for left in missing.values())
    return Finding(False, f"{number:,} days of {names} were not read: {_mend(first, last)}", numbers)


def no_day_missing_of_one(
    days: Mapping[str, bool], failed: Mapping[str, str], caught_up: Collection[str]
) -> Finding:
    """Since it was first read, this source has been read for every one of the last 14 days.

    `days`: for each of the days (oldest first), whether its night read it. `failed`: by day, the run that
    tried to. `caught_up`: the days that a later read has covered.
    """
    holes = _holes(days)
    missing = [day for day in holes if day not in caught_up]
    numbers = {
        "missing": len(missing),
        "caught_up": len(holes) - len(missing),
        "failed": len(failed.keys() & set(missing)),
    }
    if not missing:
        return Finding(True, _nothing_missing(numbers["caught_up"]), numbers)
    named = ", ".join(f"{day} (failed in run {failed[day][:8]})" if day in failed else day for day in missing)
    return Finding(False, f"not read: {named}; {_mend(missing[0], missing[-1])}", numbers)


def caught_up(connection: sa.Connection, source: str, days: Collection[str]) -> frozenset[str]:
    """Those of `days` (ISO dates, Norwegian) that the reads of a source entity that went well have covered.

    A nightly read covers what changed from the start of its window until it began, a backfill its window.
    Several may cover a day between them. What a webhook marks covers nothing.
    """
    bounds = [(day, date.fromisoformat(day)) for day in days]
    if not bounds:
        return frozenset()
    until = sa.func.coalesce(load.c.window_end, load.c.started_at)
    covered = (
        sa.select(sa.func.range_agg(sa.func.tstzrange(load.c.window_start, until)).label("covered"))
        .where(load.c.source == source, load.c.kind.in_(("nightly", "backfill")))
        .where(sa.or_(load.c.window_start.is_(None), load.c.window_start <= until))
        .subquery()
    )
    wanted = sa.values(
        sa.column("day", sa.Text),
        sa.column("starts", sa.DateTime(timezone=True)),
        sa.column("ends", sa.DateTime(timezone=True)),
        name="wanted",
    ).data([(day, midnight(at), midnight(at + timedelta(days=1))) for day, at in bounds])
    whole = covered.c.covered.op("@>", is_comparison=True)(sa.func.tstzrange(wanted.c.starts, wanted.c.ends))
    return frozenset(connection.scalars(sa.select(wanted.c.day).where(whole)))


def _holes(days: Mapping[str, bool]) -> list[str]:
    """Days whose night did not read them, after the first that was read, oldest first."""
    first = next((day for day, read in days.items() if read), None)
    return [day for day, read in days.items() if first is not None and not read and day > first]


def _nothing_missing(later: int) -> str:
    return "no day is missing" + (
        f": {later:,} that their nights did not read were read later" if later else ""
    )


def _mend(first: str, last: str) -> str:
    return f"the next green night reads them; `make backfill FROM={first} TO={last}` does at once"
