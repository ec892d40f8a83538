"""The first release."""

from __future__ import annotations

from alembic import op

from schemas.tables import metadata
from schemas.tables.views import create_views, drop_views

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for schema in ("landing", "crm", "privacy"):
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    metadata.create_all(op.get_bind())
    create_views(op.get_bind())


def downgrade() -> None:
    drop_views(op.get_bind())
    metadata.drop_all(op.get_bind())
