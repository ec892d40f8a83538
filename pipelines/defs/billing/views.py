"""Billing on the card (clauses S2 and S6): a view over the invoices, always as current as they are."""

import dagster as dg

from pipelines.defs.metadata import OWNERS, table_metadata, table_tags
from schemas.tables import crm, views

BILLING = dg.AssetSpec(
    key=["crm", views.billing.name],
    deps=[dg.AssetKey(["crm", crm.invoice.name])],
    group_name="billing",
    description=views.billing.comment,
    owners=OWNERS,
    kinds={"postgres"},
    tags=table_tags(views.billing),
    metadata=table_metadata(views.billing),
)
