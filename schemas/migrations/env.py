"""Alembic's entry point: runs migrations on the connection that `pipelines.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from schemas.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name in {"landing", "crm", "privacy"},
    compare_server_default=False,
    transaction_per_migration=False,
)

with context.begin_transaction():
    context.run_migrations()
