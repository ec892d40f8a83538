"""Finds the source records of one person from a few hints, and keeps those of others apart.

Works on source records, not on cards: a card can be wrong, and then another person is on it. Whoever else
uses the same address or number is listed as doubtful and left alone until somebody decides.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.facts import OWNERS
from pipelines.identity.normalise.emails import email
from pipelines.identity.normalise.names import PersonName, Relation, person_name, relation
from pipelines.privacy.keys import (
    Key,
    KeyKind,
    contact_fields,
    contact_keys,
    email_keys,
    phone_keys,
    source_key,
)
from pipelines.privacy.suppression import is_company
from schemas.errors import SafeError
from schemas.payloads.base import Payload
from schemas.tables import crm
from schemas.tables.landing import PAYLOADS, TABLES

PERSONAL_SOURCES = (
    "helpscout_customer",
    "tripletex_customer",
    "tripletex_contact",
    "course_signup",
    "order_form",
)
"""Source entities whose records are about persons (a customer of the ledger may be a company)."""

_ROUNDS = 10
_NUMBER = re.compile(r"-?[1-9][0-9]{0,17}|0")
_BETWEEN_DIGITS = " \u00a0\t-–.()+"
_PAYLOADS: Mapping[str, type[Payload]] = {payload.source: payload for payload in PAYLOADS}

RecordId = tuple[str, str]
"""Source entity and id at the source."""


class HintError(SafeError, ValueError):
    """A hint cannot be used; the message says which kind, never its value."""


class SeveralPeopleError(HintError):
    """The hints are borne by several people, and nothing says which of them is asking."""

    def __init__(self) -> None:
        super().__init__(
            "records of several people bear what is given, and their names exclude each other: give the"
            " person's name as well (--name), or a record that is theirs (--record)"
        )


@dataclass(frozen=True, slots=True)
class Hints:
    """What the person told: at least one address, number or source record. Personal data; never logged."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    records: tuple[RecordId, ...] = ()
    name: str | None = None
    include: frozenset[RecordId] = frozenset()
    """Doubtful records that somebody decided to be the person's; a sole proprietor's business too."""
    exclude: frozenset[RecordId] = frozenset()
    """Records that somebody decided to be another's."""

    def keys(self) -> frozenset[Key]:
        """The hints in their normal forms. Raises HintError for one that is no address, number or record."""
        found: set[Key] = set()
        for text in self.emails:
            keys = email_keys(text)
            if not keys:
                raise HintError("an e-mail hint is not an e-mail address")
            found.update(keys)
        for text in self.phones:
            keys = phone_keys(text)
            if not keys:
                raise HintError("a phone hint is not a phone number")
            found.update(keys)
        for source, source_id in {*self.records, *self.include, *self.exclude}:
            if source not in _PAYLOADS:
                raise HintError(f"a record hint names none of the sources: {', '.join(sorted(_PAYLOADS))}")
            if not _NUMBER.fullmatch(source_id):
                raise HintError("a record hint has an id that is no number")
        if not found and not self.records and not self.include:
            raise HintError("give at least one e-mail address, phone number or source record")
        return frozenset(found)


@dataclass(frozen=True)
class SourceRecord:
    """One landing row that may be the person's."""

    source: str
    source_id: str
    values: Mapping[str, Any] = field(repr=False, compare=False)
    payload: Payload = field(repr=False, compare=False)

    @property
    def id(self) -> RecordId:
        """Source entity and id."""
        return self.source, self.source_id

    @property
    def is_company(self) -> bool:
        """Whether it is an organisation's, which is another party."""
        return is_company(self.payload)

    def contacts(self) -> frozenset[Key]:
        """Its addresses and numbers in normal form."""
        return frozenset(
            key
            for name, kind in contact_fields(type(self.payload)).items()
            for key in contact_keys(self.payload, name, kind)
        )

    def name(self) -> PersonName:
        """The person's name on it; a business has one that says nothing of who runs it."""
        if self.is_company:
            return person_name(None, None)
        values = self.values
        return person_name(values.get("first_name"), values.get("last_name"), values.get("name"))


@dataclass(frozen=True)
class Found:
    """What the store holds about one person."""

    records: tuple[SourceRecord, ...] = ()
    """The person's own records."""
    companies: tuple[SourceRecord, ...] = ()
    """Records of organisations that carry the person's address or number."""
    doubtful: tuple[SourceRecord, ...] = ()
    """Records that share a key or a card with the person and bear another name, or none."""
    keys: frozenset[Key] = frozenset()
    """Addresses and numbers that are the person's alone, and the ids of the records."""
    shared: frozenset[Key] = frozenset()
    """Addresses and numbers that others use too: role mailboxes, switchboards, families."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """Inquiries and invoices that hang on the records, by source entity."""
    person_ids: tuple[str, ...] = ()
    """Cards that the records are on."""
    needs_name: bool = False
    """Several people bear what was given, their names exclude each other, and none was said to be asking."""

    @property
    def digest(self) -> str:
        """Changes when what was found changes: what was previewed is what is carried out."""
        parts = sorted(
            (role, record.source, record.source_id)
            for role in ("records", "companies")
            for record in getattr(self, role)
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def counts(self) -> dict[str, int]:
        """What was found in numbers, by source entity."""
        found: dict[str, int] = defaultdict(int)
        for record in self.records:
            found[record.source] += 1
        return {**found, **{name: count for name, count in self.facts.items() if count}}


def find(connection: sa.Connection, hints: Hints) -> Found:
    """The records of one person. Raises HintError.

    Begins with the hints; goes on to records that carry the same addresses and numbers, and to those on the
    same card, as long as the names agree.
    """
    hinted = hints.keys()
    mine: dict[RecordId, SourceRecord] = {}
    doubtful: dict[RecordId, SourceRecord] = {}
    companies: dict[RecordId, SourceRecord] = {}
    for record in _by_ids(connection, {*hints.records, *hints.include} - hints.exclude):
        # A sole proprietor's business is the person; only somebody who looks can say so.
        is_other = record.is_company and record.id not in hints.include
        (companies if is_other else mine)[record.id] = record
    known_names = [person_name(None, None, hints.name)] if hints.name else []
    searched: set[Key] = set()
    bearers: dict[RecordId, SourceRecord] = {}
    wanted = set(hinted) | {key for record in mine.values() for key in record.contacts()}
    for _ in range(_ROUNDS):
        fresh = wanted - searched
        searched |= fresh
        bearers |= {record.id: record for record in _by_keys(connection, fresh)}
        met = [*bearers.values(), *_on_same_cards(connection, mine)]
        new = {
            record.id: record for record in met if record.id not in mine and record.id not in hints.exclude
        }
        companies |= {
            key: record for key, record in new.items() if record.is_company and record.contacts() & searched
        }
        people = [record for record in new.values() if not record.is_company]
        names = [*known_names, *(record.name() for record in mine.values())]
        joined = _belonging(people, names, {key for one in mine.values() for key in one.contacts()} | hinted)
        doubtful |= {record.id: record for record in people if record not in joined}
        if not joined and not fresh:
            break
        mine |= {record.id: record for record in joined}
        wanted |= {key for record in joined for key in record.contacts() if _leads_further(key)}
    doubtful = {key: record for key, record in doubtful.items() if key not in mine}
    found = _found(connection, hinted, mine, companies, doubtful, bearers)
    unnamed = all(name.kind == "none" for name in known_names)
    return replace(found, needs_name=unnamed and bool(doubtful) and not mine)


def find_one(connection: sa.Connection, hints: Hints) -> Found:
    """As `find`, for what is told of one person or done to one.

    Raises HintError, and SeveralPeopleError rather than saying of one of several people that nothing is held.
    """
    found = find(connection, hints)
    if found.needs_name:
        raise SeveralPeopleError
    return found


def contact_columns(source: str) -> dict[str, KeyKind]:
    """The columns of a landing table that hold addresses or numbers."""
    return contact_fields(_PAYLOADS[source])


def _belonging(
    people: Sequence[SourceRecord], names: Sequence[PersonName], keys: set[Key]
) -> list[SourceRecord]:
    """Which of some records are the person's, by the names known so far.

    Without any name yet, all of them when no two names exclude each other, else none.
    """
    given = [name for name in names if name.kind != "none"]
    if not given:
        own = [record.name() for record in people]
        agree = all(relation(a, b) != Relation.CONFLICT for a in own for b in own)
        return [record for record in people if record.contacts() & keys] if agree else []
    joined = []
    for record in people:
        best = max(relation(record.name(), name) for name in given)
        # A name that only half agrees, or none at all, needs a key in common.
        if best >= Relation.INITIAL or (
            best in (Relation.MISSING, Relation.PARTIAL, Relation.RENAMED) and record.contacts() & keys
        ):
            joined.append(record)
    return joined


def _leads_further(key: Key) -> bool:
    """Whether a key found on the way may lead to more records: a role's mailbox is many people's."""
    parsed = email(key.value) if key.kind == "email" else None
    return parsed is None or not parsed.is_role


def _found(
    connection: sa.Connection,
    hinted: frozenset[Key],
    mine: Mapping[RecordId, SourceRecord],
    companies: Mapping[RecordId, SourceRecord],
    doubtful: Mapping[RecordId, SourceRecord],
    bearers: Mapping[RecordId, SourceRecord],
) -> Found:
    contacts = set(hinted) | {key for record in mine.values() for key in record.contacts()}
    others = [record for record in bearers.values() if record.id not in mine and not record.is_company]
    shared = {key for record in others for key in record.contacts()} & contacts
    shared |= _guarded(connection, contacts) | {key for key in contacts if not _leads_further(key)}
    own = contacts - shared
    ids = {source_key(record.source, record.source_id) for record in mine.values()}
    carrying = tuple(record for _, record in sorted(companies.items()) if record.contacts() & own)
    return Found(
        records=tuple(record for _, record in sorted(mine.items())),
        companies=carrying,
        doubtful=tuple(record for _, record in sorted(doubtful.items())),
        keys=frozenset(own | ids),
        shared=frozenset(shared),
        facts=_facts(connection, mine),
        person_ids=_cards(connection, mine),
    )


def _guarded(connection: sa.Connection, keys: set[Key]) -> set[Key]:
    """Keys that the last matching found to be many people's."""
    guard = crm.identity_guard.c
    kinds = [key.kind for key in keys]
    values = [key.value for key in keys]
    rows = connection.execute(
        sa.select(guard.key_kind, guard.key_value).where(
            sa.tuple_(guard.key_kind, guard.key_value).in_(list(zip(kinds, values, strict=True)))
        )
    )
    return {Key(row.key_kind, row.key_value) for row in rows}


def _facts(connection: sa.Connection, mine: Mapping[RecordId, SourceRecord]) -> dict[str, int]:
    return {
        source: connection.scalar(
            sa.select(sa.func.count()).select_from(TABLES[source]).where(hanging_on(source, mine))
        )
        or 0
        for source, (owner, _) in OWNERS.items()
        if owner != source
    }


def hanging_on(source: str, records: Iterable[RecordId]) -> sa.ColumnElement[bool]:
    """The rows of a fact's landing table (inquiries, invoices) that hang on some records."""
    owner, column = OWNERS[source]
    ids = [int(source_id) for of, source_id in records if of == owner]
    return TABLES[source].c[column] == sa.func.any(sa.literal(ids, pg.ARRAY(sa.BigInteger())))


def has_id(table: sa.Table, ids: Iterable[str]) -> sa.ColumnElement[bool]:
    """The rows of a table with these ids at their source, in the key's own type, so that its index serves."""
    key = table.primary_key.columns[0]
    if isinstance(key.type, sa.BigInteger):
        numbers = [int(text) for text in ids if _NUMBER.fullmatch(text)]
        return key == sa.func.any(sa.literal(numbers, pg.ARRAY(sa.BigInteger())))
    return key == sa.func.any(sa.literal(list(ids), pg.ARRAY(sa.Text())))


def _cards(connection: sa.Connection, records: Iterable[RecordId]) -> tuple[str, ...]:
    link = crm.source_link.c
    pairs = list(records)
    if not pairs:
        return ()
    return tuple(
        connection.scalars(
            sa.select(link.person_id)
            .where(sa.tuple_(link.source, link.source_id).in_(pairs), link.person_id.is_not(None))
            .distinct()
            .order_by(link.person_id)
        )
    )


def _on_same_cards(connection: sa.Connection, mine: Mapping[RecordId, SourceRecord]) -> list[SourceRecord]:
    cards = _cards(connection, mine)
    if not cards:
        return []
    link = crm.source_link.c
    rows = connection.execute(
        sa.select(link.source, link.source_id).where(
            link.person_id == sa.func.any(sa.literal(list(cards), pg.ARRAY(sa.Uuid(as_uuid=False))))
        )
    )
    return _by_ids(connection, {(row.source, row.source_id) for row in rows})


def _by_ids(connection: sa.Connection, records: Iterable[RecordId]) -> list[SourceRecord]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for source, source_id in records:
        by_source[source].append(source_id)
    found = []
    for source, ids in sorted(by_source.items()):
        found += _read(connection, source, has_id(TABLES[source], ids))
    return found


def _by_keys(connection: sa.Connection, keys: Iterable[Key]) -> list[SourceRecord]:
    """Records that carry one of the keys: candidates by their bare letters in SQL, then by normal form."""
    wanted = frozenset(keys)
    patterns = {
        "email": sorted(
            {f"%{_bare(key.value.partition('@')[0])}%@%" for key in wanted if key.kind == "email"}
        ),
        "phone": sorted({f"%{_digits(key.value)[-8:]}%" for key in wanted if key.kind == "phone"}),
    }
    if not patterns["email"] and not patterns["phone"]:
        return []
    found = []
    for source in PERSONAL_SOURCES:
        table = TABLES[source]
        conditions = [
            _bare_text(table.c[name], kind).like(sa.func.any(sa.literal(patterns[kind], pg.ARRAY(sa.Text()))))
            for name, kind in contact_columns(source).items()
            if patterns.get(kind)
        ]
        if conditions:
            found += [
                record
                for record in _read(connection, source, sa.or_(*conditions))
                if record.contacts() & wanted
            ]
    return found


def _bare_text(column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[str]:
    """A contact column as the patterns of `_by_keys` know it: no dots and small letters, or digits alone."""
    text = sa.func.array_to_string(column, ";") if isinstance(column.type, sa.ARRAY) else column
    if kind == "email":
        return sa.func.replace(sa.func.lower(text), ".", "")
    # A pattern would read a million rows ten times slower than taking out these few signs.
    return sa.func.translate(text, _BETWEEN_DIGITS, "")


def _bare(local: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", local.lower().replace(".", ""))


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _read(connection: sa.Connection, source: str, condition: sa.ColumnElement[bool]) -> list[SourceRecord]:
    rows = connection.execute(sa.select(TABLES[source]).where(condition)).mappings()
    return [source_record(source, row) for row in rows]


def source_record(source: str, row: Mapping[Any, Any]) -> SourceRecord:
    """A row of a landing table as a record. What is in the store was validated when it came."""
    payload = _PAYLOADS[source]
    fields = {name: row[name] for name in payload.model_fields}
    return SourceRecord(source, str(row[payload.key]), dict(row), payload.model_construct(**fields))
