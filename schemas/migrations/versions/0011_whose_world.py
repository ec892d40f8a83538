"""Whose records the store holds: the sandbox's or real accounts'.

Of a store from before nothing is known: it becomes that of whoever reads next.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "world",
        sa.Column(
            "is_sandbox",
            sa.Boolean(),
            primary_key=True,
            comment="Whether the records are the sandbox's invented ones; false: real accounts'",
        ),
        sa.Column(
            "noted_at",
            sa.TIMESTAMP(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
            comment="When the first read of that world began",
        ),
        schema="landing",
        comment="Whose records the store holds, in one row: the two are never mixed",
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("world", schema="landing")
