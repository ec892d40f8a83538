"""The job that says what a backfill will cost before anybody launches it, as `make backfill` does."""

from datetime import datetime, timedelta

import dagster as dg
from pydantic import Field

from pipelines.defs.days import day_of
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.sources.estimate import estimate, lines_of, problem_of_days
from schemas.zone import OSLO


class Days(dg.Config):
    """Launchpad options of `backfill_estimate`."""

    first: str = Field(
        default="", description="First day in Norway that would be read again, e.g. 2026-03-01."
    )
    last: str = Field(default="", description="Last day, itself included, e.g. 2026-03-31; empty: yesterday.")


@dg.op
def estimate_backfill(context: dg.OpExecutionContext, config: Days, workbench: Workbench) -> None:
    """Requests, and minutes at each API's limit, of reading the sources with days again. Asks no source."""
    today = datetime.now(OSLO).date()
    first = day_of(config.first, "first")
    last = day_of(config.last, "last") if config.last else today - timedelta(days=1)
    if problem := problem_of_days(first, last, today):
        raise dg.Failure(problem, allow_retries=False)
    with nothing_personal(), workbench.store.crm.connect() as connection:
        costs = estimate(connection, workbench.settings, first, last)
    for line in lines_of(costs, first, last):
        context.log.info(line)
    context.add_output_metadata(
        {
            "requests": sum(cost.requests for cost in costs),
            "minutes": round(sum(cost.minutes for cost in costs), 1),
        }
    )


@dg.job(name="backfill_estimate")
def backfill_estimate_job() -> None:
    """What reading days again would cost at least: requests, and minutes at each API's limit. Reads nothing.

    Give `first` and `last`, launch, and read the lines of the run. The backfill itself: on the asset,
    Materialize…, the days, Launch backfill.
    """
    estimate_backfill()
