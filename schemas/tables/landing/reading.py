"""How the reading goes: whose records, cursors, numbers of each read, activities, names, marks, rejects."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import EMPLOYER, ID, OPERATIONS, PUBLIC
from schemas.tables.base import TIMESTAMP, column, metadata
from schemas.tables.landing.records import SCHEMA

cursor = sa.Table(
    "cursor",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True, comment="Source entity"),
    column("read_until", TIMESTAMP, OPERATIONS, nullable=False,
           comment="The next nightly read starts here, less the overlap"),
    column("position", sa.BigInteger(), OPERATIONS,
           comment="Last update id read from a change feed, where the source has one"),
    column("told", sa.BigInteger(), OPERATIONS,
           comment="Records that the source said it had, by which the next read sees deletions; "
                   "null: not known"),
    column("told_until", TIMESTAMP, OPERATIONS, comment="Those of them count that were made until then"),
    schema=SCHEMA,
    comment="Where the next nightly read of a source begins; moved in the transaction that lands rows",
)  # fmt: skip

load = sa.Table(
    "load",
    metadata,
    column("load_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("source", sa.Text(), OPERATIONS, nullable=False, comment="Source entity"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False, index=True, comment="Dagster run"),
    column("kind", sa.Text(), OPERATIONS, nullable=False, comment="nightly or backfill"),
    column("window_start", TIMESTAMP, OPERATIONS, comment="Start of the window read; null: all"),
    column("window_end", TIMESTAMP, OPERATIONS, comment="End of the window read; null: open"),
    column("started_at", TIMESTAMP, OPERATIONS, nullable=False, comment="Start of the read"),
    column("finished_at", TIMESTAMP, OPERATIONS, nullable=False, comment="End of the read"),
    *(
        column(name, sa.BigInteger(), OPERATIONS, nullable=False, comment=comment)
        for name, comment in (
            ("requests", "HTTP requests sent"),
            ("told", "Records that the API said there were; as received where it does not say"),
            ("received", "Records in the API's answers"),
            ("rejected", "Records set aside as malformed"),
            ("repeated", "Records answered more than once, the newest kept"),
            ("stored", "Rows inserted or changed"),
            ("unchanged", "Rows that were already the same or newer"),
            ("suppressed", "Records held back because they were erased or are past their period"),
            ("deleted", "Rows found to be gone from the source"),
            ("unknown_fields", "Values of undeclared fields in the answers, dropped"),
        )
    ),
    column("compared", sa.BigInteger(), OPERATIONS,
           comment="Rows that the read looked for at the source; null: it looked for no deletions"),
    column("missing", sa.BigInteger(), OPERATIONS, nullable=False, server_default="0",
           comment="Rows compared that the source did not show"),
    column("refused_deletions", sa.BigInteger(), OPERATIONS, nullable=False, server_default="0",
           comment="Missing rows that were not marked as deleted because they were too many at once"),
    column("unknown_names", pg.ARRAY(sa.Text()), OPERATIONS, nullable=False,
           comment="Names of the undeclared fields"),
    column("seen_names", pg.ARRAY(sa.Text()), OPERATIONS, nullable=False,
           comment="Names of the declared fields that came in some record"),
    column("common_names", pg.ARRAY(sa.Text()), OPERATIONS, nullable=False, server_default="{}",
           comment="Names of the declared fields that came in every record"),
    column("refused_names", pg.ARRAY(sa.Text()), OPERATIONS, nullable=False,
           comment="Names of declared fields that the API does not know, read as absent"),
    schema=SCHEMA,
    comment="One read of one source entity, in numbers that must add up",
)  # fmt: skip

activity = sa.Table(
    "activity",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True, comment="Source entity"),
    column("activity_id", sa.BigInteger(), OPERATIONS, primary_key=True, autoincrement=False,
           comment="Own course or form in the registration system"),
    column("read_until", TIMESTAMP, OPERATIONS,
           comment="The next nightly read of its list starts here, less the overlap; null: at its beginning"),
    column("fault", sa.Text(), OPERATIONS, comment="Why its list could not be read; null: it was"),
    column("failing_since", TIMESTAMP, OPERATIONS, comment="Start of the first read that could not"),
    schema=SCHEMA,
    comment="How far the list of each configured activity was read, and what is wrong with it",
)  # fmt: skip

rejected = sa.Table(
    "rejected",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True, comment="Source entity"),
    column("source_id", sa.Text(), ID, primary_key=True,
           comment="Id of the record at its source, or a hash of the record where it has none"),
    column("reason", sa.Text(), OPERATIONS, nullable=False,
           comment="Field and kind of fault, never the value"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False, comment="Dagster run that last met it"),
    column("seen_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When it was last met"),
    schema=SCHEMA,
    comment="Records set aside because they are malformed; the record itself is not kept",
)  # fmt: skip

brreg_name = sa.Table(
    "brreg_name",
    metadata,
    column("name_key", sa.Text(), EMPLOYER, primary_key=True,
           comment="Name of an organisation without a number, in comparison form"),
    column("number", sa.CHAR(9), PUBLIC,
           comment="Organisation number of the one living unit of that name; null: none, or several"),
    column("hits", sa.Integer(), OPERATIONS, nullable=False, comment="Living units of that name"),
    column("looked_up_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When the register was asked"),
    schema=SCHEMA,
    comment="Names of organisations that were looked up in the register, so that none is asked for nightly",
)  # fmt: skip

webhook_mark = sa.Table(
    "webhook_mark",
    metadata,
    column("system", sa.Text(), OPERATIONS, primary_key=True, comment="helpscout or tripletex"),
    column("event", sa.Text(), OPERATIONS, primary_key=True, comment="Event, as the source calls it"),
    column("record_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Id of the record at its source"),
    column("marked_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(), index=True,
           comment="When the last delivery about it came"),
    schema=SCHEMA,
    comment="What webhooks say has changed; taken away by the read that they start",
)  # fmt: skip

world = sa.Table(
    "world",
    metadata,
    column("is_sandbox", sa.Boolean(), OPERATIONS, primary_key=True,
           comment="Whether the records are the sandbox's invented ones; false: real accounts'"),
    column("noted_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When the first read of that world began"),
    schema=SCHEMA,
    comment="Whose records the store holds, in one row: the two are never mixed",
)  # fmt: skip
