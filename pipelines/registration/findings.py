"""Judges the way from form to customer: who is in Tripletex twice, and what has waited too long."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from pipelines.findings import Finding
from schemas.tables.landing import TABLES
from schemas.tables.registration import application_case

WAITS_AT_MOST = timedelta(days=7)
"""An application that is neither registered nor declined after this long has been forgotten."""

_NAMED = 10
"""Customers in one sentence."""


def no_customer_twice(connection: sa.Connection) -> Finding:
    """No organisation number is on two active customers of Tripletex, and none on more in all."""
    customer = TABLES["tripletex_customer"].c
    digits = sa.func.regexp_replace(customer.organization_number, r"\D", "", "g")
    groups = connection.execute(
        sa.select(
            sa.func.array_agg(sa.distinct(customer.id)).label("ids"),
            sa.func.count().filter(customer.is_inactive.is_not(True)).label("active"),
        )
        .where(customer.deleted_at_source.is_(None), sa.func.length(digits) == 9)
        .group_by(digits)
        .having(sa.func.count() > 1)
        .order_by(sa.func.min(customer.id))
    ).all()
    numbers = {
        "organizations_twice": len(groups),
        "organizations_twice_active": sum(group.active > 1 for group in groups),
        "customers": sum(len(group.ids) for group in groups),
    }
    if not groups:
        return Finding(True, "every organisation number is on one customer", numbers)
    named = "; ".join(" and ".join(map(str, sorted(group.ids))) for group in groups[:_NAMED])
    more = " …" if len(groups) > _NAMED else ""
    return Finding(
        False,
        f"{len(groups):,} organisation numbers are on several customers; merge them in Tripletex"
        f" (ids there: {named}{more})",
        numbers,
    )


def no_application_waits(connection: sa.Connection, now: datetime) -> Finding:
    """No application has waited longer than a week for a person or for its registration."""
    case = application_case.c
    waiting = connection.execute(
        sa.select(case.status, sa.func.count().label("number"), sa.func.min(case.status_since).label("since"))
        .where(case.status.in_(["new", "enriched", "needs_review"]), case.status_since < now - WAITS_AT_MOST)
        .group_by(case.status)
        .order_by(case.status)
    ).all()
    numbers = {f"waiting_{row.status}": row.number for row in waiting}
    if not waiting:
        return Finding(True, "nothing has waited longer than a week", {"waiting": 0})
    told = ", ".join(f"{row.number:,} {row.status.replace('_', ' ')}" for row in waiting)
    oldest = min(row.since for row in waiting)
    return Finding(
        False,
        f"{told} for longer than a week, the oldest since {oldest:%Y-%m-%d}: see crm.application_case, decide"
        " in crm.application_decision or run register_customers",
        {"waiting": sum(numbers.values()), **numbers},
    )
