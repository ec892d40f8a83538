"""What Dagster shows of a table, out of its definition and the policy, so that they cannot drift apart."""

from collections.abc import Iterable, Set
from typing import Any

import dagster as dg
import sqlalchemy as sa

from pipelines.defs.metadata import OWNERS
from schemas.dictionary import type_of
from schemas.policy import load_policy
from schemas.tables import qualified


def table_key(table: sa.Table) -> dg.AssetKey:
    """The key of a table or view as an asset: its schema and its name."""
    return dg.AssetKey([str(table.schema), table.name])


def table_spec(
    table: sa.Table,
    group: str,
    *,
    deps: Iterable[dg.AssetDep | dg.AssetsDefinition | dg.AssetSpec | dg.AssetKey] = (),
    kinds: Set[str] = frozenset({"postgres"}),
    freshness_policy: dg.FreshnessPolicy | None = None,
) -> dg.AssetSpec:
    """A table or view as an asset, described by its own comments."""
    return dg.AssetSpec(
        key=table_key(table),
        deps=list(deps),
        group_name=group,
        description=table.comment,
        owners=OWNERS,
        freshness_policy=freshness_policy,
        kinds=set(kinds),
        tags=table_tags(table),
        metadata=table_metadata(table),
    )


def table_metadata(table: sa.Table) -> dict[str, Any]:
    """The table's name and column schema; each personal column carries its data category as a tag."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=type_of(column),
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
