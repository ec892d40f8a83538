"""The records: one table per source entity, derived from its payload, so the two cannot drift.

It holds the declared fields of the payload, keyed by source id, and four columns of book-keeping.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import OPERATIONS, Category
from schemas.payloads.base import Payload
from schemas.payloads.brreg import BrregUnit
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox
from schemas.payloads.pindena import CourseSignup, OrderForm
from schemas.payloads.tripletex import (
    TripletexContact,
    TripletexCustomer,
    TripletexInvoice,
    TripletexSubscription,
)
from schemas.tables.base import TIMESTAMP, column, metadata

SCHEMA = "landing"

PAYLOADS: tuple[type[Payload], ...] = (
    HelpScoutCustomer,
    HelpScoutConversation,
    HelpScoutMailbox,
    TripletexCustomer,
    TripletexContact,
    TripletexInvoice,
    TripletexSubscription,
    BrregUnit,
    CourseSignup,
    OrderForm,
)

BOOKKEEPING = ("content_hash", "first_seen_at", "last_changed_at", "deleted_at_source")

_SQL_TYPES: dict[Any, sa.types.TypeEngine[Any]] = {
    int: sa.BigInteger(),
    str: sa.Text(),
    bool: sa.Boolean(),
    datetime: TIMESTAMP,
    date: sa.Date(),
    Decimal: sa.Numeric(),
    list[str]: pg.ARRAY(sa.Text()),
}


def landing_table(payload: type[Payload]) -> sa.Table:
    """The table of one payload: its fields in order, then the book-keeping columns."""
    hints = get_type_hints(payload, include_extras=True)
    fields = [_column(payload, name, hints[name]) for name in payload.model_fields]
    return sa.Table(
        payload.source,
        metadata,
        *fields,
        column("content_hash", sa.LargeBinary(), OPERATIONS, nullable=False,
               comment="Hash of the declared fields; a row is written only when it differs"),
        column("first_seen_at", TIMESTAMP, OPERATIONS, nullable=False,
               server_default=sa.func.now(), comment="When the record was first read"),
        column("last_changed_at", TIMESTAMP, OPERATIONS, nullable=False, index=True,
               server_default=sa.func.now(), comment="When a read last changed this row"),
        column("deleted_at_source", TIMESTAMP, OPERATIONS,
               comment="When the record was found to be gone from its source; null while it is there"),
        schema=SCHEMA,
        comment=(payload.__doc__ or payload.source).strip().splitlines()[0],
    )  # fmt: skip


def _column(payload: type[Payload], name: str, hint: Any) -> sa.Column[Any]:
    """One payload field as a column, its category taken from the field's `Category` metadata."""
    category = next(
        (item for item in payload.model_fields[name].metadata if isinstance(item, Category)), None
    )
    if category is None:
        raise TypeError(f"{payload.__name__}.{name} has no Category: every column needs one")
    type_, optional = _unwrapped(hint)
    is_key = name == payload.key
    return column(
        name,
        _SQL_TYPES[type_],
        category,
        primary_key=is_key,
        autoincrement=False,
        nullable=optional and not is_key,
        comment=payload.model_fields[name].description or name.replace("_", " "),
    )


def _unwrapped(hint: Any) -> tuple[Any, bool]:
    """(python type, may be None) behind Annotated and Optional."""
    if hasattr(hint, "__metadata__"):
        return _unwrapped(hint.__origin__)
    if get_origin(hint) in (Union, UnionType):
        inner = [part for part in get_args(hint) if part is not NoneType]
        return _unwrapped(inner[0])[0], True
    if get_origin(hint) is Literal:
        return str, False
    return hint, False


TABLES: dict[str, sa.Table] = {payload.source: landing_table(payload) for payload in PAYLOADS}
