"""Objections noted under an earlier secret move to the present one when address, number or record is met.

As in the suppression ledger: a hash cannot be made anew without its value, and until all have moved the
earlier secret has to be kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.privacy.keyed import Noted
from pipelines.privacy.keys import Key, KeyKind, source_key
from pipelines.privacy.subjects.rights import key_id_of, objection_hmac, objections_under
from schemas.tables import crm
from schemas.tables.privacy import objection


def earlier_objections(connection: sa.Connection, secrets: Sequence[bytes], kind: KeyKind) -> Noted:
    """Objections by one kind of key that are noted under the secrets before the present one."""
    return objections_under(connection, secrets[1:], kind)


def renew_objections(engine: sa.Engine, secrets: Sequence[bytes], met: Collection[Key]) -> int:
    """Move the objections of some keys, and of the records on cards, to the present secret; return how many.

    `met` are addresses and numbers. When an objection was made stays as it was.
    """
    if len(secrets) < 2:
        return 0
    with engine.begin() as connection:
        # Whoever takes an objection back meanwhile must find it, under the one secret or the other.
        connection.exec_driver_sql("LOCK TABLE privacy.objection IN SHARE ROW EXCLUSIVE MODE")
        keys = {*met, *_records(connection, earlier_objections(connection, secrets, "source_id"))}
        earlier = {objection_hmac(secret, key): key for secret in secrets[1:] for key in keys}
        if not earlier:
            return 0
        among = objection.c.key_hmac == sa.func.any(sa.literal(sorted(earlier), pg.ARRAY(sa.LargeBinary())))
        found = connection.execute(sa.delete(objection).where(among).returning(objection)).all()
        if found:
            moved = pg.insert(objection).values(
                [
                    {
                        "key_kind": row.key_kind,
                        "key_hmac": objection_hmac(secrets[0], earlier[bytes(row.key_hmac)]),
                        "key_id": key_id_of(secrets[0]),
                        "created_at": row.created_at,
                    }
                    for row in found
                ]
            )
            connection.execute(moved.on_conflict_do_nothing())
        return len(found)


def _records(connection: sa.Connection, noted: Noted) -> Iterator[Key]:
    """The keys of those records on cards that an objection is noted of."""
    if not noted:
        return
    link = crm.source_link.c
    records = sa.select(link.source, link.source_id)
    with connection.execute(records, execution_options={"stream_results": True}) as rows:
        for row in rows:
            key = source_key(row.source, row.source_id)
            if noted.holds(key.value):
                yield key
