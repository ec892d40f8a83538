"""`make sync`: runs the nightly job once through Dagster and says what happened.

`--complete` (`make sync COMPLETE=1`) reads everything anew, as the schedule does on Sundays: what is gone
from Help Scout shows only there.

Exit codes: 0 all well, 1 something failed (the last line says what to do), 2 nothing was started.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pipelines.cli.boundary import end
from pipelines.cli.running import run_nightly
from pipelines.cli.startup import NOT_STARTED, check_doors, configured, prepare_store, refuse, terminal
from schemas.policy import load_policy


def main(arguments: Sequence[str] = ()) -> int:
    """Sync once; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make sync")
    parser.add_argument("--complete", action="store_true", help="read everything anew, to see deletions")
    given = parser.parse_args(arguments)
    console = terminal()
    try:
        load_policy()
        with configured(console) as (settings, is_sandbox):
            console.print("[dim]Checking the configuration and the sources …[/]")
            check_doors(console, settings)
            prepare_store(console, settings, is_sandbox=is_sandbox)
            return run_nightly(console, settings, is_sandbox=is_sandbox, complete=given.complete)
    except NOT_STARTED as error:
        return refuse(console, "Nothing was started.", error)
    except KeyboardInterrupt:
        console.print("Interrupted. What was landed stays; run `make sync` again to go on.")
        return 1


if __name__ == "__main__":
    end(main)
