"""How long the audiences take over a million contacts: `python -m tests.benchmarks.audiences [contacts]`.

Makes its own cards in SQL, on an embedded PostgreSQL of its own: every tenth contact with a second address,
every third with a phone, every twentieth at a role's mailbox; objections, erasures and bounces of a thousand
each. Builds them from nothing, again with nothing changed, and after a night in which a little did.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from pipelines.audiences.build import build_audiences
from pipelines.audiences.findings import nobody_who_objected, nobody_whose_address_bounced
from pipelines.privacy.bounces import Bounce, note_bounces
from pipelines.privacy.keys import email_keys
from pipelines.privacy.subjects.rights import object_to_marketing
from pipelines.privacy.suppression import Suppression
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm
from tests.benchmarks.measured import measured

SECRET = b"s" * 32
NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
PER_CUSTOMER = 10
LISTED = 1_000

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
SELECT md5('p' || n)::uuid, 'Ola ' || n, mod(n, 5000) = 0 FROM generate_series(1, {contacts}) AS n;
INSERT INTO crm.person_email (person_id, email, is_primary, is_role_address, source, source_id)
SELECT md5('p' || n)::uuid,
    CASE WHEN mod(n, 20) = 0 THEN 'post' ELSE 'ola' || n END || '@firma' || n / {per} || '.example.no',
    true, mod(n, 20) = 0, 'tripletex_contact', n
FROM generate_series(1, {contacts}) AS n;
INSERT INTO crm.person_email (person_id, email, is_primary, is_role_address, source, source_id)
SELECT md5('p' || n)::uuid, 'ola' || n || '@privat.example.no', false, false, 'course_signup', n
FROM generate_series(1, {contacts}, 10) AS n;
INSERT INTO crm.person_phone (person_id, phone, is_primary, source, source_id)
SELECT md5('p' || n)::uuid, '+47' || 90000000 + n, true, 'tripletex_contact', n
FROM generate_series(1, {contacts}, 3) AS n;
INSERT INTO landing.tripletex_contact (id, customer_id, email, content_hash)
SELECT n, 1 + mod(n, {customers}), 'Ola' || n || '@firma' || n / {per} || '.example.no', ''
FROM generate_series(1, {contacts}) AS n;
INSERT INTO crm.source_link (source, source_id, person_id, organization_id)
SELECT 'tripletex_contact', n, md5('p' || n)::uuid, md5('o' || 1 + mod(n, {customers}))::uuid
FROM generate_series(1, {contacts}) AS n;
"""
_NIGHT = (
    "UPDATE landing.tripletex_contact SET is_inactive = true WHERE mod(id, 5000) = 1",
    "UPDATE crm.organization SET status = 'bankrupt' WHERE name LIKE 'Firma 77_ AS'",
)


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(embedded_url(Path(folder) / "postgres", "audiences"))
        migrate_crm(engine)
        _fill(engine, contacts)
        for name in ("from nothing", "nothing changed"):
            _build(engine, f"{contacts:,} contacts, {name}", name)
        with engine.begin() as connection:
            for statement in _NIGHT:
                connection.exec_driver_sql(statement)
            _bounce(connection, range(3 * LISTED, 3 * LISTED + 100))
        _build(engine, f"{contacts:,} contacts, after a night", "night")
        with measured(engine) as cost, engine.connect() as connection:
            judged = [
                check(connection, [SECRET]) for check in (nobody_who_objected, nobody_whose_address_bounced)
            ]
        print(f"{'the checks':<40} {cost}   {[finding.passed for finding in judged]}")
        engine.dispose()


def _fill(engine: sa.Engine, contacts: int) -> None:
    with engine.begin() as connection:
        world = _WORLD.format(contacts=contacts, customers=contacts // PER_CUSTOMER, per=PER_CUSTOMER)
        for statement in filter(str.strip, world.split(";\n")):
            connection.exec_driver_sql(statement)
        objecting = [key for n in range(1, LISTED) for key in email_keys(_address(n))]
        object_to_marketing(connection, SECRET, objecting, NOW)
        erased = [key for n in range(LISTED, 2 * LISTED) for key in email_keys(_address(n))]
        Suppression(SECRET).add(connection, erased, "erasure")
        _bounce(connection, range(2 * LISTED, 3 * LISTED))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        # What was just made is on disk before anything is measured.
        connection.exec_driver_sql("CHECKPOINT")


def _address(number: int) -> str:
    return f"ola{number}@firma{number // PER_CUSTOMER}.example.no"


def _bounce(connection: sa.Connection, numbers: range) -> None:
    bounces = [Bounce(_address(number), NOW - timedelta(days=1), "hard", "5.1.1") for number in numbers]
    note_bounces(connection, [SECRET], Suppression(SECRET), bounces, "run", NOW)


def _build(engine: sa.Engine, title: str, run_id: str) -> None:
    with measured(engine) as cost:
        found = build_audiences(engine, [SECRET], run_id, NOW)
    print(f"{title:<40} {cost}   {dict(found.members)}, {found.changed:,} rows written", flush=True)


if __name__ == "__main__":
    main()
