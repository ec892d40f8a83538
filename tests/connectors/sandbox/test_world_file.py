"""The small file that a world is made of."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from connectors.sandbox.world_file import WORLD, SandboxError, WorldFile, advance, load_or_create
from tests.connectors.sandbox.apis import Time


def test_a_world_is_born_on_the_norwegian_day_on_which_it_is_first_used(directory: Path) -> None:
    late = Time(datetime(2026, 3, 10, 23, 30, tzinfo=UTC))

    assert load_or_create(directory, seed=3, clock=late) == WorldFile(3, date(2026, 3, 11))


def test_it_stays_as_it_was_born(directory: Path, time: Time) -> None:
    born = load_or_create(directory, seed=3, clock=time)
    time.now += timedelta(days=40)

    assert load_or_create(directory, seed=4, clock=time) == born


def test_of_processes_that_start_at_once_all_get_one_world(directory: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        worlds = set(pool.map(lambda seed: load_or_create(directory, seed=seed), range(40)))

    assert len(worlds) == 1
    assert [path.name for path in directory.iterdir()] == [WORLD]


def test_days_are_added_at_the_moment_they_are_asked_for(directory: Path, time: Time) -> None:
    advance(directory, clock=time)
    first = time.now
    time.now += timedelta(minutes=5)
    advance(directory, 2, clock=time)

    assert load_or_create(directory).days == (first, time.now, time.now)


def test_a_clock_that_goes_back_takes_no_day_back(directory: Path, time: Time) -> None:
    """A day earlier than the one before it would hide what it brings from who reads by time."""
    advance(directory, clock=time)
    first = time.now
    time.now -= timedelta(days=3)

    assert advance(directory, clock=time).days == (first, first)


def test_no_day_is_lost_when_processes_add_days_at_once(directory: Path, time: Time) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: advance(directory, clock=time), range(24)))

    assert len(load_or_create(directory).days) == 24


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"format": 1}',
        '{"format": 2, "seed": 1, "birth": "2026-01-01", "days": []}',
        '{"format": 1, "seed": 1, "birth": "2026-13-01", "days": []}',
        '{"format": 1, "seed": 1, "birth": "2026-01-01", "days": ["2026-01-02T10:00:00"]}',
    ],
)
def test_a_file_that_cannot_be_read_is_named(directory: Path, content: str) -> None:
    directory.mkdir()
    (directory / WORLD).write_text(content)

    with pytest.raises(SandboxError, match=WORLD):
        load_or_create(directory)


def test_the_file_can_be_read_by_people(directory: Path, time: Time) -> None:
    advance(directory, clock=time)

    assert json.loads((directory / WORLD).read_text()) == {
        "format": 1,
        "seed": 7,
        "birth": "2026-03-10",
        "days": ["2026-03-10T12:00:00+00:00"],
    }
