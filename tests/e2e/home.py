"""A DAGSTER_HOME of its own in which the project's commands run as processes, and a look into its store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.settings import EMBEDDED_DIRECTORY, Settings
from pipelines.store.database import CRM_DATABASE
from pipelines.store.embedded import embedded_url

ROOT = Path(__file__).parents[2]
LOOPBACK_ONLY = Path(__file__).parent / "loopback_only"

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Home:
    """A folder with the project's dagster.yaml, and the environment that its commands see."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    """What is configured; nothing else of the project's variables is set."""
    code: Path = ROOT

    @classmethod
    def make(cls, folder: Path, variables: Mapping[str, str] | None = None, code: Path = ROOT) -> Home:
        """An empty home."""
        folder.mkdir(parents=True)
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", folder)
        return cls(folder, variables or {}, code)

    def environment(self) -> dict[str, str]:
        """Of a process in this home."""
        unset = {name.upper() for name in Settings.model_fields} | {"PARTITIONS_START", "PYTEST_CURRENT_TEST"}
        inherited = {name: value for name, value in os.environ.items() if name not in unset}
        return inherited | {
            "DAGSTER_HOME": str(self.folder),
            "KUNDEKORT_ENV_FILE": str(self.folder / "no.env"),
            "PYTHONPATH": os.pathsep.join([str(self.code), str(LOOPBACK_ONLY)]),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CALLS_OUTSIDE": str(self.calls_outside),
            "COLUMNS": "120",
            **self.variables,
        }

    @property
    def calls_outside(self) -> Path:
        """Attempts to leave the machine, one a line; missing when there was none."""
        return self.folder.with_name(f"{self.folder.name}.calls")

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """`python ARGUMENTS` with this Python."""
        return [sys.executable, *arguments]

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[str]:
        """Start `python ARGUMENTS`; standard output and error come by one pipe."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.code,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> Outcome:
        """Run `python ARGUMENTS` to its end."""
        process = self.start(arguments)
        output, _ = process.communicate(timeout=300)
        return Outcome(process.returncode, output)

    def sync(self) -> Outcome:
        """What `make sync` does."""
        return self.run("-m", "pipelines.cli.sync")

    def engine(self) -> sa.Engine:
        """The embedded CRM database, with all rights."""
        return sa.create_engine(embedded_url(self.folder / EMBEDDED_DIRECTORY, CRM_DATABASE))

    def rows(self, *schemas: str) -> Rows:
        """All rows of all tables of some database schemas, by table, in an order of their own."""
        engine = self.engine()
        try:
            with engine.connect() as connection:
                return {
                    f"{schema}.{table}": _rows(connection, schema, table)
                    for schema in schemas
                    for table in sorted(sa.inspect(connection).get_table_names(schema))
                }
        finally:
            engine.dispose()

    def files(self) -> list[Path]:
        """Every file but those of the embedded server and of the sandbox's world."""
        apart = [self.folder / EMBEDDED_DIRECTORY, self.folder / "sandbox"]
        return [
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not any(path.is_relative_to(folder) for folder in apart)
        ]


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    output: str

    @property
    def last_line(self) -> str:
        """What it said last."""
        return self.output.strip().splitlines()[-1]

    def numbers(self, source: str) -> list[int]:
        """The numbers of a source's line of the summary: told, received, stored, unchanged and so on."""
        [line] = [line for line in self.output.splitlines() if line.startswith(f"  {source} ")]
        return [int(cell.replace(",", "")) for cell in line.split()[1:8]]


def without(rows: Rows, *columns: str) -> Rows:
    """The rows without some columns, sorted anew."""
    return {
        table: _sorted([{name: value for name, value in row.items() if name not in columns} for row in found])
        for table, found in rows.items()
    }


def _rows(connection: sa.Connection, schema: str, table: str) -> list[dict[str, Any]]:
    quote = connection.dialect.identifier_preparer.quote
    found = connection.exec_driver_sql(f"SELECT * FROM {quote(schema)}.{quote(table)}")
    return _sorted([dict(row) for row in found.mappings()])


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: json.dumps(row, default=str, sort_keys=True))
