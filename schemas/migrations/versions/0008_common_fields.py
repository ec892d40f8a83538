"""Which declared fields came in every record of a read: a small source shows drift by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of reads before it nothing is known."""
    op.add_column(
        "load",
        sa.Column(
            "common_names",
            pg.ARRAY(sa.Text()),
            nullable=False,
            server_default="{}",
            comment="Names of the declared fields that came in every record",
        ),
        schema="landing",
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_column("load", "common_names", schema="landing")
