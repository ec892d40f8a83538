"""Opens the store: the CRM database under the pipeline's role, the platform database under retention's.

Embedded where no URL is given. Must not know what the tables hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from pipelines.settings import EMBEDDED_DIRECTORY, Settings
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import DatabaseError, check_connection, make_engine, psycopg_url
from pipelines.store.migrate import create_platform, migrate_crm
from pipelines.store.roles import AUDITOR_ROLE, PIPELINE_ROLE, RETENTION_ROLE

CRM_DATABASE = "kundekort"
PLATFORM_DATABASE = "registration_system"


@dataclass(frozen=True, slots=True)
class Store:
    """Open engines. `crm` has the pipeline's rights, `platform` retention's, None where there is none."""

    crm: sa.Engine
    platform: sa.Engine | None
    auditor: sa.Engine | None
    """Compares submissions by keyed hash, and nothing else."""
    crm_role: str | None
    """Role that `crm` works under; None where the login's own rights apply."""

    @property
    def role(self) -> str:
        """The role whose grants count: the one taken, or the login itself."""
        return self.crm_role or str(self.crm.url.username)

    def close(self) -> None:
        """Close all connections."""
        for engine in (self.crm, self.platform, self.auditor):
            if engine is not None:
                engine.dispose()


def crm_admin_url(settings: Settings) -> sa.URL:
    """The CRM database as its owner: for migrations, roles and grants."""
    if settings.crm_database_url is not None:
        return psycopg_url(settings.crm_database_url)
    return embedded_url(_embedded(settings), CRM_DATABASE)


def platform_admin_url(settings: Settings) -> sa.URL | None:
    """The platform database as its login; None where the CRM is a real one and no platform is given."""
    if settings.platform_database_url is not None:
        return psycopg_url(settings.platform_database_url)
    if settings.crm_database_url is not None:
        return None
    return embedded_url(_embedded(settings), PLATFORM_DATABASE)


def open_store(settings: Settings) -> Store:
    """Connect, bring the CRM database to the present shape, and take the least role that does the work.

    A process does so once for each database; asked again, it connects. Raises DatabaseError, in one line that
    names the variable to mend.
    """
    crm_url, platform_url = crm_admin_url(settings), platform_admin_url(settings)
    has_roles = _prepared_crm(crm_url)
    platform, auditor = _open_platform(settings, platform_url)
    return Store(
        crm=make_engine(crm_url, role=PIPELINE_ROLE if has_roles else None),
        platform=platform,
        auditor=auditor,
        crm_role=PIPELINE_ROLE if has_roles else None,
    )


def drop_embedded(settings: Settings) -> None:
    """Remove the embedded databases; the next opening makes them anew, and empty.

    Raises DatabaseError while another program is at work on them.
    """
    admin = make_engine(embedded_url(_embedded(settings), "postgres"))
    try:
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for database in (CRM_DATABASE, PLATFORM_DATABASE):
                connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {database}")
    except sa.exc.OperationalError:
        raise DatabaseError(
            "the embedded databases cannot be removed while another program uses them: end it, `make ui` too"
        ) from None
    finally:
        admin.dispose()
    _prepared_crm.cache_clear()
    _prepared_platform.cache_clear()


@cache
def _prepared_crm(url: sa.URL) -> bool:
    """Bring the CRM database to the present shape; whether its roles stand. A failure is tried again."""
    admin = make_engine(url)
    try:
        check_connection(admin, "CRM_DATABASE_URL")
        return migrate_crm(admin)
    except sa.exc.ProgrammingError as error:
        raise DatabaseError(
            f"CRM_DATABASE_URL: the login may not create the schemas ({type(error.orig).__name__}): let the "
            "database's owner run `make migrate` once, or use the owner's login"
        ) from None
    finally:
        admin.dispose()


@cache
def _prepared_platform(url: sa.URL) -> bool:
    """Make the embedded platform database; whether its roles stand."""
    admin = make_engine(url)
    try:
        return create_platform(admin)
    finally:
        admin.dispose()


def _open_platform(settings: Settings, url: sa.URL | None) -> tuple[sa.Engine | None, sa.Engine | None]:
    """Engines for retention and for the auditor; a real platform's login has just the rights it was given."""
    if url is None:
        return None, None
    if settings.platform_database_url is not None:
        engine = make_engine(url)
        check_connection(engine, "PLATFORM_DATABASE_URL")
        return engine, make_engine(url)
    has_roles = _prepared_platform(url)
    return (
        make_engine(url, role=RETENTION_ROLE if has_roles else None),
        make_engine(url, role=AUDITOR_ROLE if has_roles else None),
    )


def _embedded(settings: Settings) -> Path:
    return settings.dagster_home / EMBEDDED_DIRECTORY
