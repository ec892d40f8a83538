"""Tripletex (clauses S2 and S6): customers, their contact persons, invoices and subscriptions."""

from connectors.tripletex.client import TripletexClient
from pipelines.defs.sources.landing_asset import WARN, Check, landing_asset
from pipelines.sources import tripletex
from pipelines.sources.findings import list_was_served
from pipelines.sources.reading import Desk, Run
from pipelines.store.tally import Tally
from schemas.payloads.tripletex import (
    TripletexContact,
    TripletexCustomer,
    TripletexInvoice,
    TripletexSubscription,
)


@landing_asset(TripletexCustomer, name="tripletex_customers", partitioned=False)
def tripletex_customers(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """One row per customer in the ledger, company or private, inactive ones included."""
    return tripletex.read_customers(desk, client, run)


@landing_asset(TripletexContact, name="tripletex_contacts", partitioned=False)
def tripletex_contacts(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """One row per contact person of a customer."""
    return tripletex.read_contacts(desk, client, run)


@landing_asset(TripletexInvoice, name="tripletex_invoices", partitioned=True)
def tripletex_invoices(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """One row per charged invoice or credit note, by invoice date; open ones are read until settled."""
    return tripletex.read_invoices(desk, client, run)


@landing_asset(
    TripletexSubscription,
    name="tripletex_subscriptions",
    partitioned=False,
    also_checked=(Check(list_was_served, WARN),),
)
def tripletex_subscriptions(desk: Desk, client: TripletexClient, run: Run) -> Tally:
    """One row per line of a recurring order, closed ones included: the licences that customers have."""
    return tripletex.read_subscriptions(desk, client, run)
