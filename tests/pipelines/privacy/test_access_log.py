"""Users' IP addresses live for 14 days to the second, whatever the registration system's table looks like."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.privacy import access_log
from pipelines.privacy.holds import RowHold
from pipelines.privacy.platform import PlatformError
from pipelines.privacy.retention import Removal
from pipelines.store.engines import make_engine
from pipelines.store.roles import RETENTION_ROLE
from schemas.policy import load_policy
from schemas.tables.platform import PlatformNames

NOW = datetime(2026, 3, 31, 2, 30, 15, tzinfo=UTC)
CUTOFF = NOW - timedelta(days=14)
DEFAULT = PlatformNames()


@pytest.fixture
def engine(platform_engine: sa.Engine, platform_url: sa.URL) -> Iterator[sa.Engine]:
    """The platform database under the retention role, as in a run."""
    engine = make_engine(platform_url, role=RETENTION_ROLE)
    yield engine
    engine.dispose()


def partitions(engine: sa.Engine, table: str = "platform.access_log") -> list[str]:
    with engine.connect() as connection:
        return list(
            connection.scalars(
                sa.text("SELECT relid::text FROM pg_partition_tree(:name) WHERE isleaf ORDER BY 1"),
                {"name": table},
            )
        )


def days_of(engine: sa.Engine, first: datetime, count: int) -> None:
    access_log.create_partitions(engine, DEFAULT, first, days_ahead=count - 1)


def visit(engine: sa.Engine, *times: datetime, table: str = "platform.access_log", user: int = 7) -> None:
    with engine.begin() as connection:
        for time in times:
            connection.execute(
                sa.text(
                    f"INSERT INTO {table} (id, user_id, ip_address, user_agent, occurred_at)"
                    " VALUES (1, :user, '192.0.2.1', 'agent', :time)"
                ),
                {"user": user, "time": time},
            )


def times(engine: sa.Engine, table: str = "platform.access_log") -> list[datetime]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.text(f"SELECT occurred_at FROM {table} ORDER BY 1")))


def expire(engine: sa.Engine, names: PlatformNames = DEFAULT, holds: tuple[RowHold, ...] = ()) -> Removal:
    return access_log.expire(engine, load_policy(), names, NOW, holds)


def overdue(engine: sa.Engine, names: PlatformNames = DEFAULT) -> int:
    with engine.connect() as connection:
        return access_log.overdue(connection, load_policy(), names, NOW)


def test_an_address_goes_14_days_after_the_event_to_the_second(engine: sa.Engine) -> None:
    """Across the change to summer time too: 14 days are 14 times 86 400 seconds."""
    days_of(engine, CUTOFF - timedelta(days=2), 20)
    kept = [CUTOFF, CUTOFF + timedelta(seconds=1), NOW]
    visit(engine, CUTOFF - timedelta(days=1), CUTOFF - timedelta(seconds=1), *kept)
    expire(engine)
    assert times(engine) == kept
    assert overdue(engine) == 0


def test_a_partition_is_dropped_only_when_all_of_it_is_past(engine: sa.Engine) -> None:
    days_of(engine, datetime(2026, 3, 15, tzinfo=UTC), 4)
    visit(engine, datetime(2026, 3, 16, 23, 59, 59, tzinfo=UTC), datetime(2026, 3, 17, 12, tzinfo=UTC))
    removal = expire(engine)
    assert partitions(engine) == ["platform.access_log_p20260317", "platform.access_log_p20260318"]
    assert (removal.partitions, removal.rows) == (2, 1)


def test_a_partition_that_ends_at_the_cutoff_is_dropped(engine: sa.Engine) -> None:
    days_of(engine, datetime(2026, 3, 16, tzinfo=UTC), 2)
    midnight = datetime(2026, 3, 31, tzinfo=UTC)
    access_log.expire(engine, load_policy(), DEFAULT, midnight)
    assert partitions(engine) == ["platform.access_log_p20260317"]


def test_a_second_run_finds_nothing(engine: sa.Engine) -> None:
    days_of(engine, CUTOFF - timedelta(days=2), 20)
    visit(engine, CUTOFF - timedelta(days=1), CUTOFF - timedelta(seconds=1), NOW)
    expire(engine)
    again = expire(engine)
    assert (again.rows, again.partitions) == (0, 0)


def test_preview_tells_what_expire_then_does(engine: sa.Engine) -> None:
    days_of(engine, CUTOFF - timedelta(days=2), 20)
    visit(engine, CUTOFF - timedelta(days=1), CUTOFF - timedelta(seconds=1), CUTOFF + timedelta(hours=1))
    with engine.connect() as connection:
        plan = access_log.preview(connection, load_policy(), DEFAULT, NOW)
    assert plan.partitions == ("access_log_p20260315", "access_log_p20260316")
    assert plan.next_at == NOW + timedelta(hours=1)
    assert len(times(engine)) == 3
    removal = expire(engine)
    assert (removal.rows, removal.partitions) == (plan.rows, len(plan.partitions)) == (2, 2)


def test_expiry_reads_no_partition_that_is_too_young(engine: sa.Engine) -> None:
    days_of(engine, CUTOFF, 15)
    with engine.connect() as connection:
        expiry = access_log.access_log_expiry(connection, load_policy(), DEFAULT, NOW)
        counting = sa.select(sa.func.count()).select_from(expiry.table).where(expiry.is_expired())
        statement = counting.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join(connection.scalars(sa.text(f"EXPLAIN {statement}")))
    assert "access_log_p20260317" in plan
    assert "access_log_p20260318" not in plan


class TestHolds:
    """A hold on a user keeps that user's rows, and no partition with them is dropped."""

    HOLD = RowHold("hold 1", access_log.DATA, "user_id", "9", None, "an attack is being looked into")

    def test_the_held_rows_stay_and_the_others_go(self, engine: sa.Engine) -> None:
        days_of(engine, CUTOFF - timedelta(days=3), 20)
        old, older = CUTOFF - timedelta(days=2), CUTOFF - timedelta(days=3)
        visit(engine, old, user=9)
        visit(engine, old, older, CUTOFF - timedelta(minutes=1), user=7)
        removal = expire(engine, holds=(self.HOLD,))
        assert times(engine) == [old]
        assert (removal.partitions, removal.held) == (2, 1)

    def test_when_the_hold_is_lifted_they_go_too(self, engine: sa.Engine) -> None:
        days_of(engine, CUTOFF - timedelta(days=3), 20)
        visit(engine, CUTOFF - timedelta(days=2), user=9)
        expire(engine, holds=(self.HOLD,))
        expire(engine)
        assert times(engine) == []


class TestShapes:
    """The table is the registration system's: partitioned in any way or not at all, with any names."""

    @pytest.mark.parametrize("index", ["", "CREATE INDEX ON platform.visits (occurred_at)"])
    def test_without_partitions_the_rows_go_to_the_second(
        self, engine: sa.Engine, index: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        create(engine, "CREATE TABLE platform.visits (LIKE platform.access_log)", *([index] if index else []))
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO platform.visits SELECT n, n % 9, '192.0.2.1', 'agent',"
                    " CAST(:cutoff AS timestamptz) + (n - 30000) * interval '1 second'"
                    " FROM generate_series(1, 40000) AS n"
                ),
                {"cutoff": CUTOFF},
            )
        names = PlatformNames(access_log="platform.visits")
        removal = expire(engine, names)
        assert (removal.rows, removal.partitions) == (29_999, 0)
        assert min(times(engine, "platform.visits")) == CUTOFF
        assert overdue(engine, names) == 0

    def test_partitions_within_partitions(self, engine: sa.Engine) -> None:
        create(
            engine,
            "CREATE TABLE platform.visits (LIKE platform.access_log) PARTITION BY RANGE (occurred_at)",
            "CREATE TABLE platform.march PARTITION OF platform.visits FOR VALUES FROM ('2026-03-01')"
            " TO ('2026-04-01') PARTITION BY RANGE (occurred_at)",
            "CREATE TABLE platform.march_1 PARTITION OF platform.march FOR VALUES FROM ('2026-03-01')"
            " TO ('2026-03-11')",
            "CREATE TABLE platform.march_2 PARTITION OF platform.march FOR VALUES FROM ('2026-03-11')"
            " TO ('2026-04-01')",
            "CREATE TABLE platform.earlier PARTITION OF platform.visits FOR VALUES FROM (MINVALUE)"
            " TO ('2026-03-01') PARTITION BY HASH (user_id)",
            "CREATE TABLE platform.earlier_1 PARTITION OF platform.earlier"
            " FOR VALUES WITH (modulus 1, remainder 0)",
        )
        visit(engine, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), NOW,
              CUTOFF - timedelta(seconds=1), table="platform.visits")  # fmt: skip
        expire(engine, PlatformNames(access_log="platform.visits"))
        assert times(engine, "platform.visits") == [NOW]
        assert partitions(engine, "platform.visits") == ["platform.march_2"]

    def test_a_default_partition_and_one_by_another_column(self, engine: sa.Engine) -> None:
        create(
            engine,
            "CREATE TABLE platform.visits (LIKE platform.access_log) PARTITION BY LIST (user_id)",
            "CREATE TABLE platform.visits_7 PARTITION OF platform.visits FOR VALUES IN (7)",
            "CREATE TABLE platform.visits_rest PARTITION OF platform.visits DEFAULT",
        )
        for user in (7, 8):
            visit(engine, CUTOFF - timedelta(days=9), NOW, table="platform.visits", user=user)
        expire(engine, PlatformNames(access_log="platform.visits"))
        assert times(engine, "platform.visits") == [NOW, NOW]
        assert len(partitions(engine, "platform.visits")) == 2

    def test_other_names_and_a_clock_without_a_zone(self, engine: sa.Engine) -> None:
        """A time without a zone is Norwegian: 04:30:15 in summer is 02:30:15 UTC, 03:30:15 in winter."""
        create(engine, 'CREATE TABLE platform."Besøk" (ip inet, "Når" timestamp)')
        with engine.begin() as connection:
            connection.execute(
                sa.text(
                    "INSERT INTO platform.\"Besøk\" VALUES ('192.0.2.1', '2026-03-17 03:30:14'),"
                    " ('192.0.2.2', '2026-03-17 03:30:15')"
                )
            )
        names = PlatformNames(access_log="platform.Besøk", occurred_at="Når")
        assert expire(engine, names).rows == 1
        assert overdue(engine, names) == 0

    @pytest.mark.parametrize(
        ("names", "problem"),
        [
            (
                PlatformNames(access_log="platform.nowhere"),
                "PLATFORM_ACCESS_LOG: .* no table platform.nowhere",
            ),
            (PlatformNames(occurred_at="at"), "PLATFORM_ACCESS_LOG: platform.access_log has no column at"),
        ],
    )
    def test_a_name_that_does_not_exist_is_said_with_its_setting(
        self, engine: sa.Engine, names: PlatformNames, problem: str
    ) -> None:
        with pytest.raises(PlatformError, match=problem):
            expire(engine, names)


class TestComingPartitions:
    """Each coming day has a partition before its first row."""

    def test_today_and_the_coming_days_are_made_once(self, engine: sa.Engine) -> None:
        made = access_log.create_partitions(engine, DEFAULT, NOW, days_ahead=2)
        assert made == ("access_log_p20260331", "access_log_p20260401", "access_log_p20260402")
        assert access_log.create_partitions(engine, DEFAULT, NOW, days_ahead=2) == ()
        visit(engine, NOW, NOW + timedelta(days=2))

    def test_a_day_that_another_partition_holds_is_left_to_it(self, engine: sa.Engine) -> None:
        create(
            engine,
            "CREATE TABLE platform.april PARTITION OF platform.access_log FOR VALUES FROM ('2026-04-01')"
            " TO ('2026-05-01')",
        )
        assert access_log.create_partitions(engine, DEFAULT, NOW, days_ahead=5) == ("access_log_p20260331",)

    def test_nothing_is_made_for_a_table_that_is_not_partitioned_by_time(self, engine: sa.Engine) -> None:
        create(engine, "CREATE TABLE platform.visits (LIKE platform.access_log)")
        names = PlatformNames(access_log="platform.visits")
        assert access_log.create_partitions(engine, names, NOW) == ()


def test_a_long_query_of_the_registration_system_is_named_not_waited_for(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "LOCK_TIMEOUT", "20ms")
    days_of(engine, CUTOFF - timedelta(days=3), 3)
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT count(*) FROM platform.access_log"))
            reading.set()
            done.wait(10)

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(10)
    try:
        with pytest.raises(PlatformError, match="a long query of the registration system"):
            expire(engine)
    finally:
        done.set()
        reader.join()
    assert expire(engine).partitions > 0


def create(engine: sa.Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
