"""The suppression ledger: what was erased, as keyed hashes, consulted whenever rows are landed.

Without the secret the ledger tells nobody who was erased. A landing transaction and an erasure exclude
each other, so a record that was on its way in when its person was erased does not slip through.
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
        the record it hangs on (an inquiry's customer).
        A company's record is not the person's: there the erased value alone is blanked. One look-up for
        the whole buffer; nothing is hashed while the ledger is empty. The transaction then excludes
        erasures until it ends.
        """
        self.keep_out_erasures(connection)
        in_use = self._secrets_in_use(connection)
        if not in_use:
            return Screening()
        by_record = {_key_of(record): (record, _keys(source, record)) for record in records}
        met = self._met(connection, {key for _, keys in by_record.values() for key in keys}, in_use)
        if not met:
            return Screening()
        held_back: set[Any] = set()
        blanked: dict[Any, Payload] = {}
        for name, (record, keys) in by_record.items():
            hits = met.intersection(keys)
            if not hits:
                continue
            if is_company(record) and source_key(source, name) not in hits:
                blanked[name] = _blanked(record, hits)
            else:
                held_back.add(name)
        return Screening(frozenset(held_back), blanked)

    def contains(self, connection: sa.Connection, keys: Iterable[Key]) -> frozenset[Key]:
        """Those of `keys` that are in the ledger."""
        return frozenset(self._met(connection, set(keys), self._secrets_in_use(connection)))

    def noted(self, connection: sa.Connection, kind: KeyKind) -> Noted:
        """All entries of one kind, to ask about very many values; asking so does not count as meeting them.

        Raises SuppressionError as `screen` does.
        """
        under = []
        for key_id, secret in self._secrets_in_use(connection).items():
            stored = sa.select(suppression.c.key_hmac).where(
                suppression.c.key_id == key_id, suppression.c.key_kind == kind
            )
            if known := frozenset(map(bytes, connection.scalars(stored))):
                under.append((digest_under(secret, f"{kind}\0"), known))
        return Noted(tuple(under))

    def add(self, connection: sa.Connection, keys: Iterable[Key], reason: str) -> int:
        """Write keys into the ledger; return how many are new. One that is there already stays as it is.

        Waits for landing transactions under way and keeps new ones out until this one ends: call `lock`
        before looking for the rows to erase. `reason` is `erasure` or the id of a retention rule.
        """
        self.lock(connection)
        now = self._clock()
        wanted = set(keys)
        if not wanted:
            return 0
        connection.execute(
            pg.insert(suppression_key).on_conflict_do_nothing(), {"key_id": self._current, "created_at": now}
        )
        return self._insert(connection, wanted, reason, now)

    def keep_out_erasures(self, connection: sa.Connection) -> None:
        """Let no erasure begin until this transaction ends; other reads may land at the same time."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_LOCK)))

    def lock(self, connection: sa.Connection) -> None:
        """Keep landing out until this transaction ends; what is landed by then can be seen and erased."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))

    def release(self, connection: sa.Connection, keys: Iterable[Key]) -> int:
        """Take keys out of the ledger, whichever secret they were written with; return how many were in it.

        The person's own wish only: the next read may then store them again.
        """
        wanted = set(keys)
        released = len(self._met(connection, wanted, self._secrets_in_use(connection)))
        kinds, hashes = _columns(wanted, self._secrets.values())
        connection.execute(
            sa.delete(suppression).where(
                sa.tuple_(suppression.c.key_kind, suppression.c.key_hmac).in_(_unnested(kinds, hashes))
            )
        )
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

    def _met(self, connection: sa.Connection, keys: set[Key], in_use: Mapping[str, bytes]) -> set[Key]:
        """Those of `keys` that are in the ledger; notes that they were met."""
        if not keys or not in_use:
            return set()
        by_hash = {
            (key_id, key.kind, _hmac(secret, key)): key for key_id, secret in in_use.items() for key in keys
        }
        ids, kinds, hashes = (list(part) for part in zip(*by_hash, strict=True))
        wanted = (
            sa.func.unnest(_array(ids), _array(kinds), _array(hashes, sa.LargeBinary()))
            .table_valued("key_id", "key_kind", "key_hmac", name="wanted")
            .render_derived()
        )
        found = connection.execute(
            sa.select(
                suppression.c.key_id,
                suppression.c.key_kind,
                suppression.c.key_hmac,
                suppression.c.reason,
                suppression.c.last_met_at,
            ).join(
                wanted,
                sa.and_(
                    suppression.c.key_id == wanted.c.key_id,
                    suppression.c.key_kind == wanted.c.key_kind,
                    suppression.c.key_hmac == wanted.c.key_hmac,
                ),
            )
        ).all()
        self._renew(connection, found, by_hash)
        return {by_hash[row.key_id, row.key_kind, bytes(row.key_hmac)] for row in found}

    def _renew(
        self,
        connection: sa.Connection,
        found: Sequence[Any],
        by_hash: Mapping[tuple[str, KeyKind, bytes], Key],
    ) -> None:
        """Count the ledger's period from today for what is still being sent, under the present secret."""
        now = self._clock()
        stale = [
            row for row in found if row.key_id != self._current or now - row.last_met_at > _NOTE_AGAIN_AFTER
        ]
        if not stale:
            return
        connection.execute(
            pg.insert(suppression_key).on_conflict_do_nothing(), {"key_id": self._current, "created_at": now}
        )
        for reason in {row.reason for row in stale}:
            keys = {
                by_hash[row.key_id, row.key_kind, bytes(row.key_hmac)]
                for row in stale
                if row.reason == reason
            }
            self._insert(connection, keys, reason, now)

    def _insert(self, connection: sa.Connection, keys: set[Key], reason: str, now: datetime) -> int:
        kinds, hashes = _columns(keys, [self._secrets[self._current]])
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


def _hmac(secret: bytes, key: Key) -> bytes:
    return hmac.digest(secret, f"{key.kind}\0{key.value}".encode(), "sha256")


def _columns(keys: set[Key], secrets: Iterable[bytes]) -> tuple[list[KeyKind], list[bytes]]:
    """Kinds and hashes of keys, in one order everywhere, so that two writers cannot wait for each other."""
    pairs = sorted((key.kind, _hmac(secret, key)) for secret in secrets for key in keys)
    return [kind for kind, _ in pairs], [value for _, value in pairs]


def _unnested(kinds: Sequence[KeyKind], hashes: Sequence[bytes]) -> sa.Select[tuple[str, bytes]]:
    rows = (
        sa.func.unnest(_array(kinds), _array(hashes, sa.LargeBinary()))
        .table_valued("key_kind", "key_hmac", name="given")
        .render_derived()
    )
    return sa.select(rows.c.key_kind, rows.c.key_hmac)


def _array(values: Sequence[Any], type_: sa.types.TypeEngine[Any] | None = None) -> sa.ColumnElement[Any]:
    array = pg.ARRAY(type_ or sa.Text())
    return sa.cast(sa.literal(list(values), array), array)
