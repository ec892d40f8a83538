"""`make alert-test`: sends one line by webhook and e-mail, to see that alerts arrive."""

from __future__ import annotations

import argparse

from connectors.errors import EgressError
from pipelines.alerts import NOT_SET, tell
from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, terminal
from pipelines.settings import load_settings

TEXT = "Kundekort: this is a test. Alerts arrive here."


def main(arguments: list[str]) -> int:
    """Send it; returns the exit code."""
    argparse.ArgumentParser(prog="make alert-test", description=__doc__).parse_args(arguments)
    console = terminal()
    try:
        settings = load_settings()
        sent = tell(settings, TEXT)
    except (*NOT_STARTED, EgressError) as error:
        console.print(
            f"[red]Not every alert was sent.[/] {error}. Check ALERT_WEBHOOK_URL and ALERT_SMTP_URL"
        )
        return 2
    if not sent:
        console.print(f"[red]No alert was sent.[/] {NOT_SET}")
        return 2
    ways = [
        *(["the webhook"] if settings.alert_webhook_url else []),
        *([", ".join(settings.alert_email_to)] if settings.alert_smtp_url else []),
    ]
    console.print(f"Sent to {' and '.join(ways)}. It should have arrived by now.")
    return 0


if __name__ == "__main__":
    end(main)
