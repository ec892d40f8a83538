"""COPY and set-based writes: rows move in bulk, and a row that did not change is not written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did to a table, in rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def changed(self) -> int:
        return self.inserted + self.updated + self.deleted


def copy_rows(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> sql.Identifier:
    """COPY rows into a new temporary table shaped like `columns` of `table`; return its name.

    The table goes with the transaction. Rows are tuples in the order of `columns`.
    """
    staging = sql.Identifier(f"incoming_{table.name}")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    cursor = _cursor(connection)
    cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(staging))
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            staging, names, _name(table)
        )
    )
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(staging, names)) as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(sql.SQL("ANALYZE {}").format(staging))
    return staging


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    newer: sql.Composable | None = None,
    touch: str | None = None,
) -> Written:
    """Insert or update by primary key; a row that is equal stays untouched.

    `newer` is an extra condition on (stored `target`, `excluded`), so that an older version never
    overwrites a newer one; `touch` names a time stamp set to now() when a row is updated.
    """
    staging = copy_rows(connection, table, columns, rows)
    key = [column.name for column in table.primary_key]
    values = [name for name in columns if name not in key]
    assignments = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in values] + (
        [sql.SQL("{} = now()").format(sql.Identifier(touch))] if touch else []
    )
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    differs = _distinct("target", "excluded", values)
    condition = sql.SQL("{} AND {}").format(differs, newer) if newer else differs
    statement = sql.SQL(
        "INSERT INTO {table} AS target ({names}) SELECT {names} FROM {staging}"
        " ON CONFLICT ({key}) DO UPDATE SET {assignments} WHERE {condition}"
        " RETURNING (xmax = 0)"
    ).format(
        table=_name(table),
        names=names,
        staging=staging,
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        assignments=sql.SQL(", ").join(assignments),
        condition=condition,
    )
    outcome = _cursor(connection).execute(statement).fetchall()
    inserted = sum(1 for (is_new,) in outcome if is_new)
    return Written(inserted=inserted, updated=len(outcome) - inserted)


def replace(
    connection: sa.Connection,
    table: sa.Table,
    frame: pd.DataFrame,
    *,
    touch: str | None = None,
) -> Written:
    """Make `table` equal to `frame` (columns of the table, keyed by its primary key).

    Rows that are gone are deleted, changed ones updated, new ones inserted; equal rows cost a
    comparison and nothing else.
    """
    columns = [column.name for column in table.columns if column.name in frame.columns]
    missing = [column.name for column in table.primary_key if column.name not in columns]
    if missing:
        raise ValueError(f"{table.fullname}: the frame lacks key columns {missing}")
    staging = copy_rows(connection, table, columns, frame_rows(frame, columns))
    key = [column.name for column in table.primary_key]
    values = [name for name in columns if name not in key]
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    parts = {
        "table": _name(table),
        "staging": staging,
        "same": _same("target", "source", key),
        "names": names,
    }
    cursor = _cursor(connection)
    cursor.execute(
        sql.SQL(
            "DELETE FROM {table} AS target WHERE NOT EXISTS (SELECT FROM {staging} AS source WHERE {same})"
        ).format(**parts)
    )
    deleted = cursor.rowcount
    updated = 0
    if values:
        assignments = [sql.SQL("{0} = source.{0}").format(sql.Identifier(name)) for name in values] + (
            [sql.SQL("{} = now()").format(sql.Identifier(touch))] if touch else []
        )
        cursor.execute(
            sql.SQL(
                "UPDATE {table} AS target SET {assignments} FROM {staging} AS source"
                " WHERE {same} AND {differs}"
            ).format(
                assignments=sql.SQL(", ").join(assignments),
                differs=_distinct("target", "source", values),
                **parts,
            )
        )
        updated = cursor.rowcount
    cursor.execute(
        sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {names} FROM {staging} AS source"
            " WHERE NOT EXISTS (SELECT FROM {table} AS target WHERE {same})"
        ).format(**parts)
    )
    return Written(inserted=cursor.rowcount, updated=updated, deleted=deleted)


def frame_rows(frame: pd.DataFrame, columns: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    """Rows of a frame as tuples in the order of `columns`, with every missing value as None."""
    as_objects = [_column_values(frame[name]) for name in columns]
    return zip(*as_objects, strict=True) if as_objects else ()


def read_frame(
    connection: sa.Connection, statement: sa.Executable, parameters: dict[str, Any] | None = None
) -> pd.DataFrame:
    """The answer of a query as a frame of object columns, missing values as None."""
    result = connection.execute(statement, parameters or {})
    names = list(result.keys())
    columns = list(zip(*result.tuples(), strict=True)) or [()] * len(names)
    return pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in zip(names, columns, strict=True)}
    )


def _column_values(series: pd.Series) -> list[Any]:
    return series.astype(object).where(series.notna(), None).tolist()


def _cursor(connection: sa.Connection) -> Any:
    """The psycopg cursor behind a SQLAlchemy connection, inside its transaction."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def _name(table: sa.Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)


def _same(left: str, right: str, columns: Sequence[str]) -> sql.Composable:
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, name), sql.Identifier(right, name)) for name in columns
    )


def _distinct(left: str, right: str, columns: Sequence[str]) -> sql.Composable:
    def row(alias: str) -> sql.Composable:
        return sql.SQL(", ").join(sql.Identifier(alias, name) for name in columns)

    return sql.SQL("({}) IS DISTINCT FROM ({})").format(row(left), row(right))
