"""`make migrate`: brings the CRM database to the present shape, roles and grants included."""

from __future__ import annotations

import argparse

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, refuse, terminal
from pipelines.settings import load_settings
from pipelines.store.database import open_store


def main(arguments: list[str]) -> int:
    """Migrate; returns the exit code."""
    argparse.ArgumentParser(prog="make migrate", description=__doc__).parse_args(arguments)
    try:
        store = open_store(load_settings())
    except NOT_STARTED as error:
        return refuse(terminal(stderr=True), "Nothing was done.", error)
    terminal().print(
        f"The CRM database is up to date; the pipeline works as {store.crm_role or 'its login'}."
    )
    store.close()
    return 0


if __name__ == "__main__":
    end(main)
