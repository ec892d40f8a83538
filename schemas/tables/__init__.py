"""SQLAlchemy tables by database schema; every column carries its data category."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.tables import crm, landing, platform, privacy, registration
from schemas.tables.base import metadata, qualified

__all__ = ["all_tables", "crm", "landing", "metadata", "platform", "privacy", "qualified", "registration"]


def all_tables() -> tuple[sa.Table, ...]:
    """Every table the project knows, the platform database's included."""
    return (*metadata.sorted_tables, *platform.metadata.sorted_tables)
