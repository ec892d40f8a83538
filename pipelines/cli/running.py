"""Runs the nightly job in this process, for one partition or a range of them, and sums it up."""

from __future__ import annotations

import contextlib
import io
import time
import uuid
import warnings

from rich.console import Console

from pipelines.cli.startup import history
from pipelines.settings import Settings

# Without it the page of the job lists only the runs that the code location has launched.
_OF_THE_CODE_LOCATION = {".dagster/repository": "__repository__@kundekort"}


def run_nightly(
    console: Console,
    settings: Settings,
    *,
    is_sandbox: bool,
    days: tuple[str, str] | None = None,
    complete: bool = False,
) -> int:
    """Run the job for the newest partition, or as a backfill of `days` (first and last); an exit code.

    `complete`: as on Sundays, everything is read anew, also to see what is gone from its source.

    Raises StartError when another command runs it in this home, and KeyboardInterrupt after Ctrl-C.
    """
    # Dagster takes more than a second to import, and what is wrong before should be said before.
    warnings.simplefilter("ignore")
    from pipelines.cli.leftovers import alone, end_leftovers
    from pipelines.cli.progress import progress
    from pipelines.cli.run_events import was_interrupted
    from pipelines.cli.summary import summarize
    from pipelines.definitions import defs
    from pipelines.defs.jobs import NIGHTLY, night
    from pipelines.defs.partitions import DAILY
    from pipelines.launcher import STARTED_BY

    began, run_id = time.monotonic(), str(uuid.uuid4())
    job = defs().resolve_job_def(NIGHTLY)
    steps = len(job.graph.nodes)
    bounds = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    span = dict(zip(bounds, days, strict=True)) if days else {}
    with alone(settings.dagster_home, run_id), history(settings.dagster_home) as instance:
        if ended := end_leftovers(instance):
            console.print(
                f"[dim]Runs that were killed before: {ended}. This one goes on from what they left.[/]"
            )
        console.print(f"Running the [bold]{NIGHTLY}[/] job (run {run_id[:8]}, {steps} steps)")
        # Dagster's own lines stay off the terminal: they are in the run's page.
        with progress(console, instance, run_id, steps), contextlib.redirect_stderr(io.StringIO()):
            result = job.execute_in_process(
                instance=instance,
                partition_key=None if days else DAILY.get_last_partition_key(),
                tags=span | STARTED_BY | _OF_THE_CODE_LOCATION,
                run_config=night(complete=complete),
                run_id=run_id,
                raise_on_error=False,
            )
        if was_interrupted(result.all_events):
            raise KeyboardInterrupt
        return summarize(
            console,
            settings,
            result.all_events,
            run_id=run_id,
            succeeded=result.success,
            seconds=time.monotonic() - began,
            is_sandbox=is_sandbox,
        )
