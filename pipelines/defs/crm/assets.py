"""The CRM: one card per customer, rebuilt from landing in one transaction. One asset per table."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.applications.assets import application_files
from pipelines.defs.marked import helpscout_marked, tripletex_marked
from pipelines.defs.metadata import OWNERS, identity_numbers, table_metadata, table_tags
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
from pipelines.errors import nothing_personal
from pipelines.identity.publish import Limits
from pipelines.identity.rebuild import rebuild, refresh
from pipelines.store.landing import count_rows
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
DECISIONS = dg.AssetSpec(
    key=["crm", crm.match_decision.name],
    group_name="crm",
    description=crm.match_decision.comment,
    owners=OWNERS,
    kinds={"postgres"},
    tags=table_tags(crm.match_decision),
    metadata=table_metadata(crm.match_decision),
)

# The one asset that leads from the sources to the CRM: every other table is made from who belongs together.
# All of them for all of the sources would be two hundred lines in the graph.
SOURCE_LINK = dg.AssetKey(["crm", crm.source_link.name])

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

    full: bool = False
    """Match every record anew, not only those that changed; the outcome is the same."""
    confirmed: bool = False
    """Publish also when far more cards would go than a night explains: somebody has looked."""


@dg.multi_asset(
    name="cards",
    specs=[
        dg.AssetSpec(
            key=["crm", table.name],
            deps=[*_SOURCES, DECISIONS] if table is crm.source_link else [SOURCE_LINK],
            group_name="crm",
            description=table.comment,
            owners=OWNERS,
            freshness_policy=BY_MORNING,
            kinds={"python", "postgres"},
            tags=table_tags(table),
            metadata=table_metadata(table),
        )
        for table in _TABLES
    ],
)
def cards(
    context: dg.AssetExecutionContext, config: Matching, workbench: Workbench
) -> Iterator[dg.MaterializeResult]:
    """Merge the landed records into cards: match, choose the golden values, keep the ids, publish."""
    make = rebuild if config.full else refresh
    limits = Limits(share=1.0) if config.confirmed else None
    with nothing_personal():
        report = make(workbench.store.crm, context.run.run_id, limits=limits)
        rows = {table: count_rows(workbench.store.crm, table) for table in _TABLES}
    for table, count in rows.items():
        extra = identity_numbers(report) if table is crm.source_link else {}
        yield dg.MaterializeResult(
            asset_key=["crm", table.name], metadata={"dagster/row_count": count, **extra}
        )
