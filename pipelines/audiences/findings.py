"""Judges the audiences as they stand: nobody in them who may not be, whatever the rules made of them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pipelines.findings import Finding
from pipelines.privacy.keys import email_keys
from pipelines.privacy.subjects.rights import without_objections
from schemas.tables.audiences import audience_member
from schemas.tables.crm import affiliation, organization
from schemas.tables.privacy import objection

_CHUNK = 50_000
_ENDED = ("bankrupt", "deleted", "removed")


def no_ended_customer(connection: sa.Connection) -> Finding:
    """No audience holds a contact of a company that is bankrupt, deleted or removed."""
    member, card = audience_member.c, organization.c
    ended = connection.scalar(
        sa.select(sa.func.count())
        .select_from(audience_member.join(organization, card.organization_id == member.organization_id))
        .where(card.status.in_(_ENDED))
    )
    beside = connection.scalar(
        sa.select(sa.func.count(sa.distinct(affiliation.c.person_id)))
        .select_from(
            affiliation.join(organization, card.organization_id == affiliation.c.organization_id).join(
                audience_member, member.person_id == affiliation.c.person_id
            )
        )
        .where(card.status.in_(_ENDED))
    )
    numbers = {"members_of_ended_companies": ended or 0, "members_also_at_ended_companies": beside or 0}
    if ended:
        return Finding(False, f"{ended:,} members act for a company that has ended: build them anew", numbers)
    return Finding(True, "no member acts for a company that has ended", numbers)


def nobody_who_objected(connection: sa.Connection, secrets: Sequence[bytes]) -> Finding:
    """Nobody who objected to marketing is invited (GDPR art. 21(3))."""
    if not connection.scalar(sa.select(sa.exists(sa.select(objection.c.key_kind)))):
        return Finding(True, "nobody has objected", {"objected": 0})
    emails = list(
        connection.scalars(
            sa.select(audience_member.c.email).where(audience_member.c.audience == "course_invitations")
        )
    )
    objected = 0
    for start in range(0, len(emails), _CHUNK):
        keyed = [text for text in emails[start : start + _CHUNK] if email_keys(text)]
        objected += len(keyed) - len(without_objections(connection, secrets, keyed))
    if objected:
        return Finding(
            False, f"{objected:,} members have objected: build the audience anew", {"objected": objected}
        )
    return Finding(True, "no member has objected", {"objected": 0})
