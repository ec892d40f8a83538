"""What the coming weeks will delete, by the predicates that delete it."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from pipelines.privacy.expiry import expiries
from pipelines.privacy.holds import load_holds
from schemas.policy import Policy

WEEK = timedelta(days=7)


def expiring(
    connection: sa.Connection, policy: Policy, now: datetime, weeks: int = 8
) -> Mapping[str, tuple[int, ...]]:
    """Rows by table (`schema.table`) whose period ends in each of the coming weeks; one pass over each table.

    What is past its period already is in none of them. Tables that lose nothing are left out. `now` is aware.
    """
    moments = [now + number * WEEK for number in range(weeks + 1)]
    found: dict[str, tuple[int, ...]] = {}
    for expiry in expiries(policy, now, load_holds(connection, policy, now)):
        past = [sa.func.count().filter(expiry.at(moment).is_expired()) for moment in moments]
        totals = connection.execute(sa.select(*past).select_from(expiry.table)).one()
        weekly = tuple(later - sooner for sooner, later in pairwise(totals))
        if any(weekly):
            before = found.get(expiry.rule.data, (0,) * weeks)
            found[expiry.rule.data] = tuple(map(operator.add, before, weekly))
    return found
