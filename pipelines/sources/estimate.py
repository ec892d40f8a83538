"""Estimates what a backfill will cost before it starts, from what earlier reads have landed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.settings import Settings
from pipelines.sources.clients import System, is_configured
from schemas.tables.landing import TABLES


@dataclass(frozen=True, slots=True)
class Cost:
    """What one source entity will take: records, requests, minutes at the budget of its API."""

    source: str
    system: System
    records: int
    requests: int
    minutes: float


# (source, system, column that the window goes by, records in a page, requests a minute to begin with)
_WINDOWED: tuple[tuple[str, System, str, int, int], ...] = (
    ("helpscout_customer", "helpscout", "source_changed_at", 50, 200),
    ("helpscout_conversation", "helpscout", "source_changed_at", 25, 200),
    ("tripletex_invoice", "tripletex", "invoice_date", 1_000, 100),
)


def estimate(
    connection: sa.Connection, settings: Settings, start: datetime, end: datetime
) -> tuple[Cost, ...]:
    """The cost of reading the windowed sources again from `start` to `end` (aware, end exclusive).

    Customers of Help Scout are listed from `start` on, without an end; participants' lists take one request
    each. What changed at a source since it was last read is not known here, so the figures are a floor.
    """
    costs = []
    for source, system, clock, page, per_minute in _WINDOWED:
        if not is_configured(settings, system):
            continue
        column = TABLES[source].c[clock]
        within = column >= start if source == "helpscout_customer" else column.between(start, end)
        records = connection.scalar(sa.select(sa.func.count()).where(within)) or 0
        requests = max(1, math.ceil(records / page))
        costs.append(Cost(source, system, records, requests, requests / per_minute))
    if is_configured(settings, "pindena"):
        for source, activities in (
            ("course_signup", settings.pindena_course_activities),
            ("order_form", settings.pindena_order_activities),
        ):
            costs.append(Cost(source, "pindena", 0, len(activities), 0.0))
    return tuple(costs)
