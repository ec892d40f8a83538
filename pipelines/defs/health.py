"""The last asset of a night: the state of everything, on one page."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import dagster as dg

from pipelines.charts import bars, lines, overlap
from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.missing_days import no_day_missing_of_all
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.privacy.forwarding import forwarding_audit
from pipelines.defs.resources import Workbench
from pipelines.errors import nothing_personal
from pipelines.health import Health, page, read_health
from pipelines.missing_days import no_day_missing
from pipelines.privacy.forecast import WEEK, expiring
from schemas.policy import load_policy
from schemas.zone import OSLO

_HEALTH = dg.AssetKey(["privacy", "health"])
_NIGHTS_SHOWN = 400


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
    """The state of everything: when each source was read, how many cards there are, what waits for people.

    - `state`: hours since each source was read, records set aside, values of fields that nobody has declared
    - `over_time`: the cards; `people_from`, `orgs_from`: by the systems that meet on them
    - `requests_sent`: of each last read, beside the fewest that its records could have come in
    - `expiring`: rows that retention will delete in each of the coming eight weeks; `expiring_from`: whose
    """
    now = datetime.now(UTC)
    with nothing_personal(), workbench.store.crm.connect() as connection:
        state = read_health(connection)
        going = expiring(connection, load_policy(), now)
        missing = no_day_missing_of_all(context.instance, connection)
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
