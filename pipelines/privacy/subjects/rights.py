"""Restriction, objection and rectification (GDPR art. 18, 21, 16): what each does to the store."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.privacy import audit_log
from pipelines.privacy.holds import set_hold
from pipelines.privacy.keyed import Noted, digest_under
from pipelines.privacy.keys import Key, KeyKind
from pipelines.privacy.subjects.finding import Found, RecordId
from pipelines.privacy.subjects.requests import Kind as RequestKind
from pipelines.privacy.suppression import SuppressionError
from schemas.errors import SafeError
from schemas.tables import landing
from schemas.tables.privacy import hold, objection
from schemas.zone import OSLO

__all__ = ["Correction", "Corrections", "RequestKind"]

Corrections = Mapping[tuple[str, str], Mapping[str, str | None]]
"""New values by field, by source record. Fields by the names of the payload."""

_INFO = b"objection to marketing"
_OF_REQUEST = "request "


class RestrictionError(SafeError, ValueError):
    """A restriction cannot be lifted; the message says why. Nothing was written."""


class CorrectionError(SafeError, ValueError):
    """A correction does not fit the person's records; the message names the source and the field."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A value that was corrected in the copy and has to be corrected at its source, or it comes back."""

    source: str
    source_id: str
    field: str


def restrict(connection: sa.Connection, found: Found, request_id: str, now: datetime) -> int:
    """Freeze the records; return how many. They are kept past their period and left out of every use."""
    for record in found.records:
        key = next(iter(landing.TABLES[record.source].primary_key))
        set_hold(
            connection,
            f"{landing.SCHEMA}.{record.source}",
            key.name,
            record.source_id,
            kind="restriction",
            reason=f"{_OF_REQUEST}{request_id}",
            now=now,
        )
    return len(found.records)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction that stands, by the number of the request it came from."""

    request_id: str
    records: int
    since: datetime


def standing_restrictions(connection: sa.Connection) -> tuple[Restriction, ...]:
    """The restrictions that stand, the oldest first."""
    since = sa.func.min(hold.c.created_at)
    rows = connection.execute(
        sa.select(hold.c.reason, sa.func.count().label("records"), since.label("since"))
        .where(hold.c.kind == "restriction", hold.c.lifted_at.is_(None))
        .group_by(hold.c.reason)
        .order_by(since, hold.c.reason)
    )
    return tuple(Restriction(row.reason.removeprefix(_OF_REQUEST), row.records, row.since) for row in rows)


def _refuse_lifting(connection: sa.Connection, request_id: str, told_on: date, now: datetime) -> None:
    """Raise RestrictionError where no such restriction stands, or nobody can have been told in time."""
    found = {one.request_id: one for one in standing_restrictions(connection)}.get(request_id)
    if found is None:
        raise RestrictionError("no restriction of that request stands: `restriction list` shows them")
    if told_on > now.astimezone(OSLO).date():
        raise RestrictionError("the person is told first, and the restriction lifted then (GDPR art. 18(3))")
    if told_on < found.since.astimezone(OSLO).date():
        raise RestrictionError("nobody can have been told of that before the restriction began")


def lift_restriction(
    connection: sa.Connection, request_id: str, now: datetime, *, told_on: date, lifted_by: str
) -> int:
    """End the restriction of a request; return how many records it held. Raises RestrictionError.

    `told_on`: the day in Norway on which the person was told that it will be lifted (GDPR art. 18(3)).
    From the next night on the records are used again, and go when their periods are over.
    """
    _refuse_lifting(connection, request_id, told_on, now)
    standing = sa.and_(
        hold.c.kind == "restriction",
        hold.c.reason == f"{_OF_REQUEST}{request_id}",
        hold.c.lifted_at.is_(None),
    )
    lifted = connection.execute(
        sa.update(hold).where(standing).values(lifted_at=now, lifted_by=lifted_by, told_on=told_on)
    ).rowcount
    audit_log.append(
        connection,
        "restriction_lifted",
        now,
        request=request_id,
        records=lifted,
        told_on=told_on.isoformat(),
    )
    return lifted


def restricted(connection: sa.Connection) -> frozenset[RecordId]:
    """Source records that may not be used: whoever makes a list of persons leaves out their cards."""
    rows = connection.execute(
        sa.select(hold.c.data, hold.c.value).where(hold.c.kind == "restriction", hold.c.lifted_at.is_(None))
    )
    return frozenset((row.data.removeprefix(f"{landing.SCHEMA}."), row.value) for row in rows)


def object_to_marketing(connection: sa.Connection, secret: bytes, keys: Iterable[Key], now: datetime) -> int:
    """Note that nobody may send marketing to these addresses and numbers; return how many are noted.

    Kept as keyed hashes apart from the suppression ledger: such a person stays a customer, and the note
    outlasts the card.
    """
    noted = sorted({(key.kind, objection_hmac(secret, key)) for key in keys})
    for kind, value in noted:
        connection.execute(
            pg.insert(objection)
            .values(key_kind=kind, key_hmac=value, key_id=key_id_of(secret), created_at=now)
            .on_conflict_do_nothing()
        )
    return len(noted)


def withdraw_objection(connection: sa.Connection, secrets: Sequence[bytes], keys: Iterable[Key]) -> int:
    """Take an objection back at the person's own wish; return how many keys were noted.

    Raises SuppressionError as `noted_objections`: one under another secret would stay unseen.
    """
    _refuse_unknown_secrets(connection, secrets)
    hashes = [objection_hmac(secret, key) for key in keys for secret in secrets]
    return connection.execute(sa.delete(objection).where(_among(hashes))).rowcount


def count_objections(connection: sa.Connection, secrets: Sequence[bytes], keys: Iterable[Key]) -> int:
    """How many of some keys an objection is noted for. Raises SuppressionError as `noted_objections`."""
    _refuse_unknown_secrets(connection, secrets)
    hashes = [objection_hmac(secret, key) for key in keys for secret in secrets]
    return connection.execute(sa.select(sa.func.count()).where(_among(hashes))).scalar_one()


def noted_objections(connection: sa.Connection, secrets: Sequence[bytes], kind: KeyKind) -> Noted:
    """All objections by one kind of key, to ask about very many values.

    `secrets`: the present one and those before it. Raises SuppressionError when an objection was noted
    under another one: it could not be recognised, and the person would be written to again.
    """
    _refuse_unknown_secrets(connection, secrets)
    return objections_under(connection, secrets, kind)


def objections_under(connection: sa.Connection, secrets: Sequence[bytes], kind: KeyKind) -> Noted:
    """As `noted_objections`, of some secrets; what is noted under others is not in it."""
    under = []
    for secret in secrets:
        stored = sa.select(objection.c.key_hmac).where(
            objection.c.key_id == key_id_of(secret), objection.c.key_kind == kind
        )
        if known := frozenset(map(bytes, connection.scalars(stored))):
            under.append((digest_under(secret, f"{_INFO.decode()}\0{kind}\0"), known))
    return Noted(tuple(under))


def _refuse_unknown_secrets(connection: sa.Connection, secrets: Sequence[bytes]) -> None:
    unknown = set(connection.scalars(sa.select(objection.c.key_id).distinct())) - set(map(key_id_of, secrets))
    if unknown:
        raise SuppressionError("objections were noted under a secret that is not configured: PRIVACY_SECRET")


def _among(hashes: Sequence[bytes]) -> sa.ColumnElement[bool]:
    return objection.c.key_hmac == sa.func.any(sa.literal(list(hashes), pg.ARRAY(sa.LargeBinary())))


def check_corrections(found: Found, corrections: Corrections) -> None:
    """Raise CorrectionError for a record that is not the person's, or a field that cannot be corrected."""
    if not corrections:
        raise CorrectionError("a rectification needs to say what is to be corrected: --correct")
    own = {record.id: record for record in found.records}
    for (source, source_id), values in sorted(corrections.items()):
        if (source, source_id) not in own:
            raise CorrectionError(f"a correction is for a {source} record that is not the person's")
        fields = set(type(own[source, source_id].payload).model_fields) - {"id"}
        unknown = sorted(set(values) - fields)
        if unknown:
            raise CorrectionError(f"{source} has no field {', '.join(unknown)}")
        for name, value in values.items():
            _typed(landing.TABLES[source].c[name], value)


def rectify(connection: sa.Connection, found: Found, corrections: Corrections) -> tuple[Correction, ...]:
    """Write new values into the landing rows; the caller has the cards made anew.

    The next change at the source overwrites them, so every one has to be corrected there too. Raises
    CorrectionError as `check_corrections`.
    """
    check_corrections(found, corrections)
    done = []
    for (source, source_id), values in sorted(corrections.items()):
        table = landing.TABLES[source]
        changes: dict[str, Any] = {name: _typed(table.c[name], value) for name, value in values.items()}
        key = next(iter(table.primary_key))
        connection.execute(
            sa.update(table)
            .where(sa.cast(key, sa.Text) == source_id)
            .values(**changes, last_changed_at=sa.func.now())
        )
        done += [Correction(source, source_id, name) for name in values]
    return tuple(done)


def _typed(column: sa.Column[Any], value: str | None) -> Any:
    """A corrected text as the column holds it: lists take several with ; between."""
    if isinstance(column.type, sa.ARRAY):
        return [part.strip() for part in (value or "").split(";") if part.strip()]
    if not isinstance(column.type, sa.Text):
        raise CorrectionError(f"field {column.name} is not a text; correct it at its source")
    return value


def objection_hmac(secret: bytes, key: Key) -> bytes:
    """The keyed hash by which an objection is noted."""
    return hmac.digest(secret, _INFO + f"\0{key.kind}\0{key.value}".encode(), "sha256")


def key_id_of(secret: bytes) -> str:
    """The fingerprint of a secret as objections carry it."""
    return hmac.digest(secret, _INFO, "sha256").hex()[:16]
