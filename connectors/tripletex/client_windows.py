"""Reads the lists of Tripletex that want a range of dates, also where a range holds too many for one list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Generic, TypeVar

from connectors.errors import PermanentError
from connectors.pages import Page
from connectors.tripletex.client_objects import TOO_MANY_ROWS, Objects
from connectors.tripletex.client_paging import Fetch, SeenIds
from schemas.payloads.base import Payload

EVER = (date(1970, 1, 1), date(2200, 1, 1))
"""Dates that hold every object."""

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class Windows(Generic[P]):
    """One list that is asked for by dates, the end of a range exclusive. Filters are checked here too."""

    objects: Objects
    payload: type[P]
    path: str
    date_field: str
    """The date that the range is about, as the API names it; its parameters are called From and To."""
    query: Mapping[str, object] = field(default_factory=dict)
    """Parameters besides the range."""
    asked_for: Callable[[Any], bool] = lambda row: True
    """Whether a row that came is one that these parameters mean."""
    parts: Callable[[Any], Iterable[Any]] = lambda row: (row,)
    """The records in a row."""

    def fetch(self, start: date, end: date) -> Fetch:
        """The list of one range."""
        window = {
            f"{self.date_field}From": start.isoformat(),
            f"{self.date_field}To": end.isoformat(),
        }
        return self.objects.listed(self.payload, self.path, {**self.query, **window})

    def pages(self, start: date, end: date, seen: SeenIds) -> Iterator[Page[P]]:
        """Those dated from `start` until the day before `end` and not in `seen` yet.

        A range with too many is halved. Raises PermanentError when one day has too many.
        """

        def is_wanted(row: Any) -> bool:
            # Of the whole range, not of a half: what came too early is in `seen`, and comes no second time.
            return self._is_dated_within(row, start, end) and self.asked_for(row)

        yield from self._range(start, end, seen, is_wanted)

    def _range(
        self, start: date, end: date, seen: SeenIds, is_wanted: Callable[[Any], bool]
    ) -> Iterator[Page[P]]:
        if start >= end:
            return
        try:
            yield from self.objects.pages(self.payload, seen, self.fetch(start, end), is_wanted, self.parts)
        except PermanentError as error:
            if error.code != TOO_MANY_ROWS:
                raise
            if end - start <= timedelta(days=1):
                raise PermanentError(
                    f"{self.payload.source}: more are dated {start} than the API serves for one day",
                    status=error.status,
                    code=error.code,
                ) from None
            middle = start + (end - start) // 2
            yield from self._range(start, middle, seen, is_wanted)
            yield from self._range(middle, end, seen, is_wanted)

    def _is_dated_within(self, row: Any, start: date, end: date) -> bool:
        """Whether a row belongs to the range; one without a readable date is left to validation."""
        value = row.get(self.date_field) if isinstance(row, dict) else None
        try:
            return start <= date.fromisoformat(value) < end  # type: ignore[arg-type]  # caught below
        except (TypeError, ValueError):
            return True
