"""Whoever reads the cards sees which records on them may not be used for now (GDPR art. 18).

A view, which holds nothing of its own: its rows come and go with the restrictions.
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = {
    "person_id": "The person's card; null for an organisation",
    "organization_id": "The organisation's card; null for a person",
    "source": "Source entity of the record",
    "source_id": "Its id there",
    "since": "When the person asked that it be so",
}


def upgrade() -> None:
    op.execute(
        "CREATE VIEW crm.restriction (person_id, organization_id, source, source_id, since) AS"
        " SELECT crm.source_link.person_id, crm.source_link.organization_id, crm.source_link.source,"
        " crm.source_link.source_id, min(privacy.hold.created_at) AS since"
        " FROM crm.source_link JOIN privacy.hold"
        " ON privacy.hold.data = 'landing.' || crm.source_link.source"
        " AND privacy.hold.value = crm.source_link.source_id"
        " WHERE privacy.hold.kind = 'restriction' AND privacy.hold.lifted_at IS NULL"
        " GROUP BY crm.source_link.source, crm.source_link.source_id, crm.source_link.person_id,"
        " crm.source_link.organization_id"
    )
    for column, comment in _COLUMNS.items():
        quoted = comment.replace("'", "''")
        op.execute(f"COMMENT ON COLUMN crm.restriction.{column} IS '{quoted}'")


def downgrade() -> None:
    op.execute("DROP VIEW crm.restriction")
