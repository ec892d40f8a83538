"""The CRM database is made by migrations, and they describe just the tables that the code knows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pipelines.store.engines import DatabaseError
from pipelines.store.migrate import migrate_crm
from schemas.tables import metadata, views
from schemas.tables.base import qualified


def test_the_migrations_make_the_tables_that_the_code_declares(crm_engine: sa.Engine) -> None:
    with crm_engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: (
                    kind != "schema" or name in {"landing", "crm", "privacy"}
                ),
                "compare_type": True,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(crm_engine: sa.Engine) -> None:
    assert migrate_crm(crm_engine)


@pytest.mark.parametrize("name", sorted(views.DEFINITIONS))
def test_the_migrations_make_the_views_that_the_code_declares(crm_engine: sa.Engine, name: str) -> None:
    declared = next(view for view in views.metadata.sorted_tables if qualified(view) == name)
    with crm_engine.connect() as connection:
        query = views.DEFINITIONS[name].compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        names = ", ".join(declared.c.keys())
        connection.exec_driver_sql(f"CREATE TEMP VIEW declared ({names}) AS {query}".replace("%", "%%"))
        definition = sa.text("SELECT pg_get_viewdef(CAST(:name AS regclass))")
        assert connection.scalar(definition, {"name": name}) == connection.scalar(
            definition, {"name": "declared"}
        )
        comments = connection.execute(
            sa.text(
                "SELECT attname, col_description(attrelid, attnum) FROM pg_attribute"
                " WHERE attrelid = CAST(:name AS regclass) AND attnum > 0"
            ),
            {"name": name},
        ).all()
    assert dict(comments) == {column.name: column.comment for column in declared.columns}


def test_a_database_of_a_newer_version_is_refused(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        known = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(DatabaseError, match="made by a newer version"):
            migrate_crm(crm_engine)
    finally:
        with crm_engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = :known"), {"known": known})
