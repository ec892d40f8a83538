"""Roles and grants: who may do what in the CRM database and in the platform database."""

from __future__ import annotations

import sqlalchemy as sa

PIPELINE_ROLE = "kundekort_pipeline"
READER_ROLE = "kundekort_reader"
RETENTION_ROLE = "kundekort_retention"
AUDITOR_ROLE = "kundekort_auditor"

_MAINTAIN_SINCE = (17,)


def ensure_roles(connection: sa.Connection) -> bool:
    """Create the roles that are missing and let the current user take them.

    Returns False where the current user may not create roles: then the pipeline runs with that
    user's own rights, and the audit looks at those.
    """
    may_create = connection.scalar(
        sa.text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    )
    if not may_create:
        return False
    for role in (PIPELINE_ROLE, READER_ROLE, RETENTION_ROLE, AUDITOR_ROLE):
        # Roles belong to the whole server: another database's migration may make them right now.
        connection.exec_driver_sql(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN;"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        connection.exec_driver_sql(f"GRANT {role} TO CURRENT_USER")
    return True


def grant_crm(connection: sa.Connection) -> None:
    """The pipeline writes landing, crm and privacy; the reader reads crm; the public nothing.

    MAINTAIN lets the pipeline write files anew, so that what was deleted is gone from disk.
    """
    for schema in ("landing", "crm", "privacy"):
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {PIPELINE_ROLE}")
        connection.exec_driver_sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE"
            f" ON ALL TABLES IN SCHEMA {schema} TO {PIPELINE_ROLE}"
        )
        if (connection.dialect.server_version_info or ()) >= _MAINTAIN_SINCE:
            connection.exec_driver_sql(f"GRANT MAINTAIN ON ALL TABLES IN SCHEMA {schema} TO {PIPELINE_ROLE}")
    # After a restored backup the numbers given go on past those that the ledger's copy puts back.
    connection.exec_driver_sql(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA privacy TO {PIPELINE_ROLE}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA crm TO {READER_ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA crm TO {READER_ROLE}")


def grant_platform(connection: sa.Connection) -> None:
    """Retention owns the access log (only an owner may drop a partition) and reads nothing else.

    Of submissions it sees id, activity and date, never the answers (policy clause S5). The auditor reads
    answers, to compare them by keyed hash, and writes nothing. The pipeline role may not even connect.
    """
    database = connection.dialect.identifier_preparer.quote(connection.engine.url.database or "")
    connection.exec_driver_sql(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC")
    connection.exec_driver_sql(f"GRANT CONNECT ON DATABASE {database} TO {RETENTION_ROLE}, {AUDITOR_ROLE}")
    connection.exec_driver_sql(f"GRANT USAGE, CREATE ON SCHEMA platform TO {RETENTION_ROLE}")
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA platform TO {AUDITOR_ROLE}")
    connection.exec_driver_sql(f"GRANT SELECT (answers) ON platform.participant_submission TO {AUDITOR_ROLE}")
    connection.exec_driver_sql(f"ALTER TABLE platform.access_log OWNER TO {RETENTION_ROLE}")
    connection.exec_driver_sql(
        "GRANT SELECT (id, customer_org, activity_id, submitted_at), DELETE"
        f" ON platform.participant_submission TO {RETENTION_ROLE}"
    )
