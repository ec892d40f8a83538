"""`make psql`: a SQL prompt on the CRM store, with the client that comes with the embedded server."""

from __future__ import annotations

import os
import subprocess

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, refuse, terminal
from pipelines.settings import load_settings
from pipelines.store.database import crm_admin_url
from pipelines.store.embedded import client_program


def main(arguments: list[str]) -> int:
    """Run psql with the given arguments; returns its exit code."""
    try:
        url = crm_admin_url(load_settings())
    except NOT_STARTED as error:
        return refuse(terminal(stderr=True), "Nothing was done.", error)
    # The password goes by the environment: a command line can be read by everyone on the machine.
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    target = url.set(drivername="postgresql", password=None).render_as_string()
    return subprocess.run([client_program(), target, *arguments], check=False, env=environment).returncode


if __name__ == "__main__":
    end(main)
