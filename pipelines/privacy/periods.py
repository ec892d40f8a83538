"""Periods of policy.yaml turned into instants: where a period ends, and what it leaves behind.

Days are exact to the second. Months follow the Norwegian calendar and clock, as the law counts them.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from schemas.zone import OSLO

_ISO = re.compile(r"P([1-9]\d*)([DM])")


@dataclass(frozen=True, slots=True)
class Period:
    """So many days, or so many calendar months."""

    count: int
    is_months: bool

    @classmethod
    def parse(cls, text: str) -> Period:
        """`P14D` or `P36M`. Raises ValueError for anything else."""
        match = _ISO.fullmatch(text)
        if match is None:
            raise ValueError(f"{text} is not a period: P14D for days, P36M for months")
        return cls(int(match[1]), match[2] == "M")

    def ends(self, start: datetime) -> datetime:
        """When a period that starts at `start` (aware) is over, in UTC.

        Months end at the same clock time in Norway so many months on; where that day does not exist,
        with the month (31 January and one month end with February).
        """
        if not self.is_months:
            return start.astimezone(UTC) + timedelta(days=self.count)
        return _moved(start, self.count)

    def cutoff(self, now: datetime) -> datetime:
        """The instant (UTC) before which whatever started has ended by `now`: expired = start < cutoff."""
        if not self.is_months:
            return now.astimezone(UTC) - timedelta(days=self.count)
        cutoff = _moved(now, -self.count)
        # What started in a repeated hour ends when this repeated hour does, not yet within it.
        before = cutoff - timedelta(hours=1)
        return before if now.astimezone(OSLO).fold and before.astimezone(OSLO).fold else cutoff

    def __str__(self) -> str:
        return f"P{self.count}{'M' if self.is_months else 'D'}"


def midnight(day: date) -> datetime:
    """When a day begins in Norway, in UTC."""
    return datetime.combine(day, time.min, OSLO).astimezone(UTC)


def deadline(received: datetime, months: int = 1) -> date:
    """The last day to answer a request: the same day next month, or that month's last (GDPR art. 12(3))."""
    day = received.astimezone(OSLO).date()
    year, month = _month(day, months)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _moved(moment: datetime, months: int) -> datetime:
    """The instant at which the clock in Norway shows the same time so many months away.

    Never runs backwards: the second pass of the hour that autumn repeats counts as its end, a time in the
    hour that spring skips as the moment of the change, a day that does not exist as the next month's start.
    """
    local = moment.astimezone(OSLO)
    wall = local.replace(tzinfo=None)
    if local.fold:
        wall = wall.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    year, month = _month(wall.date(), months)
    if wall.day <= calendar.monthrange(year, month)[1]:
        target = wall.replace(year=year, month=month)
    else:
        year, month = _month(date(year, month, 1), 1)
        target = datetime.combine(date(year, month, 1), time.min)
    instant = target.replace(tzinfo=OSLO).astimezone(UTC)
    if instant.astimezone(OSLO).replace(tzinfo=None) != target:
        return target.replace(minute=0, second=0, microsecond=0, tzinfo=OSLO).astimezone(UTC)
    return instant


def _month(day: date, months: int) -> tuple[int, int]:
    index = day.year * 12 + day.month - 1 + months
    return index // 12, index % 12 + 1
