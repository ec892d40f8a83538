"""SQLAlchemy tables by database schema; every column carries its data category."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.tables import audiences, bounces, crm, landing, platform, privacy, registration, views
from schemas.tables.base import metadata, qualified

__all__ = [
    "all_tables",
    "audiences",
    "bounces",
    "crm",
    "landing",
    "metadata",
    "platform",
    "privacy",
    "qualified",
    "registration",
    "views",
]


def all_tables() -> tuple[sa.Table, ...]:
    """Every table and view the project knows, the platform database's included."""
    return (*metadata.sorted_tables, *views.metadata.sorted_tables, *platform.metadata.sorted_tables)
