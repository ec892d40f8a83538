"""Which of the last days no night has read, for each source with days, out of Dagster's history."""

import dagster as dg

from pipelines.defs.findings import check_result
from pipelines.defs.partitions import DAILY
from pipelines.defs.sources.helpscout.assets import helpscout_conversations, helpscout_customers
from pipelines.defs.sources.pindena.assets import course_signups, order_forms
from pipelines.defs.sources.tripletex.assets import tripletex_invoices
from pipelines.missing_days import LOOK_BACK_DAYS, no_day_missing_of_one

_WINDOWED = (helpscout_customers, helpscout_conversations, tripletex_invoices, course_signups, order_forms)


def _day_check(asset: dg.AssetsDefinition) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset, name="no_day_missing", description=(no_day_missing_of_one.__doc__ or "").splitlines()[0]
    )
    def no_day_missing_of_source(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        finding = no_day_missing_of_one(
            read_of(context.instance, asset.key), failures_of(context.instance, asset.key)
        )
        return check_result(finding, severity=dg.AssetCheckSeverity.WARN)

    return no_day_missing_of_source


DAY_CHECKS: list[dg.AssetChecksDefinition] = [_day_check(asset) for asset in _WINDOWED]


def days_read(instance: dg.DagsterInstance) -> dict[str, dict[str, bool]]:
    """By windowed asset: for each of the last days, the oldest first, whether Dagster has it as read."""
    return {asset.key.path[-1]: read_of(instance, asset.key) for asset in _WINDOWED}


def read_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, bool]:
    """For each of the last days, the oldest first, whether Dagster has it as read."""
    read = instance.get_materialized_partitions(key)
    return {day: day in read for day in DAILY.get_partition_keys()[-LOOK_BACK_DAYS:]}


def failures_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, str]:
    """By day that was never read after it: the run that last tried to read it."""
    storage = instance.event_log_storage
    tried = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    return {day: run_id for day, (run_id, _) in tried.items()}
