"""Billing on the card (clauses S2 and S6): views over invoices and subscriptions, as current as they are."""

import dagster as dg
import sqlalchemy as sa

from pipelines.defs.metadata import OWNERS, table_metadata, table_tags
from schemas.tables import crm, views


def _view(view: sa.Table, *made_from: sa.Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=["crm", view.name],
        deps=[dg.AssetKey(["crm", table.name]) for table in made_from],
        group_name="billing",
        description=view.comment,
        owners=OWNERS,
        kinds={"postgres"},
        tags=table_tags(view),
        metadata=table_metadata(view),
    )


LICENSE = _view(views.license, crm.subscription)
BILLING = _view(views.billing, crm.invoice, views.license)
