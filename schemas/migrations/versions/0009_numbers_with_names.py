"""The suppression ledger knows a number by its bearer's first name, so that the next bearer is told apart.

What was noted before has no name and holds back everybody with the number, as it did.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KINDS_BEFORE = "'source_id', 'email', 'phone'"
_KINDS = f"{_KINDS_BEFORE}, 'phone_named_1', 'phone_name_1'"
_COMMENTS = (
    (
        "key_kind",
        sa.Text(),
        "source_id, email or phone",
        "source_id, email or phone; phone_named_1 (a number whose bearer's name was known) and"
        " phone_name_1 (such a number with a form of the first name)",
    ),
    (
        "key_hmac",
        sa.LargeBinary(),
        "Keyed HMAC-SHA-256 of the normalised key",
        "Keyed HMAC-SHA-256 of the normalised key; of a number with a name, half of the number's"
        " and half of both's",
    ),
)


def upgrade() -> None:
    _constrain(_KINDS)
    for name, type_, before, after in _COMMENTS:
        _comment(name, type_, before, after)


def downgrade() -> None:
    # Without its names a number holds back everybody: what was erased stays erased.
    op.execute(
        "INSERT INTO privacy.suppression (key_id, key_kind, key_hmac, reason, created_at, last_met_at)"
        " SELECT key_id, 'phone', key_hmac, reason, created_at, last_met_at FROM privacy.suppression"
        " WHERE key_kind = 'phone_named_1' ON CONFLICT DO NOTHING"
    )
    op.execute("DELETE FROM privacy.suppression WHERE key_kind IN ('phone_named_1', 'phone_name_1')")
    _constrain(_KINDS_BEFORE)
    for name, type_, before, after in _COMMENTS:
        _comment(name, type_, after, before)


def _constrain(kinds: str) -> None:
    op.drop_constraint(op.f("ck_suppression_known"), "suppression", schema="privacy", type_="check")
    op.create_check_constraint(
        op.f("ck_suppression_known"), "suppression", f"key_kind IN ({kinds})", schema="privacy"
    )


def _comment(name: str, type_: sa.types.TypeEngine[Any], before: str, after: str) -> None:
    op.alter_column(
        "suppression",
        name,
        existing_type=type_,
        existing_nullable=False,
        existing_comment=before,
        comment=after,
        schema="privacy",
    )
