"""Deleted addresses leave the files of the registration system's log, too, as soon as the policy says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.privacy import access_log
from pipelines.privacy.access_log_files import rewrite_due
from pipelines.store.engines import make_engine
from pipelines.store.roles import RETENTION_ROLE
from schemas.policy import load_policy
from schemas.tables.platform import PlatformNames
from schemas.tables.privacy import rewrite_log

NOW = datetime(2026, 3, 31, 2, 30, tzinfo=UTC)
OLD = NOW - timedelta(days=20)
PLAIN = PlatformNames(access_log="platform.plain_log")
_COLUMNS = "(id bigint, user_id bigint, ip_address inet, user_agent text, occurred_at timestamptz NOT NULL)"


@pytest.fixture
def engine(platform_engine: sa.Engine, platform_url: sa.URL) -> Iterator[sa.Engine]:
    """The platform database under the retention role, as in a run."""
    engine = make_engine(platform_url, role=RETENTION_ROLE)
    yield engine
    engine.dispose()


def plain_log(engine: sa.Engine, partition_by: str = "") -> None:
    """A log with an old and a new visit, as the registration system may have it."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {PLAIN.access_log} {_COLUMNS} {partition_by}")


def visit(engine: sa.Engine, table: str = PLAIN.access_log) -> None:
    with engine.begin() as connection:
        for agent, time in (("canary1", OLD), ("canary2", NOW)):
            connection.execute(
                sa.text(f"INSERT INTO {table} (id, user_agent, occurred_at) VALUES (1, :agent, :time)"),
                {"agent": agent, "time": time},
            )


def file_of(engine: sa.Engine, table: str) -> int:
    with engine.connect() as connection:
        number: int = connection.execute(sa.select(sa.func.pg_relation_filenode(table))).scalar_one()
        return number


def expire(engine: sa.Engine, names: PlatformNames = PLAIN, now: datetime = NOW) -> None:
    access_log.expire(engine, load_policy(), names, now)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    engine.dispose()


def rewritten(
    crm: sa.Engine, engine: sa.Engine, days: float, names: PlatformNames = PLAIN
) -> tuple[str, ...]:
    return rewrite_due(crm, engine, load_policy(), names, NOW + timedelta(days=days))


def test_a_log_without_partitions_is_written_anew_before_its_week_is_over(
    crm_engine: sa.Engine, engine: sa.Engine
) -> None:
    plain_log(engine)
    visit(engine)
    before = file_of(engine, PLAIN.access_log)
    assert rewritten(crm_engine, engine, 0) == (), "its time begins with the first night"
    expire(engine)
    assert rewritten(crm_engine, engine, 5.9) == ()
    assert file_of(engine, PLAIN.access_log) == before
    assert rewritten(crm_engine, engine, 6) == ("platform.access_log:platform.plain_log",)
    assert file_of(engine, PLAIN.access_log) != before
    engine.dispose()
    assert rewritten(crm_engine, engine, 13) == (), "nothing was deleted since"


def test_a_log_that_lost_nothing_is_left_alone(crm_engine: sa.Engine, engine: sa.Engine) -> None:
    plain_log(engine)
    visit(engine)
    assert [rewritten(crm_engine, engine, day) for day in (0, 7, 14)] == [(), (), ()]


def test_partitions_of_days_are_dropped_long_before(crm_engine: sa.Engine, engine: sa.Engine) -> None:
    names = PlatformNames()
    access_log.create_partitions(engine, names, OLD, 21)
    visit(engine, names.access_log)
    rewritten(crm_engine, engine, 0, names)
    expire(engine, names, NOW + timedelta(days=13, hours=23))
    assert rewritten(crm_engine, engine, 7, names) == ()
    with crm_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(rewrite_log)) == 0


def test_a_partition_of_a_month_is_written_anew(crm_engine: sa.Engine, engine: sa.Engine) -> None:
    plain_log(engine, "PARTITION BY RANGE (occurred_at)")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE platform.march PARTITION OF platform.plain_log"
            " FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')"
        )
    visit(engine)
    rewritten(crm_engine, engine, 0)
    expire(engine)
    assert rewritten(crm_engine, engine, 6) == ("platform.access_log:platform.march",)


def test_a_table_that_is_gone_is_forgotten(crm_engine: sa.Engine, engine: sa.Engine) -> None:
    plain_log(engine)
    rewritten(crm_engine, engine, 0)
    rewritten(crm_engine, engine, 1, PlatformNames())
    with crm_engine.connect() as connection:
        kept = list(connection.scalars(sa.select(rewrite_log.c.data)))
    assert "platform.access_log:platform.plain_log" not in kept


def test_a_login_that_may_not_is_told_in_the_log(
    crm_engine: sa.Engine,
    engine: sa.Engine,
    platform_engine: sa.Engine,
    platform_url: sa.URL,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain_log(platform_engine)
    visit(platform_engine)
    with platform_engine.begin() as connection:
        connection.exec_driver_sql(f"GRANT SELECT, DELETE ON {PLAIN.access_log} TO {RETENTION_ROLE}")
    rewritten(crm_engine, engine, 0)
    expire(engine)
    with caplog.at_level(logging.WARNING):
        assert rewritten(crm_engine, engine, 6) == ()
    assert "platform.plain_log was not written anew" in caplog.text


def test_a_log_in_use_is_left_for_the_next_night(
    crm_engine: sa.Engine, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.privacy.access_log_files.LOCK_TIMEOUT", "20ms")
    plain_log(engine)
    visit(engine)
    rewritten(crm_engine, engine, 0)
    expire(engine)
    with engine.begin() as reader:
        reader.execute(sa.text(f"SELECT count(*) FROM {PLAIN.access_log}"))
        assert rewritten(crm_engine, engine, 6) == ()
    assert rewritten(crm_engine, engine, 7) == ("platform.access_log:platform.plain_log",)
