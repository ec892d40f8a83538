"""The write-ahead log and the backups hold what was deleted: how long is looked at, not believed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.privacy.copies_in_time import (
    BackupFiles,
    WriteAheadLog,
    copies_in_time,
    read_backups,
    read_log,
    renew_log,
)
from pipelines.privacy.ledger_copy import LEDGER_COPY, aside
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.roles import PIPELINE_ROLE
from schemas.policy import load_policy

POLICY = load_policy()
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
WEEK, MONTH = timedelta(days=7), timedelta(days=35)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
SEEN = WriteAheadLog((NOW,), is_archived=False, idle_slots=0)


@pytest.fixture
def server(postgres_directory: Path) -> Iterator[sa.Engine]:
    """A server of the test's own, with a log of few files."""
    engine = make_engine(embedded_url(postgres_directory.parent / f"log-{os.getpid()}", "quiet"))
    yield engine
    engine.dispose()


@pytest.mark.parametrize(("age", "late"), [(WEEK - DAY, 0), (WEEK - DAY + SECOND, 1)])
def test_a_log_file_is_late_to_the_second(age: timedelta, late: int) -> None:
    """Counted from the day before it was last written: so long it may have been written to."""
    finding = copies_in_time(POLICY, WriteAheadLog((NOW - age, NOW), False, 0), BackupFiles(()), NOW)
    assert (finding.passed, finding.numbers["late_log_files"]) == (not late, late)


@pytest.mark.parametrize(("age", "late"), [(MONTH, 0), (MONTH + SECOND, 1)])
def test_a_backup_is_late_to_the_second(age: timedelta, late: int) -> None:
    finding = copies_in_time(POLICY, SEEN, BackupFiles((NOW - age, NOW)), NOW)
    assert (finding.passed, finding.numbers["late_backups"]) == (not late, late)


@pytest.mark.parametrize(("age", "late"), [(MONTH, 0), (MONTH + SECOND, 1)])
def test_a_ledger_that_another_database_left_is_late_to_the_second(
    tmp_path: Path, age: timedelta, late: int
) -> None:
    left = tmp_path / "suppression_ledger_20261021T030000.jsonl"
    for path in (left, tmp_path / LEDGER_COPY):
        path.write_text("{}\n")
        os.utime(path, ((NOW - age).timestamp(),) * 2)
    finding = copies_in_time(POLICY, SEEN, BackupFiles(()), NOW, aside(tmp_path))
    assert (finding.passed, finding.numbers["late_ledger_copies"]) == (not late, late)
    assert ("make reapply" in finding.why) == bool(late)


def test_what_is_not_seen_is_said_and_proves_nothing() -> None:
    finding = copies_in_time(POLICY, WriteAheadLog(None, is_archived=True, idle_slots=0), None, NOW)
    assert finding.passed
    assert finding.numbers["not_seen"] == 3
    for word in ("pg_monitor", "archive", "BACKUPS_FOLDER"):
        assert word in finding.why


def test_a_slot_that_keeps_the_files_is_named() -> None:
    log = WriteAheadLog((NOW - 2 * WEEK,), is_archived=False, idle_slots=1)
    assert "replication slot" in copies_in_time(POLICY, log, BackupFiles(()), NOW).why


def test_the_files_of_the_folder_are_looked_at_and_left_alone(tmp_path: Path) -> None:
    assert read_backups(None) is None
    (tmp_path / "monthly").mkdir()
    for name, age in (("new.dump", timedelta()), ("monthly/old.dump", 2 * MONTH)):
        (tmp_path / name).touch()
        moment = (NOW - age).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    backups = read_backups(tmp_path)
    assert backups == BackupFiles((NOW - 2 * MONTH, NOW))
    assert not copies_in_time(POLICY, SEEN, backups, NOW).passed
    assert sorted(path.name for path in tmp_path.rglob("*.dump")) == ["new.dump", "old.dump"]


def test_a_folder_that_is_not_there_is_no_folder_without_backups(tmp_path: Path) -> None:
    finding = copies_in_time(POLICY, SEEN, read_backups(tmp_path / "none"), NOW)
    assert not finding.passed
    assert "BACKUPS_FOLDER" in finding.why


def test_the_pipelines_role_needs_no_right_of_its_own(crm_url: sa.URL, crm_engine: sa.Engine) -> None:
    """The log is looked at with the login's rights, and the role is back afterwards."""
    engine = make_engine(crm_url, role=PIPELINE_ROLE)
    assert read_log(engine).files
    assert renew_log(engine, POLICY, datetime.now(UTC)) == 1
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT current_user")) == PIPELINE_ROLE
    engine.dispose()


def test_a_login_that_may_not_see_the_log_is_told_so(crm_url: sa.URL, crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS looks_only")
        connection.exec_driver_sql("CREATE ROLE looks_only LOGIN")
    engine = make_engine(crm_url.set(username="looks_only"))
    log = read_log(engine)
    assert log.files is None
    assert renew_log(engine, POLICY, datetime.now(UTC) + 10 * WEEK) == 0
    engine.dispose()
    with crm_engine.begin() as connection:
        connection.exec_driver_sql("DROP ROLE looks_only")


def test_a_quiet_servers_log_is_written_anew_when_its_time_is_up(server: sa.Engine) -> None:
    now = datetime.now(UTC)
    with server.connect() as connection:
        place = Path(str(connection.scalar(sa.text("SHOW data_directory")))) / "pg_wal"
    assert renew_log(server, POLICY, now) == 1, "one file a night"
    files = [path for path in place.iterdir() if path.is_file()]
    for path in files:
        os.utime(path, ((now - 2 * WEEK).timestamp(),) * 2)
    assert copies_in_time(POLICY, read_log(server), None, now).numbers["late_log_files"] == len(files)
    assert renew_log(server, POLICY, now) > 1
    finding = copies_in_time(POLICY, read_log(server), None, now)
    assert finding.passed, finding.why


def test_what_was_deleted_is_in_no_log_file_after_that(server: sa.Engine) -> None:
    """The proof by looking: a canary's letters stand in the files first, and in none of them afterwards."""
    with server.connect() as connection:
        place = Path(str(connection.scalar(sa.text("SHOW data_directory")))) / "pg_wal"
    with server.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE letters AS SELECT 'kanarifugl i loggen' AS text")
        connection.exec_driver_sql("DROP TABLE letters")

    def found() -> bool:
        return any(b"kanarifugl i loggen" in path.read_bytes() for path in place.iterdir() if path.is_file())

    assert found()
    month = datetime.now(UTC) + timedelta(days=31)
    for night in range(len(read_log(server).files or ()) + 3):
        renew_log(server, POLICY, month + night * DAY)
    assert not found()
