"""Recognises who may not be written to among very many addresses: objections, erasures, bounced addresses.

All three are held as keyed hashes, so the database cannot compare them; everything is hashed once on its way
through, beside what the database does meanwhile, and what is found goes into temporary tables of the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from pipelines.audiences import rules
from pipelines.identity.normalise.lexicon import PLACEHOLDER_LOCALS
from pipelines.privacy.bounces import earlier_bounces, hard_bounces
from pipelines.privacy.keys import Key, KeyKind, email_keys, phone_keys
from pipelines.privacy.subjects.objections_renewed import earlier_objections
from pipelines.privacy.subjects.rights import noted_objections
from pipelines.privacy.suppression import Suppression
from schemas.audience_reasons import ERASED, OBJECTED

MARKETING = "course_invitations"

_CHUNK = 20_000
# Letters and digits in parts: nothing that is cut off or written in several ways.
_PLAIN_LOCAL = re.compile(r"(?=.{1,60}$)[a-z0-9]+(?:[._-][a-z0-9]+)*")
_TABLES: dict[KeyKind, tuple[str, str]] = {
    "email": ("person_email", "email"),
    "phone": ("person_phone", "phone"),
}


@dataclass
class Screened:
    """What was recognised among all addresses and numbers. Personal data: lives in memory only."""

    left_out: dict[KeyKind, set[tuple[str, str | None, str]]] = field(
        default_factory=lambda: {kind: set() for kind in _TABLES}
    )
    """By kind: address or number, audience (None: both) and reason."""
    bounced: set[str] = field(default_factory=set)
    bounces_to_move: set[str] = field(default_factory=set)
    """Addresses whose bounces, hard or soft, are noted under an earlier secret."""
    objections_to_move: set[Key] = field(default_factory=set)
    """Addresses and numbers whose objections are."""
    mailboxes: dict[str, str] = field(default_factory=dict)
    """Addresses that are another way to write a mailbox (`ola+kurs@`, dots at Gmail), with the mailbox."""


def screen(engine: sa.Engine, snapshot: str, secrets: Sequence[bytes]) -> Screened:
    """Look for those who objected to marketing or were erased, and for addresses that bounced for good.

    Asks in a transaction of its own, so that the database may do other things meanwhile, and sees what the
    one sees that has exported `snapshot`. Raises SuppressionError when objections or erasures cannot be
    recognised.
    """
    screened = Screened()
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
    ):
        _driver(connection).execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
        for kind in _TABLES:
            _screen(connection, secrets, kind, screened)
    return screened


def leave_out(connection: sa.Connection, screened: Screened) -> None:
    """Hand what the screening found to the rules."""
    for kind, met in screened.left_out.items():
        _copy(connection, f"met_{kind} (value, audience, reason)", met)
    _copy(connection, "bounced (email)", ((address,) for address in screened.bounced))
    _copy(connection, "mailbox (email, mailbox)", screened.mailboxes.items())
    for statement in rules.RECOGNISED:
        connection.exec_driver_sql(statement)


def values_of(kind: KeyKind, text: str) -> tuple[str, ...]:
    """The normal forms by which an address or number was noted, as `pipelines.privacy.keys` gives them.

    An address as cards have it is told at a glance, in a fifth of the time.
    """
    if kind == "phone":
        return tuple(key.value for key in phone_keys(text))
    local, _, host = text.rpartition("@")
    if _PLAIN_LOCAL.fullmatch(local) and local not in PLACEHOLDER_LOCALS and _keeps_locals(host):
        return (text,)
    return tuple(key.value for key in email_keys(text))


@lru_cache(maxsize=1 << 18)
def _keeps_locals(host: str) -> bool:
    """Whether plain addresses at a host are their own keys: it is valid, well written, keeps dots apart."""
    return email_keys(f"x.y@{host}") == (Key("email", f"x.y@{host}"),)


def _screen(connection: sa.Connection, secrets: Sequence[bytes], kind: KeyKind, screened: Screened) -> None:
    objected = noted_objections(connection, secrets, kind)
    erased = Suppression(secrets[0], secrets[1:]).noted(connection, kind)
    objected_before = earlier_objections(connection, secrets, kind)
    hard = hard_bounces(connection, secrets) if kind == "email" else None
    bounced_before = earlier_bounces(connection, secrets) if kind == "email" else None
    if kind == "phone" and not objected and not erased:
        return
    left_out, bounced = screened.left_out[kind], screened.bounced
    for text in _contacts(connection, kind):
        if hard and hard.holds(text):
            bounced.add(text)
        if bounced_before and bounced_before.holds(text):
            screened.bounces_to_move.add(text)
        for value in values_of(kind, text):
            if value != text and kind == "email":
                screened.mailboxes[text] = value
            if objected and objected.holds(value):
                left_out.add((text, MARKETING, OBJECTED))
                if objected_before.holds(value):
                    screened.objections_to_move.add(Key(kind, value))
            if erased and erased.holds(value):
                left_out.add((text, None, ERASED))


def _contacts(connection: sa.Connection, kind: KeyKind) -> Iterator[str]:
    """Every address or number of a card, as they come from the server."""
    table, value = _TABLES[kind]
    with _driver(connection).cursor(name="contacts", binary=True) as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(
            sql.SQL("SELECT {} FROM {}").format(sql.Identifier(value), sql.Identifier("crm", table))
        )
        for (text,) in cursor:
            yield text


def _copy(connection: sa.Connection, target: str, rows: Iterable[tuple[str | None, ...]]) -> None:
    with _driver(connection).cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _driver(connection: sa.Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
