"""Judges which days of the last two weeks no night has read, for one source and for all. Knows no Dagster."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.findings import Finding

LOOK_BACK_DAYS = 14


def no_day_missing(days: Mapping[str, Mapping[str, bool]]) -> Finding:
    """Since it was first read, every source has been read for every one of the last 14 days.

    `days`: by asset, for each of the days (oldest first), whether it was read.
    """
    missing = {name: holes for name, known in days.items() if (holes := _holes(known))}
    number, names = sum(map(len, missing.values())), ", ".join(sorted(missing))
    if not number:
        return Finding(True, "no day is missing", {"missing": 0})
    first = min(holes[0] for holes in missing.values())
    last = max(holes[-1] for holes in missing.values())
    return Finding(
        False,
        f"{number:,} days of {names} were not read in their nights: {_mend(first, last)}",
        {"missing": number},
    )


def no_day_missing_of_one(days: Mapping[str, bool], failed: Mapping[str, str]) -> Finding:
    """Since it was first read, this source has been read for every one of the last 14 days.

    `days`: for each of the days (oldest first), whether it was read. `failed`: by day, the run that tried to.
    """
    missing = _holes(days)
    if not missing:
        return Finding(True, "no day is missing", {"missing": 0, "failed": 0})
    named = ", ".join(f"{day} (failed in run {failed[day][:8]})" if day in failed else day for day in missing)
    return Finding(
        False,
        f"not read in their nights: {named}; {_mend(missing[0], missing[-1])}",
        {"missing": len(missing), "failed": len(failed.keys() & set(missing))},
    )


def _holes(days: Mapping[str, bool]) -> list[str]:
    """Days without a read after the first one that was read, oldest first; none before anything was."""
    first = next((day for day, read in days.items() if read), None)
    return [day for day, read in days.items() if first is not None and not read and day > first]


def _mend(first: str, last: str) -> str:
    return (
        "a later green night has caught them up;"
        f" `make backfill FROM={first} TO={last}` reads them by themselves"
    )
