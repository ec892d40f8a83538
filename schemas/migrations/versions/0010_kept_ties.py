"""What is kept of each record says its cards and its ties too, so that a run need not read them to compare.

What was kept before lacks that. The next run does not ask for it: it goes by other rules than the last one
did, and so makes everything anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BEFORE = "Which source records must be matched together"
_NOW = (
    "What a run must know of each source record to make only a part of the cards anew: which records must be"
    " matched together, their cards as in source_link, and whether their ties changed"
)


def upgrade() -> None:
    for column in (
        sa.Column("person_id", sa.Uuid(as_uuid=False), comment="The person's card"),
        sa.Column("organization_id", sa.Uuid(as_uuid=False), comment="The organisation's card"),
        sa.Column(
            "ties",
            sa.BigInteger(),
            nullable=False,
            server_default="0",
            comment="Hash of the links and reviews that the record stands left in and of its organisation's"
            " rule",
        ),
    ):
        op.add_column("match_block", column, schema="crm")
    op.alter_column("match_block", "ties", server_default=None, schema="crm")
    op.create_table_comment("match_block", _NOW, existing_comment=_BEFORE, schema="crm")


def downgrade() -> None:
    for name in ("ties", "organization_id", "person_id"):
        op.drop_column("match_block", name, schema="crm")
    op.create_table_comment("match_block", _BEFORE, existing_comment=_NOW, schema="crm")
