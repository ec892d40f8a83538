"""The folder: what has come to rest is loaded and removed, what is bad is set aside, nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.dropped import folder as subject
from pipelines.dropped.folder import (
    KEPT,
    SET_ASIDE,
    Dropped,
    fingerprints,
    steady,
    take_files,
    waiting_files,
)
from pipelines.dropped.sheets import SheetFault
from schemas.policy import load_policy

NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)


class Loader:
    """Takes contents; refuses those that say so, and can do something to the folder meanwhile."""

    def __init__(self) -> None:
        self.loaded: list[bytes] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, content: bytes) -> None:
        self.meanwhile()
        if content.startswith(b"bad"):
            raise SheetFault("row 1 is bad")
        self.loaded.append(content)


@pytest.fixture
def load() -> Loader:
    return Loader()


def no_sleep(seconds: float) -> None:
    assert seconds <= subject.QUIET


def take(folder: Path, load: Loader) -> Dropped:
    dropped = Dropped()
    take_files(folder, load, NOW, dropped, no_sleep)
    return dropped


def test_good_files_are_loaded_and_removed_in_the_order_of_their_names(tmp_path: Path, load: Loader) -> None:
    for name in ("b.csv", "a.XLSX", "c.txt", ".d.csv", "~$e.xlsx"):
        (tmp_path / name).write_text(name)
    assert take(tmp_path, load) == Dropped()
    assert load.loaded == [b"a.XLSX", b"b.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".d.csv", "c.txt", "~$e.xlsx"]


def test_a_file_that_is_being_written_is_left_for_the_next_run(
    tmp_path: Path, load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of an export would be as good a file as the whole one."""
    path = tmp_path / "a.csv"
    path.write_text("half")
    dropped = Dropped()
    take_files(tmp_path, load, NOW, dropped, lambda seconds: _append(path, " and half"))
    assert (dropped.unfinished, load.loaded, path.read_text()) == (1, [], "half and half")
    take(tmp_path, load)
    assert load.loaded == [b"half and half"]


def test_a_file_that_has_lain_there_is_not_waited_for(tmp_path: Path, load: Loader) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    os.utime(path, (0, 0))

    def sleep(seconds: float) -> None:
        raise AssertionError("nobody is writing")

    take_files(tmp_path, load, NOW, Dropped(), sleep)
    assert load.loaded == [b"old"]


def test_what_is_written_while_a_file_is_loaded_is_not_removed_with_it(tmp_path: Path, load: Loader) -> None:
    path = tmp_path / "a.csv"
    path.write_text("first")
    load.meanwhile = lambda: path.write_text("second export")
    take(tmp_path, load)
    assert path.read_text() == "second export"


def test_a_file_that_is_taken_away_meanwhile_stops_nothing(tmp_path: Path, load: Loader) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(name)
    dropped = Dropped()
    take_files(tmp_path, load, NOW, dropped, lambda seconds: (tmp_path / "a.csv").unlink(missing_ok=True))
    assert (dropped, load.loaded) == (Dropped(), [b"b.csv"])
    (tmp_path / "c.csv").write_text("c")
    load.meanwhile = lambda: (tmp_path / "c.csv").unlink()
    assert take(tmp_path, load) == Dropped()


@pytest.mark.parametrize(
    "name", ["bestilling 🦊.csv", "a" * 240 + ".csv", os.fsdecode(b"p\xe5melding.csv"), "a\nb.csv"]
)
def test_any_name_can_be_set_aside_and_fingerprinted(tmp_path: Path, load: Loader, name: str) -> None:
    """Emoji, the longest there is, bytes that are no text, a line break."""
    path = tmp_path / name
    path.write_text("bad")
    assert len(fingerprints([path])) == 1
    dropped = take(tmp_path, load)
    assert (dropped.set_aside, dropped.faults, waiting_files(tmp_path)) == (1, ["row 1 is bad"], [])
    kept = sorted((tmp_path / SET_ASIDE).iterdir(), key=lambda each: len(each.name))
    assert [each.read_text() == "bad" for each in kept] == [True, False]
    assert "row 1 is bad" in kept[1].read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="everything may be read by root")
def test_a_file_that_may_not_be_read_is_set_aside_by_itself(tmp_path: Path, load: Loader) -> None:
    (tmp_path / "a.csv").write_text("a")
    (tmp_path / "a.csv").chmod(0)
    (tmp_path / "b.csv").write_text("b")
    assert take(tmp_path, load).set_aside == 1
    assert load.loaded == [b"b"]


def test_a_file_that_may_not_be_read_says_what_to_do(
    tmp_path: Path, load: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path) -> bytes:
        raise PermissionError(path)

    (tmp_path / "kari-eksempel.csv").write_text("a")
    monkeypatch.setattr(subject, "read_content", refused)
    (fault,) = take(tmp_path, load).faults
    assert "the right to" in fault
    assert "kari" not in fault


def test_what_was_set_aside_goes_after_its_time_with_its_report(tmp_path: Path, load: Loader) -> None:
    (tmp_path / "a.csv").write_text("bad")
    take(tmp_path, load)
    later = Dropped()
    take_files(tmp_path, load, datetime.now(UTC) + timedelta(days=31), later, no_sleep)
    assert (later.removed, list((tmp_path / SET_ASIDE).iterdir())) == (1, [])


def test_only_files_that_have_not_changed_since_the_last_look_start_a_run() -> None:
    assert steady({}, {"a": "1"}) is None
    assert steady({"a": "1"}, {"a": "2"}) is None
    key = steady({"a": "1", "b": "1"}, {"a": "1", "b": "2"})
    assert key == steady({"a": "1"}, {"a": "1"}) != steady({"a": "2"}, {"a": "2"})


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_what_is_set_aside_is_kept_as_long_as_the_policy_says() -> None:
    assert load_policy().copy_period("files-set-aside") == f"P{KEPT.days}D"
