"""Judges which days of the last two weeks no night has read, for one source and for all. Knows no Dagster."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.findings import Finding

LOOK_BACK_DAYS = 14


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


def no_day_missing_of_one(days: Mapping[str, bool], failed: Mapping[str, str]) -> Finding:
    """Since it was first read, this source has been read for every one of the last 14 days.

    `days`: for each of the days (oldest first), whether it was read. `failed`: by day, the run that tried to.
    """
    first = next((day for day, read in days.items() if read), None)
    missing = [day for day, read in days.items() if not read and first is not None and day > first]
    if not missing:
        return Finding(True, "no day is missing", {"missing": 0, "failed": 0})
    tried = [day for day in missing if day in failed]
    told = ", ".join(f"{day} (failed in run {failed[day][:8]})" if day in failed else day for day in missing)
    return Finding(
        False,
        f"not read in their nights: {told}; a later green night has caught them up;"
        f" `make backfill FROM={missing[0]} TO={missing[-1]}` reads them by themselves",
        {"missing": len(missing), "failed": len(tried)},
    )
