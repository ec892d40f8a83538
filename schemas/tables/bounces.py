"""Which e-mail addresses letters came back from, as the mail tool's bounce lists tell.

Part of the privacy schema: addresses are held as keyed hashes only, so that a list says nothing of people
who are on no card, and nothing that was erased is held in clear again.
"""

from __future__ import annotations

import sqlalchemy as sa

from schemas.categories import BEHAVIOR, ID, OPERATIONS
from schemas.tables.base import TIMESTAMP, column, metadata

SCHEMA = "privacy"

email_bounce = sa.Table(
    "email_bounce",
    metadata,
    column("address_hmac", sa.LargeBinary(), ID, primary_key=True,
           comment="Keyed HMAC-SHA-256 of the address, letter for letter in lower case"),
    column("key_id", sa.Text(), OPERATIONS, nullable=False, comment="Fingerprint of the secret"),
    column("kind", sa.Text(), OPERATIONS, nullable=False,
           comment="hard (there is no such mailbox) or soft (it did not take the letter this time)"),
    column("code", sa.Text(), OPERATIONS, comment="Status code of the refusal, e.g. 5.1.1; never its text"),
    column("bounced_at", TIMESTAMP, BEHAVIOR, nullable=False, comment="When a letter last came back"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False, comment="Dagster run that loaded it"),
    sa.CheckConstraint("kind IN ('hard', 'soft')", name="known"),
    schema=SCHEMA,
    comment="Addresses that letters came back from; none of the hard ones is written to",
)  # fmt: skip
