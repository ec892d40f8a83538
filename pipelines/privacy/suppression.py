"""The suppression ledger: what was erased, as keyed hashes, consulted whenever rows are landed.

Without the secret the ledger tells nobody who was erased. A landing transaction and an erasure exclude
each other, so a record that was on its way in when its person was erased does not slip through.

An address and a source id are one person's for good; a phone number gets another bearer after a while. So it
is noted with the first names of the one who was erased (`phone_named_1`, `phone_name_1`): a record of that
number under another first name is let in, one under the same or under none is held back. Where no name was
known (`phone`) the number alone holds everybody back, until it is released.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.facts import OWNERS
from pipelines.identity.normalise.names import NO_NAME, PersonName, person_name
from pipelines.privacy.entries import (
    HALF,
    NAME,
    NUMBER,
    Entry,
    EntryKind,
    columns,
    entries_of,
    hashed,
    key_hmac,
)
from pipelines.privacy.first_names import asked_forms, noted_forms
from pipelines.privacy.keyed import Noted, digest_under
from pipelines.privacy.keys import Key, KeyKind, contact_fields, contact_keys, source_key, without
from schemas.errors import SafeError
from schemas.payloads.base import Payload
from schemas.payloads.brreg import BrregUnit
from schemas.payloads.tripletex import TripletexCustomer
from schemas.tables.privacy import suppression, suppression_key

MINIMUM_SECRET_BYTES = 16

_LOCK = 0x6B756E6465  # "kunde": the advisory lock between landing (shared) and erasing (exclusive)
_NOTE_AGAIN_AFTER = timedelta(days=30)


class SuppressionError(SafeError, RuntimeError):
    """The ledger cannot be consulted, so nothing may be landed; the message says what to set."""


@dataclass(frozen=True, slots=True)
class _Met:
    """An entry that is in the ledger."""

    entry: Entry
    key_id: str
    reason: str
    last_met_at: datetime

    @property
    def key(self) -> Key:
        """The key it is noted of."""
        kind = self.entry.kind
        return Key("phone" if kind in (NUMBER, NAME) else kind, self.entry.value)  # type: ignore[arg-type]  # the other kinds are keys'

    def is_stale(self, now: datetime, current: str) -> bool:
        """It is noted under an earlier secret, or was last noted as met long ago."""
        return self.key_id != current or now - self.last_met_at > _NOTE_AGAIN_AFTER


@dataclass(frozen=True, slots=True)
class Screening:
    """What the ledger says of a buffer of records, by record key."""

    held_back: frozenset[Any] = frozenset()
    """Records that must not be stored."""
    blanked: Mapping[Any, Payload] = field(default_factory=dict)
    """Records of companies that carry an erased person's address or number: the same without it."""


class Suppression:
    """The ledger under one secret, and under earlier ones while entries made with them last.

    `secret` and `previous` are the bytes of PRIVACY_SECRET and of the secrets before it. HMACs cannot be
    made anew without the values, so an entry moves to the present secret when its value is next met.
    Raises SuppressionError for a secret shorter than MINIMUM_SECRET_BYTES.
    """

    def __init__(
        self,
        secret: bytes,
        previous: Sequence[bytes] = (),
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if any(len(one) < MINIMUM_SECRET_BYTES for one in (secret, *previous)):
            raise SuppressionError(f"PRIVACY_SECRET needs at least {MINIMUM_SECRET_BYTES} bytes")
        self._secrets = {_fingerprint(one): one for one in (secret, *previous)}
        self._current = _fingerprint(secret)
        self._clock = clock

    @property
    def key_id(self) -> str:
        """The fingerprint of the present secret, under which new entries are written."""
        return self._current

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The present secret and those before it."""
        return tuple(self._secrets.values())

    def held_back(self, connection: sa.Connection, source: str, records: Iterable[Payload]) -> set[Any]:
        """Keys of the records that must not be stored. See `screen`."""
        return set(self.screen(connection, source, records).held_back)

    def screen(self, connection: sa.Connection, source: str, records: Iterable[Payload]) -> Screening:
        """Judge a buffer of records of one source, inside the transaction that will store them.

        A record is held back when its source id was erased, or an e-mail address or phone number on it, or
        the record it hangs on (an inquiry's customer). A number that was noted with names lets in a record
        with a name that is none of them. A company's record is not the person's: there the erased value
        alone is blanked. One look-up for the whole buffer, a second one where such a number is met; nothing
        is hashed while the ledger is empty. The transaction then excludes erasures until it ends.
        """
        self.keep_out_erasures(connection)
        in_use = self._secrets_in_use(connection)
        if not in_use:
            return Screening()
        by_record = {_key_of(record): (record, _keys(source, record)) for record in records}
        met = self._met(connection, {key for _, keys in by_record.values() for key in keys}, in_use)
        if not met:
            return Screening()
        hits, names = self._hits(connection, by_record, met, in_use)
        self._renew(
            connection, [one for one in met if one.entry.kind != NUMBER or one.entry.value in names], names
        )
        held_back: set[Any] = set()
        blanked: dict[Any, Payload] = {}
        for name, found in hits.items():
            record = by_record[name][0]
            if is_company(record) and source_key(source, name) not in found:
                blanked[name] = _blanked(record, found)
            else:
                held_back.add(name)
        return Screening(frozenset(held_back), blanked)

    def _hits(
        self,
        connection: sa.Connection,
        by_record: Mapping[Any, tuple[Payload, frozenset[Key]]],
        met: Sequence[_Met],
        in_use: Mapping[str, bytes],
    ) -> tuple[dict[Any, set[Key]], dict[str, set[PersonName]]]:
        """Each record with the keys that hold it back; by number noted with names, the whole ones held."""
        noted = {one.key for one in met if one.entry.kind != NUMBER}
        named = {Key("phone", one.entry.value) for one in met if one.entry.kind == NUMBER}
        numbers = {name: own for name, (_, keys) in by_record.items() if (own := keys & named)}
        called = {name: _bearer(by_record[name][0]) for name in numbers}
        asked = {
            name: {Entry(NAME, key.value, form) for key in own for form in asked_forms(called[name])}
            for name, own in numbers.items()
        }
        known = {one.entry for one in self._met_names(connection, set().union(*asked.values()), in_use)}
        hits = {name: set(found) for name, (_, keys) in by_record.items() if (found := keys & noted)}
        whole: dict[str, set[PersonName]] = {}
        for name, own in numbers.items():
            for key in own:
                # Nobody else is named: what was erased stays erased.
                if not asked[name] or any(entry.value == key.value for entry in asked[name] & known):
                    hits.setdefault(name, set()).add(key)
                    whole.setdefault(key.value, set()).update(
                        bearer for bearer in (called[name],) if bearer.kind == "full"
                    )
        return hits, whole

    def contains(self, connection: sa.Connection, keys: Iterable[Key]) -> frozenset[Key]:
        """Those of `keys` that are in the ledger; a number also where it is there with names only."""
        wanted = set(keys)
        met = self._met(connection, wanted, self._secrets_in_use(connection))
        self._renew(connection, [one for one in met if one.entry.kind != NUMBER], {})
        return frozenset(one.key for one in met)

    def noted(self, connection: sa.Connection, kind: KeyKind) -> Noted:
        """All entries of one kind, to ask about very many values; asking so does not count as meeting them.
        Of numbers, those that hold back everybody: what is stored with another one was let in. Raises
        SuppressionError as `screen` does.
        """
        under = []
        for key_id, secret in self._secrets_in_use(connection).items():
            stored = sa.select(suppression.c.key_hmac).where(
                suppression.c.key_id == key_id, suppression.c.key_kind == kind
            )
            if known := frozenset(map(bytes, connection.scalars(stored))):
                under.append((digest_under(secret, f"{kind}\0"), known))
        return Noted(tuple(under))

    def add(
        self, connection: sa.Connection, keys: Iterable[Key], reason: str, names: Iterable[PersonName] = ()
    ) -> int:
        """Write keys into the ledger; return how many are new. One that is there already stays as it is.

        With `names`, those of the person as far as known, the numbers among the keys hold back what bears
        one of them, or none; without any they hold back everybody. Waits for landing transactions under
        way and keeps new ones out until this one ends: call `lock` before looking for the rows to erase.
        `reason` is `erasure` or the id of a retention rule.
        """
        self.lock(connection)
        now = self._clock()
        wanted = set(keys)
        if not wanted:
            return 0
        self._note_secret(connection, now)
        forms = {form for name in names for form in noted_forms(name)}
        if not forms:
            return self._insert(connection, {Entry(*key) for key in wanted}, reason, now)
        numbers = {key.value for key in wanted if key.kind == "phone"}
        noted = {Entry(*key) for key in wanted if key.kind != "phone"}
        new = self._insert(connection, noted | {Entry(NUMBER, number) for number in numbers}, reason, now)
        named = {Entry(NAME, number, form) for number in numbers for form in forms}
        self._insert(connection, named, reason, now)
        return new

    def keep_out_erasures(self, connection: sa.Connection) -> None:
        """Let no erasure begin until this transaction ends; other reads may land at the same time."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))

    def lock(self, connection: sa.Connection) -> None:
        """Keep landing out until this transaction ends; what is landed by then can be seen and erased."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))

    def check(self, connection: sa.Connection) -> None:
        """Raise SuppressionError where entries are under a secret that is not configured."""
        self._secrets_in_use(connection)

    def release(self, connection: sa.Connection, keys: Iterable[Key]) -> int:
        """Take keys out of the ledger, whichever secret they were written with; return how many were in it.

        The person's own wish only: the next read may then store them again.
        """
        wanted = set(keys)
        entries = entries_of(wanted)
        released = len({one.key for one in self._met(connection, wanted, self._secrets_in_use(connection))})
        kinds, hashes = columns(entries, self._secrets.values())
        connection.execute(
            sa.delete(suppression).where(
                sa.tuple_(suppression.c.key_kind, suppression.c.key_hmac).in_(_unnested(kinds, hashes))
            )
        )
        numbers = [entry for entry in entries if entry.kind == NUMBER]
        connection.execute(sa.delete(suppression).where(_names_of(numbers, self._secrets.values())))
        self._forget_unused(connection)
        return released

    def _secrets_in_use(self, connection: sa.Connection) -> dict[str, bytes]:
        """The secrets with entries in the ledger; {} when it is empty.

        Raises SuppressionError when there are entries under a secret that is not configured: they could
        not be recognised, and what was erased would come back.
        """
        has_entries = sa.exists().where(suppression.c.key_id == suppression_key.c.key_id)
        used = set(connection.scalars(sa.select(suppression_key.c.key_id).where(has_entries)))
        unknown = used - set(self._secrets)
        if unknown:
            raise SuppressionError(
                f"the suppression ledger has entries under the secret {', '.join(sorted(unknown))}, which is"
                " not configured: set PRIVACY_SECRET to it, or add it to PRIVACY_SECRET_PREVIOUS"
            )
        return {key_id: self._secrets[key_id] for key_id in used}

    def _met(self, connection: sa.Connection, keys: set[Key], in_use: Mapping[str, bytes]) -> list[_Met]:
        """What is in the ledger of some keys, once for each secret under which it is."""
        by_hash = {
            (key_id, key.kind, key_hmac(secret, key.kind, key.value)): key
            for key_id, secret in in_use.items()
            for key in keys
        }
        return [
            _Met(
                Entry(row.key_kind, by_hash[row.key_id, row.asked, bytes(row.key_hmac)].value),
                row.key_id,
                row.reason,
                row.last_met_at,
            )
            for row in _looked_up(connection, by_hash)
        ]

    def _met_names(
        self, connection: sa.Connection, names: set[Entry], in_use: Mapping[str, bytes]
    ) -> list[_Met]:
        """As `_met`, of numbers with forms of names."""
        by_hash = {
            (key_id, entry.kind, value): entry
            for key_id, secret in in_use.items()
            for entry, value in hashed(secret, names)
        }
        return [
            _Met(by_hash[row.key_id, row.asked, bytes(row.key_hmac)], row.key_id, row.reason, row.last_met_at)
            for row in _looked_up(connection, by_hash)
        ]

    def _renew(
        self, connection: sa.Connection, met: Iterable[_Met], names: Mapping[str, set[PersonName]]
    ) -> None:
        """Count the ledger's period from today for what is still being sent, under the present secret.

        `names`: whole names that numbers held back. With one its number moves to the present secret; without,
        it stays under its own, where its names are.
        """
        now = self._clock()
        stale = [one for one in met if one.is_stale(now, self._current)]
        if not stale:
            return
        self._note_secret(connection, now)
        kept: set[tuple[str, Entry]] = set()
        for reason in {one.reason for one in stale}:
            entries: set[Entry] = set()
            for one in (one for one in stale if one.reason == reason):
                if one.entry.kind != NUMBER:
                    entries.add(one.entry)
                elif one.key_id == self._current or not names[one.entry.value]:
                    kept.add((one.key_id, one.entry))
                else:
                    entries.add(one.entry)
                    entries |= {
                        Entry(NAME, one.entry.value, form)
                        for name in names[one.entry.value]
                        for form in noted_forms(name)
                    }
            self._insert(connection, entries, reason, now)
        for key_id in {key_id for key_id, _ in kept}:
            numbers = {entry for of, entry in kept if of == key_id}
            _touch(connection, numbers, self._secrets[key_id], now)

    def _note_secret(self, connection: sa.Connection, now: datetime) -> None:
        connection.execute(
            pg.insert(suppression_key).on_conflict_do_nothing(), {"key_id": self._current, "created_at": now}
        )

    def _insert(self, connection: sa.Connection, entries: set[Entry], reason: str, now: datetime) -> int:
        kinds, hashes = columns(entries, [self._secrets[self._current]])
        rows = _unnested(kinds, hashes).subquery()
        statement = pg.insert(suppression).from_select(
            ["key_id", "key_kind", "key_hmac", "reason", "created_at", "last_met_at"],
            sa.select(
                sa.literal(self._current),
                rows.c.key_kind,
                rows.c.key_hmac,
                sa.literal(reason),
                sa.literal(now),
                sa.literal(now),
            ),
        )
        written: sa.CursorResult[Any] = connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(suppression.primary_key), set_={"last_met_at": now}
            ).returning(sa.literal_column("xmax = 0"))
        )
        return sum(1 for (is_new,) in written if is_new)

    def _forget_unused(self, connection: sa.Connection) -> None:
        """Drop the fingerprints of secrets without entries, so that an old secret can be thrown away."""
        has_entries = sa.exists().where(suppression.c.key_id == suppression_key.c.key_id)
        connection.execute(sa.delete(suppression_key).where(~has_entries))


def _looked_up(
    connection: sa.Connection, wanted: Iterable[tuple[str, EntryKind, bytes]]
) -> Sequence[sa.Row[Any]]:
    """The rows of some hashes by secret and kind, with the kind that was asked for.

    A number is also looked for as one that has names, which has the same hash.
    """
    given = list(wanted)
    if not given:
        return []
    ids, kinds, hashes = (list(part) for part in zip(*given, strict=True))
    arrays = (
        sa.func.unnest(_array(ids), _array(kinds), _array(hashes, sa.LargeBinary()))
        .table_valued("key_id", "key_kind", "key_hmac", name="given")
        .render_derived()
    )
    # Once for both, so that the hashes are sent once.
    asked = sa.select(arrays.c.key_id, arrays.c.key_kind, arrays.c.key_hmac).cte("asked")
    as_asked = sa.select(asked.c.key_id, asked.c.key_kind.label("asked"), asked.c.key_kind, asked.c.key_hmac)
    numbers = sa.select(
        asked.c.key_id, asked.c.key_kind.label("asked"), sa.literal(NUMBER), asked.c.key_hmac
    ).where(asked.c.key_kind == "phone")
    sought = sa.union_all(as_asked, numbers).subquery("sought")
    same = [sought.c[name] == suppression.c[name] for name in ("key_id", "key_kind", "key_hmac")]
    rows = sa.select(
        sought.c.asked,
        *(suppression.c[name] for name in ("key_id", "key_kind", "key_hmac", "reason", "last_met_at")),
    ).join(suppression, sa.and_(*same))
    return connection.execute(rows).all()


def _key_of(record: Payload) -> Any:
    return getattr(record, type(record).key)


def _keys(source: str, record: Payload) -> frozenset[Key]:
    """Every key by which a record could be about somebody who was erased."""
    contacts = (
        key for name, kind in contact_fields(type(record)).items() for key in contact_keys(record, name, kind)
    )
    owner, column = OWNERS.get(source, (source, type(record).key))
    return frozenset(
        (source_key(source, _key_of(record)), source_key(owner, getattr(record, column)), *contacts)
    )


def is_company(record: Payload) -> bool:
    """Whether a record is an organisation's, which one person's erasure does not take away."""
    return isinstance(record, BrregUnit) or (
        isinstance(record, TripletexCustomer) and not record.is_private_individual
    )


def _blanked(record: Payload, hits: set[Key]) -> Payload:
    """A record without the contact values that were erased; other values of the same field stay."""
    changes = {
        name: without(getattr(record, name), kind, hits)
        for name, kind in contact_fields(type(record)).items()
        if hits.intersection(contact_keys(record, name, kind))
    }
    return record.model_copy(update=changes)


def _fingerprint(secret: bytes) -> str:
    """A name for a secret that does not give it away."""
    return hmac.digest(secret, b"suppression key id", "sha256").hex()[:16]


def _bearer(record: Payload) -> PersonName:
    """The person's name on a record; an organisation's says nothing of who has its number."""
    if is_company(record):
        return NO_NAME
    return person_name(*(getattr(record, field, None) for field in ("first_name", "last_name", "name")))


def _touch(connection: sa.Connection, numbers: set[Entry], secret: bytes, now: datetime) -> None:
    """Numbers under one secret were met, and with them all their names."""
    _, values = columns(numbers, [secret])
    number = sa.and_(suppression.c.key_kind == NUMBER, suppression.c.key_hmac.in_(values))
    key = sa.tuple_(*suppression.primary_key.columns)
    # In one order everywhere, so that two writers cannot wait for each other.
    theirs = (
        sa.select(*suppression.primary_key.columns)
        .where(sa.or_(number, _names_of(numbers, [secret])))
        .order_by(*suppression.primary_key.columns)
        .with_for_update()
        .subquery()
    )
    connection.execute(sa.update(suppression).where(key.in_(sa.select(*theirs.c))).values(last_met_at=now))


def _names_of(numbers: Iterable[Entry], secrets: Iterable[bytes]) -> sa.ColumnElement[bool]:
    """The rows with names of some numbers."""
    given = list(numbers)
    halves = [value[:HALF] for secret in secrets for _, value in hashed(secret, given)]
    return sa.and_(
        suppression.c.key_kind == NAME,
        sa.func.substr(suppression.c.key_hmac, 1, HALF, type_=sa.LargeBinary()).in_(halves),
    )


def _unnested(kinds: Sequence[EntryKind], hashes: Sequence[bytes]) -> sa.Select[tuple[str, bytes]]:
    rows = (
        sa.func.unnest(_array(kinds), _array(hashes, sa.LargeBinary()))
        .table_valued("key_kind", "key_hmac", name="given")
        .render_derived()
    )
    return sa.select(rows.c.key_kind, rows.c.key_hmac)


def _array(values: Sequence[Any], type_: sa.types.TypeEngine[Any] | None = None) -> sa.ColumnElement[Any]:
    array = pg.ARRAY(type_ or sa.Text())
    return sa.cast(sa.literal(list(values), array), array)
