"""`make sync`: runs the nightly job once through Dagster and says what happened.

Exit codes: 0 all well, 1 something failed (the last line says what to do), 2 nothing was started.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import uuid
import warnings

from rich.console import Console

from pipelines.cli.startup import StartError, check_doors, configured, prepare_store, terminal
from pipelines.settings import ConfigurationError, Settings
from pipelines.store.engines import DatabaseError
from schemas.policy import PolicyError, load_policy


def main() -> int:
    """Sync once; returns the exit code."""
    console = terminal()
    try:
        load_policy()
        with configured(console) as (settings, is_sandbox):
            console.print("[dim]Checking the configuration and the sources …[/]")
            check_doors(settings)
            prepare_store(settings)
            return _run(console, settings, is_sandbox)
    except (ConfigurationError, DatabaseError, PolicyError, StartError) as error:
        console.print(f"[red]Nothing was started.[/] {error}")
        return 2
    except KeyboardInterrupt:
        console.print("Interrupted. What was landed stays; run `make sync` again to go on.")
        return 1


def _run(console: Console, settings: Settings, is_sandbox: bool) -> int:
    # Dagster takes more than a second to import; what is wrong above is said before that.
    warnings.simplefilter("ignore")
    import dagster as dg

    from pipelines.cli.progress import progress
    from pipelines.cli.summary import summarize
    from pipelines.definitions import defs
    from pipelines.defs.jobs import NIGHTLY
    from pipelines.defs.partitions import DAILY

    began, run_id = time.monotonic(), str(uuid.uuid4())
    job = defs().resolve_job_def(NIGHTLY)
    steps = len(job.graph.nodes)
    with dg.DagsterInstance.get() as instance:
        console.print(f"Running the [bold]{NIGHTLY}[/] job (run {run_id[:8]}, {steps} steps)")
        # Dagster's own lines stay off the terminal: they are in the run's page.
        with progress(console, instance, run_id, steps), contextlib.redirect_stderr(io.StringIO()):
            result = job.execute_in_process(
                instance=instance,
                partition_key=DAILY.get_last_partition_key(),
                run_id=run_id,
                raise_on_error=False,
            )
        return summarize(
            console,
            settings,
            result.all_events,
            run_id=run_id,
            succeeded=result.success,
            seconds=time.monotonic() - began,
            is_sandbox=is_sandbox,
        )


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    sys.exit(main())
