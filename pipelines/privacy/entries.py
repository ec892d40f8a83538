"""What the suppression ledger notes of a key, and the keyed hashes under which it does.

A phone number whose bearer's name was known is noted in two kinds: once for the number, and once for each
form of the name. The names carry half of the number's hash, so that they are found with it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from pipelines.privacy.keys import Key, KeyKind

EntryKind = KeyKind | Literal["phone_named_1", "phone_name_1"]
NUMBER: Final = "phone_named_1"
"""A number whose bearer's name was known: it holds back its records without a name."""
NAME: Final = "phone_name_1"
"""Such a number with one form of that name: it holds back its records with that form."""

HALF = 16
"""So many bytes of a name's hash are the number's."""


class Entry(NamedTuple):
    """What is noted of a key. Personal data as `Key` is: only its hash is stored."""

    kind: EntryKind
    value: str
    form: str = ""
    """Of a name, the form of it; `value` is the number."""


def entries_of(keys: Iterable[Key]) -> set[Entry]:
    """All that may be noted of keys, but for names."""
    entries: set[Entry] = set()
    for key in keys:
        entries.add(Entry(key.kind, key.value))
        if key.kind == "phone":
            entries.add(Entry(NUMBER, key.value))
    return entries


def hashed(secret: bytes, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Entries with their hashes. A number has one, with names or without."""
    numbers: dict[str, bytes] = {}
    for entry in entries:
        if entry.kind not in ("phone", NUMBER, NAME):
            yield entry, key_hmac(secret, entry.kind, entry.value)
            continue
        number = numbers.get(entry.value)
        if number is None:
            number = numbers[entry.value] = key_hmac(secret, "phone", entry.value)
        if entry.kind == NAME:
            number = number[:HALF] + key_hmac(secret, NAME, f"{entry.value}\0{entry.form}")[:HALF]
        yield entry, number


def columns(entries: Iterable[Entry], secrets: Iterable[bytes]) -> tuple[list[EntryKind], list[bytes]]:
    """Kinds and hashes, in one order everywhere, so that two writers cannot wait for each other."""
    given = list(entries)
    pairs = sorted((entry.kind, value) for secret in secrets for entry, value in hashed(secret, given))
    return [kind for kind, _ in pairs], [value for _, value in pairs]


def key_hmac(secret: bytes, kind: str, value: str) -> bytes:
    """The keyed hash of a key."""
    return hmac.digest(secret, f"{kind}\0{value}".encode(), "sha256")
