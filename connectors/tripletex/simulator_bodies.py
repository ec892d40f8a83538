"""Request bodies of the Tripletex simulator: read against the tables of fields, and applied.

Raises ApiFailure before anything is changed. Knows no rule but types, lengths, references and versions.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_model import Entity, Field, entity
from connectors.tripletex.simulator_records import Stored, Values
from connectors.tripletex.simulator_state import TripletexState


@dataclass(frozen=True)
class Bodies:
    """Reads bodies for the objects of a company."""

    state: TripletexState

    def read(self, name: str, body: Any, *, inline: tuple[str, ...] = (), prefix: str = "") -> Values:
        """The writable values of a body: references as ids, objects in `inline` as they were sent."""
        if not isinstance(body, Mapping):
            raise errors.mapping_failed([Problem(None, errors.TYPE)])
        reader = _Reader(self.state, entity(name), inline, prefix)
        for key, value in body.items():
            reader.take(key, value)
        return reader.finish()

    def existing(self, name: str, record_id: int) -> Stored:
        """An object that is there."""
        stored = self.state.table(name).get(record_id)
        if stored is None:
            raise errors.not_found()
        return stored

    def current(self, name: str, record_id: int, body: Any) -> Stored:
        """An object that is there in the version the body names, if it names one."""
        stored = self.existing(name, record_id)
        if not isinstance(body, Mapping):
            raise errors.mapping_failed([Problem(None, errors.TYPE)])
        version = body.get("version")
        if version is not None and version != stored.version:
            raise errors.stale_revision()
        return stored

    def create(self, name: str, body: Any, required: tuple[str, ...] = ()) -> int:
        """Store an object that has no rules but its types; returns its id."""
        values = self.read(name, body)
        refuse_id(body)
        for each in required:
            require(each, body)
        record_id = self.state.next_id(name)
        self.state.put(name, record_id, values)
        return record_id

    def update(self, name: str, record_id: int, body: Any) -> None:
        """Change an object that has no rules but its types."""
        self.current(name, record_id, body)
        self.state.change(name, record_id, self.read(name, body))


def rows(body: Any) -> list[Any]:
    """A body that is a list."""
    if not isinstance(body, list):
        raise errors.mapping_failed([Problem(None, errors.TYPE)])
    return body


def refuse_id(body: Any) -> None:
    """A new object brings neither id nor version."""
    if isinstance(body, Mapping) and (body.get("id") or body.get("version")):
        raise errors.invalid([Problem("id", errors.ID_ON_CREATE)])


def require(name: str, body: Mapping[str, Any]) -> None:
    """A field that must be there and filled in."""
    if body.get(name) is None:
        raise errors.invalid([Problem(name, errors.NOT_NULL, f"null.{name}")], bean=True)
    if body[name] == "":
        raise errors.invalid([Problem(name, errors.BLANK)])


@dataclass
class _Reader:
    state: TripletexState
    kind: Entity
    inline: tuple[str, ...]
    prefix: str
    values: Values = field(default_factory=dict)
    unmapped: list[Problem] = field(default_factory=list)
    broken: list[Problem] = field(default_factory=list)

    def take(self, key: str, value: Any) -> None:
        known = self.kind.fields.get(key)
        path = f"{self.prefix}{key}"
        if known is None:
            self.unmapped.append(Problem(path, errors.UNKNOWN_FIELD))
            return
        # Display names are made of other fields, whatever is sent.
        if key in ("id", "version", "displayName") or known.read_only:
            return
        if value is None:
            self.values[key] = known.default
        elif key in self.inline:
            self._take_inline(known, path, value)
        elif known.kind == "ref":
            self._take_reference(known, path, value)
        elif known.kind == "refs":
            self.unmapped += [] if isinstance(value, list) else [Problem(path, errors.TYPE)]
        elif not _fits(known, value):
            self.unmapped.append(Problem(path, errors.TYPE))
        elif known.limit is not None and len(value) > known.limit:
            self.broken.append(Problem(path, errors.length(known.limit), f"null.{path}"))
        else:
            self.values[key] = value

    def finish(self) -> Values:
        if self.unmapped:
            raise errors.mapping_failed(self.unmapped)
        if self.broken:
            raise errors.invalid(self.broken, bean=True)
        return self.values

    def _take_inline(self, known: Field, path: str, value: Any) -> None:
        if known.kind == "refs":
            if isinstance(value, list):
                self.values[known.name] = value
            else:
                self.unmapped.append(Problem(path, errors.TYPE))
            return
        if not isinstance(value, Mapping):
            self.unmapped.append(Problem(path, errors.TYPE))
            return
        inner = _Reader(self.state, entity(known.target), (), f"{path}.")
        for key, each in value.items():
            inner.take(key, each)
        self.unmapped += inner.unmapped
        self.broken += inner.broken
        self.values[known.name] = inner.values

    def _take_reference(self, known: Field, path: str, value: Any) -> None:
        target = entity(known.target)
        if not isinstance(value, Mapping) or not isinstance(value.get("id"), int):
            self.unmapped.append(Problem(path, errors.TYPE))
            return
        # A reference names its object by id alone: a name or number beside it is refused.
        extra = [key for key in value if key not in ("id", "url", "version")]
        if extra:
            self.unmapped += [Problem(f"{path}.{key}", errors.UNKNOWN_FIELD) for key in extra]
        elif not target.opaque and value["id"] not in self.state.table(target):
            text = errors.VAT_CODE if target.name == "VatType" else errors.NO_OBJECT
            self.broken.append(Problem(f"{path}.id", text))
        else:
            self.values[known.name] = value["id"]


def _fits(known: Field, value: Any) -> bool:
    checks: dict[str, Callable[[Any], bool]] = {
        "long": lambda given: isinstance(given, int) and not isinstance(given, bool),
        "int": lambda given: isinstance(given, int) and not isinstance(given, bool) and abs(given) < 2**31,
        "number": lambda given: isinstance(given, int | float | Decimal) and not isinstance(given, bool),
        "bool": lambda given: isinstance(given, bool),
        "text": lambda given: isinstance(given, str),
        "enum": lambda given: given in known.options,
        "date": _is_date,
        "texts": lambda given: isinstance(given, list) and all(isinstance(each, str) for each in given),
    }
    return checks[known.kind](value)


def _is_date(value: Any) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
