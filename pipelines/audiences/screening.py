"""Recognises who may not be written to among very many addresses: objections, erasures, bounced addresses.

All three are held as keyed hashes, so the database cannot compare them; everything is hashed once on its way
through, and what is found goes back into temporary tables of the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import psycopg
import sqlalchemy as sa

from pipelines.audiences import rules
from pipelines.audiences.bounces import hard_bounces
from pipelines.identity.normalise.lexicon import PLACEHOLDER_LOCALS
from pipelines.privacy.keys import Key, KeyKind, email_keys, phone_keys
from pipelines.privacy.subjects.rights import noted_objections
from pipelines.privacy.suppression import Suppression

MARKETING = "course_invitations"
OBJECTED = "objected to marketing"
ERASED = "was erased"

_CHUNK = 20_000
# Letters and digits in parts: nothing that is cut off or written in several ways.
_PLAIN_LOCAL = re.compile(r"(?=.{1,60}$)[a-z0-9]+(?:[._-][a-z0-9]+)*")
_TABLES: dict[KeyKind, tuple[str, str]] = {
    "email": ("person_email", "email"),
    "phone": ("person_phone", "phone"),
}

LeftOut = tuple[str, str | None, str]
"""Person, audience (None: both) and reason."""


def leave_out(connection: sa.Connection, secrets: Sequence[bytes]) -> None:
    """Add those who objected to marketing or were erased to `left_out`, addresses that bounced to `bounced`.

    Raises SuppressionError when objections or erasures cannot be recognised.
    """
    left_out: dict[LeftOut, None] = {}
    bounced: dict[tuple[str], None] = {}
    for kind in _TABLES:
        _screen(connection, secrets, kind, left_out, bounced)
    _copy(connection, "left_out (person_id, audience, reason)", left_out)
    _copy(connection, "bounced (email)", bounced)


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


def _screen(
    connection: sa.Connection,
    secrets: Sequence[bytes],
    kind: KeyKind,
    left_out: dict[LeftOut, None],
    bounced: dict[tuple[str], None],
) -> None:
    objected = noted_objections(connection, secrets, kind)
    erased = Suppression(secrets[0], secrets[1:]).noted(connection, kind)
    hard = hard_bounces(connection, secrets) if kind == "email" else None
    if not objected and not erased and not hard:
        return
    for person, text in _contacts(connection, kind):
        if hard and hard.holds(text):
            bounced[(text,)] = None
        if not objected and not erased:
            continue
        for value in values_of(kind, text):
            if objected and objected.holds(value):
                left_out[person, MARKETING, OBJECTED] = None
            if erased and erased.holds(value):
                left_out[person, None, ERASED] = None


def _contacts(connection: sa.Connection, kind: KeyKind) -> Iterator[tuple[str, str]]:
    """Person and address or number of all who come into question, as they come from the server."""
    table, value = _TABLES[kind]
    with _driver(connection).cursor(name="contacts", binary=True) as cursor:
        cursor.itersize = _CHUNK
        cursor.execute(rules.CONTACTS.format(table=table, value=value).encode())
        yield from cursor


def _copy(connection: sa.Connection, target: str, rows: Iterable[tuple[str | None, ...]]) -> None:
    with _driver(connection).cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _driver(connection: sa.Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
