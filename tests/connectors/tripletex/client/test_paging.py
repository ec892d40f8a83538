"""The walk through a list by offset, on lists that change between any two requests."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import PermanentError, TransientError
from connectors.tripletex import client_paging
from connectors.tripletex.client_paging import SeenIds, Slice, walk


@dataclass
class Ledger:
    """A list of ids behind an offset API, with the API's habits as switches."""

    ids: list[int]
    page_limit: int | None = None
    refuses_above: int | None = None
    told: str = "look-ahead"
    before_each: Callable[[Ledger], object] = lambda ledger: None
    order: Callable[[list[int]], list[int]] = sorted
    requests: list[tuple[int, int]] = field(default_factory=list)

    def fetch(self, start: int, count: int) -> Slice:
        self.requests.append((start, count))
        self.before_each(self)
        if self.refuses_above is not None and count > self.refuses_above:
            raise PermanentError("count is too large", status=422, code=15000)
        rows = self.order(list(self.ids))
        page = rows[start : start + min(count, self.page_limit or count)]
        end = start + len(page)
        total = {"look-ahead": min(end + 1, len(rows)), "exact": len(rows), "zero": 0}[self.told]
        return Slice([{"id": number} for number in page], total)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_paging, "PAGE", 10)
    monkeypatch.setattr(client_paging, "OVERLAP", 2)
    monkeypatch.setattr(client_paging, "MAX_OVERLAP", 5)


def ids_of(pages: Iterator[list[Any]]) -> list[int]:
    return [row["id"] for page in pages for row in page]


@pytest.mark.parametrize("told", ["look-ahead", "exact", "zero"])
@pytest.mark.parametrize("page_limit", [None, 10])
@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 19, 20, 21, 99, 100, 101])
def test_every_row_comes_exactly_once(size: int, page_limit: int | None, told: str) -> None:
    ledger = Ledger(list(range(size)), page_limit=page_limit, told=told)
    assert ids_of(walk(ledger.fetch, SeenIds())) == list(range(size))


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(0, 120),
    edits=st.integers(0, 30),
    page_limit=st.sampled_from([None, 10]),
    told=st.sampled_from(["look-ahead", "exact", "zero"]),
)
def test_no_row_is_lost_at_any_rate_of_edits(
    seed: int, size: int, edits: int, page_limit: int | None, told: str
) -> None:
    """Rows come, go and come back between any two requests; those that stay are all met, once."""
    chance = random.Random(seed)
    stayed = set(range(0, 3 * size, 3))
    budget = 10 * edits + 200

    def edit(ledger: Ledger) -> None:
        nonlocal budget
        for _ in range(min(chance.randint(0, edits), budget)):
            budget -= 1
            if ledger.ids and chance.random() < 0.7:
                gone = ledger.ids.pop(chance.randrange(len(ledger.ids)))
                stayed.discard(gone)
            else:
                new = chance.randrange(3 * size + 20)
                if new not in ledger.ids:
                    ledger.ids.append(new)

    ledger = Ledger(sorted(stayed), page_limit=page_limit, told=told, before_each=edit)
    met = ids_of(walk(ledger.fetch, SeenIds()))
    assert stayed <= set(met)
    assert len(met) == len(set(met))


def test_a_few_deletions_between_two_requests_cost_no_request() -> None:
    ledger = Ledger(list(range(100)), before_each=lambda ledger: ledger.ids.pop(0))
    ids_of(walk(ledger.fetch, SeenIds()))
    assert len(ledger.requests) == 10


def test_many_deletions_in_front_make_the_walk_step_back() -> None:
    def forget_the_first_forty(ledger: Ledger) -> None:
        if len(ledger.requests) == 6:
            del ledger.ids[:40]

    ledger = Ledger(list(range(100)), before_each=forget_the_first_forty)
    assert ids_of(walk(ledger.fetch, SeenIds())) == list(range(100))


def test_a_list_that_shrinks_to_nothing_ends_the_walk() -> None:
    def forget_all(ledger: Ledger) -> None:
        if len(ledger.requests) > 1:
            ledger.ids.clear()

    ledger = Ledger(list(range(50)), before_each=forget_all)
    assert ids_of(walk(ledger.fetch, SeenIds())) == list(range(10))


@pytest.mark.parametrize("size", [35, 100, 101, 990])
@pytest.mark.parametrize("told", ["look-ahead", "exact"])
def test_a_quiet_list_is_read_with_the_fewest_requests(size: int, told: str) -> None:
    ledger = Ledger(list(range(size)), told=told)
    ids_of(walk(ledger.fetch, SeenIds()))
    assert len(ledger.requests) == -(-size // 10)


def test_a_total_of_zero_does_not_end_the_walk() -> None:
    ledger = Ledger(list(range(25)), told="zero")
    assert len(ids_of(walk(ledger.fetch, SeenIds()))) == 25


def test_a_server_that_refuses_larger_pages_is_asked_for_plain_ones() -> None:
    ledger = Ledger(list(range(95)), refuses_above=10)
    assert ids_of(walk(ledger.fetch, SeenIds())) == list(range(95))
    assert [count for _, count in ledger.requests].count(12) == 1


def test_a_refusal_of_something_else_is_not_taken_for_one_of_the_page_size() -> None:
    def fetch(start: int, count: int) -> Slice:
        if start:
            raise PermanentError("too many rows", status=422, code=23000)
        return Slice([{"id": number} for number in range(count)], count + 1)

    with pytest.raises(PermanentError):
        ids_of(walk(fetch, SeenIds()))


def test_a_page_made_short_by_hidden_rows_does_not_end_the_walk() -> None:
    """Rows the token may not see drop out of a page, and the page tells that there are more."""

    def fetch(start: int, count: int) -> Slice:
        rows = [{"id": number} for number in range(start, min(start + count, 50)) if number % 5]
        return Slice(rows, min(start + count + 1, 50))

    assert ids_of(walk(fetch, SeenIds())) == [number for number in range(50) if number % 5]


def test_null_entries_count_for_the_page_and_are_not_handed_on() -> None:
    rows: list[Any] = [None if number % 3 == 1 else {"id": number} for number in range(30)]

    def fetch(start: int, count: int) -> Slice:
        return Slice(rows[start : start + count], 0)

    assert ids_of(walk(fetch, SeenIds())) == [number for number in range(30) if number % 3 != 1]


def test_rows_without_an_id_are_handed_on_once() -> None:
    rows: list[Any] = [{"id": number} if number % 10 != 9 else {"name": f"{number}"} for number in range(40)]

    def fetch(start: int, count: int) -> Slice:
        return Slice(rows[start : start + count], 0)

    assert sum(page.count({"name": "9"}) for page in walk(fetch, SeenIds())) == 1


@pytest.mark.parametrize("size", [1, 10, 11, 57, 200])
def test_a_long_list_without_any_usable_id_is_walked_to_its_end(size: int) -> None:
    """Where a page ends cannot be seen from ids then; stepping back for one would never end."""
    rows = [{"name": f"Kunde {number}"} for number in range(size)]
    pages = walk(lambda start, count: Slice(rows[start : start + count]), SeenIds())
    assert [row for page in pages for row in page] == rows


def test_a_server_that_repeats_rows_without_ids_is_not_asked_for_ever() -> None:
    with pytest.raises(PermanentError, match="same rows"):
        list(walk(lambda start, count: Slice([{"name": "Kunde"}] * count), SeenIds()))


def test_ids_written_as_decimals_are_ids() -> None:
    rows = [{"id": Decimal(f"{number}.0")} for number in range(57)]
    pages = walk(lambda start, count: Slice(rows[start : start + count]), SeenIds())
    assert [row for page in pages for row in page] == rows


@pytest.mark.parametrize("key", [-(2**70), 2**63, Decimal("-1E+400"), Decimal("NaN"), Decimal("1.5")])
def test_an_id_beyond_64_bits_does_not_end_the_walk(key: object) -> None:
    rows = [{"id": key}, {"id": 7}]
    assert list(walk(lambda start, count: Slice(rows[start : start + count]), SeenIds())) == [rows]


def test_an_unsorted_list_is_walked_until_a_pass_brings_nothing_new() -> None:
    chance = random.Random(7)
    ledger = Ledger(list(range(45)), order=lambda ids: chance.sample(ids, len(ids)))
    assert sorted(ids_of(walk(ledger.fetch, SeenIds()))) == list(range(45))


def test_null_entries_on_top_of_an_unsorted_page_do_not_move_the_next_one() -> None:
    rows = [{"id": number} for number in reversed(range(45))]

    def fetch(start: int, count: int) -> Slice:
        return Slice([*rows[start : start + count], None, None, None], 0)

    assert sorted(ids_of(walk(fetch, SeenIds()))) == list(range(45))


def test_an_unsorted_list_that_never_settles_is_given_up() -> None:
    def grow(ledger: Ledger) -> None:
        ledger.ids.append(-len(ledger.ids))

    ledger = Ledger([3, 2, 1], before_each=grow, order=lambda ids: ids)
    with pytest.raises(TransientError, match="still changing"):
        ids_of(walk(ledger.fetch, SeenIds()))


def test_a_server_that_ignores_the_offset_is_not_asked_for_ever() -> None:
    with pytest.raises(PermanentError, match="same rows"):
        ids_of(walk(lambda start, count: Slice([{"id": n} for n in range(count)], 0), SeenIds()))


def test_ids_written_as_text_and_ids_beyond_32_bits_are_told_apart() -> None:
    rows = [{"id": "7"}, {"id": 2_147_708_193}, {"id": 2_147_708_194}]
    pages = list(walk(lambda start, count: Slice(rows[start : start + count], 0), SeenIds()))
    assert pages == [rows]


def test_rows_seen_in_another_list_are_not_handed_on_again() -> None:
    seen = SeenIds()
    first = ids_of(walk(Ledger([1, 2, 3]).fetch, seen))
    second = ids_of(walk(Ledger([2, 3, 4]).fetch, seen))
    assert (first, second) == ([1, 2, 3], [4])
