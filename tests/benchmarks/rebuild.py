"""How long cards take: `python -m tests.benchmarks.rebuild --records 100000`.

Fills the landing tables of a throw-away store by SQL, then times a first rebuild, a refresh with nothing
new, one after a thousand changed records and another rebuild; prints seconds by step and the peak of memory.
"""

from __future__ import annotations

import argparse
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

_CHANGE = """
UPDATE landing.helpscout_customer
SET phones = ARRAY['9' || right((('x' || md5(id::text))::bit(32)::bigint % 10000000 + 10000000)::text, 7)],
    last_changed_at = clock_timestamp()
WHERE id IN (SELECT id FROM landing.helpscout_customer ORDER BY md5(id::text) LIMIT {changed})
"""


def fill(engine: sa.Engine, records: int) -> None:
    """Landing tables with about so many records that make cards, and facts that hang on them."""
    companies = max(records // 10, 1)
    _execute(engine, _WORLD.format(companies=companies, contacts=2 * companies))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def change(engine: sa.Engine, records: int = CHANGED) -> None:
    """So many support contacts have another phone number."""
    _execute(engine, _CHANGE.format(changed=records))


def _execute(engine: sa.Engine, statements: str) -> None:
    with engine.begin() as connection:
        connection.connection.cursor().execute(statements)


def _timed(what: str, run: Callable[[], IdentityReport]) -> None:
    begun, processor = time.perf_counter(), time.process_time()
    report = run()
    seconds = time.perf_counter() - begun
    steps = " ".join(f"{step} {spent:.1f}" for step, spent in report.seconds.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{what:18} {seconds:6.1f} s ({time.process_time() - processor:.1f} s of it in Python): {steps};"
        f" {report.recomputed:,} of {report.records:,} records, {report.people:,} people,"
        f" {report.organizations:,} organisations, {report.changed:,} rows changed, {peak:,.0f} MiB",
        flush=True,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(embedded_url(Path(folder) / "postgres", "benchmark"))
        migrate_crm(engine)
        fill(engine, arguments.records)
        _timed("first rebuild", lambda: rebuild(engine, "benchmark"))
        _timed("nothing changed", lambda: refresh(engine, "benchmark"))
        change(engine)
        _timed(f"{CHANGED:,} changed", lambda: refresh(engine, "benchmark"))
        _timed("rebuild after that", lambda: rebuild(engine, "benchmark"))
        engine.dispose()


if __name__ == "__main__":
    main()
