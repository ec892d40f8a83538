"""Addresses that bounced, who is left out of an audience and why, and what a preview found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "email_bounce",
        sa.Column(
            "address_hmac",
            sa.LargeBinary(),
            nullable=False,
            comment="Keyed HMAC-SHA-256 of the address, letter for letter in lower case",
        ),
        sa.Column("key_id", sa.Text(), nullable=False, comment="Fingerprint of the secret"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="hard (there is no such mailbox) or soft (it did not take the letter this time)",
        ),
        sa.Column(
            "code",
            sa.Text(),
            nullable=True,
            comment="Status code of the refusal, e.g. 5.1.1; never its text",
        ),
        sa.Column(
            "bounced_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When a letter last came back",
        ),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Dagster run that loaded it"),
        sa.CheckConstraint("kind IN ('hard', 'soft')", name=op.f("ck_email_bounce_known")),
        sa.PrimaryKeyConstraint("address_hmac", name=op.f("pk_email_bounce")),
        schema="privacy",
        comment="Addresses that letters came back from; none of the hard ones is written to",
    )
    op.create_table(
        "audience_exclusion",
        sa.Column("audience", sa.Text(), nullable=False, comment="important_updates or course_invitations"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("reason", sa.Text(), nullable=False, comment="What stands against it"),
        sa.CheckConstraint(
            "audience IN ('important_updates', 'course_invitations')",
            name=op.f("ck_audience_exclusion_known"),
        ),
        sa.PrimaryKeyConstraint("audience", "person_id", name=op.f("pk_audience_exclusion")),
        schema="crm",
        comment="Who would be written to if something did not stand against it, and what that is",
    )
    op.create_index(
        op.f("ix_audience_exclusion_person_id"),
        "audience_exclusion",
        ["person_id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "audience_preview",
        sa.Column("audience", sa.Text(), nullable=False, comment="important_updates or course_invitations"),
        sa.Column("person_id", sa.Uuid(as_uuid=False), nullable=False, comment="The person's card"),
        sa.Column("change", sa.Text(), nullable=False, comment="in or out"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.CheckConstraint(
            "audience IN ('important_updates', 'course_invitations')",
            name=op.f("ck_audience_preview_known"),
        ),
        sa.CheckConstraint("change IN ('in', 'out')", name=op.f("ck_audience_preview_known_change")),
        sa.PrimaryKeyConstraint("audience", "person_id", name=op.f("pk_audience_preview")),
        schema="crm",
        comment="Who would come in or fall out as the last preview found; empty once the audiences are built",
    )


def downgrade() -> None:
    op.drop_table("audience_preview", schema="crm")
    op.drop_table("audience_exclusion", schema="crm")
    op.drop_table("email_bounce", schema="privacy")
