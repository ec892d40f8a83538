"""Who may be written to about what: the members of each audience, and who has come and gone.

Part of the crm schema, worked out anew every night by pipelines/audiences. The views in views/ show each
audience with its addresses.
"""

from __future__ import annotations

import sqlalchemy as sa

from schemas.categories import BEHAVIOR, EMAIL, ID, OPERATIONS
from schemas.tables.base import TIMESTAMP, UUID, column, metadata

SCHEMA = "crm"


KNOWN = ("important_updates", "course_invitations")
_IS_KNOWN = f"audience IN {KNOWN}"

audience_member = sa.Table(
    "audience_member",
    metadata,
    column("audience", sa.Text(), OPERATIONS, primary_key=True,
           comment="important_updates or course_invitations"),
    column("person_id", UUID, ID, primary_key=True, comment="The person's card"),
    column("email", sa.Text(), EMAIL, nullable=False, comment="Address to write to"),
    column("is_role_address", sa.Boolean(), OPERATIONS, nullable=False,
           comment="A mailbox of the organisation, not of a person"),
    column("organization_id", UUID, ID, comment="The customer; null for a private one"),
    column("reason", sa.Text(), BEHAVIOR, nullable=False, comment="Why the person is in it"),
    column("legal_basis", sa.Text(), OPERATIONS, nullable=False, comment="By which right"),
    column("source", sa.Text(), OPERATIONS, nullable=False, comment="Source entity of the address"),
    column("source_id", sa.Text(), ID, nullable=False, comment="Id of that record at its source"),
    # Checked at the end of a transaction: an address may change persons in one statement.
    sa.UniqueConstraint("audience", "email", deferrable=True, initially="DEFERRED"),
    sa.CheckConstraint(_IS_KNOWN, name="known"),
    schema=SCHEMA,
    comment="Who may be written to, one row per person and audience",
)  # fmt: skip

audience_change = sa.Table(
    "audience_change",
    metadata,
    column("audience_change_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False, index=True, comment="Dagster run"),
    column("changed_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    column("audience", sa.Text(), OPERATIONS, nullable=False,
           comment="important_updates or course_invitations"),
    column("person_id", UUID, ID, nullable=False, index=True, comment="The person's card"),
    column("change", sa.Text(), BEHAVIOR, nullable=False, comment="in or out"),
    column("reason", sa.Text(), BEHAVIOR, nullable=False, comment="Why"),
    sa.CheckConstraint(_IS_KNOWN, name="known"),
    sa.CheckConstraint("change IN ('in', 'out')", name="known_change"),
    schema=SCHEMA,
    comment="Who came into an audience or fell out of it, when and why",
)  # fmt: skip

audience_exclusion = sa.Table(
    "audience_exclusion",
    metadata,
    column("audience", sa.Text(), OPERATIONS, primary_key=True,
           comment="important_updates or course_invitations"),
    column("person_id", UUID, ID, primary_key=True, index=True, comment="The person's card"),
    column("reason", sa.Text(), BEHAVIOR, nullable=False, comment="What stands against it"),
    sa.CheckConstraint(_IS_KNOWN, name="known"),
    schema=SCHEMA,
    comment="Who would be written to if something did not stand against it, and what that is",
)  # fmt: skip

audience_preview = sa.Table(
    "audience_preview",
    metadata,
    column("audience", sa.Text(), OPERATIONS, primary_key=True,
           comment="important_updates or course_invitations"),
    column("person_id", UUID, ID, primary_key=True, comment="The person's card"),
    column("change", sa.Text(), BEHAVIOR, nullable=False, comment="in or out"),
    column("reason", sa.Text(), BEHAVIOR, nullable=False, comment="Why"),
    sa.CheckConstraint(_IS_KNOWN, name="known"),
    sa.CheckConstraint("change IN ('in', 'out')", name="known_change"),
    schema=SCHEMA,
    comment="Who would come in or fall out as the last preview found; empty once the audiences are built",
)  # fmt: skip
