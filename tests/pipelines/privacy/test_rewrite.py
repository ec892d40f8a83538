"""What was deleted is gone from the data files, not only from the answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.privacy import access_log, retention
from pipelines.privacy.rewrite import (
    RewriteError,
    overdue_rewrites,
    rewrite_due,
    rewrite_statistics,
    rewrite_table,
)
from pipelines.privacy.suppression import Suppression
from pipelines.store.engines import make_engine
from pipelines.store.roles import READER_ROLE, RETENTION_ROLE
from schemas.policy import load_policy
from schemas.tables import landing
from schemas.tables.platform import PlatformNames

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
CUSTOMERS = "landing.helpscout_customer"
SUPPRESSION = Suppression(b"a secret that is long enough", clock=lambda: NOW)


def files_with(engine: sa.Engine, canary: str) -> list[str]:
    """Files of the database (tables, indexes, TOAST) in which a text can be read; not WAL, not logs."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CHECKPOINT")
        oid = connection.scalar(sa.text("SELECT oid FROM pg_database WHERE datname = current_database()"))
        directory = connection.scalar(
            sa.text("SELECT setting FROM pg_settings WHERE name = 'data_directory'")
        )
    base = Path(str(directory)) / "base" / str(oid)
    return [file.name for file in base.iterdir() if canary.encode() in file.read_bytes()]


def is_gone_after(engine: sa.Engine, canary: str, rewrite: Callable[[], object]) -> bool:
    """Whether a text is gone from the files, after some rewrites at most.

    A row that a transaction elsewhere on the server could still see is copied along by the first.
    """
    for _ in range(20):
        if not files_with(engine, canary):
            return True
        rewrite()
    return False


def add_canaries(engine: sa.Engine) -> None:
    table = landing.TABLES["helpscout_customer"]
    with engine.begin() as connection:
        for number, stamp in ((1, NOW - timedelta(days=2000)), (2, NOW)):
            connection.execute(
                sa.insert(table).values(
                    id=number, first_name=f"canary{number}", emails=[], phones=[],
                    source_changed_at=stamp, content_hash=b"",
                )
            )  # fmt: skip


def test_a_deleted_row_leaves_the_files_with_the_rewrite_and_the_others_stay(crm_engine: sa.Engine) -> None:
    add_canaries(crm_engine)
    retention.apply(crm_engine, load_policy(), NOW, run_id="run", suppression=SUPPRESSION)
    assert files_with(crm_engine, "canary1"), "a test that finds nothing before the rewrite proves nothing"
    assert is_gone_after(
        crm_engine, "canary1", lambda: rewrite_due(crm_engine, load_policy(), NOW, only=[CUSTOMERS])
    )
    assert files_with(crm_engine, "canary2") != []


def test_a_dropped_partition_leaves_nothing(platform_engine: sa.Engine) -> None:
    names = PlatformNames()
    old = NOW - timedelta(days=20)
    access_log.create_partitions(platform_engine, names, old, days_ahead=25)
    with platform_engine.begin() as connection:
        for agent, time in (("canary1", old), ("canary2", NOW)):
            connection.execute(
                sa.text(
                    "INSERT INTO platform.access_log (id, user_agent, occurred_at) VALUES (1, :agent, :time)"
                ),
                {"agent": agent, "time": time},
            )
    assert files_with(platform_engine, "canary1") != []
    access_log.expire(platform_engine, load_policy(), names, NOW)
    assert files_with(platform_engine, "canary1") == []
    assert files_with(platform_engine, "canary2") != []


def test_the_planners_samples_of_a_dropped_partition_go_with_it(platform_engine: sa.Engine) -> None:
    names = PlatformNames()
    old = NOW - timedelta(days=20)
    access_log.create_partitions(platform_engine, names, old, days_ahead=0)
    with platform_engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO platform.access_log (id, user_agent, occurred_at)"
                " SELECT n, 'canary' || mod(n, 2), :time FROM generate_series(1, 100) AS n"
            ),
            {"time": old},
        )
        partition = f"platform.access_log_p{old:%Y%m%d}"
        connection.exec_driver_sql(f"ANALYZE {partition}")
        connection.exec_driver_sql(f"TRUNCATE {partition}")
    held = files_with(platform_engine, "canary1")
    assert held != [], "the samples alone hold it now"
    access_log.expire(platform_engine, load_policy(), names, NOW)
    assert set(held).isdisjoint(files_with(platform_engine, "canary1")), "written anew"
    assert is_gone_after(platform_engine, "canary1", lambda: rewrite_statistics(platform_engine))


def test_a_login_without_the_right_leaves_the_statistics(crm_engine: sa.Engine) -> None:
    name = f"stranger_{crm_engine.url.database}"
    with crm_engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
    stranger = make_engine(crm_engine.url.set(username=name))
    try:
        assert not rewrite_statistics(stranger)
        assert rewrite_statistics(crm_engine)
    finally:
        stranger.dispose()
        with crm_engine.begin() as connection:
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_the_next_user_of_the_session_has_its_role(crm_engine: sa.Engine, crm_url: sa.URL) -> None:
    engine = make_engine(crm_url, role=READER_ROLE)
    try:
        assert rewrite_statistics(engine)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT current_user")) == READER_ROLE
    finally:
        engine.dispose()


def test_a_table_is_rewritten_before_its_time_is_up_when_something_changed(crm_engine: sa.Engine) -> None:
    policy = load_policy()
    watched(crm_engine)
    add_canaries(crm_engine)
    retention.apply(crm_engine, policy, NOW, run_id="run", suppression=SUPPRESSION)
    settled(crm_engine)
    assert rewrite_due(crm_engine, policy, NOW + timedelta(days=5)) == ()
    with crm_engine.connect() as connection:
        assert overdue_rewrites(connection, policy, NOW + timedelta(days=7, seconds=1)) == (CUSTOMERS,)
    assert rewrite_due(crm_engine, policy, NOW + timedelta(days=6)) == (CUSTOMERS,)
    settled(crm_engine)
    with crm_engine.connect() as connection:
        assert overdue_rewrites(connection, policy, NOW + timedelta(days=7, seconds=1)) == ()


def test_what_was_deleted_before_a_crash_is_gone_from_disk_in_time_too(crm_engine: sa.Engine) -> None:
    """The server counts from nothing again after one: no write is counted then, and there was one."""
    policy = load_policy()
    watched(crm_engine)
    add_canaries(crm_engine)
    retention.apply(crm_engine, policy, NOW, run_id="run", suppression=SUPPRESSION)
    settled(crm_engine)
    with crm_engine.begin() as connection:
        connection.exec_driver_sql("SELECT pg_stat_reset()")
    settled(crm_engine)
    with crm_engine.connect() as connection:
        assert overdue_rewrites(connection, policy, NOW + timedelta(days=8)) == (), "the count alone is blind"
    assert rewrite_due(crm_engine, policy, NOW + timedelta(days=1)) == ()
    assert CUSTOMERS in rewrite_due(crm_engine, policy, NOW + timedelta(days=6))


@pytest.mark.parametrize(("noted", "is_due"), [(2, False), (3, True)])
def test_a_count_that_has_gone_back_was_begun_anew(crm_engine: sa.Engine, noted: int, is_due: bool) -> None:
    """It may reach the same number again by the end of the period."""
    policy = load_policy()
    add_canaries(crm_engine)
    with crm_engine.begin() as connection:
        for _ in range(2):
            connection.exec_driver_sql(f"UPDATE {CUSTOMERS} SET first_name = 'Sol' WHERE id = 1")
    settled(crm_engine)
    rewrite_due(crm_engine, policy, NOW)
    with crm_engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE privacy.rewrite_log SET writes = :noted WHERE data = :data"),
            {"noted": noted, "data": CUSTOMERS},
        )
    rewrite_due(crm_engine, policy, NOW + timedelta(days=1))
    with crm_engine.connect() as connection:
        late = overdue_rewrites(connection, policy, NOW + timedelta(days=8))
    assert (CUSTOMERS in late) == is_due


def test_a_table_in_use_is_left_for_the_next_run(
    crm_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.privacy.rewrite.LOCK_TIMEOUT", "20ms")
    with crm_engine.begin() as reader:
        reader.execute(sa.text(f"SELECT count(*) FROM {CUSTOMERS}"))
        assert rewrite_due(crm_engine, load_policy(), NOW, only=[CUSTOMERS]) == ()
    assert rewrite_due(crm_engine, load_policy(), NOW, only=[CUSTOMERS]) == (CUSTOMERS,)


def test_a_role_without_the_right_is_told(crm_engine: sa.Engine, crm_url: sa.URL) -> None:
    """The server only warns; without this the files would never be rewritten and nobody would know."""
    reader = make_engine(crm_url, role=READER_ROLE)
    try:
        with pytest.raises(RewriteError, match=r"crm\.person was not written anew"):
            rewrite_table(reader, "crm", "person")
    finally:
        reader.dispose()


def test_the_retention_role_may_rewrite_the_access_log(
    platform_engine: sa.Engine, platform_url: sa.URL
) -> None:
    access_log.create_partitions(platform_engine, PlatformNames(), NOW, days_ahead=0)
    with platform_engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE platform.access_log_p20261125 OWNER TO {RETENTION_ROLE}")
    engine = make_engine(platform_url, role=RETENTION_ROLE)
    try:
        assert rewrite_table(engine, "platform", "access_log_p20261125")
    finally:
        engine.dispose()


def watched(engine: sa.Engine) -> None:
    """Begin to watch all tables. What the migrations noted is in no count of a database that was cloned."""
    with engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE crm.match_pending")
    assert rewrite_due(engine, load_policy(), NOW) == ()


def settled(engine: sa.Engine) -> None:
    """Have every session report its statistics."""
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    engine.dispose()
