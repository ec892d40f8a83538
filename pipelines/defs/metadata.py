"""Dagster metadata built from the tables and the policy, so that the two cannot drift apart."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import sqlalchemy as sa

from pipelines.identity.reporting import IdentityReport
from pipelines.privacy.retention import Plan, Removal
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
    return {
        "configured": True,
        "dagster/row_count": rows,
        "seconds": round(seconds, 2),
        **counts,
        "reconciliation": markdown_table("", "records", counts),
    }


def identity_numbers(report: IdentityReport) -> dict[str, Any]:
    """What the matching found and did; cards by id and rule only, no value of anybody."""
    names = "records recomputed people organizations reviews guards created merged split erased".split()
    return {
        **{name: getattr(report, name) for name in names},
        "rows_changed": report.changed,
        "largest_person": report.largest_person,
        "largest_organization": report.largest_organization,
        "matches_by_rule": markdown_table("rule", "merges", report.links),
        "affiliations_by_rule": markdown_table("rule", "people", report.affiliations),
    }


def markdown_table(name: str, value: str, rows: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Numbers by name as a Markdown table of two columns."""
    lines = [f"| {key} | {number:,} |" for key, number in rows.items()]
    return dg.MarkdownMetadataValue("\n".join([f"| {name} | {value} |", "|---|---:|", *lines]))


def retention_plan(plans: Sequence[Plan]) -> dg.MarkdownMetadataValue:
    """What each rule would delete now, what a hold keeps, and when the next row expires."""
    lines = [
        f"| {plan.rule} | {plan.data} | {plan.cutoff:%Y-%m-%d %H:%M} | {plan.rows:,} | {plan.held:,} | "
        f"{f'{plan.next_at:%Y-%m-%d}' if plan.next_at else '–'} |"
        for plan in plans
    ]
    return dg.MarkdownMetadataValue(
        "\n".join(
            ["| rule | data | older than (UTC) | rows | held | next |", "|---|---|---|---:|---:|---|", *lines]
        )
    )


def removals(done: Sequence[Removal]) -> dg.MarkdownMetadataValue:
    """What each rule deleted."""
    return markdown_table("rule", "rows removed", {removal.rule: removal.rows for removal in done})
