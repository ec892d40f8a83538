"""COPY and set-based writes: rows move in bulk, and a row that did not change is not written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa
from psycopg import sql

from pipelines.store.copy_text import text_blocks
from pipelines.store.planner import without_nested_loops
from pipelines.store.staging import analyze_staging, copy_frame, copy_rows, create_staging, driver_cursor
from pipelines.store.statements import are_equal, assignments, copy_into, differ, name_list, table_name

_MANY_ROWS = 10_000
"""From here on nested loops are the wrong plan."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did to a table, in rows."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def changed(self) -> int:
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a table that a write is about: what equals a row of a temporary table.

    `columns` gives for each column of the table the one in `staged` that it is to equal. Rows outside the
    scope are neither looked at nor deleted.
    """

    staged: sql.Identifier
    columns: Mapping[str, str]

    def of(self, **columns: str) -> Scope:
        """The same rows, met by other columns of the table."""
        return Scope(self.staged, columns)

    @property
    def table(self) -> sa.TableClause:
        """The temporary table, for queries."""
        names = dict.fromkeys(self.columns.values())
        return sa.table(self.staged.as_string(None).strip('"'), *map(sa.column, names))


def stage_scope(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame, name: str) -> Scope:
    """The part of `table` that equals a row of the frame in the frame's columns, for several writes."""
    columns = list(frame.columns)
    staged = copy_frame(connection, table, frame, columns, prefix=f"scope_{name}")
    return Scope(staged, dict(zip(columns, columns, strict=True)))


def append(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> Written:
    """COPY a frame into a table as it stands; the caller knows that no row of it is there yet."""
    if frame.empty:
        return Written()
    columns = _columns_of(table, frame)
    with driver_cursor(connection).copy(copy_into(table_name(table), columns)) as copy:
        for block in text_blocks(frame, columns):
            copy.write(block)
    return Written(inserted=len(frame))


def append_rows(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Written:
    """As `append`, from tuples in the order of `columns`. Raises psycopg's UniqueViolation where it was."""
    written = 0
    with driver_cursor(connection).copy(copy_into(table_name(table), columns)) as copy:
        for row in rows:
            copy.write_row(row)
            written += 1
    return Written(inserted=written)


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
    names = name_list(columns)
    differs = differ("target", "excluded", values)
    condition = sql.SQL("{} AND {}").format(differs, newer) if newer else differs
    statement = sql.SQL(
        "INSERT INTO {table} AS target ({names}) SELECT {names} FROM {staging}"
        " ON CONFLICT ({key}) DO UPDATE SET {assignments} WHERE {condition}"
        " RETURNING (xmax = 0)"
    ).format(
        table=table_name(table),
        names=names,
        staging=staging,
        key=name_list(key),
        assignments=assignments("excluded", values, touch),
        condition=condition,
    )
    outcome = driver_cursor(connection).execute(statement).fetchall()
    inserted = sum(1 for (is_new,) in outcome if is_new)
    return Written(inserted=inserted, updated=len(outcome) - inserted)


def replace(
    connection: sa.Connection,
    table: sa.Table,
    frame: pd.DataFrame,
    *,
    touch: str | None = None,
    within: Scope | None = None,
) -> Written:
    """Make `table` (or the part of it `within` a scope) equal to `frame`, by primary key.

    Rows that are gone are deleted, changed ones updated, new ones inserted; equal rows cost a
    comparison and nothing else. Columns that the frame lacks are left alone. Raises ValueError when the
    frame lacks a key column.
    """
    columns = _columns_of(table, frame)
    if within is None and _is_empty(connection, table):
        return append(connection, table, frame)
    staging = copy_frame(connection, table, frame, columns)
    with _planned_for(connection, len(frame), within):
        return _make_equal(connection, table, columns, staging, touch=touch, within=within)


def delete(connection: sa.Connection, table: sa.Table, within: Scope) -> int:
    """Delete the rows of `table` within a scope; how many there were."""
    statement = sql.SQL("DELETE FROM {table} AS target USING {scope} AS scope WHERE {inside}").format(
        table=table_name(table), scope=within.staged, inside=are_equal("target", "scope", within.columns)
    )
    return int(driver_cursor(connection).execute(statement).rowcount)


def replace_from(
    connection: sa.Connection, table: sa.Table, wanted: sa.Select[Any], *, within: Scope | None = None
) -> Written:
    """As `replace`, where a query in the database says what the table should hold."""
    columns = [column.name for column in wanted.selected_columns]
    _require_key(table, columns)
    compiled = wanted.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    names = name_list(columns)
    is_first = within is None and _is_empty(connection, table)
    target = table_name(table) if is_first else create_staging(connection, table, columns)
    cursor = driver_cursor(connection)
    rows = cursor.execute(
        sql.SQL("INSERT INTO {} ({}) ").format(target, names) + sql.SQL(str(compiled)), compiled.params
    ).rowcount
    if is_first:
        return Written(inserted=rows)
    analyze_staging(connection, target, table, columns)
    with _planned_for(connection, rows, within):
        return _make_equal(connection, table, columns, target, touch=None, within=within)


def read_frame(
    connection: sa.Connection, statement: sa.Executable, parameters: dict[str, Any] | None = None
) -> pd.DataFrame:
    """The answer of a query as a frame of object columns, missing values as None."""
    result = connection.execute(statement, parameters or {})
    names = list(result.keys())
    columns = list(zip(*result.all(), strict=True)) or [()] * len(names)
    return pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in zip(names, columns, strict=True)}
    )


def _make_equal(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    staging: sql.Composable,
    *,
    touch: str | None,
    within: Scope | None,
) -> Written:
    key = [column.name for column in table.primary_key]
    values = [name for name in columns if name not in key]
    parts = {
        "table": table_name(table),
        "staging": staging,
        "same": are_equal("target", "source", key),
        "names": name_list(columns),
    }
    cursor = driver_cursor(connection)
    gone = sql.SQL("NOT EXISTS (SELECT FROM {staging} AS source WHERE {same})").format(**parts)
    if within is None:
        removal = sql.SQL("DELETE FROM {table} AS target WHERE {gone}").format(gone=gone, **parts)
    else:
        removal = sql.SQL(
            "DELETE FROM {table} AS target USING {scope} AS scope WHERE {inside} AND {gone}"
        ).format(scope=within.staged, inside=are_equal("target", "scope", within.columns), gone=gone, **parts)
    deleted = cursor.execute(removal).rowcount
    updated = 0
    if values:
        updated = cursor.execute(
            sql.SQL(
                "UPDATE {table} AS target SET {assignments} FROM {staging} AS source"
                " WHERE {same} AND {differs}"
            ).format(
                assignments=assignments("source", values, touch),
                differs=differ("target", "source", values),
                **parts,
            )
        ).rowcount
    inserted = cursor.execute(
        sql.SQL(
            "INSERT INTO {table} ({names}) SELECT {names} FROM {staging} AS source"
            " WHERE NOT EXISTS (SELECT FROM {table} AS target WHERE {same})"
        ).format(**parts)
    ).rowcount
    return Written(inserted=inserted, updated=updated, deleted=deleted)


def _planned_for(connection: sa.Connection, rows: int, within: Scope | None) -> AbstractContextManager[None]:
    """Without nested loops where the whole table is compared; in a scope, few rows of many are looked up."""
    return without_nested_loops(connection) if within is None and rows > _MANY_ROWS else nullcontext()


def _columns_of(table: sa.Table, frame: pd.DataFrame) -> list[str]:
    columns = [column.name for column in table.columns if column.name in frame.columns]
    generated = {column.name for column in table.primary_key if column.identity is not None}
    _require_key(table, [*columns, *generated])
    return columns


def _require_key(table: sa.Table, columns: Sequence[str]) -> None:
    missing = [column.name for column in table.primary_key if column.name not in columns]
    if missing:
        raise ValueError(f"{table.fullname}: the key columns {missing} are missing")


def _is_empty(connection: sa.Connection, table: sa.Table) -> bool:
    return not connection.scalar(sa.select(sa.exists(sa.select(sa.literal(1)).select_from(table))))
