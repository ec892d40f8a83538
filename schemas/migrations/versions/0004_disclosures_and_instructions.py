"""Disclosures with their request, gathered by the month; instructions to return; new kinds of requests."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def _disclosure() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column(
            "request",
            sa.Text(),
            nullable=True,
            comment="How, as policy.yaml has it: PUT /contact/{id}; null: handed over as a file",
        ),
        sa.Column(
            "records",
            sa.BigInteger(),
            server_default="1",
            nullable=False,
            comment="How many records it was about: more than 1 only where source_id is *",
        ),
        sa.Column(
            "month",
            sa.Date(),
            nullable=True,
            comment="First day of the month whose questions are gathered in this row; null: it stands alone",
        ),
        sa.Column(
            "times", sa.BigInteger(), server_default="1", nullable=False, comment="How often in that month"
        ),
        sa.Column("last_at", _MOMENT, nullable=True, comment="When for the last time in that month"),
    )


def _instruction() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column(
            "kind",
            sa.Text(),
            server_default="delete",
            nullable=False,
            comment="delete, or return (handed over to the customer, then deleted)",
        ),
        sa.Column("listed_at", _MOMENT, nullable=True, comment="When what is to be returned was listed"),
        sa.Column("listed_rows", sa.BigInteger(), nullable=True, comment="Submissions on that list"),
        sa.Column("listed_hash", sa.LargeBinary(), nullable=True, comment="SHA-256 of the list"),
        sa.Column("handed_over_at", _MOMENT, nullable=True, comment="When the customer had received them"),
        sa.Column(
            "handed_over_document", sa.Text(), nullable=True, comment="Where the customer's receipt is kept"
        ),
        sa.Column("withdrawn_at", _MOMENT, nullable=True, comment="When the customer took it back"),
    )


_COMMENTS = (
    (
        "disclosure",
        "run_id",
        sa.Text(),
        False,
        "Dagster run, or the request's number",
        "Dagster run, or the request's number; of a month's row the last one",
    ),
    (
        "disclosure",
        "source_id",
        sa.Text(),
        False,
        "Its id at its source",
        "Its id at its source; * for records that are no person's, which are only counted",
    ),
    (
        "instruction",
        "submitted_before",
        _MOMENT,
        False,
        "Submissions before this are to be deleted",
        "Submissions before this are meant",
    ),
    (
        "subject_request",
        "kind",
        sa.Text(),
        False,
        "access, rectification, restriction, objection or erasure",
        "access, rectification, restriction, objection, erasure; disclosures (who was told, art. 15(1)(c)); "
        "withdrawal (of an objection); release (from the suppression ledger)",
    ),
)
_KINDS = "'access', 'rectification', 'restriction', 'objection', 'erasure'"
_MORE_KINDS = "'disclosures', 'withdrawal', 'release'"
_ABOUT_INSTRUCTIONS = (
    "What customers instructed their processor to delete (GDPR art. 28(3)(a)); none by default",
    "What customers instructed their processor to delete or return (GDPR art. 28(3)(a) and (g)); none "
    "by default",
)


def upgrade() -> None:
    for table, columns in (("disclosure", _disclosure()), ("instruction", _instruction())):
        for column in columns:
            op.add_column(table, column, schema="privacy")
    op.create_index(
        "ux_disclosure_month",
        "disclosure",
        ["source", "source_id", "recipient", "request", "purpose", "month"],
        unique=True,
        schema="privacy",
        postgresql_where=sa.text("month IS NOT NULL"),
    )
    op.create_check_constraint(
        op.f("ck_instruction_known"), "instruction", "kind IN ('delete', 'return')", schema="privacy"
    )
    op.drop_constraint(op.f("ck_subject_request_known"), "subject_request", schema="privacy")
    op.create_check_constraint(
        op.f("ck_subject_request_known"),
        "subject_request",
        f"kind IN ({_KINDS}, {_MORE_KINDS})",
        schema="privacy",
    )
    for table, name, type_, nullable, before, after in _COMMENTS:
        op.alter_column(
            table,
            name,
            existing_type=type_,
            existing_nullable=nullable,
            existing_comment=before,
            comment=after,
            schema="privacy",
        )
    before, after = _ABOUT_INSTRUCTIONS
    op.create_table_comment("instruction", after, existing_comment=before, schema="privacy")


def downgrade() -> None:
    before, after = _ABOUT_INSTRUCTIONS
    op.create_table_comment("instruction", before, existing_comment=after, schema="privacy")
    for table, name, type_, nullable, old, new in _COMMENTS:
        op.alter_column(
            table,
            name,
            existing_type=type_,
            existing_nullable=nullable,
            existing_comment=new,
            comment=old,
            schema="privacy",
        )
    # Requests of the later kinds cannot be told in the earlier form; their answers are with the persons.
    op.execute("DELETE FROM privacy.subject_request WHERE kind IN ('disclosures', 'withdrawal', 'release')")
    op.drop_constraint(op.f("ck_subject_request_known"), "subject_request", schema="privacy")
    op.create_check_constraint(
        op.f("ck_subject_request_known"), "subject_request", f"kind IN ({_KINDS})", schema="privacy"
    )
    # An instruction to return would be read as one to delete.
    op.execute("DELETE FROM privacy.instruction WHERE kind = 'return' OR withdrawn_at IS NOT NULL")
    op.drop_constraint(op.f("ck_instruction_known"), "instruction", schema="privacy")
    op.drop_index("ux_disclosure_month", "disclosure", schema="privacy")
    for table, columns in (("disclosure", _disclosure()), ("instruction", _instruction())):
        for column in reversed(columns):
            op.drop_column(table, column.name, schema="privacy")
