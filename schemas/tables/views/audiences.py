"""Each audience with its addresses."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from schemas.categories import BEHAVIOR, EMAIL, ID, NAME, OPERATIONS
from schemas.tables.audiences import audience_member
from schemas.tables.base import UUID, column
from schemas.tables.crm import SCHEMA, organization, person
from schemas.tables.views.base import metadata


def _view(audience: str, comment: str) -> sa.Table:
    return sa.Table(
        f"audience_{audience}",
        metadata,
        column("person_id", UUID, ID, comment="The person's card"),
        column("full_name", sa.Text(), NAME, comment="Name as it is written"),
        column("email", sa.Text(), EMAIL, comment="Address to write to"),
        column("is_role_address", sa.Boolean(), OPERATIONS,
               comment="A mailbox of the organisation, not of a person"),
        column("organization_id", UUID, ID, comment="The customer; null for a private one"),
        column("organization_name", sa.Text(), NAME, comment="Name of the customer"),
        column("reason", sa.Text(), BEHAVIOR, comment="Why the person is in it"),
        column("legal_basis", sa.Text(), OPERATIONS, comment="By which right"),
        schema=SCHEMA,
        comment=comment,
    )  # fmt: skip


important_updates = _view(
    "important_updates", "Who is told of important updates of the system: contacts of active customers"
)
course_invitations = _view(
    "course_invitations", "Who may be invited to own courses (Marketing Act § 15); nobody else may"
)


def members_of(audience: str) -> sa.Select[Any]:
    """The query behind the view of an audience."""
    member = audience_member
    return (
        sa.select(
            member.c.person_id,
            person.c.full_name,
            member.c.email,
            member.c.is_role_address,
            organization.c.organization_id,
            organization.c.name,
            member.c.reason,
            member.c.legal_basis,
        )
        .select_from(
            member.join(person, person.c.person_id == member.c.person_id).outerjoin(
                organization, organization.c.organization_id == member.c.organization_id
            )
        )
        .where(member.c.audience == audience)
    )
