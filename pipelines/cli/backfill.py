"""`make backfill FROM=2026-03-01 TO=2026-03-31`: reads the windowed sources again for these days.

Says first what it will cost; `--yes` starts without asking. The nightly cursor stays where it is. Exit codes
as `make sync`.
"""

from __future__ import annotations

import argparse
from datetime import date, datetime

from rich.console import Console

from pipelines.cli.boundary import end
from pipelines.cli.running import run_nightly
from pipelines.cli.startup import (
    NOT_STARTED,
    StartError,
    check_doors,
    configured,
    day,
    prepare_store,
    refuse,
    terminal,
)
from pipelines.settings import Settings
from pipelines.sources.estimate import estimate, lines_of, problem_of_days
from pipelines.store.database import open_store
from schemas.policy import load_policy
from schemas.zone import OSLO


def main(arguments: list[str]) -> int:
    """Backfill once; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, prog="make backfill")
    parser.add_argument("--from", dest="first", type=day, required=True, metavar="DAY")
    parser.add_argument("--to", dest="last", type=day, required=True, metavar="DAY")
    parser.add_argument("--yes", action="store_true", help="start without asking")
    given = parser.parse_args(arguments)
    if problem := problem_of_days(given.first, given.last, datetime.now(OSLO).date()):
        parser.error(problem)
    console = terminal()
    try:
        load_policy()
        with configured(console) as (settings, is_sandbox):
            check_doors(console, settings)
            prepare_store(console, settings, is_sandbox=is_sandbox)
            _say_cost(console, settings, given.first, given.last)
            if not given.yes and not _agreed(console):
                return 0
            days = (given.first.isoformat(), given.last.isoformat())
            return run_nightly(console, settings, is_sandbox=is_sandbox, days=days)
    except NOT_STARTED as error:
        return refuse(console, "Nothing was started.", error)
    except KeyboardInterrupt:
        console.print("Interrupted. What was landed stays; run the same backfill again to go on.")
        return 1


def _say_cost(console: Console, settings: Settings, first: date, last: date) -> None:
    store = open_store(settings)
    with store.crm.connect() as connection:
        costs = estimate(connection, settings, first, last)
    store.close()
    for line in lines_of(costs, first, last):
        console.print(line)


def _agreed(console: Console) -> bool:
    """Whether somebody said yes. Raises StartError where nobody can, in cron for example."""
    try:
        answer = console.input("Start? [y/N] ", markup=False)
    except EOFError:
        raise StartError("Nobody is there to agree; YES=1 (--yes) starts without asking") from None
    return answer.strip().casefold() in ("y", "yes", "j", "ja")


if __name__ == "__main__":
    end(main)
