"""`make reapply`: after a restored backup, what was erased and decided since is so again.

Puts DAGSTER_HOME/suppression_ledger.jsonl, or the copy that is named, back over the restored store. Every
command does the former by itself where the store is an older state of the one that the copy was made of.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, refuse, terminal
from pipelines.identity.rebuild import refresh
from pipelines.privacy.ledger_copy import LEDGER_COPY, replace_copy
from pipelines.privacy.restore import reapply
from pipelines.settings import load_settings
from pipelines.store.database import open_store
from pipelines.workbench import make_ledger


def main(arguments: list[str]) -> int:
    """Reapply once; returns the exit code (2: nothing was done)."""
    parser = argparse.ArgumentParser(prog="make reapply", description=__doc__)
    parser.add_argument("copy", type=Path, nargs="?")
    given = parser.parse_args(arguments)
    console = terminal()
    try:
        settings = load_settings()
        store = open_store(settings)
        own = settings.dagster_home / LEDGER_COPY
        with (given.copy or own).open(encoding="utf-8") as copy:
            done = reapply(store.crm, make_ledger(settings), copy, now=datetime.now(UTC))
        refresh(store.crm, "reapply")
        if given.copy is None or not own.exists():
            replace_copy(store.crm, settings.dagster_home, settings.secret)
        store.close()
    except FileNotFoundError as error:
        console.print(f"[red]Nothing was done.[/] There is no copy of the ledger at {error.filename}.")
        return 2
    except NOT_STARTED as error:
        return refuse(console, "Nothing was done.", error)
    console.print(str(done))
    return 0


if __name__ == "__main__":
    end(main)
