"""What may not be used for now, for whoever reads the cards: they see no other sign of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from schemas.categories import BEHAVIOR, ID, OPERATIONS
from schemas.tables.base import TIMESTAMP, UUID, column
from schemas.tables.crm import SCHEMA, source_link
from schemas.tables.privacy import hold
from schemas.tables.views.base import metadata

restriction = sa.Table(
    "restriction",
    metadata,
    column("person_id", UUID, ID, comment="The person's card; null for an organisation"),
    column("organization_id", UUID, ID, comment="The organisation's card; null for a person"),
    column("source", sa.Text(), OPERATIONS, comment="Source entity of the record"),
    column("source_id", sa.Text(), ID, comment="Its id there"),
    column("since", TIMESTAMP, BEHAVIOR, comment="When the person asked that it be so"),
    schema=SCHEMA,
    comment="Records on cards that may be stored and not used for now (GDPR art. 18): values that come from"
    " them, as crm.field_origin has it, are not to be acted on",
)


def restrictions() -> sa.Select[Any]:
    """The query behind crm.restriction."""
    is_of = sa.and_(
        hold.c.data == sa.literal_column("'landing.'") + source_link.c.source,
        hold.c.value == source_link.c.source_id,
    )
    return (
        sa.select(
            source_link.c.person_id,
            source_link.c.organization_id,
            source_link.c.source,
            source_link.c.source_id,
            sa.func.min(hold.c.created_at).label("since"),
        )
        .select_from(source_link.join(hold, is_of))
        .where(hold.c.kind == sa.literal_column("'restriction'"), hold.c.lifted_at.is_(None))
        .group_by(
            source_link.c.source,
            source_link.c.source_id,
            source_link.c.person_id,
            source_link.c.organization_id,
        )
    )
