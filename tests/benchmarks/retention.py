"""What the expiry of IP addresses costs: `python -m tests.benchmarks.retention --rows 50000000`.

Expires a day of a log of 60 days in partitions, beside DELETE and VACUUM of as many rows in a table without
any; then a day of that table in batches, and how many of the deleted addresses are still readable in the
database's files before and after they are written anew. 50 million rows need 8 GB of disk.
"""

from __future__ import annotations

import argparse
import mmap
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import sqlalchemy as sa

from pipelines.privacy import access_log
from pipelines.privacy.rewrite import rewrite_table
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import create_platform
from pipelines.store.roles import RETENTION_ROLE
from schemas.policy import load_policy
from schemas.tables.platform import PlatformNames
from tests.benchmarks.measured import Cost, Meter

START = datetime(2026, 1, 1, tzinfo=UTC)
PERIOD = timedelta(days=14)
HOUR = timedelta(hours=1, minutes=30)
"""The nightly run's time of day, in UTC."""
KEPT_DAYS = 60
EXPIRED_DAYS = 3
ONE_OF = 1_000
"""One address of so many is looked for in the files."""
CANARIES = int(IPv4Address("198.18.0.0"))
"""Addresses of the network that is set aside for benchmarks (RFC 2544)."""
# How PostgreSQL keeps an address: family, bits of the mask, four bytes.
_ADDRESS = re.compile(rb"\x02\x20(\xc6[\x12\x13]..)", re.DOTALL)

_FILL = """
INSERT INTO {table} (id, user_id, ip_address, user_agent, occurred_at)
SELECT {first} + n, mod(n * 7919, 100000),
    CASE WHEN mod(n, {one_of}) = 0 THEN '198.18.0.0'::inet + {canary} + n / {one_of}
        ELSE '10.0.0.0'::inet + mod(({first} + n) * 7919, 16777216) END,
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    '{day}'::timestamptz + n * interval '1 day' / {rows}
FROM generate_series(0::bigint, {rows} - 1) AS n
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=3_000_000, help="rows of the 60 days together")
    parser.add_argument("--plain-days", type=int, default=6, help="days in the table without partitions")
    parser.add_argument("--folder", type=Path, help="where the server's files go")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        url = embedded_url(Path(folder) / "postgres", "registration_system")
        admin = make_engine(url)
        create_platform(admin)
        engine = make_engine(url, role=RETENTION_ROLE)
        rows = max(arguments.rows // KEPT_DAYS, ONE_OF)
        partitioned = _partitioned(admin, engine, rows)
        removed, rewritten = _plain(admin, engine, rows, arguments.plain_days)
        for what, wall, cpu in (
            ("DELETE and VACUUM", removed.wall, removed.cpu),
            ("that and the rewrite", removed.wall + rewritten.wall, removed.cpu + rewritten.cpu),
        ):
            print(
                f"expiry of a day by its partition: {partitioned.wall / wall:.1%} of the time of {what},"
                f" {partitioned.cpu / cpu:.1%} of the CPU"
            )
        engine.dispose()
        admin.dispose()


def _partitioned(admin: sa.Engine, engine: sa.Engine, rows: int) -> Cost:
    """The cost of a usual night of a log of 60 days."""
    names = PlatformNames()
    access_log.create_partitions(engine, names, START, KEPT_DAYS)
    for day in range(KEPT_DAYS):
        _fill(engine, "platform.access_log", day, rows)
    _maintain(admin, "VACUUM (ANALYZE) platform.access_log", "CHECKPOINT", "SELECT pg_stat_reset()")
    meter, policy = Meter(admin), load_policy()
    cost = Cost()
    for night in range(1, EXPIRED_DAYS + 1):
        now = START + PERIOD + timedelta(days=night) + HOUR
        meter.lap()
        with engine.connect() as connection:
            plan = access_log.preview(connection, policy, names, now)
        removal = access_log.expire(engine, policy, names, now)
        with engine.connect() as connection:
            late = access_log.overdue(connection, policy, names, now)
        cost = meter.lap()
        print(
            f"{KEPT_DAYS} days of {rows:,} rows, night {night}: {cost}; {len(plan.partitions)} partitions and"
            f" {removal.rows:,} rows went, {late} are late",
            flush=True,
        )
        if late or removal.partitions != 1:
            raise SystemExit("a night should drop one partition and leave nothing that is late")
    engine.dispose()
    with admin.connect() as connection:
        read = connection.scalar(
            sa.text("SELECT sum(seq_tup_read) FROM pg_stat_all_tables WHERE schemaname = 'platform'")
        )
    print(
        f"rows that scans have read, a night: {int(read) // EXPIRED_DAYS:,} of {rows * KEPT_DAYS:,}: the day"
        " that expires at some hour of the night, nothing else"
    )
    _maintain(admin, "CHECKPOINT")
    print(f"deleted addresses still in the files: {_readable(admin, range(EXPIRED_DAYS), rows):.1%}")
    return cost


def _plain(admin: sa.Engine, engine: sa.Engine, rows: int, days: int) -> tuple[Cost, Cost]:
    """The costs of DELETE and VACUUM of a day, and of writing the table anew; also tells of the batches."""
    name = "platform.plain_log"
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE platform.access_log")
        connection.exec_driver_sql(
            f"CREATE TABLE {name} (id bigint PRIMARY KEY, user_id bigint, ip_address inet, user_agent text,"
            " occurred_at timestamptz NOT NULL)"
        )
        connection.exec_driver_sql(f"CREATE INDEX plain_clock ON {name} (occurred_at)")
    for day in range(days):
        _fill(engine, name, day, rows)
    _maintain(admin, f"VACUUM (ANALYZE) {name}", "CHECKPOINT")
    meter = Meter(admin)
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        end = START + timedelta(days=1)
        connection.execute(sa.text(f"DELETE FROM {name} WHERE occurred_at < :end"), {"end": end})
        connection.exec_driver_sql(f"VACUUM {name}")
    removed = meter.lap()
    print(f"DELETE and VACUUM of {rows:,} of {rows * days:,} rows: {removed}")
    names = PlatformNames(access_log=name)
    for day, what in ((2, "by the index on the clock"), (3, "block by block, without an index")):
        if day == 3:
            with engine.begin() as connection:
                connection.exec_driver_sql("DROP INDEX platform.plain_clock")
        meter.lap()
        removal = access_log.expire(engine, load_policy(), names, START + PERIOD + timedelta(days=day))
        cost = meter.lap()
        print(f"{removal.rows:,} rows {what}: {cost}; {removal.rows / cost.wall:,.0f} rows/s", flush=True)
    _maintain(admin, f"VACUUM {name}", "CHECKPOINT")
    print(f"deleted addresses still in the files: {_readable(admin, range(3), rows):.1%}")
    meter.lap()
    rewrite_table(engine, *name.split("."))
    cost = meter.lap()
    _maintain(admin, "CHECKPOINT")
    left = _readable(admin, range(3), rows)
    print(f"written anew, {rows * (days - 3):,} rows: {cost}; deleted addresses in the files: {left:.1%}")
    if left:
        raise SystemExit("deleted addresses should be gone from the files")
    return removed, cost


def _fill(engine: sa.Engine, table: str, day: int, rows: int) -> None:
    statement = _FILL.format(
        table=table,
        first=day * rows,
        rows=rows,
        one_of=ONE_OF,
        canary=_canary(day, rows),
        day=(START + timedelta(days=day)).isoformat(),
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def _canary(day: int, rows: int) -> int:
    """The place of a day's first canary among all."""
    return day * -(-rows // ONE_OF)


def _readable(admin: sa.Engine, days: range, rows: int) -> float:
    """The share of the canaries of some days that the files of the database hold."""
    wanted = {CANARIES + _canary(day, rows) + place for day in days for place in range(-(-rows // ONE_OF))}
    with admin.connect() as connection:
        folder = connection.scalar(
            sa.text(
                "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database"
                " WHERE datname = current_database()"
            )
        )
    found = {number for path in Path(str(folder)).iterdir() for number in _addresses(path)}
    return len(found & wanted) / len(wanted)


def _addresses(path: Path) -> Iterator[int]:
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for match in _ADDRESS.finditer(content):
            yield int.from_bytes(match.group(1))


def _maintain(admin: sa.Engine, *statements: str) -> None:
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


if __name__ == "__main__":
    main()
