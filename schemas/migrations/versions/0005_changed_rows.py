"""Landing tables note which rows change, so that the cards need not look at all; totals of the cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_KEYS = {
    "helpscout_customer": "id",
    "helpscout_conversation": "id",
    "helpscout_mailbox": "id",
    "tripletex_customer": "id",
    "tripletex_contact": "id",
    "tripletex_invoice": "id",
    "brreg_unit": "number",
    "course_signup": "id",
    "order_form": "id",
}

# `touched` are the rows of the statement that fired the trigger: new ones, or old ones where it deleted.
_FUNCTIONS = """
CREATE FUNCTION landing.note_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO crm.match_pending (source, source_id) SELECT %L, %I::text FROM touched',
        TG_TABLE_NAME, TG_ARGV[0]
    );
    RETURN NULL;
END
$$;
CREATE FUNCTION landing.note_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO crm.match_pending (source) VALUES (TG_TABLE_NAME);
    RETURN NULL;
END
$$;
"""


def upgrade() -> None:
    op.create_table(
        "match_pending",
        sa.Column("source", sa.Text(), nullable=False, comment="Source entity"),
        sa.Column(
            "source_id",
            sa.Text(),
            nullable=True,
            comment="Id of the record at its source; null: any of them may have changed",
        ),
        schema="crm",
        comment="Landing rows written or removed since the cards were made; triggers note them, the next "
        "run takes them away",
    )
    op.execute(_FUNCTIONS)
    for table, key in _KEYS.items():
        for event, side in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            op.execute(
                f"CREATE TRIGGER note_{event.lower()} AFTER {event} ON landing.{table}"
                f" REFERENCING {side} TABLE AS touched"
                f" FOR EACH STATEMENT EXECUTE FUNCTION landing.note_changed('{key}')"
            )
        op.execute(
            f"CREATE TRIGGER note_truncate AFTER TRUNCATE ON landing.{table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION landing.note_emptied()"
        )
    # What changed before the triggers were there is not known.
    noted = sa.table("match_pending", sa.column("source"), schema="crm")
    op.bulk_insert(noted, [{"source": table} for table in _KEYS])
    op.add_column(
        "identity_state",
        sa.Column(
            "totals",
            postgresql.JSONB(),
            server_default="{}",
            nullable=False,
            comment="How many cards, links and so on there are, by rule where they have one",
        ),
        schema="crm",
    )
    op.alter_column(
        "identity_state",
        "transaction_id",
        comment="Transaction that made the cards",
        existing_comment="Oldest transaction that the cards may not have seen",
        schema="crm",
    )


def downgrade() -> None:
    op.alter_column(
        "identity_state",
        "transaction_id",
        comment="Oldest transaction that the cards may not have seen",
        existing_comment="Transaction that made the cards",
        schema="crm",
    )
    op.drop_column("identity_state", "totals", schema="crm")
    for table in _KEYS:
        for event in ("insert", "update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER note_{event} ON landing.{table}")
    op.execute("DROP FUNCTION landing.note_changed(), landing.note_emptied()")
    op.drop_table("match_pending", schema="crm")
