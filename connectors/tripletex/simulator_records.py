"""Objects as the Tripletex simulator keeps them: by kind and id, with versions and changes.

Fields are named as in the API; references are held as ids, unset fields not at all. Knows no rule of
customers or invoices, and nothing of HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connectors.tripletex.simulator_model import Entity

Values = dict[str, Any]
Change = tuple[datetime, Literal["CREATE", "UPDATE"]]


@dataclass(frozen=True, slots=True)
class Stored:
    """One object. Replaced as a whole, never changed in place."""

    values: Mapping[str, Any]
    """Only what is set; references are ids, lists of references lists of ids."""
    version: int
    changes: tuple[Change, ...]

    @property
    def modified_at(self) -> datetime:
        """The time of the last change of the object itself."""
        return self.changes[-1][0]


class Records:
    """The objects of one company. Every change goes through a method and moves `revision`."""

    now: Callable[[], datetime]
    tables: dict[str, dict[int, Stored]]
    revision: int
    counters: dict[str, int]
    """The next id or number of each kind."""

    def put(
        self,
        name: str,
        record_id: int,
        values: Mapping[str, Any],
        *,
        version: int = 0,
        at: datetime | None = None,
    ) -> None:
        """Store any values under an id: also the way to a malformed record."""
        moment = at or self.now()
        self.tables.setdefault(name, {})[record_id] = Stored(dict(values), version, ((moment, "CREATE"),))
        self.revision += 1

    def change(
        self,
        name: str,
        record_id: int,
        fields: Mapping[str, Any],
        *,
        at: datetime | None = None,
        version: int | None = None,
    ) -> None:
        """Change fields of an object: its version goes up by one, or to the one given."""
        stored = self.tables[name][record_id]
        moment = at or self.now()
        self.tables[name][record_id] = Stored(
            {**stored.values, **fields},
            stored.version + 1 if version is None else version,
            (*stored.changes, (moment, "UPDATE")),
        )
        self.revision += 1

    def drop(self, name: str, record_id: int) -> None:
        """Remove an object without a trace."""
        del self.tables[name][record_id]
        self.revision += 1

    def table(self, kind: Entity | str) -> dict[int, Stored]:
        """The objects of one kind by id."""
        return self.tables.setdefault(kind if isinstance(kind, str) else kind.name, {})

    def referring(self, name: str, field_name: str, record_id: int) -> list[int]:
        """Ids of the objects of a kind whose reference points at an object."""
        return [
            key
            for key, stored in list(self.table(name).items())
            if stored.values.get(field_name) == record_id
        ]

    def next_id(self, name: str) -> int:
        """The next free id or number of a kind."""
        taken = self.tables.get(name, {})
        number = self.counters.setdefault(name, 1)
        while number in taken:
            number += 1
        self.counters[name] = number + 1
        return number
