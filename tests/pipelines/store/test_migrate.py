"""The CRM database is made by migrations, and they describe just the tables that the code knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from pipelines.store.migrate import migrate_crm
from schemas.tables import metadata


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


def test_the_reader_sees_crm_and_nothing_else(crm_engine: sa.Engine) -> None:
    with crm_engine.connect() as connection:
        readable = {
            schema
            for schema, table in connection.execute(
                sa.text(
                    "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'"
                )
            )
            if connection.scalar(
                sa.text("SELECT has_table_privilege('kundekort_reader', :name, 'SELECT')"),
                {"name": f'"{schema}"."{table}"'},
            )
        }
    assert readable == {"crm"}
