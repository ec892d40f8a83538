"""Days that were not read are named, with the backfill that reads them; what a later read covered is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
import time_machine

from connectors.pages import Page, read_page
from pipelines.missing_days import caught_up, no_day_missing, no_day_missing_of_one
from pipelines.privacy.suppression import Suppression
from pipelines.sources.reading import Desk, Extract, Run, land, since
from schemas.payloads.pindena import OrderForm
from schemas.tables.landing import load

SOURCE = "order_form"


def days(pattern: str) -> dict[str, bool]:
    """`x.x` is read, not read, read; on the first days of May."""
    return {f"2026-05-0{number}": mark == "x" for number, mark in enumerate(pattern, start=1)}


@pytest.mark.parametrize("pattern", ["xxxx", "...x", "....", "..xx"])
def test_days_before_the_first_read_are_not_missing(pattern: str) -> None:
    assert no_day_missing({"order_forms": days(pattern)}, {}).passed


def test_days_that_were_left_out_are_told_with_the_backfill_that_reads_them() -> None:
    finding = no_day_missing(
        {"order_forms": days(".x..x"), "course_signups": days("x.xxx"), "a": days("xxxxx")}, {}
    )
    assert not finding.passed
    assert finding.numbers == {"missing": 3, "caught_up": 0}
    assert "course_signups, order_forms" in finding.why
    assert "FROM=2026-05-02 TO=2026-05-04" in finding.why


def test_only_days_that_no_later_read_has_covered_are_told() -> None:
    finding = no_day_missing(
        {"order_forms": days(".x..x"), "course_signups": days("x.xxx")},
        {"order_forms": {"2026-05-03"}, "course_signups": {"2026-05-02"}},
    )
    assert finding.numbers == {"missing": 1, "caught_up": 2}
    assert "1 days of order_forms" in finding.why
    assert "FROM=2026-05-04 TO=2026-05-04" in finding.why


def test_an_outage_that_a_later_night_has_read_is_over() -> None:
    outage = days("x...x")
    later = {"2026-05-02", "2026-05-03", "2026-05-04"}
    for finding in (
        no_day_missing({"order_forms": outage}, {"order_forms": later}),
        no_day_missing_of_one(outage, {"2026-05-03": "1a2b3c4d-5e6f"}, later),
    ):
        assert finding.passed
        assert finding.numbers["missing"] == 0
        assert finding.numbers["caught_up"] == 3
        assert "3 that their nights did not read were read later" in finding.why


def test_a_last_night_that_failed_is_missing() -> None:
    finding = no_day_missing({"order_forms": days("xxx.")}, {})
    assert finding.numbers == {"missing": 1, "caught_up": 0}


def test_days_of_one_source_are_named_with_the_run_that_failed() -> None:
    finding = no_day_missing_of_one(
        days(".x..x."), {"2026-05-04": "1a2b3c4d-5e6f", "2026-05-01": "never read before"}, ()
    )
    assert not finding.passed
    assert finding.numbers == {"missing": 3, "caught_up": 0, "failed": 1}
    assert "2026-05-03, 2026-05-04 (failed in run 1a2b3c4d), 2026-05-06" in finding.why
    assert "FROM=2026-05-03 TO=2026-05-06" in finding.why


@pytest.mark.parametrize("pattern", ["xxxx", "...x", "...."])
def test_a_source_without_holes_passes(pattern: str) -> None:
    finding = no_day_missing_of_one(days(pattern), {}, ())
    assert finding.passed
    assert finding.why == "no day is missing"


def read(
    began: str, start: str | None, end: str | None = None, *, kind: str = "nightly", source: str = SOURCE
) -> dict[str, Any]:
    """A read that went well; times as `DDTHH:MM` of May, in UTC."""

    def at(text: str | None) -> datetime | None:
        return datetime.fromisoformat(f"2026-05-{text}").replace(tzinfo=UTC) if text else None

    numbers = "requests told received rejected repeated stored unchanged suppressed deleted unknown_fields"
    return {
        "source": source,
        "run_id": "run",
        "kind": kind,
        "window_start": at(start),
        "window_end": at(end),
        "started_at": at(began),
        "finished_at": at(began),
        **dict.fromkeys(numbers.split(), 0),
        **{column.name: [] for column in load.columns if isinstance(column.type, sa.ARRAY)},
    }


WANTED = ("2026-05-02", "2026-05-03", "2026-05-04")


@pytest.mark.parametrize(
    ("reads", "covered"),
    [
        pytest.param([], (), id="no read"),
        pytest.param([read("05T01:30", "01T19:30")], WANTED, id="the night after an outage"),
        pytest.param([read("05T01:30", None)], WANTED, id="a complete read"),
        pytest.param([read("04T21:59", "01T19:30")], WANTED[:2], id="before the last day's Norwegian end"),
        pytest.param([read("05T01:30", "01T22:01")], WANTED[1:], id="after the first day's beginning"),
        pytest.param(
            [read("09T08:00", "02T22:00", "03T22:00", kind="backfill")], WANTED[1:2], id="a backfill"
        ),
        pytest.param(
            [read("03T10:00", "01T19:30"), read("04T01:30", "03T04:00")], WANTED[:2], id="two between them"
        ),
        pytest.param(
            [read("03T10:00", "01T19:30"), read("04T01:30", "03T10:01")], WANTED[:1], id="a gap between them"
        ),
        pytest.param([read("05T01:30", None, kind="webhook")], (), id="a webhook's records"),
        pytest.param([read("05T01:30", None, source="course_signup")], (), id="another source"),
        pytest.param([read("02T01:30", "09T00:00"), read("05T01:30", None)], WANTED, id="a clock set back"),
    ],
)
def test_a_day_is_caught_up_when_reads_cover_it_from_midnight_to_midnight(
    crm_engine: sa.Engine, reads: list[dict[str, Any]], covered: tuple[str, ...]
) -> None:
    """In May the Norwegian day begins at 22:00 UTC of the day before."""
    with crm_engine.begin() as connection:
        if reads:
            connection.execute(sa.insert(load), reads)
        assert caught_up(connection, SOURCE, WANTED) == set(covered)
        assert caught_up(connection, SOURCE, ()) == set()


class Quiet:
    """A client that was asked for nothing."""

    requests_sent = 0
    refused_fields: ClassVar[Mapping[str, Sequence[str]]] = {}
    dropped_rows: ClassVar[Mapping[str, int]] = {}


def test_the_first_night_after_an_outage_has_covered_it(crm_engine: sa.Engine) -> None:
    """As reads note their windows themselves; one that breaks off notes none."""
    desk = Desk(crm_engine, Suppression(b"s" * 32), expired=None)

    def night(day: int, pages: Any = ()) -> set[str]:
        run = Run("run", datetime(2026, 5, day, 1, 30, tzinfo=UTC))
        with time_machine.travel(run.started_at, tick=False):
            land(desk, run, Extract(OrderForm, Quiet(), pages, since(desk, SOURCE, run)))
        with crm_engine.connect() as connection:
            return set(caught_up(connection, SOURCE, WANTED))

    def broken() -> Iterator[Page[OrderForm]]:
        yield read_page(OrderForm, [])
        raise ConnectionError

    assert night(2) == set()
    for day in (3, 4):
        with pytest.raises(ConnectionError):
            night(day, broken())
    assert night(5) == set(WANTED)
