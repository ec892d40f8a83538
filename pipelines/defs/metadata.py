"""Dagster metadata built from the tables and the policy, so that the two cannot drift apart."""

from __future__ import annotations

from typing import Any

import dagster as dg
import sqlalchemy as sa

from pipelines.store.landing import Tally
from schemas.policy import load_policy
from schemas.tables import qualified

OWNERS = ["team:data"]


def table_metadata(table: sa.Table) -> dict[str, Any]:
    """The table's name and column schema; each personal column carries its data category as a tag."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=str(column.type),
            description=column.comment,
            tags={"category": column.info["category"]},
        )
        for column in table.columns
    ]
    return {
        "dagster/table_name": qualified(table),
        "dagster/column_schema": dg.TableSchema(columns=columns),
    }


def table_tags(table: sa.Table) -> dict[str, str]:
    """Data class and clauses of a table, from the policy."""
    rule = load_policy().data[qualified(table)]
    return {"data_class": rule.data_class, **{f"clause/{clause}": "true" for clause in rule.clauses}}


def reconciliation(tally: Tally, rows: int, seconds: float) -> dict[str, Any]:
    """The numbers of one read, the same keys every time so that Dagster plots them, and as a table."""
    counts = tally.counts() | {"distinct": tally.distinct, "difference": tally.difference}
    lines = [f"| {name} | {count:,} |" for name, count in counts.items()]
    return {
        "configured": True,
        "dagster/row_count": rows,
        "seconds": round(seconds, 2),
        **counts,
        "reconciliation": dg.MarkdownMetadataValue("\n".join(["| | records |", "|---|---:|", *lines])),
    }
