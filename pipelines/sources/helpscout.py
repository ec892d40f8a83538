"""Reads Help Scout: customers and conversations by when they were modified, mailboxes whole."""

from __future__ import annotations

from connectors.helpscout.client import HelpScoutClient
from pipelines.sources.reading import Desk, Run, land, since, until
from pipelines.store.landing import Tally
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox


def read_customers(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Customers modified since the last read; all of them, and deletions, on the first and on a sweep."""
    start = since(desk, HelpScoutCustomer.source, run)
    return land(
        desk,
        run,
        HelpScoutCustomer,
        client.customers(modified_since=start),
        client,
        start=start,
        fate=client.customer_fate if start is None else None,
    )


def read_conversations(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Inquiries modified since the last read; all of them, and deletions, on the first and on a sweep."""
    start = since(desk, HelpScoutConversation.source, run)
    return land(
        desk,
        run,
        HelpScoutConversation,
        client.conversations(start, until(run)),
        client,
        start=start,
        fate=client.conversation_fate if start is None else None,
    )


def read_mailboxes(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """All mailboxes: there are a handful."""
    return land(desk, run, HelpScoutMailbox, client.mailboxes(), client, start=None)
