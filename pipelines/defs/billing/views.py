"""Billing on the card (clauses S2 and S6): views over invoices and subscriptions, as current as they are."""

from pipelines.defs.tables import table_key, table_spec
from schemas.tables import crm, views

LICENSE = table_spec(views.license, "billing", deps=[table_key(crm.subscription)])
BILLING = table_spec(views.billing, "billing", deps=[table_key(crm.invoice), table_key(views.license)])
