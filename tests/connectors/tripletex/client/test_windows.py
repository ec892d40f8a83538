"""Ranges of dates that are too large are halved, and nothing falls between the halves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from connectors.errors import PermanentError
from connectors.tripletex.client_objects import TOO_MANY_ROWS, Objects
from connectors.tripletex.client_paging import Fetch, SeenIds, Slice
from connectors.tripletex.client_windows import Windows
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexInvoice

YEAR = date(2026, 1, 1), date(2027, 1, 1)
LIMIT = 5


class Server(Objects):
    """So many invoices on consecutive days, of which a query may match LIMIT."""

    def __init__(self, number: int, *, end_is_inclusive: bool = False) -> None:
        self._days = [YEAR[0] + timedelta(days=place) for place in range(number)]
        self._reach = timedelta(days=int(end_is_inclusive))
        self.ranges: list[tuple[date, date]] = []
        super().__init__(None)  # type: ignore[arg-type]  # nothing is sent

    def listed(self, payload: type[Payload], path: str, query: Mapping[str, object]) -> Fetch:
        start, end = (date.fromisoformat(str(query[f"invoiceDate{which}"])) for which in ("From", "To"))
        self.ranges.append((start, end))
        rows = [
            {"id": place, "invoiceDate": day.isoformat()}
            for place, day in enumerate(self._days, 1)
            if start <= day < end + self._reach
        ]

        def fetch(first: int, count: int) -> Slice:
            if len(rows) > LIMIT:
                raise PermanentError("too large", status=422, code=TOO_MANY_ROWS)
            return Slice(rows[first : first + count])

        return fetch


def read(server: Server, start: date, end: date, **options: Any) -> list[int]:
    windows = Windows(server, TripletexInvoice, "/invoice", "invoiceDate", **options)
    return [record.id for page in windows.pages(start, end, SeenIds()) for record in page.records]


@pytest.mark.parametrize("number", [0, 1, 5, 6, 18])
def test_each_comes_once_however_often_the_range_is_halved(number: int) -> None:
    assert sorted(read(Server(number), *YEAR)) == list(range(1, number + 1))


@pytest.mark.parametrize("number", [6, 18])
def test_a_server_that_counts_the_end_in_loses_nothing_and_hands_on_nothing_of_the_day_after(
    number: int,
) -> None:
    server = Server(number, end_is_inclusive=True)
    last = YEAR[0] + timedelta(days=number - 1)
    assert sorted(read(server, YEAR[0], last)) == list(range(1, number))


def test_the_halves_meet_and_leave_no_day_out() -> None:
    server = Server(18)
    read(server, *YEAR)
    ends = {end for _, end in server.ranges}
    assert all(start in ends for start, _ in server.ranges if start != YEAR[0])


def test_an_empty_range_asks_nothing() -> None:
    server = Server(3)
    assert read(server, YEAR[0], YEAR[0]) == []
    assert server.ranges == []
    assert read(server, YEAR[1], YEAR[0]) == []


def test_a_day_with_too_many_is_an_error_that_names_it() -> None:
    server = Server(1)
    server._days *= LIMIT + 1
    with pytest.raises(PermanentError, match="tripletex_invoice: more are dated 2026-01-01"):
        read(server, *YEAR)
