"""Parts of SQL statements over any table, composed by psycopg so that every name is quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from psycopg import sql


def table_name(table: sa.Table) -> sql.Identifier:
    """The name of a table with its schema."""
    return sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)


def name_list(columns: Sequence[str]) -> sql.Composed:
    """Names of columns with commas between."""
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def copy_into(table: sql.Composable, columns: Sequence[str]) -> sql.Composed:
    """A COPY from the client into some columns."""
    return sql.SQL("COPY {} ({}) FROM STDIN").format(table, name_list(columns))


def assignments(source: str, columns: Sequence[str], touch: str | None) -> sql.Composed:
    """SET clauses that take the columns from `source` and, where one is named, a time stamp from now()."""
    taken = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(source, name)) for name in columns
    ]
    stamped = [sql.SQL("{} = now()").format(sql.Identifier(touch))] if touch else []
    return sql.SQL(", ").join(taken + stamped)


def are_equal(left: str, right: str, columns: Sequence[str] | Mapping[str, str]) -> sql.Composed:
    """That rows are equal in some columns; a mapping names those on the right otherwise."""
    pairs = columns.items() if isinstance(columns, Mapping) else zip(columns, columns, strict=True)
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, mine), sql.Identifier(right, theirs))
        for mine, theirs in pairs
    )


def differ(left: str, right: str, columns: Sequence[str]) -> sql.Composed:
    """That rows differ in some column, where two NULLs are the same."""
    mine, theirs = (
        sql.SQL(", ").join(sql.Identifier(alias, name) for name in columns) for alias in (left, right)
    )
    return sql.SQL("({}) IS DISTINCT FROM ({})").format(mine, theirs)
