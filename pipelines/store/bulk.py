"""COPY and set-based writes: rows move in bulk, and a row that did not change is not written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd
import sqlalchemy as sa
from psycopg import sql

from pipelines.store.copy_text import text_blocks

# From here on a hash join is never the worse plan by much.
_MANY_ROWS = 10_000


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


def copy_rows(
    connection: sa.Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> sql.Identifier:
    """COPY rows into a new temporary table shaped like `columns` of `table`; return its name.

    The table goes with the transaction. Rows are tuples in the order of `columns`.
    """
    staging = _staging_table(connection, table, columns)
    cursor = _cursor(connection)
    with cursor.copy(_copy_into(staging, columns)) as copy:
        for row in rows:
            copy.write_row(row)
    _analyze(cursor, staging, table, columns)
    return staging


def copy_frame(
    connection: sa.Connection,
    table: sa.Table,
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    prefix: str = "incoming",
) -> sql.Identifier:
    """As `copy_rows`, from columns of a frame: several times quicker than row by row."""
    staging = _staging_table(connection, table, columns, prefix)
    cursor = _cursor(connection)
    with cursor.copy(_copy_into(staging, columns)) as copy:
        for block in text_blocks(frame, columns):
            copy.write(block)
    _analyze(cursor, staging, table, columns)
    return staging


def append(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame) -> Written:
    """COPY a frame into a table as it stands; the caller knows that no row of it is there yet."""
    if frame.empty:
        return Written()
    columns = _columns_of(table, frame)
    with _cursor(connection).copy(_copy_into(_name(table), columns)) as copy:
        for block in text_blocks(frame, columns):
            copy.write(block)
    return Written(inserted=len(frame))


def append_rows(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Written:
    """As `append`, from tuples in the order of `columns`. Raises psycopg's UniqueViolation where it was."""
    written = 0
    with _cursor(connection).copy(_copy_into(_name(table), columns)) as copy:
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
        assignments=_assignments("excluded", values, touch),
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
    with _planned_for(connection, len(frame) if within is None else 0):
        return _make_equal(connection, table, columns, staging, touch=touch, within=within)


def delete(connection: sa.Connection, table: sa.Table, within: Scope) -> int:
    """Delete the rows of `table` within a scope; how many there were."""
    statement = sql.SQL("DELETE FROM {table} AS target USING {scope} AS scope WHERE {inside}").format(
        table=_name(table), scope=within.staged, inside=_same("target", "scope", within.columns)
    )
    return int(_cursor(connection).execute(statement).rowcount)


def replace_from(
    connection: sa.Connection, table: sa.Table, wanted: sa.Select[Any], *, within: Scope | None = None
) -> Written:
    """As `replace`, where a query in the database says what the table should hold."""
    columns = [column.name for column in wanted.selected_columns]
    _require_key(table, columns)
    compiled = wanted.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    is_first = within is None and _is_empty(connection, table)
    target = _name(table) if is_first else _staging_table(connection, table, columns)
    cursor = _cursor(connection)
    rows = cursor.execute(
        sql.SQL("INSERT INTO {} ({}) ").format(target, names) + sql.SQL(str(compiled)), compiled.params
    ).rowcount
    if is_first:
        return Written(inserted=rows)
    _analyze(cursor, target, table, columns)
    with _planned_for(connection, rows if within is None else 0):
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
        "table": _name(table),
        "staging": staging,
        "same": _same("target", "source", key),
        "names": sql.SQL(", ").join(map(sql.Identifier, columns)),
    }
    cursor = _cursor(connection)
    gone = sql.SQL("NOT EXISTS (SELECT FROM {staging} AS source WHERE {same})").format(**parts)
    if within is None:
        delete = sql.SQL("DELETE FROM {table} AS target WHERE {gone}").format(gone=gone, **parts)
    else:
        delete = sql.SQL(
            "DELETE FROM {table} AS target USING {scope} AS scope WHERE {inside} AND {gone}"
        ).format(scope=within.staged, inside=_same("target", "scope", within.columns), gone=gone, **parts)
    deleted = cursor.execute(delete).rowcount
    updated = 0
    if values:
        updated = cursor.execute(
            sql.SQL(
                "UPDATE {table} AS target SET {assignments} FROM {staging} AS source"
                " WHERE {same} AND {differs}"
            ).format(
                assignments=_assignments("source", values, touch),
                differs=_distinct("target", "source", values),
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


@contextmanager
def _planned_for(connection: sa.Connection, rows: int) -> Iterator[None]:
    """Keep the planner from nested loops over many rows.

    A table that grows while it is searched looks small to the planner: an anti-join that scans it once per
    row would then be quadratic. (Within a scope, few rows of a large table are looked up: there it is right.)
    """
    many = rows > _MANY_ROWS
    cursor = _cursor(connection)
    if many:
        cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    if many:
        cursor.execute("SET LOCAL enable_nestloop = on")


def _staging_table(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], prefix: str = "incoming"
) -> sql.Identifier:
    staging = sql.Identifier(f"{prefix}_{table.name}")
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    cursor = _cursor(connection)
    cursor.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(staging))
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            staging, names, _name(table)
        )
    )
    return staging


def _analyze(cursor: Any, staging: sql.Composable, table: sa.Table, columns: Sequence[str]) -> None:
    """Let the planner know the staged rows, and the columns by which they are met: those of the key."""
    met = [name for name in columns if name in table.primary_key.columns] or columns
    names = sql.SQL(", ").join(map(sql.Identifier, met))
    cursor.execute(sql.SQL("ANALYZE {} ({})").format(staging, names))


def _copy_into(table: sql.Composable, columns: Sequence[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)


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


def _cursor(connection: sa.Connection) -> Any:
    """The psycopg cursor behind a SQLAlchemy connection, inside its transaction."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.cursor()


def _name(table: sa.Table) -> sql.Identifier:
    return sql.Identifier(table.schema, table.name) if table.schema else sql.Identifier(table.name)


def _assignments(source: str, columns: Sequence[str], touch: str | None) -> sql.Composed:
    """SET clauses that take the columns from `source` and, where one is named, a time stamp from now()."""
    taken = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Identifier(source, name)) for name in columns
    ]
    stamped = [sql.SQL("{} = now()").format(sql.Identifier(touch))] if touch else []
    return sql.SQL(", ").join(taken + stamped)


def _same(left: str, right: str, columns: Sequence[str] | Mapping[str, str]) -> sql.Composable:
    """That rows are equal in some columns; a mapping names those on the right otherwise."""
    pairs = columns.items() if isinstance(columns, Mapping) else zip(columns, columns, strict=True)
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier(left, mine), sql.Identifier(right, theirs))
        for mine, theirs in pairs
    )


def _distinct(left: str, right: str, columns: Sequence[str]) -> sql.Composable:
    def row(alias: str) -> sql.Composable:
        return sql.SQL(", ").join(sql.Identifier(alias, name) for name in columns)

    return sql.SQL("({}) IS DISTINCT FROM ({})").format(row(left), row(right))
