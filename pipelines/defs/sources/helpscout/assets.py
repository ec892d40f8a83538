"""Help Scout (clause S1): who asked for support, and when; never what they wrote."""

from connectors.helpscout.client import HelpScoutClient
from pipelines.defs.sources.landing_asset import landing_asset
from pipelines.sources import helpscout
from pipelines.sources.reading import Desk, Run
from pipelines.store.tally import Tally
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox


@landing_asset(HelpScoutCustomer, name="helpscout_customers", partitioned=True)
def helpscout_customers(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """One row per Help Scout customer: name, company, e-mail addresses and phone numbers."""
    return helpscout.read_customers(desk, client, run)


@landing_asset(HelpScoutConversation, name="helpscout_conversations", partitioned=True)
def helpscout_conversations(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """One row per support inquiry: number, status, inbox, times and tags; no subject, no body."""
    return helpscout.read_conversations(desk, client, run)


@landing_asset(HelpScoutMailbox, name="helpscout_mailboxes", partitioned=False)
def helpscout_mailboxes(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """One row per support inbox."""
    return helpscout.read_mailboxes(desk, client, run)
