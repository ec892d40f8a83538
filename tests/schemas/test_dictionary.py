"""The data dictionary says what the tables are now, and the questions in it can be asked."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from schemas.dictionary import README, current_readme, data_dictionary
from schemas.tables import crm
from schemas.tables.base import metadata

_QUERIES = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_readme_is_up_to_date() -> None:
    """Else run `python -m schemas.dictionary`."""
    assert README.read_text(encoding="utf-8") == current_readme()


def test_every_column_of_the_schema_is_explained() -> None:
    text = data_dictionary()
    for table in metadata.tables.values():
        if table.schema == crm.SCHEMA:
            assert f"### crm.{table.name}\n{table.comment}." in text
            assert table.comment
            for column in table.columns:
                assert f"| `{column.name}` |" in text
                assert column.comment, f"{table.name}.{column.name} has no comment"


@pytest.mark.parametrize("query", _QUERIES)
def test_the_example_queries_run(crm_engine: sa.Engine, query: str) -> None:
    with crm_engine.connect() as connection:
        connection.exec_driver_sql(query).all()
