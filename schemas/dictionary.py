"""The data dictionary: schemas/README.md, its tables written from the table definitions.

`python -m schemas.dictionary` brings the file up to date; a test says when it is not. Knows tables, not data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from schemas.tables import crm, views
from schemas.tables.base import metadata

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"

_POSTGRESQL: sa.Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # no types upstream


def data_dictionary(schema: str = crm.SCHEMA) -> str:
    """All tables of one database schema in Markdown, in the order of their definition."""
    known = (*metadata.tables.values(), *views.metadata.tables.values())
    tables = [table for table in known if table.schema == schema]
    return "\n\n".join(_section(table) for table in tables)


def current_readme() -> str:
    """The README as it should be: its own words, and the tables as they are defined now."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{data_dictionary()}\n\n{END}{after}"


def _section(table: sa.Table) -> str:
    lines = [
        f"### {table.schema}.{table.name}",
        f"{table.comment}.",
        "",
        "| column | type | | category | meaning |",
        "|---|---|---|---|---|",
        *(_line(column) for column in table.columns),
    ]
    return "\n".join(lines)


def type_of(column: sa.Column[Any]) -> str:
    """The type as PostgreSQL has it: `uuid`, `timestamptz`, `numeric(18, 2)`."""
    return column.type.compile(dialect=_POSTGRESQL).lower().replace(" with time zone", "tz")


def _line(column: sa.Column[Any]) -> str:
    type_ = type_of(column)
    rule = "key" if column.primary_key else "" if column.nullable else "not null"
    meaning = (column.comment or "").replace("|", r"\|")
    return f"| `{column.name}` | {type_} | {rule} | {column.info['category']} | {meaning} |"


if __name__ == "__main__":
    README.write_text(current_readme(), encoding="utf-8")
