"""The metadata of the CRM database and the one way to declare a column: with its data category."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from schemas.categories import Category

NAMING = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

# Schemas landing, crm and privacy. The platform database has metadata of its own (platform.py).
metadata = sa.MetaData(naming_convention=NAMING)

UUID = sa.Uuid(as_uuid=False)
TIMESTAMP = sa.DateTime(timezone=True)
MONEY = sa.Numeric(18, 2)


def column(
    name: str, type_: sa.types.TypeEngine[Any], category: Category, *args: Any, comment: str, **kwargs: Any
) -> sa.Column[Any]:
    """A column that carries its data category (`info["category"]`) and a comment.

    The comment lands in the database, in Dagster's column schema and in the data dictionary.
    """
    kwargs.setdefault("info", {})["category"] = str(category)
    return sa.Column(name, type_, *args, comment=comment, **kwargs)


def qualified(table: sa.Table) -> str:
    """`schema.table`, the name that policy.yaml uses."""
    return f"{table.schema}.{table.name}"
