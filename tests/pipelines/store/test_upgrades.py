"""Every version of the database that ever was comes up to the newest, and back, with all its rows.

A migration that loses a row or a value fails here, unless it is listed as meant.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from pipelines.store.migrate import migration_config
from schemas.tables import all_tables, qualified

SCHEMAS = ("landing", "crm", "privacy")
MEANT_TO_GO: frozenset[str] = frozenset()
"""Tables, and columns as `schema.table.column`, that a migration takes away on purpose."""

# A value for each type of PostgreSQL, as text that it reads.
VALUES = {
    "text": "x",
    "bigint": "7",
    "integer": "7",
    "smallint": "7",
    "double precision": "0.5",
    "real": "0.5",
    "numeric": "1.5",
    "boolean": "true",
    "date": "2026-05-04",
    "timestamp with time zone": "2026-05-04 02:00+00",
    "timestamp without time zone": "2026-05-04 02:00",
    "uuid": "00000000-0000-0000-0000-000000000001",
    "bytea": r"\x01",
    "jsonb": "{}",
    "inet": "192.0.2.1",
    "character": "3",
    "character varying": "x",
}

Rows = dict[str, list[dict[str, Any]]]


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(migration_config(sa.create_mock_engine("postgresql://", print)))  # type: ignore[arg-type] # nothing is run


REVISIONS = [script.revision for script in reversed(list(scripts().walk_revisions()))]


@pytest.fixture
def empty(crm_engine: sa.Engine) -> Iterator[sa.Connection]:
    """A database without any of the project's schemas."""
    with crm_engine.connect() as connection:
        for schema in SCHEMAS:
            connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")
        connection.exec_driver_sql("DROP TABLE IF EXISTS public.alembic_version")
        connection.commit()
        yield connection


def go(connection: sa.Connection, revision: str, *, down: bool = False) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        (command.downgrade if down else command.upgrade)(migration_config(connection), revision)
    connection.commit()


def fill(connection: sa.Connection) -> None:
    """Put a row into every table, whatever its constraints; keys to other tables are not looked at."""
    connection.exec_driver_sql("SET session_replication_role = replica")
    dice = random.Random(0)
    for table in tables(connection):
        columns = connection.execute(
            sa.text(
                "SELECT attname, format_type(atttypid, NULL) AS type, attnotnull AND NOT atthasdef AS needed"
                " FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum > 0"
                " AND NOT attisdropped AND attidentity = '' AND attgenerated = ''"
            ),
            {"table": table},
        ).all()
        words = re.findall(
            "'([^']+)'",
            " ".join(
                connection.scalars(
                    sa.text(
                        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
                        " WHERE conrelid = CAST(:table AS regclass) AND contype = 'c'"
                    ),
                    {"table": table},
                )
            ),
        )
        for attempt in range(2_000):
            row = {
                column.attname: value(column.type, words, dice)
                for column in columns
                if column.needed or not attempt or dice.random() < 0.5
            }
            if inserted(connection, table, row, {column.attname: column.type for column in columns}):
                break
        else:
            raise AssertionError(f"no row could be made that {table} takes")
    connection.exec_driver_sql("SET session_replication_role = DEFAULT")
    connection.commit()


def value(kind: str, words: list[str], dice: random.Random) -> str:
    if kind.endswith("[]"):
        return "{" + value(kind[:-2], words, dice) + "}"
    if kind.startswith(("text", "character")) and words and dice.random() < 0.8:
        return dice.choice(words)
    return VALUES[kind]


def inserted(connection: sa.Connection, table: str, row: dict[str, str], types: dict[str, str]) -> bool:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f"CAST(:{name} AS {types[name]})" for name in row)
    what = f"({names}) VALUES ({values})" if row else "DEFAULT VALUES"
    statement = f"INSERT INTO {table} {what}"
    try:
        with connection.begin_nested():
            connection.execute(sa.text(statement), row)
    except (sa.exc.IntegrityError, sa.exc.DataError):
        return False
    return True


def tables(connection: sa.Connection) -> list[str]:
    found = connection.execute(
        sa.text("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = ANY(:schemas)"),
        {"schemas": list(SCHEMAS)},
    )
    return sorted(found.scalars())


def rows(connection: sa.Connection) -> Rows:
    return {
        table: [dict(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()]
        for table in tables(connection)
    }


def lost(before: Rows, after: Rows) -> list[str]:
    """Tables, columns and values that were there before and are no more."""
    found = []
    for table, old in before.items():
        if table not in after:
            found.append(table)
            continue
        new = after[table]
        if len(new) < len(old):
            found.append(f"{table}: {len(old) - len(new)} rows")
            continue
        for was, is_now in zip(old, new, strict=False):
            found += [
                f"{table}.{column}"
                for column, value_ in was.items()
                if column not in is_now or is_now[column] != value_
            ]
    return [name for name in found if name not in MEANT_TO_GO]


def test_there_is_one_newest_version_and_one_way_to_it() -> None:
    """Two engineers who each add a migration must put one after the other."""
    assert len(scripts().get_heads()) == 1
    assert [scripts().get_revision(one).down_revision for one in REVISIONS] == [None, *REVISIONS[:-1]]


@pytest.mark.parametrize("revision", REVISIONS)
def test_an_upgrade_keeps_every_row_and_value(empty: sa.Connection, revision: str) -> None:
    go(empty, revision)
    fill(empty)
    before = rows(empty)
    assert all(before.values())
    go(empty, "head")
    after = rows(empty)
    assert lost(before, after) == []
    declared = {qualified(table) for table in all_tables() if table.schema in SCHEMAS}
    assert {*after} == declared - views(empty)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_way_back_keeps_what_the_older_version_knew(empty: sa.Connection, revision: str) -> None:
    """What only the newer version has a place for goes; the way up again is open."""
    go(empty, revision)
    fill(empty)
    before = rows(empty)
    go(empty, "head")
    go(empty, revision, down=True)
    assert lost(before, rows(empty)) == []
    assert rows(empty).keys() == before.keys()
    go(empty, "head")
    assert lost(before, rows(empty)) == []


def test_what_is_lost_is_seen() -> None:
    """The comparison itself: a table, a column, a row and a value that went."""
    before = {"a": [{"x": 1}], "b": [{"x": 1, "y": 2}], "c": [{"x": 1}], "d": [{"x": 1}]}
    after: Rows = {"b": [{"x": 1}], "c": [], "d": [{"x": 2, "z": 3}]}
    assert lost(before, after) == ["a", "b.y", "c: 1 rows", "d.x"]


def views(connection: sa.Connection) -> set[str]:
    found = connection.execute(
        sa.text("SELECT schemaname || '.' || viewname FROM pg_views WHERE schemaname = ANY(:schemas)"),
        {"schemas": list(SCHEMAS)},
    )
    return set(found.scalars())
