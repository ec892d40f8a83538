"""From form to customer: what became of each application, and which customer of Tripletex a card is.

Part of the crm schema, but not rebuilt with the cards: what was decided and what was sent outlasts them. Rows
hold ids only; cards that were merged are followed through crm.identity_alias.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import BEHAVIOR, ID, OPERATIONS
from schemas.tables.base import TIMESTAMP, UUID, column, metadata

SCHEMA = "crm"


_TEXTS = pg.ARRAY(sa.Text())


def _application_id() -> sa.Column[int]:
    return column("application_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
                  comment="The form (crm.application)")  # fmt: skip


application_decision = sa.Table(
    "application_decision",
    metadata,
    _application_id(),
    column("decision", sa.Text(), BEHAVIOR, nullable=False,
           comment="decline, company or private: register in spite of what the review found, as which"),
    column("decided_by", sa.Text(), OPERATIONS, nullable=False, comment="Who decided"),
    column("decided_at", TIMESTAMP, OPERATIONS, nullable=False, server_default=sa.func.now(),
           comment="When"),
    column("reason", sa.Text(), OPERATIONS, comment="Why, without personal data"),
    sa.CheckConstraint("decision IN ('decline', 'company', 'private')", name="known"),
    schema=SCHEMA,
    comment="What a person decided about an application; never overridden by a run",
)  # fmt: skip

application_case = sa.Table(
    "application_case",
    metadata,
    _application_id(),
    column("status", sa.Text(), BEHAVIOR, nullable=False, index=True,
           comment="new, enriched, needs_review, registered or declined"),
    column("kind", sa.Text(), OPERATIONS, comment="company, private, or null while it is not known"),
    column("reasons", _TEXTS, OPERATIONS, nullable=False, comment="Why it has this status, in words"),
    column("warnings", _TEXTS, OPERATIONS, nullable=False,
           comment="What the register says that matters for billing, in words"),
    column("tripletex_customer_id", sa.BigInteger(), ID, comment="The customer it became in Tripletex"),
    column("tripletex_contact_id", sa.BigInteger(), ID, comment="The contact person it became in Tripletex"),
    column("received_at", TIMESTAMP, BEHAVIOR, nullable=False, comment="When the form was first read"),
    column("status_since", TIMESTAMP, OPERATIONS, nullable=False, comment="When it got this status"),
    sa.CheckConstraint("status IN ('new', 'enriched', 'needs_review', 'registered', 'declined')",
                       name="known"),
    sa.CheckConstraint("kind IN ('company', 'private')", name="known_kind"),
    schema=SCHEMA,
    comment="How far each application has come, from form to customer",
)  # fmt: skip


registration = sa.Table(
    "registration",
    metadata,
    column("object", sa.Text(), OPERATIONS, primary_key=True, comment="customer or contact"),
    column("entity_id", UUID, ID, primary_key=True,
           comment="Card of the organisation or person (crm.identity_alias follows merges)"),
    column("customer_id", sa.BigInteger(), ID, primary_key=True, autoincrement=False,
           comment="Tripletex customer that a contact belongs to; 0 for a customer"),
    column("state", sa.Text(), OPERATIONS, nullable=False,
           comment="sending (a request may be under way), registered or refused"),
    column("tripletex_id", sa.BigInteger(), ID, comment="Its id in Tripletex, once it is known"),
    column("was_created", sa.Boolean(), OPERATIONS, comment="Made by this pipeline; false: found there"),
    column("sent_at", TIMESTAMP, OPERATIONS, comment="When it was last sent; noted down before"),
    column("settled_at", TIMESTAMP, OPERATIONS, comment="When its outcome was known"),
    column("refused_fields", _TEXTS, OPERATIONS, nullable=False, server_default="{}",
           comment="Fields that Tripletex found fault with"),
    column("fields_hash", sa.LargeBinary(), ID,
           comment="Keyed hash of what was refused: the same is not sent twice"),
    sa.CheckConstraint("object IN ('customer', 'contact')", name="known"),
    sa.CheckConstraint("state IN ('sending', 'registered', 'refused')", name="known_state"),
    sa.CheckConstraint("(state = 'registered') = (tripletex_id IS NOT NULL)", name="complete"),
    sa.CheckConstraint("(object = 'customer') = (customer_id = 0)", name="contacts_have_a_customer"),
    schema=SCHEMA,
    comment="Which customer or contact person of Tripletex a card is, and what was sent to make it one",
)  # fmt: skip

registration_plan = sa.Table(
    "registration_plan",
    metadata,
    column("step", sa.Integer(), OPERATIONS, primary_key=True, autoincrement=False,
           comment="Place in the order in which they are taken"),
    column("action", sa.Text(), OPERATIONS, nullable=False, comment="create, update, link or review"),
    column("object", sa.Text(), OPERATIONS, nullable=False, comment="customer or contact"),
    column("entity", sa.Text(), OPERATIONS, nullable=False, comment="organization or person"),
    column("entity_id", UUID, ID, nullable=False, comment="Card of the organisation or person"),
    column("customer_id", sa.BigInteger(), ID,
           comment="Tripletex customer that a contact belongs to; null while there is none"),
    column("record_id", sa.BigInteger(), ID, comment="The object in Tripletex; null while there is none"),
    column("fields", _TEXTS, OPERATIONS, nullable=False, comment="Fields that would be sent"),
    column("reason", sa.Text(), OPERATIONS, nullable=False, comment="Why, in words"),
    column("application_ids", pg.ARRAY(sa.BigInteger()), ID, nullable=False,
           comment="The forms it comes from"),
    sa.CheckConstraint("object IN ('customer', 'contact')", name="known"),
    sa.CheckConstraint("action IN ('create', 'update', 'link', 'review')", name="known_action"),
    schema=SCHEMA,
    comment="What the next registration in Tripletex would do, and why; nothing of it is sent by itself",
)  # fmt: skip

application_file = sa.Table(
    "application_file",
    metadata,
    column("content_hash", sa.LargeBinary(), OPERATIONS, primary_key=True, comment="SHA-256 of the file"),
    column("form_rows", sa.Integer(), OPERATIONS, nullable=False, comment="Applications in it"),
    column("run_id", sa.Text(), OPERATIONS, nullable=False, comment="Dagster run that loaded it"),
    column("loaded_at", TIMESTAMP, OPERATIONS, nullable=False, comment="When"),
    schema=SCHEMA,
    comment="Exports of forms that were loaded, so that none is loaded twice",
)  # fmt: skip
