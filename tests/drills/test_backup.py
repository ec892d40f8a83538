"""The backup of OPERATIONS.md, drilled: its own lines, on a server that has never seen the project.

Between backup and restore a person is erased; the source still has the person, the backup too. Another's use
is restricted, a hold is set and one is lifted, an instruction is withdrawn, and an erasure is released.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from connectors.sandbox.server import Sandbox
from pipelines.privacy import audit_log
from pipelines.store.embedded import client_program, embedded_url
from pipelines.store.migrate import migration_config
from pipelines.store.roles import PIPELINE_ROLE, READER_ROLE
from tests.e2e.home import ROOT, Home

SECRET = "the secret of a drill, kept apart"
SCHEMAS = ("crm", "landing", "privacy")
MAKE = '#!/bin/sh\nexec {python} -m "pipelines.cli.$1"\n'
"""Does what the Makefile's targets of the drill do, with this Python."""


@dataclass(frozen=True)
class Person:
    """Somebody of the sandbox's world whom several systems know, and whose name nobody else bears."""

    email: str
    words: frozenset[str]
    """What must be nowhere after the erasure: addresses, numbers and the full name."""


@dataclass(frozen=True)
class Drill:
    """Two servers: the one that was lost, as it was after the erasure, and the one that was restored."""

    person: Person
    lost: sa.Engine
    restored: sa.Engine
    seen: Mapping[str, frozenset[str]]
    """By moment, which of the person's words the store held."""
    ids_before: Mapping[str, Any]
    """Cards by source record when the backup was taken."""
    decided: Mapping[str, Mapping[str, set[tuple[Any, ...]]]]
    """By moment, the rows of each of DECIDED."""
    output: str


@pytest.fixture(scope="module")
def drill(tmp_path_factory: pytest.TempPathFactory, postgres_directory: Path) -> Iterator[Drill]:
    folder = tmp_path_factory.mktemp("drill")
    servers = Path(tempfile.mkdtemp(prefix="drill-", dir=postgres_directory.parent))
    servers.chmod(0o755)
    backups = folder / "backups"
    backups.mkdir()
    back_up, restore = documented()
    with Sandbox(folder / "world") as sandbox:
        lost_url = embedded_url(servers / "lost", "kundekort")
        home = Home.make(folder / "home", configured(sandbox, lost_url))
        lost = sa.create_engine(lost_url)
        assert home.sync().code == 0
        person, ids_before = somebody(lost), cards(lost)
        seen = {"before": words_held(lost, person)}
        freed, restricted = others(lost, person)
        answer(home, "erasure", freed)
        decide(home, *BEFORE)
        decided = {"backup": decisions(lost)}
        run(home, backups, back_up)

        answer(home, "erasure", person.email)
        answer(home, "restriction", restricted)
        answer(home, "release", freed)
        decide(home, *SINCE)
        seen["erased"], decided["lost"] = words_held(lost, person), decisions(lost)
        # The machine is lost; what lay apart is the newest copy of the ledger, the backup and the secret.
        shutil.copy(home.folder / "suppression_ledger.jsonl", backups / "newest.jsonl")

        restored_url = embedded_url(servers / "restored", "kundekort")
        restored = sa.create_engine(restored_url)
        home = Home.make(folder / "new_home", configured(sandbox, restored_url))
        shutil.copy(backups / "newest.jsonl", home.folder / "suppression_ledger.jsonl")
        output = ""
        for line in restore.splitlines():
            output += run(home, backups, line)
            moment = shlex.split(line)[-1]
            seen[moment] = words_held(restored, person)
            decided[moment] = decisions(restored)
        yield Drill(person, lost, restored, seen, ids_before, decided, output)
        lost.dispose()
        restored.dispose()


BEFORE = (
    "hold set --rule inquiries --basis 'tvisteloven § 26-5' --reason 'bevissikring'",
    "instruction record delete --customer 310000004 --before 2026-01-01 --document arkiv/2026/17",
)
"""What was decided before the backup."""
SINCE = (
    "hold lift 1 --reason 'saken er avsluttet'",
    "hold set --rule invoices --basis 'bokføringsloven § 13' --reason 'bokettersyn 2026'",
    "instruction withdraw 1 --document arkiv/2026/19",
)
"""What was decided after it."""
DECIDED = {
    "holds": "SELECT * FROM privacy.hold",
    "instructions": "SELECT * FROM privacy.instruction",
    "requests": "SELECT request_id, kind, received_on, answered_at, outcome FROM privacy.subject_request",
    "receipts": "SELECT request_id, signature FROM privacy.receipt",
    "suppressed": "SELECT key_kind, key_hmac FROM privacy.suppression",
}


def decide(home: Home, *commands: str) -> None:
    for command in commands:
        done = home.run("-m", "pipelines.cli.privacy", *shlex.split(command), "--apply")
        assert done.code == 0, done.output


def answer(home: Home, kind: str, email: str) -> None:
    opened = home.run("-m", "pipelines.cli.subject", "open", kind, "--email", email)
    [number] = re.findall(r"Request (\S+),", opened.output)
    assert home.run("-m", "pipelines.cli.subject", "apply", number).code == 0


def decisions(engine: sa.Engine) -> dict[str, set[tuple[Any, ...]]]:
    with engine.connect() as connection:
        return {
            name: {
                tuple(tuple(value) if isinstance(value, list) else value for value in row)
                for row in connection.exec_driver_sql(query)
            }
            for name, query in DECIDED.items()
        }


def others(engine: sa.Engine, person: Person) -> list[str]:
    """Addresses of two people beside the one to be erased, each on one record only."""
    with engine.connect() as connection:
        found = connection.scalars(
            sa.text(
                "SELECT min(email) FROM crm.person_email JOIN crm.person AS p USING (person_id, email)"
                " WHERE lower(p.full_name) <> ALL(:words) GROUP BY person_id"
                " HAVING count(*) = 1 ORDER BY person_id LIMIT 2"
            ),
            {"words": sorted(person.words)},
        ).all()
    assert len(found) == 2
    return list(found)


def documented() -> list[str]:
    """The two blocks of commands under "Backups"."""
    [section] = re.findall(r"^### Backups$(.*?)^### ", (ROOT / "OPERATIONS.md").read_text(), re.M | re.S)
    blocks: list[str] = re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)
    return blocks


def configured(sandbox: Sandbox, url: sa.URL) -> dict[str, str]:
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return sandbox.environment() | {"CRM_DATABASE_URL": address, "PRIVACY_SECRET": SECRET}


def run(home: Home, backups: Path, lines: str) -> str:
    """Run documented lines in a shell, with the client programs that came with the server."""
    tools = backups.parent / "tools"
    tools.mkdir(exist_ok=True)
    make = tools / "make"
    make.write_text(MAKE.format(python=shlex.quote(sys.executable)))
    make.chmod(0o700)
    path = os.pathsep.join([str(tools), str(client_program().parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=ROOT,
        env=home.environment() | {"BACKUPS": str(backups), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout}"
    return done.stdout


def somebody(engine: sa.Engine) -> Person:
    """The person of most sources whose full name is on one card only."""
    with engine.connect() as connection:
        row = connection.execute(
            sa.text(
                "SELECT p.person_id, p.full_name FROM crm.person AS p JOIN crm.source_link USING (person_id)"
                " WHERE EXISTS (SELECT FROM crm.person_email AS e WHERE e.person_id = p.person_id)"
                " AND 1 = (SELECT count(*) FROM crm.person AS o WHERE o.full_name = p.full_name)"
                " GROUP BY 1, 2 HAVING count(DISTINCT source) > 1 ORDER BY count(*) DESC, 1 LIMIT 1"
            )
        ).one()
        given = {"id": row.person_id}
        emails = connection.scalars(
            sa.text("SELECT email FROM crm.person_email WHERE person_id = :id ORDER BY 1"), given
        ).all()
    return Person(emails[0], frozenset(text.lower() for text in (*emails, row.full_name)))


def words_held(engine: sa.Engine, person: Person) -> frozenset[str]:
    """Which of the person's words stand in any column of any table."""
    with engine.connect() as connection:
        text = "\n".join(
            str(value)
            for schema in SCHEMAS
            for table in sa.inspect(connection).get_table_names(schema)
            for value in connection.scalars(sa.text(f'SELECT to_jsonb(t)::text FROM {schema}."{table}" AS t'))
        ).lower()
    return frozenset(word for word in person.words if word in text)


def cards(engine: sa.Engine) -> dict[str, Any]:
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT source || ':' || source_id, coalesce(person_id, organization_id) FROM crm.source_link"
            )
        )
        return {str(record): card for record, card in rows}


def test_the_premise_the_backup_itself_brings_the_person_back(drill: Drill) -> None:
    """Else the drill proves nothing."""
    assert drill.seen["before"] == drill.person.words
    assert drill.seen["erased"] == frozenset()
    assert drill.seen["migrate"] == drill.person.words


def test_who_was_erased_is_gone_after_reapply_and_stays_gone_after_the_next_sync(drill: Drill) -> None:
    assert drill.seen["reapply"] == frozenset()
    assert drill.seen["sync"] == frozenset()
    assert re.search(r"\b[1-9]\d* records erased again", drill.output)


def test_holds_restrictions_instructions_and_releases_since_the_backup_stand_again(drill: Drill) -> None:
    """Nobody has to remember them: first the backup's stand, after the reapply those of the lost store."""
    for name in DECIDED:
        assert drill.decided["backup"][name] != drill.decided["lost"][name], f"the premise: {name}"
        assert drill.decided["migrate"][name] == drill.decided["backup"][name]
        assert drill.decided["reapply"][name] == drill.decided["lost"][name]
    for name in ("holds", "instructions", "requests", "receipts"):
        assert drill.decided["sync"][name] == drill.decided["lost"][name]


def test_the_next_sync_met_the_person_and_held_the_records_back(drill: Drill) -> None:
    """At the source nobody was told: the records come with every read."""
    with drill.restored.connect() as connection:
        held_back = connection.scalar(sa.text("SELECT sum(suppressed) FROM landing.load"))
    assert held_back > 0


def test_everybody_else_has_the_card_they_had(drill: Drill) -> None:
    assert len(drill.ids_before) > len(cards(drill.restored)), "the erased person's records are gone"
    assert cards(drill.restored).items() <= drill.ids_before.items()
    assert cards(drill.restored) == cards(drill.lost)


def test_the_chain_of_the_audit_log_holds_and_goes_on(drill: Drill) -> None:
    with drill.restored.connect() as connection:
        verification = audit_log.verify(connection)
        acts = connection.scalars(sa.text("SELECT action FROM privacy.audit_log ORDER BY entry_no")).all()
    assert verification.holds
    assert "ledger_reapplied" in acts
    assert acts.index("ledger_reapplied") < len(acts) - 1, "and the night after wrote on"


def test_the_restored_database_has_the_shape_of_the_newest_version(drill: Drill) -> None:
    with drill.restored.connect() as connection:
        head = ScriptDirectory.from_config(migration_config(connection)).get_current_head()
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == head
    for name, query in SHAPE.items():
        lost, restored = (rows(engine, query) for engine in (drill.lost, drill.restored))
        assert lost, name
        assert lost == restored, name


def test_the_roles_have_the_rights_they_had(drill: Drill) -> None:
    granted = rows(drill.restored, GRANTS)
    assert {(role, schema) for role, schema, *_ in granted} >= {
        (PIPELINE_ROLE, "landing"), (PIPELINE_ROLE, "privacy"), (READER_ROLE, "crm"),
    }  # fmt: skip
    assert granted == rows(drill.lost, GRANTS)


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        (READER_ROLE, "SELECT FROM crm.person", True),
        (READER_ROLE, "SELECT FROM landing.helpscout_customer", False),
        (READER_ROLE, "SELECT FROM privacy.suppression", False),
        (READER_ROLE, "DELETE FROM crm.person", False),
        (PIPELINE_ROLE, "DELETE FROM landing.helpscout_customer", True),
        (PIPELINE_ROLE, "DROP TABLE landing.helpscout_customer", False),
    ],
)
def test_a_role_may_do_in_the_restored_database_what_it_should(
    drill: Drill, role: str, statement: str, allowed: bool
) -> None:
    with drill.restored.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {role}")
        if allowed:
            connection.exec_driver_sql(statement)
        else:
            with pytest.raises(sa.exc.ProgrammingError, match=r"permission denied|must be owner"):
                connection.exec_driver_sql(statement)
        connection.rollback()


def rows(engine: sa.Engine, query: str) -> set[tuple[Any, ...]]:
    with engine.connect() as connection:
        return {tuple(row) for row in connection.exec_driver_sql(query)}


_OURS = "n.nspname IN ('crm', 'landing', 'privacy')"
SHAPE = {
    "columns": f"""
        SELECT n.nspname, c.relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
            pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)
        FROM pg_attribute
        JOIN pg_class AS c ON c.oid = attrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum
        WHERE {_OURS} AND relkind IN ('r', 'p', 'v') AND attnum > 0 AND NOT attisdropped""",
    "indexes": f"SELECT indexdef FROM pg_indexes AS n (nspname) WHERE {_OURS}",
    "constraints": f"""
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(x.oid)
        FROM pg_constraint AS x JOIN pg_namespace AS n ON n.oid = connamespace WHERE {_OURS}""",
    "triggers": f"""
        SELECT tgrelid::regclass::text, pg_get_triggerdef(t.oid)
        FROM pg_trigger AS t
        JOIN pg_class AS c ON c.oid = tgrelid JOIN pg_namespace AS n ON n.oid = relnamespace
        WHERE NOT tgisinternal AND {_OURS}""",
    "functions": f"""
        SELECT pg_get_functiondef(p.oid) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
        WHERE {_OURS}""",
}
GRANTS = f"""
SELECT pg_get_userbyid(a.grantee), n.nspname, c.relname, a.privilege_type
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace, aclexplode(relacl) AS a WHERE {_OURS}
UNION ALL
SELECT pg_get_userbyid(a.grantee), n.nspname, NULL, a.privilege_type
FROM pg_namespace AS n, aclexplode(nspacl) AS a WHERE {_OURS}
"""
