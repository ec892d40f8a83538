"""Who may do what, as the server itself answers: what is not listed here, nobody was given."""

from __future__ import annotations

import itertools

import pytest
import sqlalchemy as sa

from pipelines.store.migrate import create_platform
from pipelines.store.roles import AUDITOR_ROLE, PIPELINE_ROLE, READER_ROLE, RETENTION_ROLE

ROLES = (PIPELINE_ROLE, READER_ROLE, RETENTION_ROLE, AUDITOR_ROLE)
SUBMISSIONS = "platform.participant_submission"
WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE")


def granted(engine: sa.Engine, role: str) -> dict[str, set[str]]:
    """What a role may do with the tables and views of each database schema: with all of one, or with none."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT schema, privilege, bool_and(has_it) AS has_all, bool_or(has_it) AS has_some FROM ("
                " SELECT n.nspname AS schema, privilege, has_schema_privilege(:role, n.oid, 'USAGE')"
                " AND has_table_privilege(:role, c.oid, privilege) AS has_it"
                " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace,"
                " unnest(CAST(:privileges AS text[])) AS privilege"
                " WHERE c.relkind IN ('r', 'p', 'v') AND n.nspname IN ('landing', 'crm', 'privacy')"
                ") AS each GROUP BY schema, privilege"
            ),
            {"role": role, "privileges": ["SELECT", *WRITES]},
        ).all()
    assert len(rows) == 3 * (1 + len(WRITES))
    assert all(row.has_all == row.has_some for row in rows)
    found: dict[str, set[str]] = {}
    for row in rows:
        if row.has_all:
            found.setdefault(row.schema, set()).add(row.privilege)
    return found


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (PIPELINE_ROLE, {schema: {"SELECT", *WRITES} for schema in ("landing", "crm", "privacy")}),
        (READER_ROLE, {"crm": {"SELECT"}}),
        (RETENTION_ROLE, {}),
        (AUDITOR_ROLE, {}),
    ],
)
def test_the_pipeline_writes_the_store_and_the_reader_reads_crm(
    crm_engine: sa.Engine, role: str, rights: dict[str, set[str]]
) -> None:
    assert granted(crm_engine, role) == rights


def test_of_submissions_retention_sees_no_answers_and_the_auditor_nothing_else(
    platform_engine: sa.Engine,
) -> None:
    """Policy clause S5."""
    with platform_engine.connect() as connection:
        columns = sa.inspect(connection).get_columns("participant_submission", "platform")
        readable = {
            role: {
                column["name"]
                for column in columns
                if connection.scalar(
                    sa.text(f"SELECT has_column_privilege(:role, '{SUBMISSIONS}', :name, 'SELECT')"),
                    {"role": role, "name": column["name"]},
                )
            }
            for role in ROLES
        }
    assert readable == {
        PIPELINE_ROLE: set(),
        READER_ROLE: set(),
        RETENTION_ROLE: {"id", "customer_org", "activity_id", "submitted_at"},
        AUDITOR_ROLE: {"answers"},
    }


def test_submissions_are_deleted_by_retention_alone_and_changed_by_nobody(platform_engine: sa.Engine) -> None:
    with platform_engine.connect() as connection:
        allowed = {
            (role, privilege)
            for role, privilege in itertools.product(ROLES, WRITES)
            if connection.scalar(
                sa.text(f"SELECT has_table_privilege(:role, '{SUBMISSIONS}', :privilege)"),
                {"role": role, "privilege": privilege},
            )
        }
    assert allowed == {(RETENTION_ROLE, "DELETE")}


def test_only_retention_and_the_auditor_may_connect_to_the_platform(platform_engine: sa.Engine) -> None:
    # A database that is copied for a test does not have the rights on its original.
    assert create_platform(platform_engine)
    with platform_engine.connect() as connection:
        allowed = {
            role
            for role in ROLES
            if connection.scalar(
                sa.text("SELECT has_database_privilege(:role, current_database(), 'CONNECT')"), {"role": role}
            )
        }
    assert allowed == {RETENTION_ROLE, AUDITOR_ROLE}
