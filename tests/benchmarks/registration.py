"""How long 10,000 applications take to be planned: `python -m tests.benchmarks.registration [applications]`.

The histories of kills and faults are run in numbers by
`KILL_HISTORIES=500 python -m pytest tests/pipelines/registration/test_kills.py`.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from pipelines.registration.cases import refresh
from pipelines.registration.register import plan_registrations, store_plan
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm
from tests.benchmarks.measured import measured

NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)

_WORLD = """
INSERT INTO crm.organization (organization_id, organization_number, name, status, is_personal)
SELECT md5('o' || n)::uuid, (300000000 + n)::text, 'Firma ' || n || ' AS', 'active', false
FROM generate_series(1, {number}) AS n;
INSERT INTO landing.brreg_unit (number, status, is_subunit, former_names, content_hash)
SELECT (300000000 + n)::text, 'active', false, '{{}}', '' FROM generate_series(1, {number}) AS n;
INSERT INTO crm.person (person_id, is_internal)
SELECT md5('p' || n)::uuid, false FROM generate_series(1, {number}) AS n;
INSERT INTO landing.order_form (id, activity_id, is_active, status, first_name, last_name, email,
    company_name, content_hash)
SELECT n, 202, true, 'registered', 'Ola', 'Eksempel', 'ola' || n || '@firma.example.no',
    'Firma ' || n || ' AS', ''
FROM generate_series(1, {number}) AS n;
INSERT INTO crm.source_link (source, source_id, person_id, organization_id)
SELECT 'order_form', n, md5('p' || n)::uuid, md5('o' || n)::uuid FROM generate_series(1, {number}) AS n;
INSERT INTO landing.tripletex_customer (id, organization_number, is_inactive, content_hash)
SELECT n, (300000000 + n)::text, false, '' FROM generate_series(1, {number}) AS n WHERE mod(n, 2) = 0;
"""


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(embedded_url(Path(folder) / "postgres", "registration"))
        migrate_crm(engine)
        with engine.begin() as connection:
            for statement in filter(str.strip, _WORLD.format(number=number).split(";\n")):
                connection.exec_driver_sql(statement)
        with measured(engine) as cost:
            plan = plan_registrations(engine, b"s" * 32, NOW)
        print(f"{number:,} applications planned  {cost}   {plan.counts()}")
        with measured(engine) as cost:
            store_plan(engine, plan)
        print(f"{'the plan stored':<27} {cost}")
        for name in ("the cases written", "the cases looked at again"):
            with measured(engine) as cost:
                refresh(engine, NOW)
            print(f"{name:<27} {cost}")
        engine.dispose()


if __name__ == "__main__":
    main()
