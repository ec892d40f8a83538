"""`make migrate`: brings the CRM database to the present shape, roles and grants included."""

from __future__ import annotations

import sys

from rich.console import Console

from pipelines.settings import ConfigurationError, load_settings
from pipelines.store.database import open_store
from pipelines.store.engines import DatabaseError


def main() -> int:
    """Migrate; returns the exit code."""
    try:
        store = open_store(load_settings())
    except (ConfigurationError, DatabaseError) as error:
        Console(stderr=True).print(f"[red]{error}[/]")
        return 2
    Console().print(f"The CRM database is up to date; the pipeline works as {store.crm_role or 'its login'}.")
    store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
