"""The pairs that wait for a person, the two records side by side.

What it returns is personal: for the screen of who decides, never for a log or Dagster's metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.identity.records import COLUMNS, read_records
from schemas.tables import crm

Record = tuple[str, str]
"""(source entity, id at the source)."""

# Worked with, not looked at.
_HIDDEN = {"source_id", "company_ref", "country", "industry_code", "vat_registered", "is_subunit"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one customer."""

    entity: str
    left: Record
    right: Record
    score: float | None
    reason: str
    fields: Sequence[tuple[str, str, str]]
    """(field, what the left record says, what the right one says), of the fields that either has."""


def waiting(connection: sa.Connection, number: int) -> list[Pair]:
    """The pairs to decide about, the likeliest first; at most so many."""
    review = crm.match_review
    rows = connection.execute(
        sa.select(review).order_by(sa.desc(review.c.score).nulls_last(), *review.primary_key).limit(number)
    ).all()
    pairs = [
        (row, (row.left_source, row.left_source_id), (row.right_source, row.right_source_id)) for row in rows
    ]
    told = _told(connection, {record for _, *both in pairs for record in both})
    return [
        Pair(row.entity, left, right, row.score, row.reason, _side_by_side(told.get(left), told.get(right)))
        for row, left, right in pairs
    ]


def _told(connection: sa.Connection, wanted: Iterable[Record]) -> Mapping[Record, Mapping[str, Any]]:
    ids: dict[str, list[str]] = {}
    for source, source_id in wanted:
        ids.setdefault(source, []).append(source_id)
    rows = (
        {str(name): value for name, value in row.items()}
        for row in read_records(connection, ids).to_dict("records")
    )
    return {(row["source"], row["source_id"]): row for row in rows}


def _side_by_side(
    left: Mapping[str, Any] | None, right: Mapping[str, Any] | None
) -> list[tuple[str, str, str]]:
    return [
        (name, *both)
        for name in COLUMNS
        if name not in _HIDDEN and any(both := (_words(left, name), _words(right, name)))
    ]


def _words(record: Mapping[str, Any] | None, name: str) -> str:
    """A field in words; empty where the record says nothing, or is no longer there."""
    value = None if record is None else record[name]
    match value:
        case None | False:
            return ""
        case True:
            return "yes"
        case list():
            return ", ".join(value)
        case datetime():
            return "" if value != value else f"{value:%Y-%m-%d}"
        case _:
            return str(value)
