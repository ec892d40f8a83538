"""How source records became cards: which belongs to which, why, what people decided, what happened."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import EMAIL, ID, OPERATIONS
from schemas.tables.base import TIMESTAMP, UUID, column, metadata
from schemas.tables.crm.columns import SCHEMA, organization_id, person_id, source, source_id

source_link = sa.Table(
    "source_link",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True,
           comment="helpscout_customer, tripletex_customer, tripletex_contact, course_signup, "
                   "order_form or brreg_unit"),
    source_id(primary_key=True),
    person_id(index=True),
    organization_id(index=True),
    schema=SCHEMA,
    comment="Which card each source record belongs to",
)  # fmt: skip

field_origin = sa.Table(
    "field_origin",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    column("entity_id", UUID, ID, primary_key=True, comment="Id of the card"),
    column("field", sa.Text(), OPERATIONS, primary_key=True, comment="Column of the card"),
    source(nullable=False),
    source_id(nullable=False),
    column("rule", sa.Text(), OPERATIONS, nullable=False, comment="Why this source won"),
    column("source_changed_at", TIMESTAMP, OPERATIONS, comment="When the source changed it"),
    schema=SCHEMA,
    comment="Where each value on a card comes from",
)  # fmt: skip


def _pair() -> tuple[sa.Column[str], ...]:
    return tuple(
        column(f"{side}_{name}", sa.Text(), category, primary_key=True, comment=comment)
        for side in ("left", "right")
        for name, category, comment in (
            ("source", OPERATIONS, "Source entity"),
            ("source_id", ID, "Id of the record at its source"),
        )
    )


match_link = sa.Table(
    "match_link",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    *_pair(),
    column("rule", sa.Text(), OPERATIONS, nullable=False, index=True, comment="Rule that linked"),
    column("score", sa.Double(), OPERATIONS, comment="Score of the scored tier, 0 to 1"),
    column("explanation", sa.Text(), OPERATIONS, nullable=False, comment="Why, in words"),
    schema=SCHEMA,
    comment="Why two source records share a card",
)  # fmt: skip

match_review = sa.Table(
    "match_review",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    *_pair(),
    column("score", sa.Double(), OPERATIONS, comment="Score of the scored tier, 0 to 1"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="What speaks for and against"),
    schema=SCHEMA,
    comment="Pairs that may be one customer, for a person to decide",
)  # fmt: skip

match_decision = sa.Table(
    "match_decision",
    metadata,
    column("decision_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number"),
    column("decision", sa.Text(), OPERATIONS, nullable=False,
           comment="same, different or not_identifying"),
    column("left_source", sa.Text(), OPERATIONS, comment="Source entity"),
    column("left_source_id", sa.Text(), ID, comment="Id of the record at its source"),
    column("right_source", sa.Text(), OPERATIONS, comment="Source entity"),
    column("right_source_id", sa.Text(), ID, comment="Id of the record at its source"),
    column("key_kind", sa.Text(), OPERATIONS, comment="email, phone or domain (not_identifying)"),
    column("key_value", sa.Text(), EMAIL, comment="The key that does not identify"),
    column("decided_by", sa.Text(), OPERATIONS, comment="Who decided"),
    column("decided_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When"),
    column("reason", sa.Text(), OPERATIONS, comment="Why"),
    sa.CheckConstraint("decision IN ('same', 'different', 'not_identifying')", name="known"),
    sa.CheckConstraint(
        "(decision = 'not_identifying' AND key_kind IS NOT NULL AND key_value IS NOT NULL)"
        " OR (decision <> 'not_identifying' AND left_source IS NOT NULL AND left_source_id IS NOT"
        " NULL AND right_source IS NOT NULL AND right_source_id IS NOT NULL)",
        name="complete",
    ),
    schema=SCHEMA,
    comment="What a person decided about a pair or a key; never overridden by a run",
)  # fmt: skip

identity_guard = sa.Table(
    "identity_guard",
    metadata,
    column("key_kind", sa.Text(), OPERATIONS, primary_key=True, comment="email, phone or domain"),
    column("key_value", sa.Text(), EMAIL, primary_key=True, comment="The key"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="Why it does not identify"),
    column("people", sa.BigInteger(), OPERATIONS, comment="Different names that use it"),
    column("organizations", sa.BigInteger(), OPERATIONS, comment="Organisations that use it"),
    schema=SCHEMA,
    comment="Keys that do not identify a person, learned from the data at the last run",
)  # fmt: skip

identity_alias = sa.Table(
    "identity_alias",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="person or organization"),
    column("alias_id", UUID, ID, primary_key=True, comment="An id that is no longer a card"),
    column("current_id", UUID, ID, nullable=False, comment="The card it became part of"),
    schema=SCHEMA,
    comment="Former ids and the cards they became part of",
)  # fmt: skip

identity_event = sa.Table(
    "identity_event",
    metadata,
    column("event_id", sa.BigInteger(), OPERATIONS, sa.Identity(), primary_key=True,
           comment="Running number; read on from the last one seen"),
    column("occurred_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When"),
    column("event", sa.Text(), OPERATIONS, nullable=False,
           comment="CREATED, MERGED, SPLIT or ERASED"),
    column("entity", sa.Text(), OPERATIONS, nullable=False, comment="person or organization"),
    column("entity_id", UUID, ID, nullable=False, index=True, comment="The card"),
    column("other_entity_id", UUID, ID, index=True, comment="The card merged into it or split from it"),
    column("rule", sa.Text(), OPERATIONS, comment="Rule behind the event"),
    column("run_id", sa.Text(), OPERATIONS, comment="Dagster run"),
    schema=SCHEMA,
    comment="What happened to cards, in order, for consumers that keep copies",
)  # fmt: skip

match_block = sa.Table(
    "match_block",
    metadata,
    column("source", sa.Text(), OPERATIONS, primary_key=True, comment="Source entity"),
    source_id(primary_key=True),
    column("block", sa.BigInteger(), ID, nullable=False, index=True,
           comment="Records that share a key, directly or through others; recomputed together"),
    person_id(),
    organization_id(),
    column("ties", sa.BigInteger(), ID, nullable=False,
           comment="Hash of the links and reviews that the record stands left in and of its organisation's"
                   " rule"),
    schema=SCHEMA,
    comment="What a run must know of each source record to make only a part of the cards anew: which records"
            " must be matched together, their cards as in source_link, and whether their ties changed",
)  # fmt: skip

match_key = sa.Table(
    "match_key",
    metadata,
    column("key_hash", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Hash of a key by which records may meet"),
    column("block", sa.BigInteger(), ID, nullable=False, index=True, comment="Block that holds it"),
    schema=SCHEMA,
    comment="Where a record with a given key belongs",
)  # fmt: skip

match_crowd = sa.Table(
    "match_crowd",
    metadata,
    column("pair_hash", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Hash of a mail domain and a company name seen there"),
    column("domain_hash", sa.BigInteger(), ID, nullable=False, index=True, comment="Hash of the domain"),
    column("block", sa.BigInteger(), ID, nullable=False, index=True, comment="Block that holds the name"),
    column("records", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="Records that bear or name the company there"),
    schema=SCHEMA,
    comment="How many companies are seen at a mail domain: a crowd makes it a provider's, at which no records"
            " meet",
)  # fmt: skip

match_pending = sa.Table(
    "match_pending",
    metadata,
    column("source", sa.Text(), OPERATIONS, nullable=False, comment="Source entity"),
    column("source_id", sa.Text(), ID,
           comment="Id of the record at its source; null: any of them may have changed"),
    schema=SCHEMA,
    comment="Landing rows written or removed since the cards were made; triggers note them, the next run "
            "takes them away",
)  # fmt: skip

identity_state = sa.Table(
    "identity_state",
    metadata,
    column("entity", sa.Text(), OPERATIONS, primary_key=True, comment="Always `cards`: one row"),
    column("rules", sa.Text(), OPERATIONS, nullable=False,
           comment="Hash of the rules the cards were made by; others need a full rebuild"),
    column("transaction_id", sa.BigInteger(), OPERATIONS, nullable=False,
           comment="Transaction that made the cards"),
    column("decisions", pg.JSONB(), EMAIL, nullable=False, comment="Decisions the cards follow"),
    column("totals", pg.JSONB(), OPERATIONS, nullable=False, server_default="{}",
           comment="How many cards, links and so on there are, by rule where they have one"),
    schema=SCHEMA,
    comment="What the cards were last made from, so that the next run knows what is new",
)  # fmt: skip
