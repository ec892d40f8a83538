"""`make alert-late`: tells when the cards were not made last night, for the machine's own cron.

What the sensor `alert_on_missing_night` tells needs a daemon that runs; this needs none. Exit codes: 0 all
well, 1 the night is missing (and was told, where that is configured), 2 it cannot be known or told.
"""

from __future__ import annotations

import argparse
import warnings
from datetime import UTC, datetime

from connectors.errors import EgressError
from pipelines.alerts import is_late, night_missing, tell
from pipelines.cli.boundary import end
from pipelines.cli.startup import NOT_STARTED, history, terminal
from pipelines.settings import load_settings


def main(arguments: list[str]) -> int:
    """Look once; returns the exit code."""
    argparse.ArgumentParser(prog="make alert-late", description=__doc__).parse_args(arguments)
    # Cron sends whatever is printed; Dagster's remarks about itself are none of it.
    warnings.simplefilter("ignore")
    import dagster as dg

    from pipelines.defs.alerts import cards_made_at

    console = terminal()
    try:
        settings = load_settings()
        with history(settings.dagster_home) as instance:
            made_at = cards_made_at(instance)
        if made_at is None:
            console.print("The cards were never made. Run `make sync`, then let the daemon run.")
            return 1
        if not is_late(made_at, datetime.now(UTC)):
            console.print("The cards of the last night are there.")
            return 0
        text = night_missing(made_at)
        console.print(text)
        tell(settings, text)
    except (*NOT_STARTED, EgressError, dg.DagsterError) as error:
        console.print(f"[red]{error}[/]")
        return 2
    return 1


if __name__ == "__main__":
    end(main)
