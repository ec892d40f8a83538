"""The CRM: one card per customer, rebuilt from landing in one transaction. One asset per table."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from pipelines.defs.applications.assets import application_files
from pipelines.defs.crm.earlier import earlier
from pipelines.defs.findings import check_result
from pipelines.defs.marked import helpscout_marked, tripletex_marked
from pipelines.defs.metadata import cards_by_size, identity_numbers, newest_events
from pipelines.defs.partitions import BY_MORNING
from pipelines.defs.resources import Workbench
from pipelines.defs.sources.brreg.assets import brreg_units
from pipelines.defs.sources.helpscout.assets import (
    helpscout_conversations,
    helpscout_customers,
    helpscout_mailboxes,
)
from pipelines.defs.sources.pindena.assets import course_signups, order_forms
from pipelines.defs.sources.tripletex.assets import (
    tripletex_contacts,
    tripletex_customers,
    tripletex_invoices,
    tripletex_subscriptions,
)
from pipelines.defs.tables import table_key, table_spec
from pipelines.errors import nothing_personal
from pipelines.findings import Finding
from pipelines.identity.findings import largest_card, review_queue_growth, share_of_singletons
from pipelines.identity.overview import overview
from pipelines.identity.publish import Limits, PublishRefusedError
from pipelines.identity.rebuild import rebuild, refresh
from pipelines.store.counts import count_rows
from schemas.tables import crm, metadata

_WHOLE = dg.AllPartitionMapping()
_SOURCES: list[dg.AssetDep | dg.AssetsDefinition] = [
    *(
        dg.AssetDep(asset, partition_mapping=_WHOLE)
        for asset in (
            helpscout_customers,
            helpscout_conversations,
            tripletex_invoices,
            course_signups,
            order_forms,
        )
    ),
    helpscout_mailboxes,
    tripletex_customers,
    tripletex_contacts,
    tripletex_subscriptions,
    brreg_units,
    application_files,
    helpscout_marked,
    tripletex_marked,
]

# What people decide is not made by a run.
DECISIONS = table_spec(crm.match_decision, "crm")

# The one asset that leads from the sources to the CRM: every other table is made from who belongs together.
# All of them for all of the sources would be two hundred lines in the graph.
SOURCE_LINK = table_key(crm.source_link)

# It comes first, as the graph says.
_TABLES = (
    crm.source_link,
    *(
        table
        for table in metadata.sorted_tables
        if table in vars(crm).values() and table not in (crm.match_decision, crm.source_link)
    ),
)


class Matching(dg.Config):
    """Launchpad options of the cards."""

    full: bool = Field(
        default=False,
        description="Match every record anew, not only those that changed; the outcome is the same.",
    )
    confirmed: bool = Field(
        default=False,
        description="Publish also when far more cards would go than a night explains: somebody has looked.",
    )


NO_MASS_MERGE = "no_mass_merge"
_WATCHED = {
    "largest_card": largest_card.__doc__,
    "share_of_singletons": share_of_singletons.__doc__,
    "review_queue_growth": review_queue_growth.__doc__,
}


@dg.multi_asset(
    name="cards",
    specs=[
        table_spec(
            table,
            "crm",
            deps=[*_SOURCES, DECISIONS] if table is crm.source_link else [SOURCE_LINK],
            kinds={"python", "postgres"},
            freshness_policy=BY_MORNING,
        )
        for table in _TABLES
    ],
    check_specs=[
        dg.AssetCheckSpec(
            NO_MASS_MERGE,
            asset=SOURCE_LINK,
            blocking=True,
            description="No more cards would be merged into others than a night explains.",
        ),
        *(dg.AssetCheckSpec(name, asset=SOURCE_LINK, description=told) for name, told in _WATCHED.items()),
    ],
)
def cards(
    context: dg.AssetExecutionContext, config: Matching, workbench: Workbench
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Merge the landed records into cards: match, choose the golden values, keep the ids, publish."""
    make = rebuild if config.full else refresh
    limits = Limits(share=1.0) if config.confirmed else None
    before = earlier(context.instance, SOURCE_LINK)
    with nothing_personal():
        try:
            report = make(workbench.store.crm, context.run.run_id, limits=limits)
        except PublishRefusedError as refused:
            yield check_result(Finding(False, str(refused)), NO_MASS_MERGE, asset=SOURCE_LINK)
            raise
        rows = {table: count_rows(workbench.store.crm, table) for table in _TABLES}
        with workbench.store.crm.connect() as connection:
            now = overview(connection)
    extra = {
        crm.source_link: identity_numbers(report) | cards_by_size(now),
        crm.identity_event: {"newest": newest_events(now)},
    }
    for table, count in rows.items():
        yield dg.MaterializeResult(
            asset_key=table_key(table), metadata={"dagster/row_count": count, **extra.get(table, {})}
        )
    merged = Finding(True, "no more than a night explains", {"merged": report.merged})
    yield check_result(merged, NO_MASS_MERGE, asset=SOURCE_LINK)
    for finding, name in (
        (largest_card(now), "largest_card"),
        (share_of_singletons(now, before), "share_of_singletons"),
        (review_queue_growth(report.reviews, before), "review_queue_growth"),
    ):
        yield check_result(finding, name, dg.AssetCheckSeverity.WARN, asset=SOURCE_LINK)
