"""What the store says of one run, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from pipelines.store.counts import count_rows
from schemas.tables import crm, landing, privacy

_COLUMNS = "told received stored unchanged suppressed rejected requests deleted".split()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store says of one run."""

    loads: dict[str, dict[str, int]]
    organizations: int
    people: int
    events: dict[str, int]
    rules: list[tuple[str, str, int]]
    reviews: int
    retention: list[tuple[str, int, int]]


def read_facts(connection: sa.Connection, run_id: str) -> Facts:
    """The numbers of a run, read from the store that it wrote."""
    load, event = landing.load, crm.identity_event
    loads = {
        row["source"]: {name: row[name] for name in _COLUMNS}
        for row in connection.execute(sa.select(load).where(load.c.run_id == run_id)).mappings()
    }
    link = crm.match_link
    log = privacy.retention_log
    return Facts(
        loads=loads,
        organizations=count_rows(connection, crm.organization),
        people=count_rows(connection, crm.person),
        events=dict(
            connection.execute(
                sa.select(event.c.event, sa.func.count()).where(event.c.run_id == run_id).group_by("event")
            ).all()
        ),
        rules=[
            (entity, rule, number)
            for entity, rule, number in connection.execute(
                sa.select(link.c.entity, link.c.rule, sa.func.count().label("n"))
                .group_by(link.c.entity, link.c.rule)
                .order_by(link.c.entity, sa.desc("n"))
            )
        ],
        reviews=count_rows(connection, crm.match_review),
        retention=[
            (rule, rows, partitions)
            for rule, rows, partitions in connection.execute(
                sa.select(log.c.rule, log.c.rows_removed, log.c.partitions_dropped)
                .where(log.c.run_id == run_id)
                .order_by(log.c.rule)
            )
        ],
    )
