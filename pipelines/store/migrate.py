"""Brings a database to the present shape: migrations, roles, grants. Safe to run again and by two at once."""

from __future__ import annotations

import warnings
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

import schemas.migrations
from pipelines.store.engines import DatabaseError
from pipelines.store.roles import ensure_roles, grant_crm, grant_platform
from schemas.tables import platform

# Any number that no other program uses for an advisory lock in these databases.
_MIGRATION_LOCK = 7_314_159


def migration_config(connection: sa.Connection) -> Config:
    """Alembic's configuration for the CRM database on an open connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(schemas.migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def migrate_crm(engine: sa.Engine) -> bool:
    """Create or upgrade the schemas landing, crm and privacy, in one transaction.

    Returns whether the roles stand (False: the user may not create roles, and runs with its own rights).
    Raises DatabaseError for a database of a newer version.
    """
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                command.upgrade(migration_config(connection), "head")
            except CommandError as error:
                # Its one reason here: the database names a migration that is not in the folder.
                raise DatabaseError(
                    f"The CRM database was made by a newer version of Kundekort ({error}): install that one,"
                    " or restore a backup of this one"
                ) from None
        has_roles = ensure_roles(connection)
        if has_roles:
            grant_crm(connection)
    return has_roles


def create_platform(engine: sa.Engine) -> bool:
    """Create the registration system's tables in their default shape: for the embedded sandbox and tests.

    In production they exist already and belong to the registration system. Returns as `migrate_crm`.
    """
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {platform.SCHEMA}")
        platform.metadata.create_all(connection)
        has_roles = ensure_roles(connection)
        if has_roles:
            grant_platform(connection)
    return has_roles
