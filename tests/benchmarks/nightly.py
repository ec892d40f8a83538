"""What a night costs in a large store: `python -m tests.benchmarks.nightly --records 1000000`.

Lands what the sources send, then runs the real nightly job: a first night that makes all cards, one in which
1 % of the records has changed, and one in which nothing has. Each night is a process of its own. Prints wall
and CPU seconds and the peak of memory of every step; a night should cost what has changed, not what is
stored. What it costs to ask the sources is measured by `reading.py`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest.mock
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from connectors.brreg.client_feed import FeedPosition
from connectors.pages import Page
from pipelines.privacy.suppression import Suppression
from pipelines.settings import EMBEDDED_DIRECTORY, PROJECT, load_settings
from pipelines.store.database import CRM_DATABASE
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.landing import Lander
from pipelines.store.migrate import migrate_crm
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup, OrderForm
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer, TripletexInvoice
from schemas.tables.landing import TABLES
from tests.benchmarks.measured import Cost, Meter
from tests.benchmarks.rebuild import fill

NIGHTS = ("first", "changed", "nothing")
PAGE = 1_000
ONE_OF = 100
"""One record of so many changes."""
WORTH_A_LINE = 0.5
"""Steps of fewer CPU seconds are summed up in one line."""

# The world of the benchmark of the cards, made fit for a whole night: numbers that the register could have
# given, and times that no retention rule is after.
_FIT = """
CREATE TEMPORARY TABLE given ON COMMIT DROP AS
SELECT (300000000 + row_number() OVER (ORDER BY prefix))::text AS old,
    concat(prefix, mod(11 - rest, 11)) AS new
FROM (
    SELECT prefix, mod((
        SELECT sum(substr(prefix::text, place, 1)::int * (ARRAY[3, 2, 7, 6, 5, 4, 3, 2])[place])
        FROM generate_series(1, 8) AS place
    ), 11) AS rest
    FROM generate_series(31000000, 31000000 + {companies} * 5 / 4 + 100) AS prefix
) AS numbered WHERE rest <> 1;
CREATE INDEX ON given (old);
UPDATE landing.brreg_unit AS unit SET number = given.new FROM given WHERE given.old = unit.number;
UPDATE landing.tripletex_customer AS customer SET organization_number = given.new
FROM given WHERE given.old = customer.organization_number;
UPDATE landing.helpscout_customer SET source_changed_at = now() - interval '30 days', created_at = NULL;
UPDATE landing.helpscout_conversation SET created_at = now() - interval '30 days';
UPDATE landing.order_form SET activity_id = 50;
UPDATE landing.tripletex_invoice SET invoice_date = current_date - 60;
INSERT INTO landing.cursor (source, read_until, position)
SELECT source, now(), CASE WHEN source LIKE 'brreg%%' THEN 1 END FROM unnest(ARRAY[{sources}]) AS source
"""

SECRET = b"s" * 32
_NOW = int(time.time())

Change = Callable[[int], Mapping[str, Any]]
"""From the id of a record to the values that a night changes."""


CHANGES: Mapping[type[Payload], tuple[bool, Change]] = {
    TripletexCustomer: (True, lambda key: {"phone": f"23{(key + _NOW) % 1_000_000:06}"}),
    TripletexContact: (True, lambda key: {"mobile": _mobile(key)}),
    TripletexInvoice: (False, lambda _: {"amount_outstanding": Decimal(_NOW)}),
    HelpScoutCustomer: (False, lambda key: {"phones": [_mobile(key)]}),
    HelpScoutConversation: (False, lambda _: {"tags": [str(_NOW)]}),
    CourseSignup: (False, lambda _: {"status": str(_NOW)}),
    OrderForm: (False, lambda _: {"status": str(_NOW)}),
}
"""What a night brings, by what is read: whether everything is sent every night, and what changes."""


class Register:
    """The register as `read_units` asks it: nothing has happened, and every number is known."""

    requests_sent = 0

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, int]] = Counter()
        self.refused_fields: dict[str, list[str]] = {}
        self.dropped_rows: dict[str, int] = {}

    def close(self) -> None:
        """Nothing is open."""

    def changed_since(
        self, position: FeedPosition, numbers: Collection[str]
    ) -> tuple[set[str], FeedPosition]:
        """What `BrregClient.changed_since` gives."""
        return set(), position

    def units(self, numbers: Sequence[str]) -> Iterator[Page[Any]]:
        """What `BrregClient.units` gives."""
        if numbers:
            raise RuntimeError(f"{len(numbers)} units were asked for that the store should know")
        yield from ()

    def find_company(self, name: str) -> list[Any]:
        """What `BrregClient.find_company` gives: no company is known by its name alone."""
        return []


def main() -> None:
    """Make the store, then run the nights, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--home", type=Path, help="a store that was made before, or a folder to keep it in")
    parser.add_argument("--night", choices=NIGHTS, help="this night only, in this process")
    parser.add_argument(
        "--statements", action="store_true", help="also tell the statements over half a second"
    )
    arguments = parser.parse_args()
    if arguments.night:
        _night(arguments.night, tell_statements=arguments.statements)
        return
    with tempfile.TemporaryDirectory() as folder:
        home = (arguments.home or Path(folder) / "home").absolute()
        os.environ |= _environment(home)
        url = embedded_url(home / EMBEDDED_DIRECTORY, CRM_DATABASE)
        if not (home / "dagster.yaml").exists():
            _make(home, make_engine(url), arguments.records)
        for night in NIGHTS:
            command = [sys.executable, "-m", "tests.benchmarks.nightly", "--night", night]
            subprocess.run([*command, *["--statements"] * arguments.statements], check=True)


def _environment(home: Path) -> dict[str, str]:
    """All sources configured, at addresses that nobody is to ask."""
    nowhere = "http://127.0.0.1:9"
    return {
        "DAGSTER_HOME": str(home),
        "KUNDEKORT_ENV_FILE": str(home / "no.env"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "HELPSCOUT_URL": nowhere,
        "HELPSCOUT_APP_ID": "benchmark",
        "HELPSCOUT_APP_SECRET": "benchmark",
        "TRIPLETEX_URL": nowhere,
        "TRIPLETEX_CONSUMER_TOKEN": "benchmark",
        "TRIPLETEX_EMPLOYEE_TOKEN": "benchmark",
        "BRREG_URL": nowhere,
        "PINDENA_URL": nowhere,
        "PINDENA_USERNAME": "benchmark",
        "PINDENA_PASSWORD": "benchmark",
        "PINDENA_COURSE_ACTIVITIES": ",".join(map(str, range(50))),
        "PINDENA_ORDER_ACTIVITIES": "50",
        "PRIVACY_SECRET": SECRET.decode(),
    }


def _make(home: Path, engine: sa.Engine, records: int) -> None:
    """A home with a store that has read everything and made no card yet."""
    migrate_crm(engine)
    fill(engine, records)
    companies = max(records // 10, 1)
    sources = ", ".join(f"'{source}'" for source in [*TABLES, "brreg_subunit"])
    with engine.begin() as connection:
        for statement in _FIT.format(companies=companies, sources=sources).split(";\n"):
            connection.exec_driver_sql(statement)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM (FULL, ANALYZE)")
    engine.dispose()
    shutil.copy(PROJECT / "dagster_home" / "dagster.yaml", home)


def _night(night: str, *, tell_statements: bool) -> None:
    """Run the nightly job once in this process and print what its steps cost."""
    warnings.simplefilter("ignore")
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.jobs import NIGHTLY
    from pipelines.defs.jobs import night as configuration
    from pipelines.defs.partitions import DAILY

    engine = make_engine(embedded_url(load_settings().dagster_home / EMBEDDED_DIRECTORY, CRM_DATABASE))
    has_changes = night == "changed"
    # What the others have sent is landed before; the register is asked about what is stored.
    unittest.mock.patch(
        "pipelines.defs.resources.connect", lambda _, system: Register() if system == "brreg" else None
    ).start()
    if tell_statements:
        _tell_statements()
    meter, costs = Meter(engine), dict[str, Cost]()

    @dg.success_hook
    def step_ended(context: dg.HookContext) -> None:
        costs[context.step_key] = meter.lap()

    _land(engine, has_changes=has_changes)
    costs["what the sources send is landed"] = meter.lap()
    job = defs().resolve_job_def(NIGHTLY).with_hooks({step_ended})
    with dg.DagsterInstance.get() as instance, contextlib.redirect_stderr(io.StringIO()):
        meter.lap()
        result = job.execute_in_process(
            instance=instance,
            partition_key=DAILY.get_last_partition_key(),
            run_config=configuration(),
            raise_on_error=False,
        )
    engine.dispose()
    _tell(night, costs)
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed:
            print(f"  check {evaluation.check_name} did not pass: {evaluation.description}")
    for event in result.all_events:
        if event.is_step_failure:
            raise SystemExit(f"step {event.step_key} failed: {event.step_failure_data.error}")


def _land(engine: sa.Engine, *, has_changes: bool) -> None:
    """Land what a night's reads bring, as the reads do."""
    for payload, (is_swept, change) in CHANGES.items():
        if not (is_swept or has_changes):
            continue
        table, fields = TABLES[payload.source], list(payload.model_fields)
        statement = sa.select(*(table.c[name] for name in fields)).order_by(table.c.id)
        if not is_swept:
            statement = statement.where(table.c.id % ONE_OF == 0)
        with engine.connect() as connection:
            rows = connection.execution_options(yield_per=PAGE).execute(statement).mappings()
            pages = (
                Page(
                    [
                        payload.model_construct(**row)
                        if row["id"] % ONE_OF or not has_changes
                        else payload.model_construct(**{**row, **change(row["id"])})
                        for row in page
                    ]
                )
                for page in rows.partitions()
            )
            Lander(engine, payload, run_id="benchmark", suppression=Suppression(SECRET)).land(pages)


def _tell(night: str, costs: Mapping[str, Cost]) -> None:
    print(f"night: {night}, {len(costs)} steps")
    for name, cost in costs.items():
        if cost.cpu >= WORTH_A_LINE:
            print(f"  {name:45} {cost}")
    total = Cost(
        wall=sum(cost.wall for cost in costs.values()),
        python=sum(cost.python for cost in costs.values()),
        postgres=sum(cost.postgres for cost in costs.values()),
        peak=max(cost.peak for cost in costs.values()),
    )
    print(f"  {'together':45} {total}", flush=True)


def _tell_statements() -> None:
    """Print what takes long in the database; statements by COPY and of `bulk` go another way."""

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def begin(connection: sa.Connection, *_: Any) -> None:
        connection.info["begun"] = time.perf_counter()

    @sa.event.listens_for(sa.Engine, "after_cursor_execute")
    def end(connection: sa.Connection, _: Any, statement: str, *__: Any) -> None:
        seconds = time.perf_counter() - connection.info["begun"]
        if seconds >= WORTH_A_LINE:
            print(f"    {seconds:6.1f} s  {' '.join(statement.split())[:300]}", flush=True)


def _mobile(key: int) -> str:
    """A number of each record's own, of a kind that the world has none of yet, another one every night."""
    return f"9{(key + _NOW) % 10_000_000:07}"


if __name__ == "__main__":
    main()
