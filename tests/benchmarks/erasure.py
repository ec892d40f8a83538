"""What a person's request costs in a store of a million: `python -m tests.benchmarks.erasure`.

Access, preview and erasure of one person after the other, from case to receipt, the making of the cards and
the proof included. Prints wall and CPU seconds of Python and PostgreSQL, and the tables that were read from
end to end. `--store` takes a store that was made before, `--rewrite` also writes all tables anew.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.identity.rebuild import rebuild, refresh
from pipelines.privacy.rewrite import rewrite_table
from pipelines.privacy.subjects.drawer import Drawer
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import Office
from pipelines.privacy.subjects.service import carry_out, open_case, show
from pipelines.privacy.suppression import Suppression
from pipelines.store.database import CRM_DATABASE
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm
from schemas.policy import load_policy
from schemas.tables import metadata, qualified
from tests.benchmarks.measured import Meter
from tests.benchmarks.rebuild import fill

SECRET = b"s" * 32
LARGE = 50_000
"""A scan of a table with fewer rows is the right plan."""

_PERSON = """
SELECT contact.email, contact.mobile, contact.first_name || ' ' || contact.last_name AS name
FROM landing.tripletex_contact AS contact
WHERE contact.deleted_at_source IS NULL AND contact.email IS NOT NULL
ORDER BY md5(contact.id::text) LIMIT :persons
"""
_SCANS = """
SELECT schemaname || '.' || relname AS name, seq_scan, seq_tup_read / greatest(seq_scan, 1) AS rows
FROM pg_stat_user_tables WHERE seq_tup_read > :large * seq_scan ORDER BY seq_tup_read DESC
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--persons", type=int, default=3)
    parser.add_argument("--store", type=Path, help="data directory of an embedded server with a store")
    parser.add_argument("--rewrite", action="store_true", help="also write the tables anew, as once a week")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.store or Path(folder) / "postgres"
        engine = make_engine(embedded_url(place, CRM_DATABASE))
        migrate_crm(engine)
        if arguments.store is None:
            fill(engine, arguments.records)
            rebuild(engine, "benchmark")
        refresh(engine, "benchmark")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        _requests(engine, Drawer(Path(folder) / "drawer"), arguments.persons)
        if arguments.rewrite:
            _rewrite(engine)
        engine.dispose()


def _requests(engine: sa.Engine, drawer: Drawer, persons: int) -> None:
    suppression = Suppression(SECRET)
    office = Office(
        engine, load_policy(), SECRET, suppression, refresh=lambda: refresh(engine, "subject request")
    )
    with engine.connect() as connection:
        asking = connection.execute(sa.text(_PERSON), {"persons": persons}).all()
    meter = Meter(engine)
    for person in asking:
        hints = Hints(emails=(person.email,), phones=(person.mobile,), name=person.name)
        now = datetime.now(UTC)
        access = open_case(office, drawer, "access", hints, now, now).request_id
        erasure = open_case(office, drawer, "erasure", hints, now, now).request_id
        work: dict[str, Callable[[], Any]] = {
            "access": partial(carry_out, office, drawer, access, now),
            "preview": partial(show, office, drawer, erasure, now),
            "erasure": partial(carry_out, office, drawer, erasure, now),
        }
        for name, act in work.items():
            _forget_scans(engine)
            meter.lap()
            report = act()
            cost = meter.lap()
            print(f"{name:8} {cost}; {dict(report.numbers)}", flush=True)
            for table, scans, rows in _scans(engine):
                print(f"         {table} was read from end to end {scans} times, {rows:,} rows")


def _rewrite(engine: sa.Engine) -> None:
    """What the weekly rewrite of every table with personal data costs."""
    policy, meter = load_policy(), Meter(engine)
    tables = [table for table in metadata.sorted_tables if policy.retention_of(qualified(table)).rewrite]
    for table in tables:
        rewrite_table(engine, str(table.schema), table.name)
    print(f"{len(tables)} tables written anew: {meter.lap()}")


def _forget_scans(engine: sa.Engine) -> None:
    # What a session has counted is known to others when it ends.
    engine.dispose()
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_stat_reset()"))
    engine.dispose()


def _scans(engine: sa.Engine) -> list[tuple[str, int, int]]:
    engine.dispose()
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(_SCANS), {"large": LARGE})]


if __name__ == "__main__":
    main()
