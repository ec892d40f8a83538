"""The state of everything on one page: when each source was read, what it took, what meets, what waits.

Counts, names of sources and times only. Knows no Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.sources.page_sizes import fewest_requests
from pipelines.store.counts import count_rows
from schemas.payloads.base import System
from schemas.tables import crm, landing

SYSTEM_NAMES: Mapping[System, str] = {
    "helpscout": "Help Scout",
    "tripletex": "Tripletex",
    "brreg": "Brønnøysund",
    "pindena": "Pindena",
}


@dataclass(frozen=True, slots=True)
class Health:
    """Numbers of the store at one moment."""

    sources: Sequence[tuple[str, datetime, int, int]]
    """Source entity, when its last read ended (aware), records set aside, values of unknown fields."""
    people: int
    organizations: int
    reviews: int
    requests: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By source entity: requests of its last read, and the fewest that its records could have come in."""
    overlaps: Mapping[str, Mapping[tuple[str, ...], int]] = field(default_factory=dict)
    """For `person` and `organization`: cards by the systems that meet on them."""


def read_health(connection: sa.Connection) -> Health:
    """Read the numbers."""
    # A million cards are counted by hashing in that; with less they are walked along an index.
    connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
    load, rejected = landing.load, landing.rejected
    aside = (
        sa.select(rejected.c.source, sa.func.count().label("number")).group_by(rejected.c.source).subquery()
    )
    last = (
        sa.select(load.c.source, load.c.finished_at, load.c.unknown_fields, load.c.requests, load.c.received)
        .ext(pg.distinct_on(load.c.source))
        .order_by(load.c.source, load.c.load_id.desc())
        .subquery()
    )
    rows = connection.execute(
        sa.select(
            last.c.source,
            last.c.finished_at,
            sa.func.coalesce(aside.c.number, 0),
            last.c.unknown_fields,
            last.c.requests,
            last.c.received,
        )
        .outerjoin(aside, aside.c.source == last.c.source)
        .order_by(last.c.source)
    ).all()
    return Health(
        sources=[(source, at, number, unknown) for source, at, number, unknown, _, _ in rows],
        people=count_rows(connection, crm.person),
        organizations=count_rows(connection, crm.organization),
        reviews=count_rows(connection, crm.match_review),
        requests={source: (sent, fewest_requests(source, got)) for source, *_, sent, got in rows if sent},
        overlaps={
            "person": _overlap(connection, crm.source_link.c.person_id),
            "organization": _overlap(connection, crm.source_link.c.organization_id),
        },
    )


def page(health: Health, now: datetime) -> str:
    """One page of Markdown; narrow, as Dagster's overview leaves little room.

    `aside`: records set aside. `new`: values of fields that nobody has declared.
    """
    lines = [
        f"**{health.organizations:,}** organisations, **{health.people:,}** people",
        "",
        f"**{health.reviews:,}** pairs wait for a person",
        "",
        "| source | hours ago | aside | new |",
        "|---|---:|---:|---:|",
        *(
            f"| {source} | {(now - at).total_seconds() / 3600:.0f} | {aside:,} | {unknown:,} |"
            for source, at, aside, unknown in health.sources
        ),
    ]
    return "\n".join(lines)


def _overlap(connection: sa.Connection, card: sa.ColumnElement[object]) -> Mapping[tuple[str, ...], int]:
    """Cards by the systems that meet on them, a bit for each: so the records of a card need no sorting."""
    systems = sorted(SYSTEM_NAMES.values())
    bits = {payload.source: 1 << systems.index(SYSTEM_NAMES[payload.system]) for payload in landing.PAYLOADS}
    met = sa.func.bit_or(sa.case(bits, value=crm.source_link.c.source)).label("met")
    cards = sa.select(met).where(card.is_not(None)).group_by(card).subquery()
    found = connection.execute(sa.select(cards.c.met, sa.func.count()).group_by(cards.c.met))
    return {
        tuple(system for place, system in enumerate(systems) if met >> place & 1): number
        for met, number in found
    }
