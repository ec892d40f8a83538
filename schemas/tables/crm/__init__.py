"""The crm schema: one card per customer, what hangs on it and where each value comes from.

This is the read contract (schemas/README.md): columns are added, not renamed or removed.
"""

from schemas.tables.crm.cards import affiliation, organization, person, person_email, person_phone
from schemas.tables.crm.columns import SCHEMA
from schemas.tables.crm.dealings import application, course_signup, inquiry, invoice, subscription
from schemas.tables.crm.identity import (
    field_origin,
    identity_alias,
    identity_event,
    identity_guard,
    identity_state,
    match_block,
    match_crowd,
    match_decision,
    match_key,
    match_link,
    match_pending,
    match_review,
    source_link,
)

__all__ = [
    "SCHEMA",
    "affiliation",
    "application",
    "course_signup",
    "field_origin",
    "identity_alias",
    "identity_event",
    "identity_guard",
    "identity_state",
    "inquiry",
    "invoice",
    "match_block",
    "match_crowd",
    "match_decision",
    "match_key",
    "match_link",
    "match_pending",
    "match_review",
    "organization",
    "person",
    "person_email",
    "person_phone",
    "source_link",
    "subscription",
]
