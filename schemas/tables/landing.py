"""Landing tables: one per source entity, derived from its payload, so the two cannot drift.

A landing table holds the declared fields of a payload, keyed by source id, and five columns of
book-keeping. It knows nothing of persons or organisations.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.categories import EMPLOYER, ID, OPERATIONS, PUBLIC, Category
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
