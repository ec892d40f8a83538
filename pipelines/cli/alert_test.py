"""`make alert-test`: sends one line to ALERT_WEBHOOK_URL, to see that alerts arrive."""

from __future__ import annotations

import sys

from connectors.errors import EgressError
from pipelines.alerts import tell
from pipelines.cli.startup import NOT_STARTED, terminal
from pipelines.settings import load_settings

TEXT = "Kundekort: this is a test. Alerts arrive here."


def main() -> int:
    """Send it; returns the exit code."""
    console = terminal()
    try:
        sent = tell(load_settings(), TEXT)
    except (*NOT_STARTED, EgressError) as error:
        console.print(f"[red]No alert was sent.[/] {error}. Check ALERT_WEBHOOK_URL")
        return 2
    if not sent:
        console.print("[red]No alert was sent.[/] ALERT_WEBHOOK_URL is not set, see .env.example")
        return 2
    console.print("Sent. It should have arrived by now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
