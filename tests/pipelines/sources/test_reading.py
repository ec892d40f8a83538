"""Windows, cursors and deletions: what a nightly read, a sweep and a backfill do, and leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.fate import Gone, MovedTo, Present
from connectors.pages import Page, read_page
from pipelines.privacy.suppression import Suppression
from pipelines.sources.reading import OVERLAP, Desk, MassDeletionError, Run, land, since, until
from pipelines.store.landing import live_keys, read_cursor
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
    asked: list[int] = field(default_factory=list)

    def pages(self) -> Iterator[Page[HelpScoutCustomer]]:
        self.requests_sent += 1
        yield read_page(HelpScoutCustomer, [{"id": number} for number in self.ids], told=len(self.ids))

    def fate(self, key: Any) -> object:
        self.asked.append(key)
        return self.fates.get(key, Gone())


@pytest.fixture
def desk(crm_engine: sa.Engine) -> Desk:
    return Desk(crm_engine, Suppression(b"s" * 32), expired=None)


def sweep(desk: Desk, source: Source, run: Run = NIGHTLY) -> Any:
    return land(desk, run, HelpScoutCustomer, source.pages(), source, start=None, fate=source.fate)


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
    land(desk, BACKFILL, HelpScoutCustomer, source.pages(), source, start=BACKFILL.window[0])
    with desk.engine.connect() as connection:
        assert read_cursor(connection, "helpscout_customer")[0] == NIGHT
    assert live(desk) == {1, 2}


def test_a_read_that_breaks_off_leaves_the_cursor_where_it_was(desk: Desk) -> None:
    def broken() -> Iterator[Page[HelpScoutCustomer]]:
        yield read_page(HelpScoutCustomer, [{"id": 1}])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        land(desk, NIGHTLY, HelpScoutCustomer, broken(), Source([]), start=None)
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


def test_a_mass_deletion_is_refused_and_nobody_is_looked_up(desk: Desk) -> None:
    """A token that lost its rights looks just like it."""
    sweep(desk, Source(list(range(100))))
    source = Source(list(range(80)))
    with pytest.raises(MassDeletionError, match="20 of 100"):
        sweep(desk, source)
    assert source.asked == []
    assert len(live(desk)) == 100


def test_a_mass_deletion_that_somebody_has_confirmed_is_carried_out(desk: Desk) -> None:
    sweep(desk, Source(list(range(100))))
    sweep(desk, Source(list(range(80))), replace(NIGHTLY, allow_mass_deletion=True))
    assert len(live(desk)) == 80


def test_each_read_leaves_its_reconciliation(desk: Desk) -> None:
    sweep(desk, Source([1, 2]))
    with desk.engine.connect() as connection:
        row = connection.execute(sa.select(load)).mappings().one()
    numbers = {name: row[name] for name in ("kind", "told", "received", "stored", "requests", "deleted")}
    assert numbers == {
        "kind": "nightly", "told": 2, "received": 2, "stored": 2, "requests": 1, "deleted": 0,
    }  # fmt: skip
