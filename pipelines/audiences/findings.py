"""Judges the audiences as they stand: nobody in them who may not be, whatever the rules made of them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pipelines.audiences.screening import MARKETING, values_of
from pipelines.findings import Finding
from pipelines.privacy.bounces import count_bounces, hard_bounces
from pipelines.privacy.subjects.rights import noted_objections
from schemas.tables.audiences import audience_member
from schemas.tables.crm import affiliation, organization

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
    noted = noted_objections(connection, secrets, "email")
    objected = 0
    if noted:
        invited = sa.select(audience_member.c.email).where(audience_member.c.audience == MARKETING)
        objected = sum(
            any(map(noted.holds, values_of("email", address))) for address in connection.scalars(invited)
        )
    numbers = {"objected": objected}
    if objected:
        return Finding(False, f"{objected:,} members have objected: build the audience anew", numbers)
    return Finding(True, "no member has objected", numbers)


def nobody_whose_address_bounced(connection: sa.Connection, secrets: Sequence[bytes]) -> Finding:
    """No member is written to at an address that letters came back from for good."""
    known, noted = count_bounces(connection, secrets), hard_bounces(connection, secrets)
    bounced = 0
    if noted:
        bounced = sum(map(noted.holds, connection.scalars(sa.select(audience_member.c.email).distinct())))
    numbers = {"bounced": bounced, **{f"{name}_bounces": number for name, number in known.items()}}
    if bounced:
        return Finding(False, f"{bounced:,} members have an address that bounced: build them anew", numbers)
    if known["unrecognised"]:
        return Finding(
            False,
            f"{known['unrecognised']:,} bounces were noted under a secret that is not configured: set"
            " PRIVACY_SECRET_PREVIOUS to it, or load the mail tool's list again",
            numbers,
        )
    return Finding(True, "no member's address is known to have bounced", numbers)
