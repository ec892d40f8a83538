"""Days that no night has read are named, with the backfill that reads them."""

from __future__ import annotations

import pytest

from pipelines.missing_days import no_day_missing, no_day_missing_of_one


def days(pattern: str) -> dict[str, bool]:
    """`x.x` is read, not read, read; on the first days of May."""
    return {f"2026-05-0{number}": mark == "x" for number, mark in enumerate(pattern, start=1)}


@pytest.mark.parametrize("pattern", ["xxxx", "...x", "....", "..xx"])
def test_days_before_the_first_read_are_not_missing(pattern: str) -> None:
    assert no_day_missing({"order_forms": days(pattern)}).passed


def test_days_that_were_left_out_are_told_with_the_backfill_that_reads_them() -> None:
    finding = no_day_missing(
        {"order_forms": days(".x..x"), "course_signups": days("x.xxx"), "a": days("xxxxx")}
    )
    assert not finding.passed
    assert finding.numbers == {"missing": 3}
    assert "course_signups, order_forms" in finding.why
    assert "FROM=2026-05-02 TO=2026-05-04" in finding.why


def test_a_last_night_that_failed_is_missing() -> None:
    assert no_day_missing({"order_forms": days("xxx.")}).numbers == {"missing": 1}


def test_days_of_one_source_are_named_with_the_run_that_failed() -> None:
    finding = no_day_missing_of_one(
        days(".x..x."), {"2026-05-04": "1a2b3c4d-5e6f", "2026-05-01": "never read before"}
    )
    assert not finding.passed
    assert finding.numbers == {"missing": 3, "failed": 1}
    assert "2026-05-03, 2026-05-04 (failed in run 1a2b3c4d), 2026-05-06" in finding.why
    assert "FROM=2026-05-03 TO=2026-05-06" in finding.why


@pytest.mark.parametrize("pattern", ["xxxx", "...x", "...."])
def test_a_source_without_holes_passes(pattern: str) -> None:
    assert no_day_missing_of_one(days(pattern), {}).passed
