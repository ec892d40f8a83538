"""Estimates what a backfill will cost before it starts, from what earlier reads have landed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from pipelines.privacy.periods import midnight
from pipelines.settings import Settings
from pipelines.sources.clients import is_configured
from pipelines.sources.page_sizes import fewest_requests
from schemas.payloads.base import System
from schemas.tables.landing import TABLES


@dataclass(frozen=True, slots=True)
class Cost:
    """What one source entity will take: records, requests, minutes at the budget of its API."""

    source: str
    system: System
    records: int
    requests: int
    minutes: float


# (source, system, column that the window goes by, requests a minute to begin with)
_WINDOWED: tuple[tuple[str, System, str, int], ...] = (
    ("helpscout_customer", "helpscout", "source_changed_at", 200),
    ("helpscout_conversation", "helpscout", "source_changed_at", 200),
    ("tripletex_invoice", "tripletex", "invoice_date", 100),
)


def problem_of_days(first: date, last: date, today: date) -> str | None:
    """What is wrong with a range of days to read again, both included; `today` is that of Norway."""
    yesterday = today - timedelta(days=1)
    if not first <= last <= yesterday:
        return f"the days must run forward and end before today (at most {yesterday})"
    return None


def estimate(connection: sa.Connection, settings: Settings, first: date, last: date) -> tuple[Cost, ...]:
    """The cost of reading the windowed sources again from one Norwegian day to another, both included.

    Customers of Help Scout are listed from `first` on, without an end; participants' lists take one request
    each. What changed at a source since it was last read is not known here, so the figures are a floor.
    """
    costs = []
    for source, system, clock, per_minute in _WINDOWED:
        if not is_configured(settings, system):
            continue
        within = _within(TABLES[source].c[clock], first, None if source == "helpscout_customer" else last)
        records = connection.scalar(sa.select(sa.func.count()).where(within)) or 0
        requests = fewest_requests(source, records)
        costs.append(Cost(source, system, records, requests, requests / per_minute))
    if is_configured(settings, "pindena"):
        for source, activities in (
            ("course_signup", settings.pindena_course_activities),
            ("order_form", settings.pindena_order_activities),
        ):
            costs.append(Cost(source, "pindena", 0, len(activities), 0.0))
    return tuple(costs)


def lines_of(costs: Sequence[Cost], first: date, last: date) -> list[str]:
    """The estimate in lines, for the terminal and for Dagster's page of a run."""
    days = (last - first).days + 1
    return [
        f"Backfill of {days} {'day' if days == 1 else 'days'} will take at least",
        *(f"  {cost.source:<24}{cost.requests:>8,} requests{cost.minutes:>8.1f} min" for cost in costs),
    ]


def _within(column: sa.Column[object], first: date, last: date | None) -> sa.ColumnElement[bool]:
    """From the first day to the last or without an end, for a column of days as for one of moments."""
    end = last + timedelta(days=1) if last else None
    if isinstance(column.type, sa.Date):
        return column >= first if end is None else sa.and_(column >= first, column < end)
    start = column >= midnight(first)
    return start if end is None else sa.and_(start, column < midnight(end))
