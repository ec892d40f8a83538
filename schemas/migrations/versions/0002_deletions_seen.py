"""What a read needs to see deletions: the source's own count, what was compared, each activity by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "cursor",
        sa.Column(
            "told",
            sa.BigInteger(),
            nullable=True,
            comment="Records that the source said it had, by which the next read sees deletions; "
            "null: not known",
        ),
        schema="landing",
    )
    op.add_column(
        "cursor",
        sa.Column(
            "told_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Those of them count that were made until then",
        ),
        schema="landing",
    )
    op.add_column(
        "load",
        sa.Column(
            "compared",
            sa.BigInteger(),
            nullable=True,
            comment="Rows that the read looked for at the source; null: it looked for no deletions",
        ),
        schema="landing",
    )
    op.add_column(
        "load",
        sa.Column(
            "missing",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Rows compared that the source did not show",
        ),
        schema="landing",
    )
    op.add_column(
        "load",
        sa.Column(
            "refused_deletions",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Missing rows that were not marked as deleted because they were too many at once",
        ),
        schema="landing",
    )
    op.create_table(
        "activity",
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column(
            "activity_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Own course or form in the registration system",
        ),
        sa.Column(
            "read_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="The next nightly read of its list starts here, less the overlap; null: at its beginning",
        ),
        sa.Column("fault", sa.Text(), nullable=True, comment="Why its list could not be read; null: it was"),
        sa.Column(
            "failing_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Start of the first read that could not",
        ),
        sa.PrimaryKeyConstraint("source", "activity_id", name=op.f("pk_activity")),
        schema="landing",
        comment="How far the list of each configured activity was read, and what is wrong with it",
    )


def downgrade() -> None:
    op.drop_table("activity", schema="landing")
    for column in ("refused_deletions", "missing", "compared"):
        op.drop_column("load", column, schema="landing")
    for column in ("told_until", "told"):
        op.drop_column("cursor", column, schema="landing")
