"""The last asset of a night: how everything stands, on one page; for each source, which days are missing."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import dagster as dg

from pipelines.charts import bars, lines, overlap
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.partitions import BY_MORNING, DAILY
from pipelines.defs.privacy.forwarding import forwarding_audit
from pipelines.defs.resources import Workbench
from pipelines.defs.sources.helpscout.assets import helpscout_conversations, helpscout_customers
from pipelines.defs.sources.pindena.assets import course_signups, order_forms
from pipelines.defs.sources.tripletex.assets import tripletex_invoices
from pipelines.errors import nothing_personal
from pipelines.health import LOOK_BACK_DAYS, Health, look, no_day_missing, no_day_missing_of_one, page
from pipelines.privacy.forecast import WEEK, expiring
from schemas.payloads.types import OSLO
from schemas.policy import load_policy

_HEALTH = dg.AssetKey(["privacy", "health"])
_NIGHTS_SHOWN = 400
_WINDOWED = (helpscout_customers, helpscout_conversations, tripletex_invoices, course_signups, order_forms)


@dg.asset(
    key=_HEALTH,
    group_name="privacy",
    deps=[forwarding_audit],
    kinds={"postgres"},
    owners=OWNERS,
    freshness_policy=BY_MORNING,
    tags={"data_class": "system"},
    check_specs=[
        dg.AssetCheckSpec(
            "no_day_missing", asset=_HEALTH, description=(no_day_missing.__doc__ or "").splitlines()[0]
        )
    ],
)
def health(context: dg.AssetExecutionContext, workbench: Workbench) -> dg.MaterializeResult:
    """How everything stands: when each source was read, how many cards there are, what waits for people.

    - `state`: hours since each source was read, records set aside, values of fields that nobody has declared
    - `over_time`: the cards; `people_from`, `orgs_from`: by the systems that meet on them
    - `requests_sent`: of each last read, beside the fewest that its records could have come in
    - `expiring`: rows that retention will delete in each of the coming eight weeks; `expiring_from`: whose
    """
    now = datetime.now(UTC)
    with nothing_personal():
        with workbench.store.crm.connect() as connection:
            state = look(connection)
            going = expiring(connection, load_policy(), now)
        missing = no_day_missing(days_read(context.instance))
    return dg.MaterializeResult(
        metadata={
            "people": state.people,
            "organizations": state.organizations,
            "reviews": state.reviews,
            "rows_expiring": sum(sum(weeks) for weeks in going.values()),
            "state": dg.MarkdownMetadataValue(page(state, now)),
            **pictures(state, going, history(context.instance), now),
        },
        check_results=[check_result(missing, severity=dg.AssetCheckSeverity.WARN)],
    )


def pictures(
    state: Health,
    going: Mapping[str, tuple[int, ...]],
    past: Mapping[str, list[tuple[date, float]]],
    now: datetime,
) -> dict[str, dg.MarkdownMetadataValue]:
    """What people would rather look at than read."""
    today = now.astimezone(OSLO).date()
    numbers = {"people": state.people, "organizations": state.organizations}
    series = {name: [*past.get(name, ()), (today, float(number))] for name, number in numbers.items()}
    sent = {source: requests for source, (requests, _) in state.requests.items()}
    fewest = {source: least for source, (_, least) in state.requests.items() if least}
    weeks = [sum(one) for one in zip(*going.values(), strict=True)]
    starts = {f"{now.astimezone(OSLO) + place * WEEK:%d.%m.%Y}": rows for place, rows in enumerate(weeks)}
    totals = {table.rpartition(".")[2]: sum(rows) for table, rows in going.items()}
    tables = dict(sorted(totals.items(), key=lambda item: -item[1]))
    shown = {
        "over_time": lines(series, "people and organisations over time"),
        "people_from": overlap(state.overlaps.get("person", {}), "people"),
        "orgs_from": overlap(state.overlaps.get("organization", {}), "orgs"),
        "requests_sent": bars(sent, ("source", "requests"), against=fewest, held_against="fewest"),
        "expiring": bars(starts, ("week from", "rows")),
        "expiring_from": bars(tables, ("table", "rows")),
    }
    return {name: dg.MarkdownMetadataValue(text) for name, text in shown.items()}


def history(instance: dg.DagsterInstance) -> dict[str, list[tuple[date, float]]]:
    """People and organisations by day, as far back as Dagster keeps it; of several in a day, the last."""
    found: dict[str, dict[date, float]] = {"people": {}, "organizations": {}}
    records = instance.fetch_materializations(_HEALTH, limit=_NIGHTS_SHOWN).records
    for record in reversed(records):
        made = record.asset_materialization
        for name, series in found.items():
            value = made.metadata.get(name) if made else None
            if isinstance(value, dg.IntMetadataValue) and value.value is not None:
                series[datetime.fromtimestamp(record.timestamp, OSLO).date()] = value.value
    return {name: sorted(series.items()) for name, series in found.items()}


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
