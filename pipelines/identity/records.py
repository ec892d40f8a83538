"""The records frame: what the six sources say of persons and organisations, one row per live record.

Reads landing tables by columns. Must not know how records are compared or what a card is.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from schemas.tables.landing import TABLES

SOURCES = (
    "brreg_unit",
    "tripletex_customer",
    "tripletex_contact",
    "helpscout_customer",
    "order_form",
    "course_signup",
)
"""Source entities that make cards, in the order of the frame: those that bear a number first."""

TIMES = ("changed_at", "created_at")

COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "source_id": sa.Text(),
    "first_name": sa.Text(),
    "last_name": sa.Text(),
    "full_name": sa.Text(),
    "emails": pg.ARRAY(sa.Text()),
    "phones": pg.ARRAY(sa.Text()),
    "company_name": sa.Text(),
    "organization_number": sa.Text(),
    "company_ref": sa.Text(),
    "is_private": sa.Boolean(),
    "is_inactive": sa.Boolean(),
    "address": sa.Text(),
    "postal_code": sa.Text(),
    "city": sa.Text(),
    "country": sa.Text(),
    "website": sa.Text(),
    "general_email": sa.Text(),
    "invoice_email": sa.Text(),
    "organization_form": sa.Text(),
    "unit_status": sa.Text(),
    "is_subunit": sa.Boolean(),
    "parent_number": sa.Text(),
    "former_names": pg.ARRAY(sa.Text()),
    "vat_registered": sa.Boolean(),
    "industry_code": sa.Text(),
    "industry": sa.Text(),
    "employees": sa.BigInteger(),
    "changed_at": sa.BigInteger(),
    "created_at": sa.BigInteger(),
}
"""Columns beside `source`, as they are read; the two times travel as microseconds since 1970."""

_LISTS = ("emails", "phones", "former_names")
_FETCH_ROWS = 50_000

# A register row in one of these states says nothing of the unit: it was taken out of the open data for
# legal reasons, or was never there.
SILENT_UNITS = ("removed", "unknown")


def read_records(connection: sa.Connection, only: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """All live records of the six sources; `only` narrows it to source ids by source.

    RangeIndex, ordered by source (as in SOURCES) and by id. Object columns with None for a missing value,
    lists of raw text in `emails`, `phones` and `former_names`; `changed_at` (the source's own time of
    change) and `created_at` are datetime64[us, UTC]. For sign-ups and order forms the source tells no
    time: `created_at` is the day on which the record was first read.
    """
    chunks: dict[str, list[Any]] = {name: [] for name in ("source", *COLUMNS)}
    shared: dict[str, str] = {}
    with no_garbage_collection():
        for source in SOURCES:
            if only is None:
                _read(connection, source, _STATEMENTS[source], chunks, shared)
            elif only.get(source):
                _read(connection, source, _only(source, only[source]), chunks, shared)
        return _frame(chunks)


def record_keys(records: pd.DataFrame) -> list[str]:
    """`source:source_id` of each record: its name everywhere in identity."""
    return list(map(":".join, zip(records["source"].tolist(), records["source_id"].tolist(), strict=True)))


def canonical_order(records: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Rank of each record by source, then id (numbers as numbers): the same in any order of rows."""
    source = pd.Index(SOURCES).get_indexer(pd.Index(records["source"]))
    ids = records["source_id"].tolist()
    try:
        identifier = np.fromiter(map(int, ids), dtype=np.int64, count=len(ids))
    except (ValueError, OverflowError):
        _, identifier = np.unique(np.asarray(ids, dtype=str), return_inverse=True)
    rank = np.empty(len(ids), dtype=np.int64)
    rank[np.lexsort((identifier, source))] = np.arange(len(ids))
    return rank


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Millions of small objects would be walked again and again; next to none of them is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _only(source: str, ids: Sequence[str]) -> sa.Select[Any]:
    key = TABLES[source].c["number" if source == "brreg_unit" else "id"]
    wanted = sa.func.unnest(sa.literal(list(ids), pg.ARRAY(sa.Text()))).column_valued("wanted")
    return _STATEMENTS[source].where(key.in_(sa.select(sa.cast(wanted, key.type))))


def _read(
    connection: sa.Connection,
    source: str,
    statement: sa.Select[Any],
    chunks: dict[str, list[Any]],
    shared: dict[str, str],
) -> None:
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    with _cursor(connection, source) as cursor:
        cursor.execute(str(compiled), compiled.params)
        while rows := cursor.fetchmany(_FETCH_ROWS):
            chunks["source"].append(_array([source] * len(rows)))
            for name, values in zip(COLUMNS, zip(*rows, strict=True), strict=True):
                chunks[name].append(_column(name, values, shared))


def _cursor(connection: sa.Connection, source: str) -> Any:
    """A server-side binary cursor: rows come in blocks, times and arrays need no parsing."""
    if not connection.in_transaction():
        connection.begin()
    driver: Any = connection.connection.driver_connection
    return driver.cursor(f"records_{source}", binary=True)


def _column(name: str, values: Sequence[Any], shared: dict[str, str]) -> npt.NDArray[Any]:
    if name in TIMES:
        return _stamps(values)
    if name in _LISTS:
        # Most records lack most lists: they share one empty list, which nothing changes.
        return _array([value or _NOTHING for value in values])
    if name in _REPEATED:
        return _array([value and shared.setdefault(value, value) for value in values])
    return _array(values)


_NOTHING: list[str] = []
# Columns in which the same texts stand again and again: held once, they take a fifth of the memory.
_REPEATED = frozenset(
    "first_name last_name company_name postal_code city country organization_form unit_status"
    " industry_code industry".split()
)


def _array(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _stamps(micros: Sequence[int | None]) -> npt.NDArray[np.datetime64]:
    missing = np.iinfo(np.int64).min  # how numpy writes "not a time"
    return np.array([missing if at is None else at for at in micros], dtype=np.int64).view("datetime64[us]")


def _frame(chunks: dict[str, list[Any]]) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name in ("source", *COLUMNS):
        # Column by column, so that no more than one of them is there twice.
        parts = chunks.pop(name)
        if name in TIMES:
            stamps = np.concatenate(parts) if parts else np.zeros(0, dtype="datetime64[us]")
            columns[name] = pd.Series(stamps).dt.tz_localize("UTC")
        else:
            columns[name] = pd.Series(np.concatenate(parts) if parts else _array([]), dtype=object)
    return pd.DataFrame(columns, copy=False)


def _select(source: str, **given: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """A statement that gives every column of COLUMNS, null where a source has nothing of the kind."""
    table = TABLES[source]
    key = table.c["number" if source == "brreg_unit" else "id"]
    given["source_id"] = sa.cast(key, sa.Text())
    for name in _LISTS:
        given.setdefault(name, _NO_TEXTS)
    columns = [
        sa.cast(given.get(name, sa.null()), type_).label(name)
        if given.get(name) is None or name in _LISTS
        else given[name].label(name)
        for name, type_ in COLUMNS.items()
    ]
    return sa.select(*columns).where(table.c.deleted_at_source.is_(None)).order_by(key)


_NO_TEXTS = sa.cast(pg.array([], type_=sa.Text()), pg.ARRAY(sa.Text()))


def _micros(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.extract("epoch", column) * 1_000_000, sa.BigInteger())


def _day(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A read that was cut short and repeated the same day must end in the same cards."""
    return _micros(sa.func.date_trunc("day", column, "UTC"))


def _several(*columns: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The given values as one list, empty ones left out."""
    return sa.func.array_remove(pg.array(columns), sa.null())


def _split(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Addresses that stand in one field with `;` or `,` between; a single one costs no pattern."""
    return sa.case(
        (column.is_(None), _NO_TEXTS),
        (column.op("~")("[;,]"), sa.func.regexp_split_to_array(column, r"\s*[;,]\s*")),
        else_=pg.array([column]),
    )


def _lines(*columns: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    return sa.func.nullif(sa.func.concat_ws(", ", *columns), "")


def _helpscout_customer() -> sa.Select[Any]:
    table = TABLES["helpscout_customer"].c
    return _select(
        "helpscout_customer",
        first_name=table.first_name,
        last_name=table.last_name,
        emails=table.emails,
        phones=table.phones,
        company_name=table.organization,
        organization_number=table.organization_number,
        company_ref=sa.cast(table.organization_id, sa.Text()),
        changed_at=_micros(table.source_changed_at),
        created_at=_micros(table.created_at),
    )


def _tripletex_customer() -> sa.Select[Any]:
    """The postal address as one block where there is one, else the physical one."""
    table = TABLES["tripletex_customer"].c
    posted = sa.func.coalesce(table.postal_address_1, table.postal_address_2, table.postal_code).is_not(None)

    def of(postal: sa.ColumnElement[Any], physical: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.case((posted, postal), else_=physical)

    return _select(
        "tripletex_customer",
        full_name=table.name,
        emails=sa.cast(_several(table.email), pg.ARRAY(sa.Text())).op("||")(_split(table.invoice_email)),
        phones=sa.case(
            (table.is_private_individual, _several(table.mobile, table.phone)),
            else_=_several(table.phone, table.mobile),
        ),
        organization_number=table.organization_number,
        is_private=table.is_private_individual,
        is_inactive=table.is_inactive,
        address=of(
            _lines(table.postal_address_1, table.postal_address_2),
            _lines(table.physical_address_1, table.physical_address_2),
        ),
        postal_code=of(table.postal_code, table.physical_code),
        city=of(table.postal_city, table.physical_city),
        country=of(table.postal_country, table.physical_country),
        website=table.website,
        general_email=table.email,
        invoice_email=table.invoice_email,
        changed_at=_micros(table.source_changed_at),
        created_at=_micros(table.created_at),
    )


def _tripletex_contact() -> sa.Select[Any]:
    table = TABLES["tripletex_contact"].c
    return _select(
        "tripletex_contact",
        first_name=table.first_name,
        last_name=table.last_name,
        emails=_several(table.email),
        phones=_several(table.mobile, table.work_phone),
        company_ref=sa.cast(table.customer_id, sa.Text()),
        is_inactive=table.is_inactive,
        changed_at=_micros(table.source_changed_at),
        created_at=_micros(table.created_at),
    )


def _participant(source: str) -> sa.Select[Any]:
    table = TABLES[source].c
    return _select(
        source,
        first_name=table.first_name,
        last_name=table.last_name,
        emails=_several(table.email),
        phones=_several(table.phone),
        company_name=table.company_name,
        created_at=_day(table.first_seen_at),
    )


def _brreg_unit() -> sa.Select[Any]:
    table = TABLES["brreg_unit"].c
    speaks = table.status.not_in(SILENT_UNITS)

    def told(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.case((speaks, column))

    return _select(
        "brreg_unit",
        full_name=told(table.name),
        organization_number=table.number,
        is_private=sa.false(),
        address=told(table.address),
        postal_code=told(table.postal_code),
        city=told(table.city),
        country=told(table.country),
        website=told(table.website),
        organization_form=told(table.organization_form),
        unit_status=table.status,
        is_subunit=told(table.is_subunit),
        parent_number=told(table.parent_number),
        former_names=sa.case((speaks, table.former_names), else_=_NO_TEXTS),
        vat_registered=told(table.vat_registered),
        industry_code=told(table.industry_code),
        industry=told(table.industry),
        employees=told(table.employees),
    )


_STATEMENTS: dict[str, sa.Select[Any]] = {
    "helpscout_customer": _helpscout_customer(),
    "tripletex_customer": _tripletex_customer(),
    "tripletex_contact": _tripletex_contact(),
    "course_signup": _participant("course_signup"),
    "order_form": _participant("order_form"),
    "brreg_unit": _brreg_unit(),
}
