"""The registration system's own tables, in a database of its own.

They are not ours: names are configuration, and in production they exist already. This is the
default shape, which the embedded sandbox creates.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import ID, IP_ADDRESS, OPERATIONS, PRIVATE_CONTENT
from schemas.tables.base import NAMING, TIMESTAMP, column
from schemas.zone import ZONE_NAME

SCHEMA = "platform"

metadata = sa.MetaData(naming_convention=NAMING)

access_log = sa.Table(
    "access_log",
    metadata,
    column("id", sa.BigInteger(), OPERATIONS, nullable=False, comment="Running number"),
    column("user_id", sa.BigInteger(), ID, comment="User of the registration system"),
    column("ip_address", pg.INET(), IP_ADDRESS, comment="IP address of the user"),
    column("user_agent", sa.Text(), IP_ADDRESS, comment="Browser as it names itself"),
    column("occurred_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    schema=SCHEMA,
    comment="One row per request of a signed-in user",
    postgresql_partition_by="RANGE (occurred_at)",
)  # fmt: skip

participant_submission = sa.Table(
    "participant_submission",
    metadata,
    column("id", sa.BigInteger(), OPERATIONS, primary_key=True, autoincrement=False,
           comment="Running number"),
    column("customer_org", sa.Text(), OPERATIONS, nullable=False, comment="Customer whose form it is"),
    column("activity_id", sa.BigInteger(), OPERATIONS, nullable=False, comment="Customer's event"),
    column("submitted_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    column("answers", pg.JSONB(), PRIVATE_CONTENT, nullable=False,
           comment="What the participant submitted"),
    schema=SCHEMA,
    comment="What participants submit in customers' forms: held for the customer, read by nobody here",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlatformNames:
    """What the registration system calls its tables and columns. Tables as `schema.table`."""

    access_log: str = "platform.access_log"
    occurred_at: str = "occurred_at"
    user_id: str = "user_id"
    participant_submission: str = "platform.participant_submission"
    submission_id: str = "id"
    customer_org: str = "customer_org"
    activity_id: str = "activity_id"
    submitted_at: str = "submitted_at"
    answers: str = "answers"
    zone: str = ZONE_NAME
    """Time zone of time columns that have none."""
