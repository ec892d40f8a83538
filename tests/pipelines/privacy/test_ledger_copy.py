"""A restored store is told from the one that went on, and brought up to the copy before anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from pipelines.cli.reapply import main as reapply_command
from pipelines.cli.startup import prepare_store, terminal
from pipelines.privacy import audit_log
from pipelines.privacy.keys import email_keys
from pipelines.privacy.ledger_copy import (
    LEDGER_COPY,
    CopyHead,
    LedgerCopyError,
    RestoredStoreError,
    copy_ledger,
    keep_copy,
    standing_of_copy,
)
from pipelines.privacy.restore import reapply
from pipelines.privacy.subjects import rights
from pipelines.privacy.suppression import Suppression, SuppressionError
from pipelines.settings import Settings, load_settings
from pipelines.store.database import open_store
from pipelines.workbench import make_desk, make_office
from schemas.tables import metadata
from tests.pipelines.privacy.test_erased_stays_erased import put_back

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = "a secret of these tests alone, and long enough"
SOL, TUVA, ANE = (email_keys(f"{name}@example.no") for name in ("sol", "tuva", "ane"))


class Store:
    """A store that goes on, is backed up and restored, with the file beside it."""

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine, self.home = engine, home
        self.ledger = Suppression(SECRET.encode(), clock=lambda: NOW)

    def act(self, times: int = 1) -> None:
        for _ in range(times):
            with self.engine.begin() as connection:
                audit_log.append(connection, "something", NOW)

    def erase(self, keys: Any) -> None:
        with self.engine.begin() as connection:
            self.ledger.add(connection, keys, "erasure")
            audit_log.append(connection, "records_erased", NOW)
        keep_copy(self.engine, self.home, SECRET.encode())

    def release(self, keys: Any) -> None:
        with self.engine.begin() as connection:
            self.ledger.release(connection, keys)
            audit_log.append(connection, "request_release", NOW)
        keep_copy(self.engine, self.home, SECRET.encode())

    def back_up(self) -> dict[str, list[dict[str, Any]]]:
        with self.engine.connect() as connection:
            return {
                table.fullname: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                for table in metadata.sorted_tables
            }

    def restore(self, backup: dict[str, list[dict[str, Any]]]) -> None:
        with self.engine.begin() as connection:
            put_back(connection, backup)

    def reapply(self) -> Any:
        with (self.home / LEDGER_COPY).open(encoding="utf-8") as copy:
            return reapply(self.engine, self.ledger, copy, now=NOW)

    def holds(self, keys: Any) -> bool:
        with self.engine.connect() as connection:
            return bool(self.ledger.contains(connection, keys))

    def standing(self) -> str:
        with self.engine.connect() as connection:
            return standing_of_copy(connection, self.home)


@pytest.fixture
def store(crm_engine: sa.Engine, tmp_path: Path) -> Store:
    return Store(crm_engine, tmp_path)


def test_without_a_copy_there_is_nothing_to_compare(store: Store) -> None:
    assert store.standing() == "same"


@pytest.mark.parametrize("acts", [0, 1, 200])
def test_the_store_that_went_on_is_the_same(store: Store, acts: int) -> None:
    store.act(3)
    store.erase(SOL)
    store.act(acts)
    assert store.standing() == "same"
    keep_copy(store.engine, store.home, SECRET.encode())


@pytest.mark.parametrize("acts", [0, 1, 200])
def test_an_older_store_is_known_and_does_not_overwrite_the_newer_copy(store: Store, acts: int) -> None:
    store.act(3)
    backup = store.back_up()
    store.act(acts)
    store.erase(SOL)
    copy = (store.home / LEDGER_COPY).read_bytes()
    store.restore(backup)
    assert store.standing() == "older"
    with pytest.raises(RestoredStoreError, match="make reapply"):
        keep_copy(store.engine, store.home, SECRET.encode())
    assert (store.home / LEDGER_COPY).read_bytes() == copy


def test_a_restored_store_that_went_its_own_way_as_far_is_known_too(store: Store) -> None:
    """The number of the last entry says nothing: its hash does."""
    store.act()
    backup = store.back_up()
    store.erase(SOL)
    store.restore(backup)
    store.act(5)
    assert store.standing() == "older"


def test_another_stores_copy_is_set_aside_and_not_lost(store: Store) -> None:
    """CRM_DATABASE_URL names another database now."""
    empty = store.back_up()
    store.erase(SOL)
    copy = (store.home / LEDGER_COPY).read_bytes()
    store.restore(empty)
    store.act()
    assert store.standing() == "another"
    keep_copy(store.engine, store.home, SECRET.encode())
    [aside] = store.home.glob("suppression_ledger_*.jsonl")
    assert aside.read_bytes() == copy
    assert store.standing() == "same"


def test_a_copy_that_names_nobody_is_no_hindrance(store: Store) -> None:
    """The sandbox was tried first; now there are real accounts and another database."""
    empty = store.back_up()
    store.act(3)
    keep_copy(store.engine, store.home, SECRET.encode())
    store.restore(empty)
    assert store.standing() == "same"
    keep_copy(store.engine, store.home, SECRET.encode())
    assert [path.name for path in store.home.iterdir()] == [LEDGER_COPY]


def test_a_store_whose_log_was_pruned_past_the_copy_is_the_same(store: Store) -> None:
    store.erase(SOL)
    store.act(3)
    with store.engine.begin() as connection:
        audit_log.prune(connection, sa.true(), NOW)
    assert store.standing() == "same"


def test_a_copy_of_an_earlier_version_says_nothing(store: Store) -> None:
    store.erase(SOL)
    path = store.home / LEDGER_COPY
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert store.standing() == "same"
    assert store.reapply().entries == 0


@pytest.mark.parametrize(
    "line", ['{"audit_log": 3}', '{"audit_log": [[1, "zz"]], "copied_at": ""}', "{", "[3]"]
)
def test_a_damaged_first_line_is_refused_with_its_number(store: Store, line: str) -> None:
    (store.home / LEDGER_COPY).write_text(f"{line}\n")
    with store.engine.connect() as connection, pytest.raises(LedgerCopyError, match="line 1"):
        standing_of_copy(connection, store.home)


def test_the_first_line_holds_numbers_and_hashes_only(store: Store) -> None:
    store.act(1000)
    with store.engine.connect() as connection:
        first = json.loads(next(iter(copy_ledger(connection, SECRET.encode()))))
        marks = CopyHead.of(first).marks
        assert [mark.entry_no for mark in marks] == [
            1000,
            999,
            998,
            996,
            992,
            984,
            968,
            936,
            872,
            744,
            488,
            1,
        ]
        assert audit_log.head(connection) == marks[0].entry_hash.hex()
    assert set(first) == {"audit_log", "copied_at"}


class TestReapply:
    """A restored store is brought to where the copy was."""

    def test_what_was_released_since_stays_released(self, store: Store) -> None:
        store.erase(SOL)
        store.erase(TUVA)
        backup = store.back_up()
        store.release(SOL)
        store.erase(ANE)
        store.restore(backup)
        done = store.reapply()
        assert (done.entries, done.released) == (1, 1)
        assert [store.holds(keys) for keys in (SOL, TUVA, ANE)] == [False, True, True]
        assert store.reapply().released == 0

    def test_an_objection_that_was_taken_back_stays_so(self, store: Store) -> None:
        with store.engine.begin() as connection:
            rights.object_to_marketing(connection, SECRET.encode(), [*SOL, *TUVA], NOW)
            audit_log.append(connection, "request_objection", NOW)
        backup = store.back_up()
        with store.engine.begin() as connection:
            rights.withdraw_objection(connection, [SECRET.encode()], SOL)
            audit_log.append(connection, "request_withdrawal", NOW)
        keep_copy(store.engine, store.home, SECRET.encode())
        store.restore(backup)
        assert store.reapply().released == 1
        with store.engine.connect() as connection:
            assert rights.count_objections(connection, [SECRET.encode()], SOL) == 0
            assert rights.count_objections(connection, [SECRET.encode()], TUVA) == 1

    def test_a_copy_that_is_older_than_the_store_releases_nothing(self, store: Store) -> None:
        store.erase(SOL)
        old = (store.home / LEDGER_COPY).read_text()
        store.erase(TUVA)
        (store.home / LEDGER_COPY).write_text(old)
        assert store.reapply().released == 0
        assert store.holds(TUVA)

    def test_another_stores_copy_releases_nothing(self, store: Store) -> None:
        empty = store.back_up()
        store.erase(SOL)
        store.restore(empty)
        with store.engine.begin() as connection:
            store.ledger.add(connection, TUVA, "erasure")
            audit_log.append(connection, "records_erased", NOW)
        done = store.reapply()
        assert (done.entries, done.released) == (1, 0)
        assert store.holds(SOL)
        assert store.holds(TUVA)

    def test_what_was_erased_after_the_copy_was_made_is_kept(self, store: Store) -> None:
        store.act()
        backup = store.back_up()
        store.erase(SOL)
        store.restore(backup)
        with store.engine.begin() as connection:
            later = datetime.now(UTC) + timedelta(days=1)
            Suppression(SECRET.encode(), clock=lambda: later).add(connection, ANE, "erasure")
        assert store.reapply().released == 0
        assert store.holds(ANE)


class TestCommands:
    """Whatever begins first in a restored store erases again what was erased since."""

    @pytest.fixture
    def settings(self, only_a_store: None, store: Store, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setenv("PRIVACY_SECRET", SECRET)
        monkeypatch.setenv("DAGSTER_HOME", str(store.home))
        settings = load_settings()
        store.act()
        backup = store.back_up()
        store.erase(SOL)
        store.restore(backup)
        return settings

    @pytest.mark.parametrize(
        "begin",
        [
            lambda settings, _: prepare_store(Console(quiet=True), settings, is_sandbox=False),
            lambda settings, store: make_desk(settings, store, NOW),
            lambda settings, store: make_office(settings, store, NOW),
            lambda *_: reapply_command([]),
        ],
        ids=["a command", "a read", "a request", "make reapply"],
    )
    def test_the_erased_are_erased_again_before_anything_else(
        self, settings: Settings, store: Store, begin: Callable[[Settings, Any], object]
    ) -> None:
        with closing(open_store(settings)) as opened:
            begin(settings, opened)
        assert store.holds(SOL)
        assert store.standing() == "same"

    def test_a_command_says_what_it_found(
        self, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        prepare_store(terminal(), settings, is_sandbox=False)
        assert "1 entries put back" in capsys.readouterr().out
        prepare_store(terminal(), settings, is_sandbox=False)
        assert not capsys.readouterr().out

    def test_a_copy_under_an_unknown_secret_stops_everything(
        self, settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PRIVACY_SECRET", SECRET.upper())
        with pytest.raises(SuppressionError):
            prepare_store(terminal(), load_settings(), is_sandbox=False)
        assert store.standing() == "older"

    def test_a_command_keeps_another_stores_copy_and_says_how_to_use_it(
        self,
        only_a_store: None,
        store: Store,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("PRIVACY_SECRET", SECRET)
        monkeypatch.setenv("DAGSTER_HOME", str(store.home))
        empty = store.back_up()
        store.erase(SOL)
        store.restore(empty)
        store.act()
        prepare_store(terminal(), load_settings(), is_sandbox=False)
        [aside] = store.home.glob("suppression_ledger_*.jsonl")
        assert f"make reapply ARGS={aside}" in capsys.readouterr().out
        assert reapply_command([str(aside)]) == 0
        assert store.holds(SOL)

    def test_another_copy_does_not_take_the_newer_ones_place(
        self, settings: Settings, store: Store, tmp_path: Path
    ) -> None:
        older = tmp_path / "older.jsonl"
        with store.engine.connect() as connection:
            older.write_text("".join(copy_ledger(connection, SECRET.encode())))
        newer = (store.home / LEDGER_COPY).read_text()
        assert reapply_command([str(older)]) == 0
        assert (store.home / LEDGER_COPY).read_text() == newer
        assert store.standing() == "older"
