"""Judges the last read of a source entity: does it add up, what was set aside, has the API drifted."""

from __future__ import annotations

import sqlalchemy as sa

from pipelines.findings import Finding
from schemas.tables.landing import load, rejected

_NAMED = 8
"""Field names in one sentence."""


def adds_up(connection: sa.Connection, source: str) -> Finding:
    """Every record of the last read ended in exactly one column."""
    row = (
        connection.execute(
            sa.select(load).where(load.c.source == source).order_by(load.c.load_id.desc()).limit(1)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return Finding(True, "nothing has been read yet")
    ended = {name: row[name] for name in ("rejected", "repeated", "stored", "unchanged", "suppressed")}
    difference = row["received"] - sum(ended.values())
    sums = " + ".join(f"{number:,} {name}" for name, number in ended.items())
    if difference:
        return Finding(
            False,
            f"{row['received']:,} received, but {sums} leave {difference:,} unaccounted for: read it again",
            {"received": row["received"], "difference": difference, **ended},
        )
    return Finding(
        True,
        f"{row['received']:,} received = {sums}",
        {"received": row["received"], "difference": 0, **ended},
    )


def nothing_set_aside(connection: sa.Connection, source: str) -> Finding:
    """No record stands in landing.rejected."""
    reasons = list(
        connection.scalars(
            sa.select(rejected.c.reason)
            .where(rejected.c.source == source)
            .group_by(rejected.c.reason)
            .order_by(sa.func.count().desc())
            .limit(5)
        )
    )
    number = (
        connection.scalar(sa.select(sa.func.count()).select_from(rejected).where(rejected.c.source == source))
        or 0
    )
    if number == 0:
        return Finding(True, "no record is set aside", {"set_aside": 0})
    return Finding(
        False,
        f"{number:,} set aside ({'; '.join(reasons)}): mend them at the source, see landing.rejected",
        {"set_aside": number},
    )


def no_drift(connection: sa.Connection, source: str) -> Finding:
    """The last read met no field that the payload does not know, and none that the API no longer knows."""
    row = connection.execute(
        sa.select(load.c.unknown_fields, load.c.unknown_names, load.c.refused_names)
        .where(load.c.source == source)
        .order_by(load.c.load_id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or not (row.unknown_fields or row.refused_names):
        return Finding(True, "only known fields", {"unknown_fields": 0, "refused_fields": 0})
    causes = []
    if row.unknown_fields:
        causes.append(
            f"{row.unknown_fields:,} values of undeclared fields were dropped ({_named(row.unknown_names)}): "
            "declare them in schemas/payloads, or list them under not_read"
        )
    if row.refused_names:
        causes.append(
            f"the API does not know {_named(row.refused_names)}, which were read as absent: mend the payload"
        )
    return Finding(
        False,
        "; ".join(causes),
        {"unknown_fields": row.unknown_fields, "refused_fields": len(row.refused_names)},
    )


def _named(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
