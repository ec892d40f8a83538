"""What golden records are made of: the records with what the matching says of them, and a table per card.

Whole columns at a time. Knows neither people nor organisations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipelines.identity.ledger import Assignment
from pipelines.identity.survivorship import (
    Claims,
    Ints,
    Objects,
    newest_first,
    objects,
    ranked,
    together,
    winners,
)

if TYPE_CHECKING:
    from pipelines.identity.match import Matching

NONE: Ints = np.zeros(0, dtype=np.int64)
"""No row."""

CONTACT_KINDS = {
    "order_form": "own_sign_up",
    "course_signup": "own_sign_up",
    "tripletex_customer": "billing_contact",
    "tripletex_contact": "billing_contact",
}
"""Kind of claim of somebody's phone or employer, by source; all others are `support_contact`."""

_ORIGIN_COLUMNS = ("entity", "entity_id", "field", "source", "source_id", "rule", "source_changed_at")


class Sources:
    """The records and what the matching says of them, as arrays."""

    def __init__(
        self,
        records: pd.DataFrame,
        matching: Matching,
        people: Assignment,
        organizations: Assignment,
        survivorship: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.records = records
        self.size = len(records)
        self.people, self.organizations = people, organizations
        self.person, self.organization = people.card, organizations.card
        self.source: Objects = self.column("source")
        self.newest = newest_first(records)
        self.rule = np.asarray(matching.organization_rule, dtype=object)
        self.guarded = frozenset(zip(matching.guards["key_kind"], matching.guards["key_value"], strict=True))
        self.survivorship = survivorship

    def column(self, name: str) -> Objects:
        """A column of the records."""
        return self.records[name].to_numpy(dtype=object)

    def rows_of(self, *sources: str) -> Ints:
        """The rows of some source entities, in order."""
        return np.flatnonzero(np.isin(self.source.astype(str), sources)) if self.size else NONE

    def ranked(self, field: str, parts: list[Claims]) -> Claims:
        """The claims on `entity.field` of each card, the best first."""
        return ranked(together(parts), self.newest, self.survivorship[field])

    def winners(self, field: str, parts: list[Claims]) -> Claims:
        """The best claim on `entity.field` of each card."""
        return winners(self.ranked(field, parts))


class Origins:
    """Collects, field by field, which record each value on a card came from."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._parts: list[tuple[str, str, Claims]] = []

    def add(self, entity: str, field: str, won: Claims) -> None:
        """Note the claims that won a field."""
        self._parts.append((entity, field, won))

    def frame(self) -> pd.DataFrame:
        """crm.field_origin, by its key."""
        records = self._sources.records
        parts = [
            self._entity(entity, assignment)
            for entity, assignment in (
                ("organization", self._sources.organizations),
                ("person", self._sources.people),
            )
        ]
        row, kind, entity_id, entity, field = (
            np.concatenate([part[at] for part in parts]) for at in range(5)
        )
        return pd.DataFrame(
            {
                "entity": entity,
                "entity_id": entity_id,
                "field": field,
                "source": self._sources.source[row],
                "source_id": self._sources.column("source_id")[row],
                "rule": kind,
                "source_changed_at": pd.to_datetime(records["changed_at"], utc=True)
                .astype("datetime64[us, UTC]")
                .array[row],
            },
            columns=list(_ORIGIN_COLUMNS),
        )

    def _entity(self, entity: str, assignment: Assignment) -> tuple[Ints, Objects, Objects, Objects, Objects]:
        parts = sorted((field, won) for of, field, won in self._parts if of == entity and len(won))
        if not parts:
            nothing = np.zeros(0, dtype=object)
            return NONE, nothing, nothing, nothing, nothing
        sizes = [len(won) for _, won in parts]
        card = np.concatenate([won.card for _, won in parts])
        in_order = np.argsort(card, kind="stable")  # the fields are in order within each card already
        fields = np.repeat(np.array([field for field, _ in parts], dtype=object), sizes)[in_order]
        return (
            np.concatenate([won.row for _, won in parts])[in_order],
            np.concatenate([won.kind for _, won in parts])[in_order],
            objects(assignment.ids)[card[in_order]],
            np.full(len(card), entity, dtype=object),
            fields,
        )


class Table:
    """One row per card, filled column by column."""

    def __init__(self, assignment: Assignment) -> None:
        self._ids = assignment.ids
        self._columns: dict[str, Any] = {}

    def set(self, name: str, won: Claims) -> None:
        """Fill a column from the claims that won it; None on the other cards."""
        values = np.full(len(self._ids), None, dtype=object)
        values[won.card] = won.value
        self._columns[name] = values

    def flag(self, name: str, cards: Ints) -> None:
        """Fill a column that is true on some cards."""
        values = np.zeros(len(self._ids), dtype=bool)
        values[cards] = True
        self._columns[name] = values

    def put(self, name: str, values: Any) -> None:
        """Fill a column with a value for each card."""
        self._columns[name] = values

    def column(self, name: str) -> Objects:
        """A column that was filled."""
        return np.asarray(self._columns[name], dtype=object)

    def frame(self, key: str) -> pd.DataFrame:
        """The table, with the cards' ids in the column `key`."""
        columns = {
            name: values if values.dtype == bool else pd.Series(values, dtype=object)
            for name, values in self._columns.items()
        }
        return pd.DataFrame({key: pd.Series(self._ids, dtype=object), **columns})


def exploded(lists: Objects, rows: Ints) -> tuple[Ints, Objects, Ints]:
    """(row, value, position in its list) of every value in the lists of some rows."""
    mine = lists[rows].tolist()
    sizes = np.fromiter(map(len, mine), dtype=np.int64, count=len(mine))
    values = objects(list(chain.from_iterable(mine)))
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(rows, sizes), values, np.arange(len(values)) - starts


def mapped(function: Callable[[Any], Any], values: Objects) -> Objects:
    """The function over each distinct value; a missing value stays None."""
    code, distinct = pd.factorize(values)
    results = np.empty(len(distinct) + 1, dtype=object)
    results[: len(distinct)] = [function(value) for value in distinct]
    results[len(distinct)] = None
    return results[code]


def mapped_values(function: Callable[[Any], Any], values: Objects) -> list[Any]:
    """As `mapped`, as a list: results may be tuples, which arrays would take apart."""
    code, distinct = pd.factorize(values)
    results = [function(value) for value in distinct]
    return [results[at] for at in code.tolist()]


def mapped_rows(function: Callable[..., Any], *columns: Objects) -> list[Any]:
    """The function over each distinct combination of the columns' values."""
    known: dict[tuple[Any, ...], Any] = {}
    results = []
    for values in zip(*(column.tolist() for column in columns), strict=True):
        result = known.get(values)
        if result is None:
            result = known[values] = function(*values)
        results.append(result)
    return results
