"""How many companies are seen at a mail domain is kept, so that a refresh knows a provider's domain without
reading all who write from there.

The table is empty at first. The next run goes by other rules than the last one did, and so makes everything
anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "match_crowd",
        sa.Column(
            "pair_hash",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Hash of a mail domain and a company name seen there",
        ),
        sa.Column("domain_hash", sa.BigInteger(), nullable=False, comment="Hash of the domain"),
        sa.Column("block", sa.BigInteger(), nullable=False, comment="Block that holds the name"),
        sa.Column(
            "records",
            sa.BigInteger(),
            nullable=False,
            comment="Records that bear or name the company there",
        ),
        sa.PrimaryKeyConstraint("pair_hash", name=op.f("pk_match_crowd")),
        schema="crm",
        comment="How many companies are seen at a mail domain: a crowd makes it a provider's, at which no"
        " records meet",
    )
    for column in ("domain_hash", "block"):
        op.create_index(op.f(f"ix_match_crowd_{column}"), "match_crowd", [column], schema="crm")


def downgrade() -> None:
    op.drop_table("match_crowd", schema="crm")
