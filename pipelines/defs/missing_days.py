"""Which of the last days were not read, for each source with days: by Dagster's history and by the reads."""

import dagster as dg
import sqlalchemy as sa

from pipelines.defs.findings import check_result
from pipelines.defs.partitions import DAILY
from pipelines.defs.resources import Workbench
from pipelines.defs.sources.helpscout.assets import helpscout_conversations, helpscout_customers
from pipelines.defs.sources.pindena.assets import course_signups, order_forms
from pipelines.defs.sources.tripletex.assets import tripletex_invoices
from pipelines.errors import nothing_personal
from pipelines.findings import Finding
from pipelines.missing_days import LOOK_BACK_DAYS, caught_up, no_day_missing, no_day_missing_of_one
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup, OrderForm
from schemas.payloads.tripletex import TripletexInvoice

_WINDOWED: tuple[tuple[dg.AssetsDefinition, type[Payload]], ...] = (
    (helpscout_customers, HelpScoutCustomer),
    (helpscout_conversations, HelpScoutConversation),
    (tripletex_invoices, TripletexInvoice),
    (course_signups, CourseSignup),
    (order_forms, OrderForm),
)


def _day_check(asset: dg.AssetsDefinition, payload: type[Payload]) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset, name="no_day_missing", description=(no_day_missing_of_one.__doc__ or "").splitlines()[0]
    )
    def no_day_missing_of_source(
        context: dg.AssetCheckExecutionContext, workbench: Workbench
    ) -> dg.AssetCheckResult:
        days = read_of(context.instance, asset.key)
        with nothing_personal(), workbench.store.crm.connect() as connection:
            later = caught_up(connection, payload.source, _unread(days))
        finding = no_day_missing_of_one(days, failures_of(context.instance, asset.key), later)
        return check_result(finding, severity=dg.AssetCheckSeverity.WARN)

    return no_day_missing_of_source


DAY_CHECKS: list[dg.AssetChecksDefinition] = [_day_check(asset, payload) for asset, payload in _WINDOWED]


def no_day_missing_of_all(instance: dg.DagsterInstance, connection: sa.Connection) -> Finding:
    """What is missing over all sources with days."""
    days = days_read(instance)
    later = {
        asset.key.path[-1]: caught_up(connection, payload.source, _unread(days[asset.key.path[-1]]))
        for asset, payload in _WINDOWED
    }
    return no_day_missing(days, later)


def days_read(instance: dg.DagsterInstance) -> dict[str, dict[str, bool]]:
    """By windowed asset: for each of the last days, the oldest first, whether Dagster has it as read."""
    return {asset.key.path[-1]: read_of(instance, asset.key) for asset, _ in _WINDOWED}


def read_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, bool]:
    """For each of the last days, the oldest first, whether Dagster has it as read."""
    read = instance.get_materialized_partitions(key)
    return {day: day in read for day in DAILY.get_partition_keys()[-LOOK_BACK_DAYS:]}


def failures_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, str]:
    """By day that was never read after it: the run that last tried to read it."""
    storage = instance.event_log_storage
    tried = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    return {day: run_id for day, (run_id, _) in tried.items()}


def _unread(days: dict[str, bool]) -> list[str]:
    return [day for day, read in days.items() if not read]
