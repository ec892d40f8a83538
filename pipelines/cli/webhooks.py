"""`make webhooks`: receives webhooks of Help Scout and Tripletex: minutes instead of a night.

Off unless HELPSCOUT_WEBHOOK_SECRET or TRIPLETEX_WEBHOOK_SECRET is set. Listens on 127.0.0.1, or where --host
says, for a reverse proxy with TLS before it. What is not signed with the secret is refused. Switch the sensor
`webhook_sensor` on in Dagster: it starts the reads.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from functools import partial

import uvicorn

from pipelines.cli import listening
from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, StartError, refuse, terminal
from pipelines.settings import load_settings
from pipelines.store.database import open_store
from pipelines.webhooks.marks import note
from pipelines.webhooks.receiver import receiver


def main(arguments: list[str]) -> int:
    """Serve until interrupted; returns the exit code (2: nothing was started)."""
    parser = argparse.ArgumentParser(prog="make webhooks", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=listening.port, default=8017, help="default: %(default)s")
    given = parser.parse_args(arguments)
    console = terminal()
    try:
        settings = load_settings()
        secrets = settings.webhook_secrets
        if not secrets:
            console.print("Webhooks are off: set HELPSCOUT_WEBHOOK_SECRET or TRIPLETEX_WEBHOOK_SECRET.")
            return 2
        if problem := listening.problem_of(given.host, given.port):
            raise StartError(f"Port {given.port} of {given.host} {problem}: name another by --port or --host")
        store = open_store(settings)
    except NOT_STARTED as error:
        return refuse(console, "Nothing was started.", error)
    console.print(f"Receiving from {', '.join(secrets)} on {given.host}, port {given.port}.")
    with closing(store):
        app = receiver(secrets, partial(note, store.crm))
        uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False)
    return 0


if __name__ == "__main__":
    end(main)
