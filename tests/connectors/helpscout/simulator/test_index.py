"""The kept lists against the plain reading of their definition."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.helpscout.simulator_index import Index, LiveList
from connectors.helpscout.simulator_records import Stored
from connectors.helpscout.simulator_state import HelpScoutState

START = datetime(2026, 3, 10, tzinfo=UTC)

edits = st.lists(
    st.tuples(
        st.sampled_from(["add", "change", "delete", "look"]),
        st.integers(min_value=1, max_value=12),
        st.integers(min_value=0, max_value=4),
    ),
    max_size=60,
)


def _is_even(stored: Stored) -> bool:
    return stored.modified_at.second % 2 == 0


def _modified(stored: Stored) -> datetime:
    return stored.modified_at


@given(edits)
def test_a_list_that_followed_the_changes_equals_one_sorted_afresh(steps: list[tuple[str, int, int]]) -> None:
    state = HelpScoutState(now=lambda: START)
    index = Index(state)
    kept = LiveList(index.table("customers"), _is_even, _modified)
    for action, number, seconds in steps:
        at = START + timedelta(seconds=seconds)
        match action:
            case "look":
                index.catch_up(0, START)
                kept.refresh()
            case "add" if number not in state.customers:
                state.add_customer(number, at=at)
            case "change" if number in state.customers:
                state.change_customer(number, at=at)
            case "delete" if number in state.customers:
                state.delete_customer(number)

    index.catch_up(0, START)
    kept.refresh()

    expected = sorted(
        (stored.modified_at, number) for number, stored in state.customers.items() if _is_even(stored)
    )
    ascending = [number for _, number in expected]
    assert kept.window(0, 100, descending=False) == ascending
    assert kept.window(0, 100, descending=True) == ascending[::-1]
    assert kept.window(1, 3, descending=True) == ascending[::-1][1:3]
    assert kept.below(None, 5) == ascending[::-1][:5]
    for place in expected:
        position = expected.index(place)
        assert kept.below(place, 2) == ascending[:position][::-1][:2]


@given(edits, st.integers(min_value=1, max_value=5))
def test_a_lagging_index_ends_where_the_records_are(steps: list[tuple[str, int, int]], lag: int) -> None:
    now = START
    state = HelpScoutState(now=lambda: now)
    index = Index(state)
    for action, number, seconds in steps:
        match action:
            case "look":
                now += timedelta(seconds=seconds)
                index.catch_up(lag, now)
            case "add" if number not in state.customers:
                state.add_customer(number)
            case "change" if number in state.customers:
                state.change_customer(number)
            case "delete" if number in state.customers:
                state.delete_customer(number, at=now - timedelta(seconds=seconds))

    index.catch_up(lag, now + timedelta(seconds=lag))

    assert index.table("customers").records == state.customers
