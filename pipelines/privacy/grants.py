"""What a database role may see, read from the catalog: the lock that holds when code is wrong (clause S5)."""

from __future__ import annotations

import sqlalchemy as sa


def reachable_tables(connection: sa.Connection, role: str, tables: frozenset[str]) -> dict[str, str]:
    """Which of `tables` (`schema.table`) the role could read or write in this database, and how.

    Counts what it holds itself, through PUBLIC, by membership, as owner or as superuser, on the whole table
    or on one column. A table that does not exist here is reachable by nobody.
    """
    if not _exists(connection, role):
        return {}
    found = {}
    for name in sorted(tables):
        schema, _, table = name.rpartition(".")
        how = connection.scalar(sa.text(_TABLE), {"role": role, "schema": schema or "public", "table": table})
        if how is not None:
            found[name] = how
    return found


def may_become(connection: sa.Connection, role: str, other: str) -> bool:
    """Whether the role could take another role's rights (SET ROLE), its own superuser rights included."""
    return (
        _exists(connection, role)
        and _exists(connection, other)
        and bool(
            connection.scalar(
                sa.text("SELECT pg_has_role(:role, :other, 'MEMBER')"), {"role": role, "other": other}
            )
        )
    )


# By catalog row: PostgreSQL looks a name up only in schemas that the asking login may use itself.
_TABLE = """
SELECT CASE
    WHEN has_table_privilege(:role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
        THEN 'table'
    WHEN has_any_column_privilege(:role, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') THEN 'column'
END
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relname = :table
"""


def _exists(connection: sa.Connection, role: str) -> bool:
    return bool(
        connection.scalar(
            sa.text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": role}
        )
    )
