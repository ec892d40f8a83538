"""The ledger of bounced addresses: which ones letters came back from, as keyed hashes.

An address is meant letter for letter: that `ola+kurs@` or a mistyped provider bounced says nothing of `ola@`.
What was erased is not noted; what a person's erasure finds here goes with it.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.dialects import postgresql as pg

from pipelines.identity.normalise.emails import email_address
from pipelines.privacy.keyed import Noted, digest_under
from pipelines.privacy.keys import email_keys
from pipelines.privacy.periods import Period
from pipelines.privacy.suppression import Suppression
from pipelines.store.bulk import upsert
from schemas.policy import load_policy
from schemas.tables.base import qualified
from schemas.tables.bounces import email_bounce

Kind = Literal["hard", "soft"]

_PREFIX = "bounced address\0"
_COLUMNS = "address_hmac key_id kind code bounced_at run_id".split()
_NEWER = sql.SQL(
    "(excluded.bounced_at > target.bounced_at"
    " OR (excluded.bounced_at = target.bounced_at AND excluded.kind = 'hard' AND target.kind = 'soft'))"
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """One letter that came back. `address` is personal data, in the form of `email_address`."""

    address: str
    bounced_at: datetime
    kind: Kind
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Noting:
    """What became of some bounces, in addresses."""

    noted: int = 0
    """New, or newer than what was known."""
    known: int = 0
    suppressed: int = 0
    """Of erased persons, or older than bounces are kept."""


def note_bounces(
    connection: sa.Connection,
    secrets: Sequence[bytes],
    suppression: Suppression,
    bounces: Iterable[Bounce],
    run_id: str,
    now: datetime,
) -> Noting:
    """Note each address with the newest of its bounces; of two at one moment the hard one. Twice is once.

    `secrets`: the present one, under which is written, and those before it.
    """
    newest: dict[str, Bounce] = {}
    for one in sorted(bounces, key=lambda one: (one.bounced_at, one.kind == "hard")):
        newest[one.address] = one
    kept_since = _kept_since(now)
    # No erasure may be under way: it would miss what is noted meanwhile.
    suppression.lock(connection)
    keys = {address: frozenset(email_keys(address)) for address in newest}
    erased = suppression.contains(connection, {key for found in keys.values() for key in found})
    fresh = [
        one
        for address, one in newest.items()
        if one.bounced_at >= kept_since and erased.isdisjoint(keys[address])
    ]
    digest, key_id = digest_under(secrets[0], _PREFIX), _key_id(secrets[0])
    forget_bounces(connection, secrets[1:], [one.address for one in fresh])
    rows = [(digest(one.address), key_id, one.kind, one.code, one.bounced_at, run_id) for one in fresh]
    written = upsert(connection, email_bounce, _COLUMNS, rows, newer=_NEWER).changed
    return Noting(noted=written, known=len(fresh) - written, suppressed=len(newest) - len(fresh))


def hard_bounces(connection: sa.Connection, secrets: Sequence[bytes]) -> Noted:
    """Addresses that bounced for good, to ask about very many. What no given secret opens is not in it."""
    return _noted(connection, secrets, email_bounce.c.kind == "hard")


def earlier_bounces(connection: sa.Connection, secrets: Sequence[bytes]) -> Noted:
    """Addresses that bounced, for good or once, under the secrets before the present one."""
    return _noted(connection, secrets[1:])


def renew_bounces(engine: sa.Engine, secrets: Sequence[bytes], met: Collection[str]) -> int:
    """Move what is noted of some addresses under an earlier secret to the present one; return how many.

    Hashes cannot be made anew without the addresses, so it is done when one is met, as in the suppression
    ledger; in time an old secret can be thrown away. Of two notes of an address the newer one counts.
    """
    if not met or len(secrets) < 2:
        return 0
    digest, key_id = digest_under(secrets[0], _PREFIX), _key_id(secrets[0])
    with engine.begin() as connection:
        # An erasure that looks meanwhile would see neither the old note nor the new one.
        Suppression(secrets[0], secrets[1:]).keep_out_erasures(connection)
        old = _hashes(met, secrets[1:])
        found = connection.execute(sa.delete(email_bounce).where(_among(old)).returning(email_bounce)).all()
        newest = {
            old[bytes(row.address_hmac)]: row
            for row in sorted(found, key=lambda row: (row.bounced_at, row.kind == "hard"))
        }
        rows = [
            (digest(address), key_id, row.kind, row.code, row.bounced_at, row.run_id)
            for address, row in newest.items()
        ]
        upsert(connection, email_bounce, _COLUMNS, rows, newer=_NEWER)
    return len(rows)


def count_bounces(connection: sa.Connection, secrets: Sequence[bytes]) -> dict[str, int]:
    """Addresses in the ledger: hard, soft, and those noted under a secret that is not configured."""
    table = email_bounce.c
    is_ours = table.key_id.in_(list(map(_key_id, secrets)))
    row = connection.execute(
        sa.select(
            sa.func.count().filter(is_ours, table.kind == "hard").label("hard"),
            sa.func.count().filter(is_ours, table.kind == "soft").label("soft"),
            sa.func.count().filter(sa.not_(is_ours)).label("unrecognised"),
        )
    ).one()
    return dict(row._mapping)


def bounces_of(
    connection: sa.Connection, secrets: Sequence[bytes], addresses: Iterable[str]
) -> list[dict[str, object]]:
    """What is noted of some addresses, for whoever asks what is held about them (GDPR art. 15)."""
    table, given = email_bounce.c, _hashes(addresses, secrets)
    rows = connection.execute(
        sa.select(table.address_hmac, table.kind, table.code, table.bounced_at)
        .where(_among(given))
        .order_by(table.bounced_at)
    )
    return [
        {"email": given[bytes(row.address_hmac)], "kind": row.kind, "code": row.code, "at": row.bounced_at}
        for row in rows
    ]


def forget_bounces(connection: sa.Connection, secrets: Sequence[bytes], addresses: Iterable[str]) -> int:
    """Remove what is noted of some addresses; return of how many something was."""
    given = _hashes(addresses, secrets)
    if not given:
        return 0
    return connection.execute(sa.delete(email_bounce).where(_among(given))).rowcount


def _noted(connection: sa.Connection, secrets: Sequence[bytes], *only: sa.ColumnElement[bool]) -> Noted:
    under = []
    for secret in secrets:
        stored = sa.select(email_bounce.c.address_hmac).where(email_bounce.c.key_id == _key_id(secret), *only)
        if known := frozenset(map(bytes, connection.scalars(stored))):
            under.append((digest_under(secret, _PREFIX), known))
    return Noted(tuple(under))


def _hashes(addresses: Iterable[str], secrets: Sequence[bytes]) -> dict[bytes, str]:
    digests = [digest_under(secret, _PREFIX) for secret in secrets]
    written = {email_address(address) or address.strip().lower() for address in addresses}
    return {digest(address): address for digest in digests for address in written}


def _among(given: dict[bytes, str]) -> sa.ColumnElement[bool]:
    hashes = sa.literal(sorted(given), pg.ARRAY(sa.LargeBinary()))
    return email_bounce.c.address_hmac == sa.func.any(hashes)


def _kept_since(now: datetime) -> datetime:
    period = load_policy().retention_of(qualified(email_bounce)).expires_after
    assert period is not None, "the policy gives bounces a period"
    return Period.parse(period).cutoff(now)


def _key_id(secret: bytes) -> str:
    return hmac.digest(secret, b"bounced addresses", "sha256").hex()[:16]
