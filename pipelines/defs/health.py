"""The last asset of a night: how everything stands, on one page."""

from datetime import UTC, datetime

import dagster as dg

from pipelines.defs.findings import check_result
from pipelines.defs.metadata import OWNERS
from pipelines.defs.partitions import BY_MORNING, DAILY
from pipelines.defs.privacy.forwarding import forwarding_audit
from pipelines.defs.resources import Workbench
from pipelines.defs.sources.helpscout.assets import helpscout_conversations, helpscout_customers
from pipelines.defs.sources.pindena.assets import course_signups, order_forms
from pipelines.defs.sources.tripletex.assets import tripletex_invoices
from pipelines.errors import nothing_personal
from pipelines.health import LOOK_BACK_DAYS, look, no_day_missing, page

_HEALTH = dg.AssetKey(["privacy", "health"])
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
    """How everything stands: when each source was read, how many cards there are, what waits for people."""
    now = datetime.now(UTC)
    with nothing_personal():
        with workbench.store.crm.connect() as connection:
            state = look(connection)
        missing = no_day_missing(days_read(context.instance))
    return dg.MaterializeResult(
        metadata={
            "people": state.people,
            "organizations": state.organizations,
            "reviews": state.reviews,
            "state": dg.MarkdownMetadataValue(page(state, now)),
        },
        check_results=[check_result(missing, severity=dg.AssetCheckSeverity.WARN)],
    )


def days_read(instance: dg.DagsterInstance) -> dict[str, dict[str, bool]]:
    """By windowed asset: for each of the last days, the oldest first, whether Dagster has it as read."""
    days = DAILY.get_partition_keys()[-LOOK_BACK_DAYS:]
    found = {}
    for asset in _WINDOWED:
        read = instance.get_materialized_partitions(asset.key)
        found[asset.key.path[-1]] = {day: day in read for day in days}
    return found
