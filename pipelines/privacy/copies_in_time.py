"""Copies that are kept longer than the policy says: the write-ahead log, backups, other stores' ledgers.

They hold what was deleted since. What this login or this machine does not see is said, and proves nothing:
an archive of the log, replicas, backups on another machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg.errors
import sqlalchemy as sa

from pipelines.findings import Finding
from pipelines.privacy.periods import Period
from schemas.policy import Policy

WRITE_AHEAD_LOG, BACKUPS, LEDGER_COPIES = "write-ahead-log", "backups", "ledger-copies"
"""Ids under `copies` in policy.yaml."""

_WRITTEN_TO = timedelta(days=1)
"""How long one log file is written to: each night begins another."""

_FILES = sa.text("SELECT modification FROM pg_ls_waldir() ORDER BY modification")
_KEPT = sa.text(
    "SELECT current_setting('archive_mode') <> 'off' AS is_archived,"
    " (SELECT count(*) FROM pg_replication_slots WHERE NOT active AND restart_lsn IS NOT NULL) AS idle_slots"
)
_NEXT_FILE = sa.text("SELECT pg_logical_emit_message(false, 'kundekort', ''), pg_switch_wal()")


@dataclass(frozen=True, slots=True)
class WriteAheadLog:
    """The server's log files."""

    files: tuple[datetime, ...] | None
    """When each was last written, the oldest first; None where the login may not see it."""
    is_archived: bool
    idle_slots: int
    """Replication slots that nobody reads from: the server keeps all files for them."""


@dataclass(frozen=True, slots=True)
class BackupFiles:
    """What lies in a folder of backups; `written` is None where there is no such folder."""

    written: tuple[datetime, ...] | None


def read_log(engine: sa.Engine) -> WriteAheadLog:
    """The log files as the login sees them: no right of the pipeline's role is needed for that."""
    with engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL ROLE NONE")
        kept = connection.execute(_KEPT).one()
        try:
            with connection.begin_nested():
                files: tuple[datetime, ...] | None = _written(connection)
        except sa.exc.ProgrammingError as error:
            if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise
            files = None
    return WriteAheadLog(files, kept.is_archived, kept.idle_slots)


def renew_log(engine: sa.Engine, policy: Policy, now: datetime) -> int:
    """Begin a new log file, and go on until none holds what was written before the period; return how often.

    By itself a quiet server writes to one file for weeks, and leaves others for as long with what they held:
    a file is written anew when its turn comes, and the rest of one that is left is filled with zeros. Does
    nothing where the login may not.
    """
    turns = 0
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET ROLE NONE")
        try:
            for _ in range(2):
                # What lies behind the checkpoint takes its place at the end, with its old content.
                connection.exec_driver_sql("CHECKPOINT")
                for _ in range(len(_written(connection)) + 1):
                    if turns and not _late_files(_written(connection), policy, now):
                        return turns
                    connection.execute(_NEXT_FILE)
                    turns += 1
        except sa.exc.ProgrammingError as error:
            if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise
        finally:
            connection.exec_driver_sql("RESET ROLE")
    return turns


def read_backups(folder: Path | None) -> BackupFiles | None:
    """When the files in a folder of backups were written; None where no folder is configured."""
    if folder is None:
        return None
    if not folder.is_dir():
        return BackupFiles(None)
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return BackupFiles(tuple(sorted(datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in files)))


def copies_in_time(
    policy: Policy,
    log: WriteAheadLog,
    backups: BackupFiles | None,
    now: datetime,
    ledgers_left: tuple[datetime, ...] = (),
) -> Finding:
    """No log file of the database, no backup and no other one's ledger is older than the policy says."""
    late_log = _late_files(log.files, policy, now)
    late_backups = _late(backups.written if backups else None, policy, BACKUPS, now)
    problems, unseen = [], []
    if late_log:
        why = " since a replication slot is not read from: drop it" if log.idle_slots else ""
        problems.append(
            f"{late_log:,} files of the write-ahead log are older than {policy.copy_period(WRITE_AHEAD_LOG)}"
            + (why or ": let a superuser run CHECKPOINT and pg_switch_wal() until they are written anew")
        )
    if late_backups:
        problems.append(f"{late_backups:,} backups are older than {policy.copy_period(BACKUPS)}: remove them")
    late_ledgers = _late(ledgers_left, policy, LEDGER_COPIES, now)
    if late_ledgers:
        problems.append(
            f"{late_ledgers:,} copies of another database's ledger are older than"
            f" {policy.copy_period(LEDGER_COPIES)}: `make reapply` puts one back; delete what is not needed"
        )
    if backups is not None and backups.written is None:
        problems.append("BACKUPS_FOLDER: there is no such folder")
    if log.files is None:
        unseen.append("the write-ahead log (grant the login pg_monitor)")
    if log.is_archived:
        unseen.append("the archive of the write-ahead log")
    if backups is None:
        unseen.append("backups (BACKUPS_FOLDER)")
    numbers = {
        "log_files": len(log.files or ()),
        "late_log_files": late_log,
        "idle_replication_slots": log.idle_slots,
        "backups": len(backups.written or ()) if backups else 0,
        "late_backups": late_backups,
        "late_ledger_copies": late_ledgers,
        "not_seen": len(unseen),
    }
    said = problems or ["every copy that is seen is in its period"]
    if unseen:
        said.append(f"not seen from here: {', '.join(unseen)}")
    return Finding(not problems, "; ".join(said), numbers)


def _written(connection: sa.Connection) -> tuple[datetime, ...]:
    return tuple(connection.scalars(_FILES))


def _late_files(written: tuple[datetime, ...] | None, policy: Policy, now: datetime) -> int:
    """Log files that may hold what is older than the period, since each was written to for a day."""
    return _late(tuple(moment - _WRITTEN_TO for moment in written or ()), policy, WRITE_AHEAD_LOG, now)


def _late(written: tuple[datetime, ...] | None, policy: Policy, copy_id: str, now: datetime) -> int:
    cutoff = Period.parse(policy.copy_period(copy_id)).cutoff(now)
    return sum(moment < cutoff for moment in written or ())
