"""Reads a list of Help Scout that is paged by number while its records change, and misses none of them.

A page number names a place, not records: when a record leaves the list, all behind it move one place up, and
one that was due on the next page slips onto one that has been read. So the list is asked for in an order that
no edit changes (by number or creation), within a bound behind which nothing more can enter, and read from its
end: what moves, moves towards pages that are still to be read. What left the list because it was edited
meanwhile is read in a window that starts where the first began. Servers that sort, filter or count otherwise
are noticed by their answers, and read again and again until a pass brings nothing new.
"""

from __future__ import annotations

import logging
import math
from array import array
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar

from connectors.client import Clock
from connectors.egress import Egress
from connectors.errors import EgressError, PermanentError, TransientError, UnauthorizedError
from connectors.helpscout.client_answers import NoneSentError, Sheet, timestamp
from connectors.helpscout.client_lists import Listing
from connectors.helpscout.client_passes import BackwardPass, ForwardPass, Outcome
from connectors.pages import Page
from schemas.payloads.base import Payload

P = TypeVar("P", bound=Payload)

FOLLOW_UPS = 8
"""Windows read after the first for what was edited meanwhile; each is a fraction of the one before."""
SWEEPS = 8
"""Passes over a list that does not hold still, or in a row without a record that is told of and not met."""
MOST_SWEEPS = 24
"""While records are known to be missing still, and passes bring some of them."""
STALE_PAGES = 50
"""Pages in a row without a new record: no list moves that fast."""

_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILTERS = frozenset({"modifiedSince", "query"})
_NOT_UNDERSTOOD = frozenset({400, 422})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """Records modified, or made, from `start` to `end` (aware; None: open)."""

    start: datetime | None = None
    end: datetime | None = None
    by: Literal["modifiedAt", "createdAt"] = "modifiedAt"

    def halves(self, oldest: datetime, newest: datetime) -> tuple[Window, Window] | None:
        """The window cut in two between the two times; None when it is too short for that."""
        start, end = self.start or oldest, self.end or newest
        if end - start < 4 * _SECOND:
            return None
        middle = start + (end - start) / 2
        return replace(self, end=middle), replace(self, start=middle)


class PagedList(Generic[P]):
    """One list of the v2 API, read through `egress`."""

    def __init__(
        self,
        egress: Egress,
        listing: Listing[P],
        clock: Clock,
        sleep: Callable[[float], None],
    ) -> None:
        self._egress = egress
        self._listing = listing
        self._clock = clock
        self._sleep = sleep
        self._orders = list(listing.orders)
        """Those that are left: one that the server does not heed is taken out."""
        self._read: array[int] = array("q")
        self._searchable = True
        self._too_deep = math.inf

    def read(self, start: datetime | None, end: datetime | None) -> Iterator[Page[P]]:
        """Every record modified in the window, at least once, and perhaps some more.

        No record that existed throughout is missed, whatever is added, edited or deleted meanwhile.
        """
        window = Window(start, end, by="createdAt" if start is None and end is None else "modifiedAt")
        for _ in range(FOLLOW_UPS):
            began = self.now()
            if not (yield from self._through(window, began)):
                return
            window = Window(began)
        yield from self._until_nothing_new(window, began)

    def read_all(self) -> Iterator[Page[P]]:
        """Every record of a short list that knows no filter."""
        yield from self._until_nothing_new(Window(), self._clock())

    def ask(self, number: int, filters: Mapping[str, str]) -> Sheet[P]:
        """One page, from 1; `filters` add to the list's query. Empty where the list does not reach so far.

        Raises EgressError; PermanentError also where the search among the filters is not understood.
        """
        asked = {**self._listing.query, **self._order(), **filters, "page": number}
        try:
            answer = self._egress.request("GET", self._listing.path, query=asked)
        except PermanentError as error:
            if error.status in _NOT_UNDERSTOOD and len(self._orders) > 1 and "sortField" not in filters:
                # It may be the order that is not understood, and not the search.
                self._orders.pop(0)
                return self.ask(number, filters)
            if error.status in _NOT_UNDERSTOOD and "query" in filters and number == 1:
                raise _NotSearchableError(f"{self._listing.request}: the search is not understood") from None
            if error.status == 404 and number > 1:
                # The list has become shorter than this page is far; what is left of it is to be found out.
                return Sheet.empty()
            raise
        try:
            return Sheet.of(answer.body, self._listing, number)
        except NoneSentError as error:
            if filters.keys().isdisjoint(_FILTERS) or not self._sends_records():
                raise
            # The index finds records that are gone since; the list itself is as it should be.
            return Sheet.empty(has_next=error.has_next)

    def filters(self, window: Window, bound: datetime | None) -> dict[str, str]:
        """Either filter alone selects the window (or more): servers differ in what they heed."""
        filters = {}
        if window.start is not None and window.by == "modifiedAt":
            # Whether the API means "at" or "after" is not known.
            filters["modifiedSince"] = timestamp(window.start - _SECOND)
        if self._searchable and (window.start is not None or bound is not None):
            since = window.start - _SECOND if window.start is not None else _EPOCH
            until = timestamp(bound) if bound is not None else "*"
            filters["query"] = f"({window.by}:[{timestamp(since)} TO {until}])"
        return filters

    def closed(self, bound: datetime) -> datetime:
        """The bound, when its second has passed: until then records can be modified into the window."""
        left = (bound + _SECOND - self._clock()).total_seconds()
        if left > 0:
            self._sleep(min(left, 1.0))
        return bound

    def now(self) -> datetime:
        """The time in whole seconds, as the API tells times."""
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def _through(self, window: Window, began: datetime) -> Generator[Page[P], None, bool]:
        """Read a window by whatever way works. Returns whether records left it meanwhile."""
        try:
            outcome = yield from self._backwards(window, began)
        except _NotSearchableError:
            self._searchable = False
            outcome = Outcome.UNSURE
        except _TooDeepError as error:
            halves = window.halves(error.oldest or _EPOCH, began)
            if halves is None:
                raise error.reason from None
            earlier = yield from self._through(halves[0], began)
            later = yield from self._through(halves[1], began)
            return earlier or later
        if outcome is Outcome.UNSURE:
            yield from self._until_nothing_new(window, began)
        return outcome is Outcome.CHANGED

    def _backwards(self, window: Window, began: datetime) -> Generator[Page[P], None, Outcome]:
        """One pass: the first page, then the last to the second, and the first again if anything moved."""
        first = self._ask_for_the_first(self.filters(window, window.end))
        yield self._noted(first)
        if first.told is None or first.pages is None or first.pages <= 1:
            return Outcome.UNSURE if first.has_next else Outcome.COMPLETE
        if first.told >= self._too_deep:
            raise _TooDeepError(
                first.oldest, PermanentError(f"{self._listing.request}: more records than can be paged")
            )
        closed_at = self.closed(began if window.end is None else min(began, window.end))
        bounded = self.filters(window, closed_at)
        one = BackwardPass(first, self._orders[0], closed_at)
        number, begun = first.pages, len(self._read) - len(first.ids)
        while number > 1:
            sheet = self.ask(number, bounded) if one.behind else self._ask_for_the_last(first, bounded)
            yield self._noted(sheet)
            if not one.add(sheet, number):
                return Outcome.UNSURE
            number = min(number - 1, sheet.pages or 0)
        one.end(distinct=len(set(self._read[begun:])))
        if one.shrunk or one.moved:
            yield self._noted(self.ask(1, bounded))
        return one.outcome(distinct=len(set(self._read[begun:])))

    def _ask_for_the_first(self, filters: Mapping[str, str]) -> Sheet[P]:
        """The first page of a list, in the first of the orders that the server heeds."""
        first = self.ask(1, filters)
        while first.has_next and len(self._orders) > 1 and not first.is_ordered_before(None, self._orders[0]):
            self._orders.pop(0)
            first = self.ask(1, filters)
        return first

    def _ask_for_the_last(self, first: Sheet[P], bounded: Mapping[str, str]) -> Sheet[P]:
        """The last page. If it is refused, the first tells whether for its depth or for the search."""
        try:
            return self.ask(first.pages or 1, bounded)
        except UnauthorizedError:
            raise
        except (PermanentError, TransientError) as error:
            self.ask(1, bounded)
            self._too_deep = first.told or 0
            raise _TooDeepError(first.oldest, error) from None

    def _until_nothing_new(self, window: Window, began: datetime) -> Iterator[Page[P]]:
        """Passes from the first page to the last, until one brings no record that was not read before."""
        known, pages, quiet, barren = set(self._read), 0, 0, 0
        for number in range(1, MOST_SWEEPS + 1):
            one = ForwardPass(pages)
            yield from self._forwards(window, began, one)
            pages = one.pages
            new = one.older - known
            known |= one.met
            if one.is_whole():
                return
            brought_all = not one.shrank and (one.was_cut or len(known) + one.nameless >= one.told)
            quiet = quiet + 1 if brought_all and not new else 0
            # As many may have come as went, and one have slipped past the pages that were asked for.
            if quiet == (1 if one.was_cut or one.met == one.older else 2):
                return
            barren = 0 if new else barren + 1
            if barren == SWEEPS or (number >= SWEEPS and len(known) + one.nameless >= one.told):
                break
        logger.warning(
            "%s: still changing after %d passes; the next sweep reads it again", self._listing.request, number
        )

    def _forwards(self, window: Window, began: datetime, one: ForwardPass) -> Iterator[Page[P]]:
        """One pass from the first page to the last, noting in `one` what it meets."""
        filters = self.filters(window, window.end)
        number, stale, has_next = 1, 0, True
        while has_next:
            sheet = self.ask(number, filters)
            yield sheet.page
            stale = 0 if sheet.ids - one.met else stale + 1
            if stale > STALE_PAGES:
                raise PermanentError(f"{self._listing.request}: the API repeats its pages without end")
            # What was made since is no sign that an older record may be missing.
            older = sheet.ids_made_before(began)
            one.add(sheet, older)
            # A list can grow as fast as it is read: twice its length is enough when nothing older comes.
            one.was_cut = number >= 2 * one.pages > 0 and bool(sheet.ids) and not older and sheet.has_next
            has_next, number = sheet.has_next and not one.was_cut, number + 1

    def _sends_records(self) -> bool:
        """Whether the list holds records in the expected place when nothing narrows it."""
        try:
            return bool(self.ask(1, {}).items)
        except NoneSentError:
            return False

    def _order(self) -> dict[str, str]:
        return self._orders[0].query if self._orders else {}

    def _noted(self, sheet: Sheet[P]) -> Page[P]:
        self._read.extend(sheet.ids)
        return sheet.page


class _NotSearchableError(PermanentError):
    """The API does not understand the search that bounds a list."""


class _TooDeepError(Exception):
    """The list is longer than its pages can be asked for; `oldest` is when its first record was made."""

    def __init__(self, oldest: datetime | None, reason: EgressError) -> None:
        super().__init__()
        self.oldest = oldest
        self.reason = reason
