"""The privacy schema: what was erased and stays erased, what was kept how long, who was asked."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import ID, OPERATIONS
from schemas.tables.base import TIMESTAMP, UUID, column, metadata

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
           comment="source_id, email or phone; phone_named_1 (a number whose bearer's name was known) and"
           " phone_name_1 (such a number with a form of the first name)"),
    column("key_hmac", sa.LargeBinary(), ID, primary_key=True,
           comment="Keyed HMAC-SHA-256 of the normalised key; of a number with a name, half of the number's"
           " and half of both's"),
    column("reason", sa.Text(), OPERATIONS, nullable=False,
           comment="erasure (a person's request) or the retention rule"),
    column("created_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was written"),
    column("last_met_at", TIMESTAMP, OPERATIONS, nullable=False,
           comment="When a source last sent it, to the month: while it is still sent it is still held back"),
    sa.CheckConstraint(
        "key_kind IN ('source_id', 'email', 'phone', 'phone_named_1', 'phone_name_1')", name="known"
    ),
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
    column("column_name", sa.Text(), OPERATIONS, nullable=False,
           comment="Column that names the rows; * for all of them"),
    column("value", sa.Text(), ID, nullable=False,
           comment="Its value: an id, never a name; * for all"),
    column("records", pg.ARRAY(sa.Text()), ID,
           comment="Of a hold on a card: the source records on it when it was set; null for the others"),
    column("basis", sa.Text(), OPERATIONS,
           comment="The duty to keep: a law, an order; null for restrictions"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="Why, without personal data"),
    column("until", TIMESTAMP, OPERATIONS, comment="When it ends; null: when it is lifted"),
    column("created_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was set"),
    column("set_by", sa.Text(), OPERATIONS, comment="Who set it; null where a request did"),
    column("lifted_at", TIMESTAMP, OPERATIONS, comment="When it was lifted; null while it stands"),
    column("lifted_by", sa.Text(), OPERATIONS, comment="Who lifted it"),
    column("lifted_because", sa.Text(), OPERATIONS, comment="Why, without personal data"),
    column("told_on", sa.Date(), OPERATIONS,
           comment="Of a restriction: when the person was told that it will be lifted (GDPR art. 18(3))"),
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

disclosure = sa.Table(
    "disclosure",
    metadata,
    column("disclosure_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("occurred_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False,
           comment="Dagster run, or the request's number; of a month's row the last one"),
    column("recipient", sa.Text(), OPERATIONS, nullable=False, comment="Recipient of policy.yaml"),
    column("request", sa.Text(), OPERATIONS,
           comment="How, as policy.yaml has it: PUT /contact/{id}; null: handed over as a file"),
    column("purpose", sa.Text(), OPERATIONS, nullable=False, comment="Purpose of policy.yaml"),
    column("categories", pg.ARRAY(sa.Text()), OPERATIONS, nullable=False,
           comment="Data categories that the recipient was told"),
    column("source", sa.Text(), OPERATIONS, nullable=False, comment="Source entity it was about"),
    column("source_id", sa.Text(), ID, nullable=False,
           comment="Its id at its source; * for records that are no person's, which are only counted"),
    column("records", sa.BigInteger(), OPERATIONS, nullable=False, server_default="1",
           comment="How many records it was about: more than 1 only where source_id is *"),
    column("month", sa.Date(), OPERATIONS,
           comment="First day of the month whose questions are gathered in this row; null: it stands alone"),
    column("times", sa.BigInteger(), OPERATIONS, nullable=False, server_default="1",
           comment="How often in that month"),
    column("last_at", TIMESTAMP, OPERATIONS, comment="When for the last time in that month"),
    sa.Index("ix_disclosure_record", "source", "source_id"),
    sa.Index("ux_disclosure_month", "source", "source_id", "recipient", "request", "purpose", "month",
             unique=True, postgresql_where=sa.text("month IS NOT NULL")),
    schema=SCHEMA,
    comment="Who was told which categories about which record, when and for which purpose (GDPR art. 15, 19)",
)  # fmt: skip

audit_log = sa.Table(
    "audit_log",
    metadata,
    column("entry_no", sa.BigInteger(), OPERATIONS, primary_key=True, autoincrement=False,
           comment="Number in the chain, without gaps"),
    column("occurred_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When; never before the last one"),
    column("action", sa.Text(), OPERATIONS, nullable=False, comment="What was done"),
    column("details", pg.JSONB(), OPERATIONS, nullable=False, comment="Counts and ids, never a value"),
    column("entry_hash", sa.LargeBinary(), OPERATIONS, nullable=False,
           comment="SHA-256 over this entry and the hash of the one before"),
    schema=SCHEMA,
    comment="What the privacy engine did, as a chain in which no link can be changed or left out",
)  # fmt: skip

audit_chain = sa.Table(
    "audit_chain",
    metadata,
    column("part", sa.Text(), OPERATIONS, primary_key=True,
           comment="pruned (last entry that was removed) or head (last entry there is)"),
    column("entry_no", sa.BigInteger(), OPERATIONS, nullable=False, comment="Number of that entry"),
    column("entry_hash", sa.LargeBinary(), OPERATIONS, nullable=False, comment="Its hash"),
    sa.CheckConstraint("part IN ('pruned', 'head')", name="known"),
    schema=SCHEMA,
    comment="Both ends of the audit log, so that a missing first or last entry shows",
)  # fmt: skip

subject_request = sa.Table(
    "subject_request",
    metadata,
    column("request_id", UUID, OPERATIONS, primary_key=True, comment="Number of the request, at random"),
    column("kind", sa.Text(), OPERATIONS, nullable=False,
           comment="access, rectification, restriction, objection, erasure; disclosures (who was told, art. "
           "15(1)(c)); withdrawal (of an objection); release (from the suppression ledger)"),
    column("received_on", sa.Date(), OPERATIONS, nullable=False, comment="Day it was received, in Norway"),
    column("due_on", sa.Date(), OPERATIONS, nullable=False, comment="Last day to answer (GDPR art. 12(3))"),
    column("answered_at", TIMESTAMP, OPERATIONS, comment="When it was carried out; null while it is open"),
    column("outcome", sa.Text(), OPERATIONS, comment="done, nothing_held or partly"),
    column("counts", pg.JSONB(), OPERATIONS, nullable=False, comment="What was found and done, in numbers"),
    sa.CheckConstraint(
        "kind IN ('access', 'rectification', 'restriction', 'objection', 'erasure', 'disclosures',"
        " 'withdrawal', 'release')",
        name="known",
    ),
    schema=SCHEMA,
    comment="Requests of data subjects: what was asked and when it was answered, never by whom",
)  # fmt: skip

receipt = sa.Table(
    "receipt",
    metadata,
    column("request_id", UUID, OPERATIONS, sa.ForeignKey(subject_request.c.request_id, ondelete="CASCADE"),
           primary_key=True, comment="Number of the request"),
    column("statement", pg.JSONB(), OPERATIONS, nullable=False, comment="What is signed; no personal data"),
    column("signature", sa.LargeBinary(), OPERATIONS, nullable=False, comment="Ed25519"),
    column("public_key", sa.LargeBinary(), OPERATIONS, nullable=False, comment="Key to verify it with"),
    schema=SCHEMA,
    comment="Signed receipts that a stranger can verify",
)  # fmt: skip

objection = sa.Table(
    "objection",
    metadata,
    column("key_kind", sa.Text(), OPERATIONS, primary_key=True, comment="source_id, email or phone"),
    column("key_hmac", sa.LargeBinary(), ID, primary_key=True,
           comment="Keyed HMAC-SHA-256 of the normalised key"),
    column("key_id", sa.Text(), OPERATIONS, nullable=False, comment="Fingerprint of the secret"),
    column("created_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    sa.CheckConstraint("key_kind IN ('source_id', 'email', 'phone')", name="known"),
    schema=SCHEMA,
    comment="Who wants no marketing (GDPR art. 21(2)): holds whatever card they are on",
)  # fmt: skip

instruction = sa.Table(
    "instruction",
    metadata,
    column("instruction_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("kind", sa.Text(), OPERATIONS, nullable=False, server_default="delete",
           comment="delete, or return (handed over to the customer, then deleted)"),
    column("customer_org", sa.Text(), OPERATIONS, nullable=False, comment="Customer who instructs"),
    column("activity_id", sa.BigInteger(), OPERATIONS, comment="Its event; null: all of its events"),
    column("submitted_before", TIMESTAMP, OPERATIONS, nullable=False,
           comment="Submissions before this are meant"),
    column("document", sa.Text(), OPERATIONS, nullable=False, comment="Where the instruction is kept"),
    column("received_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When it was received"),
    column("recorded_by", sa.Text(), OPERATIONS, comment="Who entered it"),
    column("listed_at", TIMESTAMP, OPERATIONS, comment="When what is to be returned was listed"),
    column("listed_rows", sa.BigInteger(), OPERATIONS, comment="Submissions on that list"),
    column("listed_hash", sa.LargeBinary(), OPERATIONS, comment="SHA-256 of the list"),
    column("handed_over_at", TIMESTAMP, OPERATIONS, comment="When the customer had received them"),
    column("handed_over_document", sa.Text(), OPERATIONS, comment="Where the customer's receipt is kept"),
    column("carried_out_at", TIMESTAMP, OPERATIONS, comment="When; null while it is open"),
    column("withdrawn_at", TIMESTAMP, OPERATIONS, comment="When the customer took it back"),
    column("withdrawn_document", sa.Text(), OPERATIONS, comment="Where what the customer wrote then is kept"),
    column("rows_removed", sa.BigInteger(), OPERATIONS, comment="Submissions deleted"),
    sa.CheckConstraint("kind IN ('delete', 'return')", name="known"),
    schema=SCHEMA,
    comment="What customers instructed their processor to delete or return (GDPR art. 28(3)(a) and (g)); "
    "none by default",
)  # fmt: skip
