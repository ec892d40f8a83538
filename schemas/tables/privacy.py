"""The privacy schema: what was erased and stays erased, what was kept how long, who was asked."""

from __future__ import annotations

import sqlalchemy as sa

from schemas.tables.base import OPERATIONS, TIMESTAMP, column, metadata

SCHEMA = "privacy"

suppression_key = sa.Table(
    "suppression_key",
    metadata,
    column("key_id", sa.Text(), OPERATIONS, primary_key=True,
           comment="Fingerprint of a secret under which entries of the ledger were made"),
    column("created_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was first used"),
    schema=SCHEMA,
    comment="Which secrets the suppression ledger needs; without one of them nothing is landed",
)  # fmt: skip

suppression = sa.Table(
    "suppression",
    metadata,
    column("key_id", sa.Text(), OPERATIONS, sa.ForeignKey(suppression_key.c.key_id), primary_key=True,
           comment="Fingerprint of the secret"),
    column("key_kind", sa.Text(), OPERATIONS, primary_key=True,
           comment="source_id, email or phone"),
    column("key_hmac", sa.LargeBinary(), "user.unique_id", primary_key=True,
           comment="Keyed HMAC-SHA-256 of the normalised key"),
    column("reason", sa.Text(), OPERATIONS, nullable=False,
           comment="erasure (a person's request) or the retention rule"),
    column("created_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was written"),
    column("last_met_at", TIMESTAMP, OPERATIONS, nullable=False,
           comment="When a source last sent it, to the month: while it is still sent it is still held back"),
    sa.CheckConstraint("key_kind IN ('source_id', 'email', 'phone')", name="known"),
    schema=SCHEMA,
    comment="What was erased, as keyed hashes, so that no read brings it back",
)  # fmt: skip

hold = sa.Table(
    "hold",
    metadata,
    column("hold_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("kind", sa.Text(), OPERATIONS, nullable=False,
           comment="legal (a duty to keep) or restriction (GDPR art. 18: neither used nor deleted)"),
    column("data", sa.Text(), OPERATIONS, nullable=False, comment="Table, as policy.yaml names it"),
    column("column_name", sa.Text(), OPERATIONS, nullable=False, comment="Column that names the rows"),
    column("value", sa.Text(), "user.unique_id", nullable=False, comment="Its value: an id, never a name"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="Why, without personal data"),
    column("until", TIMESTAMP, OPERATIONS, comment="When it ends; null: when it is lifted"),
    column("created_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was set"),
    column("lifted_at", TIMESTAMP, OPERATIONS, comment="When it was lifted; null while it stands"),
    sa.CheckConstraint("kind IN ('legal', 'restriction')", name="known"),
    schema=SCHEMA,
    comment="Rows that must be kept past their period, and why",
)  # fmt: skip

retention_log = sa.Table(
    "retention_log",
    metadata,
    column("retention_log_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False, index=True, comment="Dagster run"),
    column("rule", sa.Text(), OPERATIONS, nullable=False, comment="Retention rule of policy.yaml"),
    column("cutoff", TIMESTAMP, OPERATIONS, nullable=False, comment="Older than this goes"),
    column("rows_removed", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="Rows deleted; those of a dropped partition as the planner counted them"),
    column("rows_held", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="Rows past their period that a hold keeps"),
    column("partitions_dropped", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="Partitions dropped"),
    column("finished_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    schema=SCHEMA,
    comment="What each retention rule removed in each run, in numbers",
)  # fmt: skip

rewrite_log = sa.Table(
    "rewrite_log",
    metadata,
    column("data", sa.Text(), OPERATIONS, primary_key=True, comment="Table, as policy.yaml names it"),
    column("rewritten_at", TIMESTAMP, OPERATIONS, nullable=False,
           comment="Nothing that was deleted or replaced before this is in the table's files"),
    column("writes", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="The server's count of updated and deleted rows at that time"),
    schema=SCHEMA,
    comment="When the files of each table were last written anew",
)  # fmt: skip

request_log = sa.Table(
    "request_log",
    metadata,
    column("day", sa.Date(), OPERATIONS, primary_key=True, comment="UTC day"),
    column("run_id", sa.Text(), OPERATIONS, primary_key=True, comment="Dagster run"),
    column("recipient", sa.Text(), OPERATIONS, primary_key=True, comment="Recipient of policy.yaml"),
    column("method", sa.Text(), OPERATIONS, primary_key=True, comment="HTTP method"),
    column("path", sa.Text(), OPERATIONS, primary_key=True,
           comment="Path template; ids stay out of it, except activity ids"),
    column("status", sa.Integer(), OPERATIONS, primary_key=True, comment="HTTP status; 0: no answer"),
    column("requests", sa.BigInteger(), OPERATIONS, nullable=False, comment="How many"),
    schema=SCHEMA,
    comment="Who outside was asked what, in numbers",
)  # fmt: skip
