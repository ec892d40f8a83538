"""How long cards take: `python -m tests.benchmarks.rebuild --records 100000`.

Fills the landing tables of a throw-away store by SQL, then times a first rebuild, a refresh with nothing
new, some after a thousand changed records each, and another rebuild. Prints seconds by the clock, of CPU in
Python and in the server (on a machine with other work to do only these tell), and the peak of memory.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from pipelines.identity.rebuild import rebuild, refresh
from pipelines.identity.reporting import IdentityReport
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm

CHANGED = 1_000

# A tenth of the records are units, a tenth customers, a fifth their contacts, two fifths support contacts,
# the rest sign-ups and orders; a contact writes, signs up and orders under one address.
_WORLD = """
CREATE TEMPORARY TABLE company ON COMMIT DROP AS
SELECT i, initcap(translate(substr(md5(i::text), 1, 10), '0123456789', 'ghijklmnop')) AS name
FROM generate_series(1, {companies}) AS i;
CREATE TEMPORARY TABLE person ON COMMIT DROP AS
SELECT i, 1 + i % {companies} AS company,
    (ARRAY['Kari','Ola','Ingrid','Per','Nils','Berit','Lars','Anne','Knut','Liv','Sigrid','Øyvind','Åse',
           'Tor','Eva','Jon','Marit','Geir','Siri','Arne'])[1 + i::bigint * 7919 % 20] AS first_name,
    (ARRAY['Hansen','Olsen','Berg','Haugen','Lie','Moen','Dahl','Lund','Bakken','Vik','Strand','Solberg',
           'Nygård','Ødegård','Aas','Hagen','Eide','Myhre','Holm','Foss'])[1 + i::bigint * 104729 / 20 % 20]
        || (ARRAY['','stad','rud','heim','moen'])[1 + i / 400 % 5] AS last_name,
    '4' || right((('x' || md5(i::text))::bit(32)::bigint % 10000000 + 10000000)::text, 7) AS mobile
FROM generate_series(1, {contacts} * 2) AS i;
ALTER TABLE person ADD COLUMN email text;
UPDATE person SET email = 'u' || person.i || '@' || lower(company.name) || '.example.no'
FROM company WHERE company.i = person.company;
INSERT INTO landing.brreg_unit (number, status, is_subunit, name, organization_form, former_names,
    vat_registered, industry_code, industry, employees, address, postal_code, city, country, content_hash)
SELECT (300000000 + i)::text,
    CASE i % 50 WHEN 0 THEN 'deleted' WHEN 1 THEN 'removed' ELSE 'active' END, false,
    upper(name) || ' AS', CASE i % 9 WHEN 0 THEN 'ENK' ELSE 'AS' END, '{{}}', true, '62.010',
    'Programmering', i % 90,
    'Storgata ' || i % 200, lpad((i % 9999)::text, 4, '0'), 'OSLO', 'NO', 'x' FROM company;
INSERT INTO landing.tripletex_customer (id, version_number, name, organization_number, is_private_individual,
    is_inactive, email, invoice_email, phone, postal_address_1, postal_code, postal_city, postal_country,
    source_changed_at, content_hash)
SELECT i, 1, name || ' AS', (300000000 + i)::text, false, i % 17 = 0, 'post@' || lower(name) || '.example.no',
    'faktura@' || lower(name) || '.example.no', '22' || lpad((i % 999999)::text, 6, '0'),
    'Storgata ' || i % 200,
    lpad((i % 9999)::text, 4, '0'), 'Oslo', 'NO', '2026-01-01'::timestamptz - i * interval '1 minute', 'x'
FROM company;
INSERT INTO landing.tripletex_contact (id, version_number, first_name, last_name, email, mobile, customer_id,
    source_changed_at, content_hash)
SELECT i, 1, first_name, last_name, email, mobile, company,
    '2026-01-01'::timestamptz - i * interval '1 minute', 'x'
FROM person WHERE i <= {contacts};
INSERT INTO landing.helpscout_customer (id, first_name, last_name, organization, emails, phones, created_at,
    source_changed_at, content_hash)
SELECT person.i, first_name, last_name, company.name, ARRAY[email],
    CASE WHEN person.i % 3 = 0 THEN ARRAY[mobile] ELSE '{{}}' END, '2025-01-01', '2026-02-01', 'x'
FROM person JOIN company ON company.i = person.company;
INSERT INTO landing.course_signup (id, activity_id, is_active, first_name, last_name, email, phone,
    company_name, status, content_hash)
SELECT person.i, person.i % 50, true, first_name, last_name, email, mobile, company.name || ' AS',
    'registered', 'x'
FROM person JOIN company ON company.i = person.company WHERE person.i <= {contacts} * 3 / 4;
INSERT INTO landing.order_form (id, activity_id, is_active, first_name, last_name, email, phone, company_name,
    status, content_hash)
SELECT i, 7, true, first_name, last_name, email, mobile, NULL, 'registered', 'x'
FROM person WHERE i <= {contacts} / 4;
INSERT INTO landing.helpscout_mailbox (id, name, content_hash) VALUES (1, 'Support', 'x');
INSERT INTO landing.helpscout_conversation (id, number, status, type, mailbox_id, customer_id, tags,
    created_at, content_hash)
SELECT i, i, 'closed', 'email', 1, i, '{{}}', '2026-02-01', 'x' FROM person;
INSERT INTO landing.tripletex_invoice (id, invoice_number, invoice_date, customer_id, amount, content_hash)
SELECT i, i, '2026-01-01', 1 + i % {companies}, 100, 'x' FROM generate_series(1, 3 * {companies}) AS i;
"""

# A thousand records, in shares of ten: edits of support contacts, of contact persons and of customers, new
# sign-ups of people who are known and of others, records that are gone at their source or from landing.
_CHANGE = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT id, row_number() OVER (ORDER BY md5(id::text || '{turn}')) AS rank FROM landing.helpscout_customer
ORDER BY 2 LIMIT {tenth} * 10;
UPDATE landing.helpscout_customer SET last_changed_at = clock_timestamp(),
    phones = ARRAY['9' || right((('x' || md5(id::text || '{turn}'))::bit(32)::bigint % 10000000 + 10000000)::text, 7)]
WHERE id IN (SELECT id FROM chosen WHERE rank <= 3 * {tenth});
UPDATE landing.tripletex_contact SET last_changed_at = clock_timestamp(), last_name = last_name || 'sen'
WHERE id IN (SELECT id / 2 FROM chosen WHERE rank > 3 * {tenth} AND rank <= 5 * {tenth});
UPDATE landing.tripletex_customer SET last_changed_at = clock_timestamp(), postal_address_1 = 'Torget {turn}'
WHERE id IN (SELECT 1 + id / 4 FROM chosen WHERE rank > 5 * {tenth} AND rank <= 6 * {tenth});
INSERT INTO landing.course_signup (id, activity_id, is_active, first_name, last_name, email, phone,
    company_name, status, content_hash)
SELECT 100000000 + {turn} * 10000 + rank, 1, true, first_name, last_name,
    CASE WHEN rank % 2 = 0 THEN emails[1] ELSE 'ny' || rank || '.{turn}@privat.example.no' END, NULL,
    organization, 'registered', 'x'
FROM chosen JOIN landing.helpscout_customer USING (id) WHERE rank > 6 * {tenth} AND rank <= 8 * {tenth};
UPDATE landing.helpscout_customer SET deleted_at_source = now(), last_changed_at = clock_timestamp()
WHERE id IN (SELECT id FROM chosen WHERE rank > 8 * {tenth} AND rank <= 9 * {tenth});
DELETE FROM landing.helpscout_customer WHERE id IN (SELECT id FROM chosen WHERE rank > 9 * {tenth});
"""  # noqa: E501  # one expression of SQL


def fill(engine: sa.Engine, records: int) -> None:
    """Landing tables with about so many records that make cards, and facts that hang on them."""
    companies = max(records // 10, 1)
    _execute(engine, _WORLD.format(companies=companies, contacts=2 * companies))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def change(engine: sa.Engine, turn: int, records: int = CHANGED) -> None:
    """So many records are new, changed or gone; others in each turn."""
    _execute(engine, _CHANGE.format(turn=turn, tenth=records // 10))


def _execute(engine: sa.Engine, statements: str) -> None:
    with engine.begin() as connection:
        connection.connection.cursor().execute(statements)


class _Processor:
    """CPU seconds of a PostgreSQL server, all its processes together, as Linux tells them."""

    def __init__(self, data_directory: Path) -> None:
        self._server = int((data_directory / "postmaster.pid").read_text().split()[0])
        self._ticks = os.sysconf("SC_CLK_TCK")

    def seconds(self) -> float:
        """So far; those of processes that have ended are the server's own."""
        ticks = 0
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                number = int(folder.name)
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                parent, *times = (int(fields[at]) for at in (1, 11, 12, 13, 14))
                if number == self._server:
                    ticks += sum(times)
                elif parent == self._server:
                    ticks += sum(times[:2])
        return ticks / self._ticks


def _timed(what: str, processor: _Processor, run: Callable[[], IdentityReport]) -> None:
    begun, python, server = time.perf_counter(), time.process_time(), processor.seconds()
    report = run()
    seconds = time.perf_counter() - begun
    python, server = time.process_time() - python, processor.seconds() - server
    steps = " ".join(f"{step} {spent:.1f}" for step, spent in report.seconds.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{what:18} {seconds:6.1f} s; CPU {python + server:.1f} s (Python {python:.1f}, server {server:.1f});"
        f" peak {peak:.2f} GiB; {steps}; {report.recomputed:,} of {report.records:,} records matched,"
        f" {report.people:,} people, {report.organizations:,} organisations, {report.changed:,} rows changed",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=3, help=f"refreshes after {CHANGED:,} changes each")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # the server may still write
        directory = Path(folder) / "postgres"
        engine = make_engine(embedded_url(directory, "benchmark"))
        migrate_crm(engine)
        fill(engine, arguments.records)
        processor = _Processor(directory)
        _timed("first rebuild", processor, lambda: rebuild(engine, "benchmark"))
        _timed("nothing changed", processor, lambda: refresh(engine, "benchmark"))
        for turn in range(arguments.turns):
            change(engine, turn)
            _timed(f"{CHANGED:,} changed", processor, lambda: refresh(engine, "benchmark"))
        _timed("rebuild after that", processor, lambda: rebuild(engine, "benchmark"))
        engine.dispose()


if __name__ == "__main__":
    main()
