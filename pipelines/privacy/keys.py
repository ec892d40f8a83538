"""The keys by which an erased person is known again: source ids, e-mail addresses, phone numbers.

Normal forms are those of matching, so that what would be merged into a card is also what is held back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from pipelines.identity.normalise.emails import email
from pipelines.identity.normalise.phones import is_placeholder_number, phones
from schemas.categories import EMAIL, PHONE, Category
from schemas.payloads.base import Payload

KeyKind = Literal["source_id", "email", "phone"]

MINIMUM_DIGITS = 8
"""Shorter numbers are extensions and services, which many records share."""

_SEPARATORS = re.compile(r"[;,\s]+")


class Key(NamedTuple):
    """One key in its normal form. Personal data: lives in memory only, the ledger holds its HMAC."""

    kind: KeyKind
    value: str


def source_key(source: str, source_id: object) -> Key:
    """The key of one source record, e.g. `("helpscout_customer", 17)`."""
    return Key("source_id", f"{source}\0{source_id}")


def email_keys(text: str | None) -> tuple[Key, ...]:
    """The e-mail addresses in a text (a ledger's invoice address can hold several), normalised."""
    return tuple(Key("email", form) for part in _parts(text) if (form := _email(part)))


def phone_keys(text: str | None) -> tuple[Key, ...]:
    """The phone numbers in a text, normalised."""
    return tuple(Key("phone", form) for form in _phones(text)) if text else ()


def contact_fields(payload: type[Payload]) -> dict[str, KeyKind]:
    """The fields of a payload that hold e-mail addresses or phone numbers."""
    return dict(_contact_fields(payload))


def contact_keys(record: Payload, field: str, kind: KeyKind) -> Iterator[Key]:
    """The keys in one contact field of a record, which may be a text or a list of texts."""
    for text in _texts(getattr(record, field)):
        yield from email_keys(text) if kind == "email" else phone_keys(text)


def without(value: Any, kind: KeyKind, erased: frozenset[Key] | set[Key]) -> Any:
    """A contact field's value (a text or a list of texts) without the erased addresses or numbers."""
    if isinstance(value, str):
        return _text_without(value, kind, erased)
    kept = (_text_without(text, kind, erased) for text in value)
    return [text for text in kept if text]


@cache
def _contact_fields(payload: type[Payload]) -> tuple[tuple[str, KeyKind], ...]:
    kinds: dict[Category, KeyKind] = {EMAIL: "email", PHONE: "phone"}
    return tuple(
        (name, kinds[mark])
        for name, field in payload.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Category) and mark in kinds
    )


def _text_without(text: str, kind: KeyKind, erased: frozenset[Key] | set[Key]) -> str | None:
    if kind == "phone":
        return None if erased.intersection(phone_keys(text)) else text
    if not erased.intersection(email_keys(text)):
        return text
    return ";".join(part for part in _parts(text) if not erased.intersection(email_keys(part))) or None


def _texts(value: Any) -> Iterable[str]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def _parts(text: str | None) -> list[str]:
    return [part for part in _SEPARATORS.split(text or "") if part]


@lru_cache(maxsize=100_000)
def _email(text: str) -> str | None:
    """The mailbox an address leads to; nobody's (`test@`, `ukjent@`) is nobody's key."""
    parsed = email(text)
    if parsed is not None:
        return None if parsed.is_placeholder else parsed.key
    return text.casefold() if "@" in text else None


@lru_cache(maxsize=100_000)
def _phones(text: str) -> tuple[str, ...]:
    return tuple(
        number.key
        for number in phones(text)
        if number.kind != "service"
        and len(number.key.lstrip("+")) >= MINIMUM_DIGITS
        and not is_placeholder_number(number.key)
    )
