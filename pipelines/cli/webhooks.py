"""`make webhooks`: receives webhooks of Help Scout and Tripletex: minutes instead of a night.

Off unless HELPSCOUT_WEBHOOK_SECRET or TRIPLETEX_WEBHOOK_SECRET is set. Listens on 127.0.0.1; put a reverse
proxy with TLS before it. Switch the sensor `webhook_sensor` on in Dagster: it starts the reads.
"""

from __future__ import annotations

import argparse
from functools import partial

import uvicorn

from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, terminal
from pipelines.settings import load_settings
from pipelines.store.database import open_store
from pipelines.webhooks.marks import note
from pipelines.webhooks.receiver import receiver


def main(arguments: list[str]) -> int:
    """Serve until interrupted; returns the exit code (2: nothing was started)."""
    parser = argparse.ArgumentParser(prog="make webhooks", description=__doc__)
    parser.add_argument("--port", type=int, default=8017)
    port = parser.parse_args(arguments).port
    console = terminal()
    try:
        settings = load_settings()
        secrets = settings.webhook_secrets
        if not secrets:
            console.print("Webhooks are off: set HELPSCOUT_WEBHOOK_SECRET or TRIPLETEX_WEBHOOK_SECRET.")
            return 2
        store = open_store(settings)
    except NOT_STARTED as error:
        console.print(f"[red]Nothing was started.[/] {error}")
        return 2
    console.print(f"Receiving from {', '.join(secrets)} on 127.0.0.1:{port}.")
    app = receiver(secrets, partial(note, store.crm))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    store.close()
    return 0


if __name__ == "__main__":
    end(main)
