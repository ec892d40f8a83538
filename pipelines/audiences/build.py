"""Builds the audiences anew from the cards, honours objections and erasures, and notes who came and went."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa

from pipelines.audiences import rules
from pipelines.privacy.keys import email_keys, phone_keys
from pipelines.privacy.subjects.rights import without_objections
from pipelines.privacy.suppression import Suppression
from pipelines.store.bulk import replace_from
from schemas.payloads.types import OSLO
from schemas.tables.audiences import audience_change, audience_member
from schemas.tables.crm import person_email, person_phone
from schemas.tables.privacy import objection, suppression

MARKETING = "course_invitations"
OBJECTED = "objected to marketing"
ERASED = "was erased"

_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Audiences:
    """What a build found, in numbers by audience."""

    members: Mapping[str, int]
    came: Mapping[str, int]
    """`audience: reason` and how many."""
    went: Mapping[str, int]
    changed: int
    """Rows written, removed ones included."""


def build_audiences(
    engine: sa.Engine, secrets: Sequence[bytes], run_id: str, now: datetime, *, keep: bool = True
) -> Audiences:
    """Make crm.audience_member what the rules say now, in one transaction; a second call changes nothing.

    `secrets`: PRIVACY_SECRET and those before it; `now` is aware. With `keep` off nothing is kept, and what
    would change is told. Raises SuppressionError when objections cannot be recognised.
    """
    since = now.astimezone(OSLO).date() - timedelta(days=rules.AGREEMENT_DAYS)
    words = {"contract": rules.CONTRACT, "customer": rules.CUSTOMER, "not_a_person": rules.NOT_A_PERSON}
    with engine.connect() as connection, connection.begin() as transaction:
        # The planner takes fresh temporary tables for small; hash joins are never much the worse here.
        connection.exec_driver_sql("SET LOCAL work_mem = '128MB'")
        connection.exec_driver_sql("SET LOCAL enable_nestloop = off")
        connection.exec_driver_sql("SET LOCAL jit = off")
        for statement in rules.PREPARE:
            connection.exec_driver_sql(statement, {"since": since})
        for statement in rules.CANDIDATES:
            connection.exec_driver_sql(statement, words)
        _leave_out(connection, secrets)
        for statement in rules.NARROW:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(rules.CHANGES, {"run_id": run_id, "now": now})
        wanted = sa.select(sa.table("candidate", *map(sa.column, audience_member.c.keys())))
        written = replace_from(connection, audience_member, wanted)
        found = Audiences(
            members=_members(connection),
            came=_changes(connection, run_id, now, "in"),
            went=_changes(connection, run_id, now, "out"),
            changed=written.changed,
        )
        if not keep:
            transaction.rollback()
    return found


def _leave_out(connection: sa.Connection, secrets: Sequence[bytes]) -> None:
    """Add those who objected to marketing, or are known as erased, to `left_out`."""
    has_objections = connection.scalar(sa.select(sa.exists(sa.select(objection.c.key_kind))))
    has_erasures = connection.scalar(sa.select(sa.exists(sa.select(suppression.c.key_kind))))
    if not has_objections and not has_erasures:
        return
    ledger = Suppression(secrets[0], secrets[1:])
    rows: list[tuple[str, str | None, str]] = []
    for chunk in _chunks(_contacts(connection)):
        texts = {
            contact: email_keys(contact) if "@" in contact else phone_keys(contact) for _, contact in chunk
        }
        keyed = [text for text, keys in texts.items() if keys]
        if has_objections:
            allowed = set(without_objections(connection, secrets, keyed))
            refused = set(keyed) - allowed
            rows += [(person, MARKETING, OBJECTED) for person, contact in chunk if contact in refused]
        if has_erasures:
            met = ledger.contains(connection, {key for text in keyed for key in texts[text]})
            rows += [
                (person, None, ERASED) for person, contact in chunk if not met.isdisjoint(texts[contact])
            ]
    _copy(connection, dict.fromkeys(rows))


def _contacts(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Every address and number of the candidates, each with the person's id."""
    one = sa.select(sa.table("candidate", sa.column("person_id")).c.person_id).distinct().subquery("one")
    statement = sa.union_all(
        *(
            sa.select(table.c.person_id, table.c[name].label("contact")).join(
                one, one.c.person_id == table.c.person_id
            )
            for table, name in ((person_email, "email"), (person_phone, "phone"))
        )
    )
    # Read at once: the connection is used for look-ups in between, and a row is a hundred bytes.
    yield from ((row.person_id, row.contact) for row in connection.execute(statement).all())


def _chunks(rows: Iterable[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    source = iter(rows)
    while chunk := list(itertools.islice(source, _CHUNK)):
        yield chunk


def _copy(connection: sa.Connection, rows: Iterable[tuple[str, str | None, str]]) -> None:
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    with driver.cursor().copy("COPY left_out (person_id, audience, reason) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _members(connection: sa.Connection) -> dict[str, int]:
    table = audience_member.c
    rows = connection.execute(
        sa.select(table.audience, sa.func.count().label("number")).group_by(table.audience)
    )
    return {row.audience: row.number for row in rows}


def _changes(connection: sa.Connection, run_id: str, now: datetime, change: str) -> dict[str, int]:
    table = audience_change.c
    rows = connection.execute(
        sa.select(table.audience, table.reason, sa.func.count().label("number"))
        .where(table.run_id == run_id, table.changed_at == now, table.change == change)
        .group_by(table.audience, table.reason)
        .order_by(table.audience, sa.func.count().desc())
    )
    return {f"{row.audience}: {row.reason}": row.number for row in rows}
