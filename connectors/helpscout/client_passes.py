"""What a pass over a numbered list of Help Scout has met, and what that tells of the list.

Knows pages, and asks for none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from typing import Any

from connectors.helpscout.client_answers import Sheet
from connectors.helpscout.client_lists import Order


class Outcome(Enum):
    """How a pass from the end has ended."""

    COMPLETE = auto()
    CHANGED = auto()
    """Records left the window while it was read; they were modified, or they are gone."""
    UNSURE = auto()
    """The list is not what was asked for, or something entered it."""


@dataclass(slots=True)
class BackwardPass:
    """A pass from the last page to the second, after the `first`, which was asked for before the bound."""

    first: Sheet[Any]
    order: Order
    closed_at: datetime
    """The bound: nothing that was made or modified later is in the list."""
    behind: Sheet[Any] | None = None
    """The page that was read before."""
    shrunk: bool = False
    """Records left the list meanwhile."""
    moved: bool = False
    """Records moved up from a page that had been read, or the server does not heed the bound."""
    _tied: bool = False
    _told: int = field(init=False)
    _slots: int = field(init=False)
    _nameless: int = field(init=False)
    _repeated: int = 0

    def __post_init__(self) -> None:
        self._told = self.first.told or 0
        self._slots = len(self.first.items)
        self._nameless = self.first.nameless

    def add(self, sheet: Sheet[Any], number: int) -> bool:
        """Note the page of this number; whether the list is still the one that was asked for."""
        if sheet.told is None or sheet.pages is None or not sheet.is_ordered_before(self.behind, self.order):
            return False
        if not sheet.items and number <= sheet.pages:
            # It is told of and holds nothing: so may be all before it, however many are told of.
            return False
        # More than before: something entered. Far fewer than without the bound: it is misread.
        fewest = self._told - len(self.first.items) if self.behind is None else 0
        if not fewest <= sheet.told <= self._told:
            return False
        self._slots += len(sheet.items)
        if self._slots > 2 * (self.first.told or 0) + len(self.first.items):
            # At most as many come twice as leave the list: more than that is no list of so many records.
            return False
        self._nameless += sheet.nameless
        self._tied |= sheet.ties_with(self.behind, self.order)
        self.shrunk |= sheet.told < self._told
        self.moved |= sheet.overlaps(self.behind) or sheet.newest_is_after(self.closed_at)
        self._told, self.behind = sheet.told, sheet
        return True

    def end(self, distinct: int) -> None:
        """The first page is reached; so many `distinct` records were met."""
        self._tied |= self.first.ties_with(self.behind, self.order)
        self._repeated = self._slots - self._nameless - distinct

    def outcome(self, distinct: int) -> Outcome:
        """What came of it, the first page asked for once more where something moved."""
        if not (self.shrunk or self.moved) and self._slots != self._told:
            return Outcome.UNSURE
        # Records of one second may stand in another order each time and trade places between two pages: then
        # more come twice than have left the list.
        left = (self.first.told or 0) - self._told
        if (self._tied and self._repeated > left) or distinct + self._nameless < self._told:
            return Outcome.UNSURE
        return Outcome.CHANGED if self.shrunk else Outcome.COMPLETE


@dataclass(slots=True)
class ForwardPass:
    """A pass from the first page to the last."""

    pages: int = 0
    """How long the list was at first."""
    met: set[int] = field(default_factory=set)
    older: set[int] = field(default_factory=set)
    """Records that were made before the read began."""
    counts: set[int | None] = field(default_factory=set)
    """How many records the API told of."""
    told: int = 0
    shrank: bool = False
    """The list became shorter meanwhile: a record may have slipped onto a page that had been read."""
    nameless: int = 0
    """Records without a usable id, and doubles within a page."""
    was_cut: bool = False
    """It ended before the list did: nothing but newer records was left."""

    def add(self, sheet: Sheet[Any], older: frozenset[int]) -> None:
        """Note one page."""
        self.met |= sheet.ids
        self.older |= older
        self.shrank |= (sheet.told or 0) < self.told
        self.counts.add(sheet.told)
        self.pages = self.pages or sheet.pages or 0
        self.told = sheet.told or 0
        self.nameless += sheet.nameless

    def is_whole(self) -> bool:
        """Whether it met as many records as there were, none of them newer, and their number stood still."""
        return self.counts == {len(self.met)} and self.met == self.older
