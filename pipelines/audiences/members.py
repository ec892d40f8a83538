"""Compares the members of the audiences with whom the rules mean, and writes only what differs.

Works on the temporary tables `candidate`, `excluded` and `wording` of `rules`, in their transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.store.bulk import replace_from
from schemas.tables.audiences import KNOWN, audience_exclusion, audience_preview


@dataclass(frozen=True, slots=True)
class Audiences:
    """What a build found, in numbers by audience."""

    members: Mapping[str, int]
    came: Mapping[str, int]
    """`audience: reason` and how many."""
    went: Mapping[str, int]
    excluded: Mapping[str, int]
    """Who would be in but for something that stands against it, as `audience: reason`."""
    changed: int
    """Rows of members that are other than before, removed ones included."""


def compare_members(connection: sa.Connection) -> Audiences:
    """Fill `difference` with those who come in, fall out or whose row is other; return it in numbers."""
    for statement in _DIFFERENCE:
        connection.exec_driver_sql(statement)
    changes = connection.exec_driver_sql(_CHANGES).all()
    return Audiences(
        members=_counted(connection, _MEMBERS),
        came={f"{row.audience}: {row.why}": row.number for row in changes if row.change == "in"},
        went={f"{row.audience}: {row.why}": row.number for row in changes if row.change == "out"},
        excluded=_counted(connection, _EXCLUSIONS),
        changed=sum(row.number for row in changes),
    )


def write_members(connection: sa.Connection, run_id: str, now: datetime) -> None:
    """Make members and exclusions what they should be, and note who came and went."""
    connection.execute(sa.delete(audience_preview))
    connection.exec_driver_sql(_NOTE, {"run_id": run_id, "now": now})
    for statement in _WRITE:
        connection.exec_driver_sql(statement)
    for audience in KNOWN:
        connection.exec_driver_sql(_ADD, {"audience": audience})
    wanted = sa.table("excluded", *map(sa.column, audience_exclusion.c.keys()))
    replace_from(connection, audience_exclusion, sa.select(wanted))


def preview_members(connection: sa.Connection) -> None:
    """Show in crm.audience_preview who would come and go; the members stay as they are."""
    connection.execute(sa.delete(audience_preview))
    connection.exec_driver_sql(_PREVIEW)


def _counted(connection: sa.Connection, statement: str) -> dict[str, int]:
    return {name: number for name, number in connection.exec_driver_sql(statement)}  # noqa: C416  # a Result is no mapping's items


_DIFFERENCE = (
    """
    CREATE TEMPORARY TABLE difference ON COMMIT DROP AS
    SELECT audience, person_id, wanted.email, wanted.is_role_address, wanted.organization_id, wanted.way,
        wanted.fell_back, wanted.source, wanted.source_id,
        CASE WHEN member.email IS NULL THEN 'in' WHEN wanted.email IS NULL THEN 'out' ELSE 'other' END
            AS change,
        CASE
            WHEN member.email IS NULL THEN wording.reason
            WHEN wanted.email IS NOT NULL THEN NULL
            WHEN excluded.reason IS NOT NULL THEN excluded.reason
            WHEN NOT EXISTS (SELECT FROM crm.person WHERE person.person_id = member.person_id)
                THEN 'has no card any more'
            WHEN audience = 'important_updates' THEN 'acts for no active customer any more'
            ELSE 'has no running agreement with an address from a sale any more'
        END AS why
    FROM (SELECT * FROM candidate WHERE against IS NULL) AS wanted
    FULL JOIN crm.audience_member AS member USING (audience, person_id)
    LEFT JOIN wording ON wording.way = wanted.way AND wording.fell_back = wanted.fell_back
    LEFT JOIN excluded USING (audience, person_id)
    WHERE (wanted.email, wanted.is_role_address, wanted.organization_id, wording.reason,
            wording.legal_basis, wanted.source, wanted.source_id)
        IS DISTINCT FROM (member.email, member.is_role_address, member.organization_id, member.reason,
            member.legal_basis, member.source, member.source_id)
    """,
    "ANALYZE difference",
)
"""How the members are not yet as they should be: who comes in, who falls out and why, whose row is other."""

# Very many new rows are written in the order of the costlier index, which then grows at its end only.
_NOTE = """
INSERT INTO crm.audience_change (run_id, changed_at, audience, person_id, change, reason)
SELECT %(run_id)s, %(now)s, audience, person_id, change, why FROM difference WHERE change <> 'other'
ORDER BY person_id
"""
"""Notes who comes and goes, for good. Parameters: `run_id`, `now`."""

_PREVIEW = """
INSERT INTO crm.audience_preview (audience, person_id, change, reason)
SELECT audience, person_id, change, why FROM difference WHERE change <> 'other'
"""
"""Shows who would come and go, until the audiences are built."""

_CHANGES = """
SELECT audience, change, why, count(*) AS number FROM difference GROUP BY audience, change, why
ORDER BY audience, number DESC, why
"""
"""The difference in numbers."""

_MEMBERS = """
SELECT audience, count(*) FROM candidate WHERE against IS NULL GROUP BY audience ORDER BY audience
"""
"""The members in numbers, as they should be."""

_EXCLUSIONS = """
SELECT audience || ': ' || reason, count(*) FROM excluded GROUP BY audience, reason
ORDER BY audience, count(*) DESC, reason
"""
"""Who is left out, in numbers by audience and reason."""

_WRITE = (
    """
    DELETE FROM crm.audience_member AS member USING difference
    WHERE difference.change = 'out'
        AND member.audience = difference.audience AND member.person_id = difference.person_id
    """,
    """
    UPDATE crm.audience_member AS member
    SET email = difference.email, is_role_address = difference.is_role_address,
        organization_id = difference.organization_id, reason = wording.reason,
        legal_basis = wording.legal_basis, source = difference.source, source_id = difference.source_id
    FROM difference JOIN wording USING (way, fell_back)
    WHERE difference.change = 'other'
        AND member.audience = difference.audience AND member.person_id = difference.person_id
    """,
)
"""Makes the members what they should be, writing only what differs, but for those who come in."""

_ADD = """
INSERT INTO crm.audience_member (audience, person_id, email, is_role_address, organization_id, reason,
    legal_basis, source, source_id)
SELECT audience, person_id, email, is_role_address, organization_id, wording.reason, wording.legal_basis,
    source, source_id
FROM (SELECT * FROM difference WHERE change = 'in' AND audience = %(audience)s ORDER BY email) AS new
JOIN wording USING (way, fell_back)
"""
"""Adds who comes into one `audience`: sorted by one column, and the words come to it after that."""
