"""Columns that several tables of the crm schema share."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.categories import ID, OPERATIONS
from schemas.tables.base import UUID, column

SCHEMA = "crm"


def person_id(**kwargs: object) -> sa.Column[str]:
    return column("person_id", UUID, ID, comment="The person's card", **kwargs)


def organization_id(**kwargs: object) -> sa.Column[str]:
    return column("organization_id", UUID, ID, comment="The organisation's card", **kwargs)


def source(**kwargs: object) -> sa.Column[str]:
    return column("source", sa.Text(), OPERATIONS, comment="Source entity", **kwargs)


def source_id(**kwargs: object) -> sa.Column[str]:
    return column("source_id", sa.Text(), ID, comment="Id of the record at its source", **kwargs)
