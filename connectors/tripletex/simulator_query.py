"""One request for a list of the Tripletex simulator: its page, its order, its rows and its checksum.

Parameters that a listing does not name are ignored, as the real API does. Knows nothing of HTTP.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.tripletex import simulator_errors as errors
from connectors.tripletex.simulator_errors import Problem
from connectors.tripletex.simulator_fields import NOTHING, field_value
from connectors.tripletex.simulator_model import Entity, entity
from connectors.tripletex.simulator_state import Stored, TripletexState
from connectors.tripletex.simulator_switches import Switches

Test = Callable[[int, Stored], bool]
Row = tuple[int, Stored]


@dataclass(frozen=True)
class Listing:
    """One list endpoint."""

    entity: Entity
    filters: Mapping[str, Callable[["Query", str, str], Test | None]]
    required: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    only: Test | None = None
    """What belongs to the list at all; None: every object of the kind."""
    checksum: bool = True
    """Whether `If-None-Match` is supported."""
    total_unknown: Callable[[Mapping[str, str]], bool] = lambda given: False
    """For which parameters the list is put together ad hoc: `fullResultSize` is 0 then."""


@dataclass(frozen=True)
class Query:
    """One request for a list."""

    state: TripletexState
    listing: Listing
    given: Mapping[str, str]
    switches: Switches

    @property
    def start(self) -> int:
        """`from`: rows to skip."""
        return self._whole("from", 0)

    @property
    def count(self) -> int:
        """`count`: rows asked for."""
        return self._whole("count", 1000)

    def key(self) -> tuple[Any, ...]:
        """What tells one list from another: everything but the page and the fields."""
        names = [*self.listing.filters, "sorting"]
        return (
            self.listing.entity.name,
            tuple((name, self.given[name]) for name in names if name in self.given),
            self.switches.ignored,
            tuple(self._defaults.items()),
            self.switches.changed_since,
            self.switches.case_sensitive,
            self.switches.name_match,
            self._limit,
        )

    def rows(self) -> list[Row]:
        """All matching rows in order. Raises ApiFailure for parameters the API refuses."""
        tests = self._tests()
        order = _sort_keys(self.given.get("sorting", ""), self.listing.entity)
        table = self.state.table(self.listing.entity)
        found = [(record_id, table[record_id]) for record_id in sorted(table)]
        for test in tests:
            found = [row for row in found if test(*row)]
        if self._limit is not None and len(found) > self._limit:
            raise errors.ApiFailure(422, 23000, "Result set too large. Limit of 10.000 reached", None, ())
        for path, descending in reversed(order):
            if path == ("id",) and not descending:
                continue  # the order in which the rows were found
            found.sort(key=partial(_sort_value, self.state, self.listing.entity, path), reverse=descending)
        return found

    @property
    def total_unknown(self) -> bool:
        """Whether the list is put together ad hoc, without a total and a checksum."""
        return self.listing.total_unknown(self.given)

    def full_result_size(self, total: int) -> int:
        """`fullResultSize` for this page of a list of `total` rows."""
        if self.total_unknown:
            return 0
        more = self.start + self.count < total
        if more and self.switches.full_result_size == "look-ahead":
            return self.start + self.count + 1
        return total

    @property
    def _defaults(self) -> Mapping[str, str]:
        return {
            **self.listing.defaults,
            **self.switches.unstated_defaults.get(self.listing.entity.name, {}),
        }

    @property
    def _limit(self) -> int | None:
        limited = self.listing.entity.name in self.switches.row_limited
        return self.switches.row_limit if limited else None

    def _tests(self) -> list[Test]:
        missing = [name for name in self.listing.required if not self.given.get(name)]
        if missing:
            raise errors.bad_value(Problem(name, errors.NOT_NULL) for name in missing)
        given = {**self._defaults, **self.given}
        made = [
            make(self, name, given[name])
            for name, make in self.listing.filters.items()
            if given.get(name, "") != "" and name not in self.switches.ignored
        ]
        return [test for test in (self.listing.only, *made) if test is not None]

    def _whole(self, name: str, default: int) -> int:
        text = self.given.get(name, "")
        if text == "":
            return default
        if not re.fullmatch(r"-?\d{1,18}", text):
            raise errors.bad_parameter()
        number = int(text)
        if number < 0:
            raise errors.bad_value([Problem(name, errors.FORMAT)])
        return number


def digest(query_text: str, rows: Iterable[Row]) -> str:
    """The checksum of a page: of the query and of each row's id and version, nothing deeper."""
    hashed = hashlib.sha256(query_text.encode())
    for record_id, stored in rows:
        hashed.update(f"{record_id}:{stored.version};".encode())
    return hashed.hexdigest()[:32]


SortPath = tuple[str, ...]


def _sort_keys(text: str, kind: Entity) -> list[tuple[SortPath, bool]]:
    keys = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        descending, name = part.startswith("-"), part.removeprefix("-")
        path = tuple(name.split("."))
        if not _is_path(path, kind):
            raise errors.ApiFailure(
                422,
                17000,
                f"Field specified for use in sorting does not exist: '{name}'",
                None,
                (),
            )
        keys.append((path, descending))
    # Ids are unique: what comes after one decides nothing.
    first_id = next((place for place, (path, _) in enumerate(keys) if path == ("id",)), len(keys))
    return keys[: first_id + 1]


def _is_path(path: SortPath, kind: Entity) -> bool:
    known = kind.fields.get(path[0])
    if known is None or known.kind in ("refs", "texts", "changes"):
        return False
    if len(path) == 1:
        return True
    return known.kind == "ref" and _is_path(path[1:], entity(known.target))


def _sort_value(state: TripletexState, kind: Entity, path: SortPath, row: Row) -> tuple[int, Any]:
    """A value that compares with any other; unset comes first, texts without regard to case."""
    record_id, stored = row
    for step in path[:-1]:
        known = kind.fields[step]
        record_id, kind = stored.values.get(step) or 0, entity(known.target)
        stored = state.table(kind).get(record_id, NOTHING)
    value = field_value(state, kind, path[-1], record_id, stored)
    if value is None or value == "":
        return (0, 0)
    return (2, value.casefold()) if isinstance(value, str) else (1, value)
