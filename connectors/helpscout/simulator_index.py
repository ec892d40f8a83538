"""What the simulated lists and searches see: an index that may trail the records, kept in order.

A list is sorted once and then follows the change log, so a page of a hundred thousand rows costs no more
than a page of a hundred, even when a record changes before each request.
"""

from bisect import bisect_left, insort
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.helpscout.simulator_records import TABLES, Change, Stored, Table
from connectors.helpscout.simulator_state import HelpScoutState

Keeps = Callable[[Stored], bool]
SortKey = Callable[[Stored], Any]


class IndexedTable:
    """The records of one kind as indexed so far, and the ids that changed, in order."""

    def __init__(self) -> None:
        self.records: dict[int, Stored] = {}
        self.changed: list[int] = []

    def apply(self, change: Change) -> None:
        """Take one change over."""
        if change.stored is None:
            self.records.pop(change.record_id, None)
        else:
            self.records[change.record_id] = change.stored
        self.changed.append(change.record_id)


class Index:
    """Follows a state's change log at a distance."""

    def __init__(self, state: HelpScoutState) -> None:
        self._state = state
        self._read = 0
        self._held: list[Change] = []
        self._tables: dict[Table, IndexedTable] = {name: IndexedTable() for name in TABLES}

    def table(self, name: Table) -> IndexedTable:
        """One kind of record as indexed so far."""
        return self._tables[name]

    def catch_up(self, lag: float, now: datetime) -> None:
        """Take over every change that is `lag` seconds old; all of them when there is no lag.

        Changes of one record are taken over in their order, whatever times they carry.
        """
        arrived = self._state.log[self._read :]
        self._read += len(arrived)
        if not arrived and not self._held:
            return
        newest = now - timedelta(seconds=lag) if lag else None
        held: list[Change] = []
        behind: set[tuple[Table, int]] = set()
        for change in [*self._held, *arrived]:
            key = (change.table, change.record_id)
            if key in behind or (newest is not None and change.at > newest):
                behind.add(key)
                held.append(change)
            else:
                self._tables[change.table].apply(change)
        self._held = held


class LiveList:
    """The ids of the records that meet a predicate, sorted by a key and then by id."""

    def __init__(self, table: IndexedTable, keeps: Keeps, sort_key: SortKey) -> None:
        self._table = table
        self._keeps = keeps
        self._sort_key = sort_key
        self._position = len(table.changed)
        self._entries = sorted(
            (sort_key(stored), record_id) for record_id, stored in table.records.items() if keeps(stored)
        )
        self._keys = {record_id: key for key, record_id in self._entries}

    def __len__(self) -> int:
        return len(self._entries)

    def stored(self, record_id: int) -> Stored:
        """A record of the list, as indexed."""
        return self._table.records[record_id]

    def refresh(self) -> "LiveList":
        """Follow what changed since the last call."""
        arrived = self._table.changed[self._position :]
        self._position += len(arrived)
        for record_id in dict.fromkeys(arrived):
            if record_id in self._keys:
                entry = (self._keys.pop(record_id), record_id)
                del self._entries[bisect_left(self._entries, entry)]
            stored = self._table.records.get(record_id)
            if stored is not None and self._keeps(stored):
                key = self._sort_key(stored)
                self._keys[record_id] = key
                insort(self._entries, (key, record_id))
        return self

    def window(self, start: int, stop: int, *, descending: bool) -> list[int]:
        """Ids from place `start` to before `stop`, counted from the first row shown."""
        if not descending:
            return [record_id for _, record_id in self._entries[start:stop]]
        size = len(self._entries)
        entries = self._entries[max(0, size - stop) : max(0, size - start)]
        return [record_id for _, record_id in reversed(entries)]

    def below(self, entry: tuple[Any, int] | None, count: int) -> list[int]:
        """The `count` ids before a place in the order, the nearest first; None: from the very end."""
        end = len(self._entries) if entry is None else bisect_left(self._entries, entry)
        return [record_id for _, record_id in reversed(self._entries[max(0, end - count) : end])]
