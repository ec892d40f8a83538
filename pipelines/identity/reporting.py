"""What a run found and did, in numbers: of the run, and of the whole store.

The store's numbers are counted once, by a full rebuild; a refresh carries them on by what it changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from pipelines.identity.publish import Published
from pipelines.identity.reach import RULED, Totals
from pipelines.store.bulk import Written
from schemas.tables import crm

_COUNTED = {
    "records": crm.source_link,
    "people": crm.person,
    "organizations": crm.organization,
    "reviews": crm.match_review,
    "guards": crm.identity_guard,
}


@dataclass(frozen=True, slots=True)
class IdentityReport:
    """What a rebuild found and did, in numbers.

    `links` are merges by rule, `affiliations` persons at organisations by rule, `seconds` the time of each
    step, `written` the rows changed by table, `recomputed` the records that were matched again, `largest_*`
    the records on the largest card that was made anew. The other counts are of the whole store.
    """

    records: int
    recomputed: int
    people: int
    organizations: int
    links: Mapping[str, int]
    affiliations: Mapping[str, int]
    reviews: int
    guards: int
    created: int
    merged: int
    split: int
    erased: int
    largest_person: int
    largest_organization: int
    written: Mapping[str, Written]
    seconds: Mapping[str, float]

    @property
    def changed(self) -> int:
        """Rows changed in all tables together; 0 when the cards were as they should be."""
        return sum(written.changed for written in self.written.values())


def count_all(connection: sa.Connection) -> Totals:
    """The numbers of the whole store, counted."""

    def rows(table: sa.Table) -> int:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def by_rule(table: sa.Table) -> dict[str, int]:
        rule = table.c.rule
        counted = sa.select(rule, sa.func.count()).group_by(rule).order_by(rule)
        return dict(map(tuple, connection.execute(counted)))

    return {name: rows(table) for name, table in _COUNTED.items()} | {
        name: by_rule(table) for name, table in RULED.items()
    }


def moved(before: Totals, published: Published) -> Totals:
    """The numbers of the whole store, carried on by what was written."""

    def rows(name: str, table: sa.Table) -> int:
        written = published.written[table.name]
        return int(before[name]) + written.inserted - written.deleted

    def by_rule(name: str) -> dict[str, int]:
        after: Counter[str] = Counter(before[name])
        after.update(published.rules[name])
        return {rule: after[rule] for rule in sorted(after) if after[rule]}

    return {name: rows(name, table) for name, table in _COUNTED.items()} | {
        name: by_rule(name) for name in RULED
    }


def report(
    totals: Totals, recomputed: int, published: Published, seconds: Mapping[str, float]
) -> IdentityReport:
    """The report of a run that matched so many records again and left these totals."""
    return IdentityReport(
        **totals,
        recomputed=recomputed,
        created=published.created,
        merged=published.merged,
        split=published.split,
        erased=published.erased,
        largest_person=published.largest_person,
        largest_organization=published.largest_organization,
        written=published.written,
        seconds=seconds,
    )
