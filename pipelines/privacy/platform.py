"""The registration system's database as it really is: configured names, partitions, indexes.

Its tables are not ours, so nothing here trusts their shape; everything is read from the catalog.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from schemas.errors import SafeError


class PlatformError(SafeError, RuntimeError):
    """The platform database is not as configured; the message names the setting to mend."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table, or a node of its partition tree."""

    oid: int
    schema: str
    name: str
    parent: int | None
    is_leaf: bool
    is_by_clock: bool
    """A range of the clock column alone, so its bounds tell what can be in it."""
    start: datetime | None
    """Nothing in it is older; None: unknown or unbounded."""
    end: datetime | None
    """Everything in it is older; None: unknown or unbounded."""
    estimated_rows: int
    size: int
    """Bytes on disk."""

    def table(self, columns: sa.FromClause) -> sa.Table:
        """As a table with the columns of `columns`."""
        copies = [sa.Column(column.name, column.type) for column in columns.c]
        return sa.Table(self.name, sa.MetaData(), *copies, schema=self.schema)


def configured_table(
    connection: sa.Connection, name: str, columns: tuple[str, ...], setting: str
) -> sa.Table:
    """The configured table with the named columns in their real types.

    Raises PlatformError, naming `setting`, when the table or a column does not exist.
    """
    schema, _, table = name.rpartition(".")
    found = {
        row.name: row.type
        for row in connection.execute(
            sa.text(
                "SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type"
                " FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
                " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                " WHERE n.nspname = :schema AND c.relname = :table AND c.relkind IN ('r', 'p')"
                " AND a.attnum > 0 AND NOT a.attisdropped"
            ),
            {"schema": schema or "public", "table": table},
        )
    }
    if not found:
        raise PlatformError(f"{setting}: the platform database has no table {name}")
    missing = [column for column in columns if column not in found]
    if missing:
        raise PlatformError(f"{setting}: {name} has no column {', '.join(missing)}")
    return sa.Table(
        table,
        sa.MetaData(),
        *(sa.Column(column, _TYPES.get(found[column], sa.Text())) for column in columns),
        schema=schema or "public",
    )


def may_read(connection: sa.Connection, table: sa.Table) -> bool:
    """Whether the session's role may read all the columns that `table` names."""
    return bool(
        connection.scalar(
            sa.text(
                "SELECT has_schema_privilege(n.oid, 'USAGE')"
                " AND (SELECT bool_and(has_column_privilege(c.oid, name, 'SELECT'))"
                " FROM unnest(:columns) AS name)"
                " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
                " WHERE n.nspname = :schema AND c.relname = :table"
            ).bindparams(sa.bindparam("columns", table.columns.keys(), sa.ARRAY(sa.Text()))),
            {"schema": table.schema, "table": table.name},
        )
    )


def parts(connection: sa.Connection, table: sa.Table, clock: str, zone: str) -> tuple[Part, ...]:
    """The table and all nodes of its partition tree, parents first."""
    # Bounds are printed in the session's own form; these two make it one that can be read back.
    connection.execute(sa.text("SET LOCAL DateStyle = 'ISO, YMD'"))
    connection.execute(sa.text("SET LOCAL TimeZone = 'UTC'"))
    rows = connection.execute(
        sa.text(_TREE), {"schema": table.schema, "table": table.name, "clock": clock}
    ).all()
    return tuple(_part(row, zone) for row in rows)


def has_index_on(connection: sa.Connection, part: Part, column: str) -> bool:
    """Whether a complete B-tree begins with the column, so that its oldest rows are found at once."""
    return bool(
        connection.scalar(
            sa.text(
                "SELECT EXISTS (SELECT FROM pg_index AS i"
                " JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS m ON m.oid = c.relam"
                " JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
                " WHERE i.indrelid = :oid AND a.attname = :column AND m.amname = 'btree'"
                " AND i.indpred IS NULL AND i.indisvalid)"
            ),
            {"oid": part.oid, "column": column},
        )
    )


# pg_partition_tree has no row for a table that is neither partitioned nor a partition.
_TREE = """
WITH root AS (
    SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = :table AND c.relkind IN ('r', 'p')
), tree AS (
    SELECT t.relid::oid AS oid, t.parentrelid::oid AS parent, t.isleaf AS is_leaf, t.level
    FROM root, LATERAL pg_partition_tree(root.oid) AS t
    UNION
    SELECT root.oid, NULL::oid, true, 0 FROM root
    WHERE NOT EXISTS (SELECT FROM pg_partition_tree(root.oid))
)
SELECT tree.oid, n.nspname AS schema, c.relname AS name, tree.parent, tree.is_leaf,
       c.reltuples::bigint AS estimated_rows, pg_relation_size(tree.oid) AS size,
       pg_get_expr(c.relpartbound, c.oid) AS bound,
       coalesce(p.partstrat = 'r' AND p.partnatts = 1 AND a.attname = :clock, false) AS is_by_clock
FROM tree
JOIN pg_class AS c ON c.oid = tree.oid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_partitioned_table AS p ON p.partrelid = tree.parent
LEFT JOIN pg_attribute AS a ON a.attrelid = tree.parent AND a.attnum = p.partattrs[0]
ORDER BY tree.level, c.relname
"""

_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "timestamp with time zone": sa.DateTime(timezone=True),
    "timestamp without time zone": sa.DateTime(timezone=False),
    "date": sa.Date(),
    "bigint": sa.BigInteger(),
    "integer": sa.Integer(),
}


def _part(row: Any, zone: str) -> Part:
    start, end = _bounds(row.bound, zone) if row.is_by_clock else (None, None)
    return Part(
        oid=row.oid,
        schema=row.schema,
        name=row.name,
        parent=row.parent,
        is_leaf=row.is_leaf,
        is_by_clock=row.is_by_clock and row.bound != "DEFAULT",
        start=start,
        end=end,
        estimated_rows=max(row.estimated_rows, 0),
        size=row.size,
    )


def _bounds(text: str, zone: str) -> tuple[datetime | None, datetime | None]:
    """`FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-11-02 00:00:00+00')` as two instants."""
    if not text.startswith("FOR VALUES FROM ("):
        return None, None
    lower, _, upper = text.removeprefix("FOR VALUES FROM (").removesuffix(")").partition(") TO (")
    return _moment(lower, zone), _moment(upper, zone)


def _moment(literal: str, zone: str) -> datetime | None:
    """A bound as an instant; None for MINVALUE, MAXVALUE, infinity and years that Python cannot hold."""
    try:
        text = literal.strip("'")
        moment = (
            datetime.combine(date.fromisoformat(text), time.min)
            if len(text) == len("2026-11-01")
            else datetime.fromisoformat(text)
        )
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
