"""Windows, cursors and deletions: what a nightly read, a sweep and a backfill do, and leave alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from connectors.errors import PermanentError, TransientError, UnauthorizedError
from connectors.fate import Gone, MovedTo, Present
from connectors.pages import Page, read_page
from pipelines.deletion_limit import DeletionLimit
from pipelines.privacy.suppression import Suppression
from pipelines.sources.deletions import Sweep
from pipelines.sources.findings import no_mass_deletion
from pipelines.sources.reading import OVERLAP, TELL_EVERY, Desk, Extract, Run, land, since, until
from pipelines.store.cursors import read_cursor
from pipelines.store.landing import live_keys
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.tables.landing import load

NIGHT = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
NIGHTLY = Run(run_id="run-1", started_at=NIGHT)
BACKFILL = replace(NIGHTLY, window=(NIGHT - timedelta(days=9), NIGHT - timedelta(days=8)))


@dataclass
class Source:
    """A stand-in for a client: so many customers, some of which are gone when they are looked up."""

    ids: list[int]
    fates: dict[int, object] = field(default_factory=dict)
    requests_sent: int = 0
    refused_fields: dict[str, list[str]] = field(default_factory=dict)
    dropped_rows: dict[str, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def pages(self) -> Iterator[Page[HelpScoutCustomer]]:
        self.requests_sent += 1
        yield read_page(HelpScoutCustomer, [{"id": number} for number in self.ids], told=len(self.ids))

    def fate(self, key: Any) -> object:
        self.asked.append(key)
        fate = self.fates.get(key, Gone())
        if isinstance(fate, Exception):
            raise fate
        return fate


@pytest.fixture
def desk(crm_engine: sa.Engine) -> Desk:
    return Desk(crm_engine, Suppression(b"s" * 32), expired=None)


def everything(source: Source, pages: Iterable[Page[HelpScoutCustomer]]) -> Extract:
    return Extract(HelpScoutCustomer, source, pages, sweep=Sweep(source.fate))


def sweep(desk: Desk, source: Source, run: Run = NIGHTLY) -> Any:
    return land(desk, run, everything(source, source.pages()))


def live(desk: Desk) -> set[int]:
    with desk.engine.connect() as connection:
        return set(live_keys(connection, HelpScoutCustomer))


def test_the_first_read_is_of_everything_and_the_next_reaches_back_behind_it(desk: Desk) -> None:
    assert since(desk, "helpscout_customer", NIGHTLY) is None
    sweep(desk, Source([1]))
    assert since(desk, "helpscout_customer", NIGHTLY) == NIGHT - OVERLAP


def test_after_missed_nights_one_read_goes_on_from_the_last_complete_one(desk: Desk) -> None:
    sweep(desk, Source([1]))
    later = replace(NIGHTLY, started_at=NIGHT + timedelta(days=5))
    assert since(desk, "helpscout_customer", later) == NIGHT - OVERLAP


def test_a_backfill_reads_its_window_and_leaves_the_nightly_cursor_alone(desk: Desk) -> None:
    sweep(desk, Source([1]))
    assert BACKFILL.window is not None
    assert (since(desk, "helpscout_customer", BACKFILL), until(BACKFILL)) == BACKFILL.window
    source = Source([2])
    land(desk, BACKFILL, Extract(HelpScoutCustomer, source, source.pages(), BACKFILL.window[0]))
    with desk.engine.connect() as connection:
        assert read_cursor(connection, "helpscout_customer")[0] == NIGHT
    assert live(desk) == {1, 2}


def test_a_read_that_breaks_off_leaves_the_cursor_where_it_was(desk: Desk) -> None:
    def broken() -> Iterator[Page[HelpScoutCustomer]]:
        yield read_page(HelpScoutCustomer, [{"id": 1}])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        land(desk, NIGHTLY, Extract(HelpScoutCustomer, Source([]), broken()))
    assert since(desk, "helpscout_customer", NIGHTLY) is None


def test_a_record_that_is_missing_and_gone_is_marked_as_deleted(desk: Desk) -> None:
    sweep(desk, Source([1, 2, 3]))
    source = Source([1], fates={2: Gone(), 3: MovedTo(1)})
    assert sweep(desk, source).deleted == 2
    assert sorted(source.asked) == [2, 3]
    assert live(desk) == {1}


def test_a_record_that_is_missing_but_still_answers_stays(desk: Desk) -> None:
    sweep(desk, Source([1, 2]))
    assert sweep(desk, Source([1], fates={2: Present()})).deleted == 0
    assert live(desk) == {1, 2}


@pytest.mark.parametrize("error", [PermanentError("403", status=403), PermanentError("301", status=301)])
def test_a_record_that_may_not_be_looked_up_stays_and_the_others_are_judged(
    desk: Desk, error: Exception
) -> None:
    """A refusal tells of the rights of the credentials, not of the record."""
    sweep(desk, Source([1, 2, 3]))
    source = Source([1], fates={2: error})
    assert sweep(desk, source).deleted == 1
    assert live(desk) == {1, 2}


@pytest.mark.parametrize("error", [TransientError("503"), UnauthorizedError("401", status=401)])
def test_a_source_that_does_not_answer_for_a_record_ends_the_read(desk: Desk, error: Exception) -> None:
    sweep(desk, Source([1, 2]))
    with pytest.raises(type(error)):
        sweep(desk, Source([1], fates={2: error}))
    assert live(desk) == {1, 2}


def test_a_record_that_came_malformed_is_at_its_source_and_not_looked_up(desk: Desk) -> None:
    sweep(desk, Source([1, 2]))
    source = Source([1])

    def pages() -> Iterator[Page[HelpScoutCustomer]]:
        yield read_page(HelpScoutCustomer, [{"id": 1}, {"id": 2, "firstName": "K" * 1_000_000}])

    tally = land(desk, NIGHTLY, everything(source, pages()))
    assert (tally.rejected, tally.missing, source.asked) == (1, 0, [])
    assert live(desk) == {1, 2}


def test_a_mass_deletion_is_refused_and_nobody_is_looked_up_and_the_read_stands(desk: Desk) -> None:
    """A token that lost its rights looks just like it."""
    sweep(desk, Source(list(range(100))))
    source = Source([*range(80), 500])
    later = replace(NIGHTLY, started_at=NIGHT + timedelta(days=1))
    tally = sweep(desk, source, later)
    assert source.asked == []
    assert (tally.compared, tally.missing, tally.refused_deletions, tally.deleted) == (101, 20, 20, 0)
    assert live(desk) == {*range(100), 500}
    with desk.engine.connect() as connection:
        assert read_cursor(connection, "helpscout_customer")[0] == later.started_at
        finding = no_mass_deletion(connection, "helpscout_customer")
    assert not finding.passed
    assert "20 of 101 records are missing" in finding.why
    assert "allow_mass_deletion" in finding.why
    assert finding.numbers == {"compared": 101, "missing": 20, "refused": 20}


def test_a_refusal_stands_until_a_read_has_looked_again(desk: Desk) -> None:
    numbers = list(range(100))
    sweep(desk, Source(numbers))
    sweep(desk, Source(numbers[:50]))
    source = Source([7])
    land(desk, NIGHTLY, Extract(HelpScoutCustomer, source, source.pages(), NIGHT))
    with desk.engine.connect() as connection:
        assert not no_mass_deletion(connection, "helpscout_customer").passed
    sweep(desk, Source(numbers))
    with desk.engine.connect() as connection:
        assert no_mass_deletion(connection, "helpscout_customer").passed


def test_a_mass_deletion_that_somebody_has_confirmed_is_carried_out(desk: Desk) -> None:
    sweep(desk, Source(list(range(100))))
    sweep(desk, Source(list(range(80))))
    tally = sweep(desk, Source(list(range(80))), replace(NIGHTLY, allow_mass_deletion=True))
    assert (tally.deleted, tally.refused_deletions) == (20, 0)
    assert live(desk) == set(range(80))
    with desk.engine.connect() as connection:
        assert no_mass_deletion(connection, "helpscout_customer").passed


@pytest.mark.parametrize(
    ("limit", "left", "refused"),
    [
        (DeletionLimit(), 90, 0),
        (DeletionLimit(), 89, 11),
        (DeletionLimit(share=0.5), 50, 0),
        (DeletionLimit(share=0.5), 49, 51),
        (DeletionLimit(share=0.0, number=3), 97, 0),
        (DeletionLimit(share=0.0, number=3), 96, 4),
        (DeletionLimit(share=1.0, number=0), 0, 0),
    ],
)
def test_the_share_and_the_least_number_above_which_it_is_refused_are_configured(
    desk: Desk, limit: DeletionLimit, left: int, refused: int
) -> None:
    desk = replace(desk, limit=limit)
    sweep(desk, Source(list(range(100))))
    tally = sweep(desk, Source(list(range(left))))
    assert tally.refused_deletions == refused
    assert tally.deleted == 100 - left - refused


def test_each_read_leaves_its_reconciliation(desk: Desk) -> None:
    sweep(desk, Source([1, 2]))
    with desk.engine.connect() as connection:
        row = connection.execute(sa.select(load)).mappings().one()
    numbers = {name: row[name] for name in ("kind", "told", "received", "stored", "requests", "deleted")}
    assert numbers == {
        "kind": "nightly", "told": 2, "received": 2, "stored": 2, "requests": 1, "deleted": 0,
    }  # fmt: skip


def test_a_read_that_takes_long_says_every_ten_seconds_how_far_it_has_come(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """Four pages of two records, a third of the time apart: the fourth is late enough for a line."""
    source = Source([])
    with (
        time_machine.travel(NIGHT, tick=False) as clock,
        caplog.at_level("INFO", "pipelines.sources.reading"),
    ):

        def pages() -> Iterator[Page[HelpScoutCustomer]]:
            for number in range(4):
                source.requests_sent += 1
                yield read_page(HelpScoutCustomer, [{"id": 2 * number}, {"id": 2 * number + 1}])
                clock.shift(TELL_EVERY / 3 + timedelta(seconds=0.1))

        land(desk, NIGHTLY, Extract(HelpScoutCustomer, source, pages()))
    assert caplog.messages == [
        "helpscout_customer: 8 received so far, 4 requests",
        "helpscout_customer: 8 received, 8 stored, 0 unchanged, 4 requests",
    ]


def test_a_read_that_is_quick_says_only_what_came_of_it(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    source = Source([1, 2])
    with time_machine.travel(NIGHT, tick=False), caplog.at_level("INFO", "pipelines.sources.reading"):
        land(desk, NIGHTLY, Extract(HelpScoutCustomer, source, source.pages()))
    assert caplog.messages == ["helpscout_customer: 2 received, 2 stored, 0 unchanged, 1 requests"]
