"""`make sync`: runs the nightly job once through Dagster and says what happened.

Exit codes: 0 all well, 1 something failed (the last line says what to do), 2 nothing was started.
"""

from __future__ import annotations

import sys

from pipelines.cli.running import run_nightly
from pipelines.cli.startup import NOT_STARTED, check_doors, configured, prepare_store, terminal
from schemas.policy import load_policy


def main() -> int:
    """Sync once; returns the exit code."""
    console = terminal()
    try:
        load_policy()
        with configured(console) as (settings, is_sandbox):
            console.print("[dim]Checking the configuration and the sources …[/]")
            check_doors(settings)
            prepare_store(settings)
            return run_nightly(console, settings, is_sandbox=is_sandbox)
    except NOT_STARTED as error:
        console.print(f"[red]Nothing was started.[/] {error}")
        return 2
    except KeyboardInterrupt:
        console.print("Interrupted. What was landed stays; run `make sync` again to go on.")
        return 1


if __name__ == "__main__":
    sys.exit(main())
