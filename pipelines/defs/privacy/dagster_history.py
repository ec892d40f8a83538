"""Dagster's own runs, events and files follow the policy too; what a partition's state rests on stays."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.privacy.options import Retention
from pipelines.errors import nothing_personal
from pipelines.privacy.dagster_history import RUNS, HistoryRemoval, overdue_runs, prune_history
from pipelines.privacy.overdue import nothing_overdue
from schemas.policy import load_policy

_HISTORY = dg.AssetKey(["privacy", "dagster_history"])


@dg.asset(
    key=_HISTORY,
    group_name="privacy",
    kinds={"policy", "dagster"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags={"data_class": "system"},
    check_specs=[
        dg.AssetCheckSpec("no_old_runs", asset=_HISTORY, description="No finished run is past its period.")
    ],
)
def dagster_history(context: dg.AssetExecutionContext, config: Retention) -> dg.MaterializeResult:
    """Removes runs, events, ticks, backfills and files that policy.yaml gives no more time."""
    policy, now = load_policy(), datetime.now(UTC)
    with nothing_personal():
        done = prune_history(context.instance, policy, now) if config.apply else HistoryRemoval()
        left = overdue_runs(context.instance, policy, now)
    return dg.MaterializeResult(
        metadata={
            "applied": config.apply,
            "runs_removed": done.runs,
            "events_removed": done.events,
            "folders_removed": done.files,
            "old_states_removed": done.state.states,
            "ticks_removed": done.state.ticks,
            "backfills_removed": done.state.backfills,
        },
        check_results=[check_result(nothing_overdue({RUNS: left} if config.apply else {}), "no_old_runs")],
    )
