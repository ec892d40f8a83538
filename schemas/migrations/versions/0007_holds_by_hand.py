"""Holds with their basis, who set and lifted them and why; instructions with who entered them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _hold() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column(
            "records",
            pg.ARRAY(sa.Text()),
            nullable=True,
            comment="Of a hold on a card: the source records on it when it was set; null for the others",
        ),
        sa.Column(
            "basis",
            sa.Text(),
            nullable=True,
            comment="The duty to keep: a law, an order; null for restrictions",
        ),
        sa.Column("set_by", sa.Text(), nullable=True, comment="Who set it; null where a request did"),
        sa.Column("lifted_by", sa.Text(), nullable=True, comment="Who lifted it"),
        sa.Column("lifted_because", sa.Text(), nullable=True, comment="Why, without personal data"),
        sa.Column(
            "told_on",
            sa.Date(),
            nullable=True,
            comment="Of a restriction: when the person was told that it will be lifted (GDPR art. 18(3))",
        ),
    )


def _instruction() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("recorded_by", sa.Text(), nullable=True, comment="Who entered it"),
        sa.Column(
            "withdrawn_document",
            sa.Text(),
            nullable=True,
            comment="Where what the customer wrote then is kept",
        ),
    )


_COMMENTS = (
    ("column_name", "Column that names the rows", "Column that names the rows; * for all of them"),
    ("value", "Its value: an id, never a name", "Its value: an id, never a name; * for all"),
)


def upgrade() -> None:
    for table, columns in (("hold", _hold()), ("instruction", _instruction())):
        for column in columns:
            op.add_column(table, column, schema="privacy")
    for name, before, after in _COMMENTS:
        op.alter_column(
            "hold",
            name,
            existing_type=sa.Text(),
            existing_nullable=False,
            existing_comment=before,
            comment=after,
            schema="privacy",
        )


def downgrade() -> None:
    # Holds on all rows or on a card would keep nothing in the earlier form, and say so to nobody.
    op.execute("DELETE FROM privacy.hold WHERE column_name = '*' OR records IS NOT NULL")
    for name, before, after in _COMMENTS:
        op.alter_column(
            "hold",
            name,
            existing_type=sa.Text(),
            existing_nullable=False,
            existing_comment=after,
            comment=before,
            schema="privacy",
        )
    for table, columns in (("hold", _hold()), ("instruction", _instruction())):
        for column in reversed(columns):
            op.drop_column(table, column.name, schema="privacy")
