"""What the audiences and the bounce lists hold of one person, for whoever asks for it (GDPR art. 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from pipelines.privacy.bounces import bounces_of
from pipelines.privacy.subjects.erasure import own_addresses
from pipelines.privacy.subjects.finding import Found, Hints
from schemas.tables.audiences import audience_change, audience_exclusion, audience_member
from schemas.tables.bounces import email_bounce


def held_by_audiences(
    connection: sa.Connection, secrets: Sequence[bytes], found: Found, hints: Hints
) -> tuple[Mapping[str, Any], ...]:
    """Which audiences the person is in or left out of, why, since when, and which addresses bounced."""
    rows: list[Mapping[str, Any]] = []
    for table in (audience_member, audience_exclusion, audience_change):
        mine = sa.select(table).where(table.c.person_id.in_(found.person_ids)).order_by(*table.primary_key)
        rows += [
            {"what": table.name, **{name: value for name, value in row.items() if value is not None}}
            for row in connection.execute(mine).mappings()
        ]
    bounced = bounces_of(connection, secrets, own_addresses(found, hints))
    return (*rows, *({"what": email_bounce.name, **row} for row in bounced))
