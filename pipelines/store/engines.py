"""Engines: how the CRM database and the platform database are reached."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.errors import SafeError


class DatabaseError(SafeError, RuntimeError):
    """A database cannot be used; the message names the environment variable to mend."""


def psycopg_url(url: str) -> sa.URL:
    """A PostgreSQL URL, as the settings have checked it, with the psycopg 3 driver (COPY)."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def make_engine(url: sa.URL, role: str | None = None) -> sa.Engine:
    """An engine whose sessions run in UTC and, where `role` is given, with that role's rights.

    Errors do not quote parameters (`hide_parameters`): they can be personal data.
    """
    options = "-c timezone=UTC" + (f" -c role={role}" if role else "")
    return sa.create_engine(
        url,
        connect_args={"options": options},
        hide_parameters=True,
        pool_pre_ping=True,
    )


def check_connection(engine: sa.Engine, setting: str) -> None:
    """Raise DatabaseError, naming `setting`, when the server cannot be reached or refuses."""
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.OperationalError:
        raise DatabaseError(
            f"{setting}: no connection to {engine.url.host or 'the local server'}"
            f", database {engine.url.database}. Check the URL, the password and that it runs."
        ) from None
    except sa.exc.DBAPIError:
        raise DatabaseError(
            f"{setting}: the URL holds something that PostgreSQL does not know. Check what follows its `?`."
        ) from None
