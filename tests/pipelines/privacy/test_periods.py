"""Days to the second, months by the Norwegian calendar; the cutoff is the inverse of where a period ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.privacy.periods import Period, deadline
from schemas.zone import OSLO

# Any instant, and those around the changes of 2026 from and to summer time, which are rare by chance.
instants = st.one_of(
    st.integers(946_684_800, 2_840_140_800).map(lambda second: datetime.fromtimestamp(second, UTC)),
    st.builds(
        lambda change, seconds: datetime.fromisoformat(change) + timedelta(seconds=seconds),
        st.sampled_from(["2025-10-26T01:00+00:00", "2026-03-29T01:00+00:00", "2026-10-25T01:00+00:00",
                         "2026-09-25T01:00+00:00", "2026-02-28T01:00+00:00", "2026-11-29T01:00+00:00"]),
        st.integers(-10_000, 10_000),
    ),
)  # fmt: skip
periods = st.builds(Period, st.one_of(st.integers(1, 14), st.integers(1, 400)), st.booleans())


def oslo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=OSLO)  # type: ignore[arg-type, misc]  # year, month, day, …


def test_fourteen_days_are_exact_to_the_second_across_summer_time() -> None:
    start = oslo(2026, 3, 20, 12)
    assert Period.parse("P14D").ends(start) == start.astimezone(UTC) + timedelta(seconds=14 * 86_400)


def test_a_month_keeps_the_norwegian_clock_across_summer_time() -> None:
    assert Period.parse("P1M").ends(oslo(2026, 3, 20, 12)) == oslo(2026, 4, 20, 12)


def test_a_month_is_counted_from_the_norwegian_day_not_the_utc_one() -> None:
    """00:30 on 1 July in Norway is still 30 June in UTC."""
    start = oslo(2026, 7, 1, 0, 30)
    assert Period.parse("P12M").ends(start) == oslo(2027, 7, 1, 0, 30)


def test_a_day_that_does_not_exist_ends_with_its_month() -> None:
    assert Period.parse("P1M").ends(oslo(2026, 1, 31, 9)) == oslo(2026, 3, 1)
    assert Period.parse("P12M").ends(oslo(2024, 2, 29, 9)) == oslo(2025, 3, 1)


@settings(max_examples=1_000)
@given(period=periods, start=instants, now=instants)
def test_expired_is_what_has_ended(period: Period, start: datetime, now: datetime) -> None:
    end = period.ends(start)
    if now > end:
        assert start < period.cutoff(now)
    if now < end:
        assert not start < period.cutoff(now)


@settings(max_examples=1_000)
@given(period=periods, start=instants)
@example(period=Period(72, is_months=True), start=datetime(2025, 10, 26, 1, tzinfo=UTC))
def test_the_second_before_the_end_is_kept_and_the_second_after_is_not(
    period: Period, start: datetime
) -> None:
    end = period.ends(start)
    assert not start < period.cutoff(end - timedelta(seconds=1))
    assert start < period.cutoff(end + timedelta(seconds=1))


@pytest.mark.parametrize("text", ["P0D", "14D", "P1Y", "P-1D", "", "P14"])
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="is not a period"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        (oslo(2026, 3, 5, 12), date(2026, 4, 5)),
        (oslo(2026, 1, 31, 12), date(2026, 2, 28)),
        (oslo(2026, 12, 31, 23, 59), date(2027, 1, 31)),
    ],
)
def test_a_request_is_answered_within_a_month(received: datetime, last_day: date) -> None:
    assert deadline(received) == last_day


def test_a_request_counts_from_the_norwegian_day() -> None:
    assert deadline(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == date(2026, 8, 1)
