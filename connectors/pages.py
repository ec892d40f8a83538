"""Turns the records of an answer into payloads: what is malformed is set aside, what is undeclared dropped.

Knows no API. Nothing of a malformed record is kept but its id and the name and kind of the fault.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Generic, TypeVar

from pydantic import ValidationError

from schemas.payloads.base import Payload
from schemas.payloads.types import Fault

P = TypeVar("P", bound=Payload)

MAX_NAMES = 100
"""Undeclared field names told of one page; more are counted together."""

_BIGINT = 2**63
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was set aside: its id at the source (a hash where it has none) and the fault."""

    source_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page(Generic[P]):
    """One answer of an API. `received` = records + rejected."""

    records: Sequence[P]
    rejected: Sequence[Rejected] = ()
    told: int | None = None
    """How many records the API says the whole result holds; None where it does not say."""
    unknown_fields: Mapping[str, int] = field(default_factory=dict)
    """Undeclared top-level fields by name, and in how many records they came."""
    seen_fields: frozenset[str] = frozenset()
    """Declared top-level fields that came in some record, of those that show their fields."""
    lacking_fields: frozenset[str] = frozenset()
    """Declared top-level fields that some record came without."""

    @property
    def received(self) -> int:
        """Records in the answer, malformed ones included."""
        return len(self.records) + len(self.rejected)


def read_page(payload: type[P], items: Sequence[object], told: int | None = None) -> Page[P]:
    """Validate the raw records of an answer."""
    records: list[P] = []
    rejected: list[Rejected] = []
    unknown: Counter[str] = Counter()
    known = payload.known_fields()
    declared = known - payload.not_read
    seen: set[str] = set()
    lacking: set[str] = set()
    for item in items:
        if not isinstance(item, dict):
            rejected.append(Rejected(_fingerprint(item), "the record is not an object"))
            continue
        if payload.shows_fields(item):
            seen |= declared & item.keys()
            lacking |= declared - item.keys()
        unknown.update(name if len(unknown) < MAX_NAMES else "?" for name in _names(item.keys() - known))
        try:
            records.append(payload.model_validate(item))
        except ValidationError as error:
            rejected.append(Rejected(_source_id(payload, item), _reason(error)))
        except Exception as error:
            # Whatever a hostile record does to a validator, it must not end the run.
            rejected.append(Rejected(_source_id(payload, item), f"cannot be read: {type(error).__name__}"))
    return Page(records, rejected, told, unknown, frozenset(seen), frozenset(lacking))


def as_id(value: object) -> int | None:
    """An id of 64 bits as JSON may give it: a number, also written 1.0 or 1e3, or digits; else None."""
    if isinstance(value, str):
        return as_id(int(value)) if value.isascii() and value.isdigit() and len(value) < 20 else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    # Compared before it is converted: 1e999999 would be a number of a million digits.
    is_possible = not (isinstance(value, Decimal) and value.is_nan()) and -_BIGINT <= value < _BIGINT
    return int(value) if is_possible and value == int(value) else None


def _source_id(payload: type[Payload], item: Mapping[str, object]) -> str:
    key = payload.key_of(item)
    key = as_id(key) if isinstance(key, Decimal) else key
    text = str(key) if isinstance(key, int | str) and not isinstance(key, bool) else ""
    if re.fullmatch(r"-?[0-9]{1,20}", text):
        return text
    return _fingerprint(item)


def _fingerprint(item: object) -> str:
    """A name for a record without a usable id; not reversible, the same for the same record."""
    return "sha256:" + hashlib.sha256(json.dumps(item, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _reason(error: ValidationError) -> str:
    """`firstName: is too long; createdAt: is no day or time`: fields and faults, never values."""
    faults = []
    for fault in error.errors(include_input=False, include_url=False, include_context=True):
        place = ".".join(
            _safe_name(str(part)) if isinstance(part, str) else "[]" for part in fault["loc"][:3]
        )
        own = fault.get("ctx", {}).get("error")
        faults.append(f"{place}: {own if isinstance(own, Fault) else _in_words(fault['type'])}")
    return "; ".join(dict.fromkeys(faults))[:500]


# The first word of pydantic's name of a fault, which ends in how it came to see it (`bool_parsing`).
_WORDS = {
    "missing": "is missing",
    "bool": "is neither true nor false",
    "date": "is no day or time",
    "datetime": "is no day or time",
    "decimal": "is no amount",
    "finite": "is no amount",
}


def _in_words(kind: str) -> str:
    return _WORDS.get(kind.split("_", maxsplit=1)[0], kind)


def _names(names: Iterable[object]) -> set[str]:
    return {_safe_name(name) for name in names}


def _safe_name(name: object) -> str:
    return name if isinstance(name, str) and _FIELD_NAME.fullmatch(name) else "?"
