"""How long the audiences take over a million contacts: `python -m tests.benchmarks.audiences [contacts]`.

Makes its own cards in SQL, on an embedded PostgreSQL of its own; prints seconds and members.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from pipelines.audiences.build import build_audiences
from pipelines.privacy.keys import email_keys
from pipelines.privacy.subjects.rights import object_to_marketing
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm

SECRET = b"s" * 32
NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
PER_CUSTOMER = 10

_WORLD = """
INSERT INTO crm.organization (organization_id, name, status, is_personal)
SELECT md5('o' || n)::uuid, 'Firma ' || n || ' AS',
    CASE WHEN mod(n, 50) = 0 THEN 'bankrupt' ELSE 'active' END, mod(n, 20) = 0
FROM generate_series(1, {customers}) AS n;
INSERT INTO landing.tripletex_customer (id, is_inactive, content_hash)
SELECT n, mod(n, 10) = 0, '' FROM generate_series(1, {customers}) AS n;
INSERT INTO crm.invoice (invoice_id, invoice_date, organization_id)
SELECT n, date '2026-01-15', md5('o' || n)::uuid FROM generate_series(1, {customers}) AS n
WHERE mod(n, 3) > 0;
INSERT INTO crm.source_link (source, source_id, organization_id)
SELECT 'tripletex_customer', n, md5('o' || n)::uuid FROM generate_series(1, {customers}) AS n;
INSERT INTO crm.person (person_id, full_name, is_internal)
SELECT md5('p' || n)::uuid, 'Ola ' || n, false FROM generate_series(1, {contacts}) AS n;
INSERT INTO crm.person_email (person_id, email, is_primary, is_role_address, source, source_id)
SELECT md5('p' || n)::uuid, 'ola' || n || '@firma' || n / {per} || '.example.no', true, false,
    'tripletex_contact', n
FROM generate_series(1, {contacts}) AS n;
INSERT INTO landing.tripletex_contact (id, customer_id, email, content_hash)
SELECT n, 1 + mod(n, {customers}), 'Ola' || n || '@firma' || n / {per} || '.example.no', ''
FROM generate_series(1, {contacts}) AS n;
INSERT INTO crm.source_link (source, source_id, person_id, organization_id)
SELECT 'tripletex_contact', n, md5('p' || n)::uuid, md5('o' || 1 + mod(n, {customers}))::uuid
FROM generate_series(1, {contacts}) AS n;
"""


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(embedded_url(Path(folder) / "postgres", "audiences"))
        migrate_crm(engine)
        with engine.begin() as connection:
            world = _WORLD.format(contacts=contacts, customers=contacts // PER_CUSTOMER, per=PER_CUSTOMER)
            for statement in filter(str.strip, world.split(";\n")):
                connection.exec_driver_sql(statement)
            objecting = [f"ola{n}@firma{n // PER_CUSTOMER}.example.no" for n in range(1, 1_000)]
            keys = [key for text in objecting for key in email_keys(text)]
            object_to_marketing(connection, SECRET, keys, NOW)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        for name in ("first", "again"):
            began = time.perf_counter()
            found = build_audiences(engine, [SECRET], name, NOW)
            print(
                f"{contacts:,} contacts, {name}: {time.perf_counter() - began:.1f} s, {dict(found.members)}"
            )
        with engine.connect() as connection:
            print(
                f"changes noted: {connection.scalar(sa.text('SELECT count(*) FROM crm.audience_change')):,}"
            )
        engine.dispose()


if __name__ == "__main__":
    main()
