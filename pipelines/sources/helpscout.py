"""Reads Help Scout: customers and conversations by when they were modified, mailboxes whole.

Deletions show in no list of what changed. So the records are counted each night, if possible by requests that
read what changed, and all of them are read when the number is not what it should be, or when somebody wants a
complete read.
"""

from __future__ import annotations

from collections.abc import Generator

from connectors.helpscout.client import HelpScoutClient
from connectors.pages import Page
from pipelines.sources.census import Census
from pipelines.sources.deletions import Sweep
from pipelines.sources.reading import Desk, Run, land, since, until
from pipelines.store.landing import Tally
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox


def read_customers(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Customers modified since the last read; all of them on the first, and when some are missing."""
    requests = client.requests_sent
    start = since(desk, HelpScoutCustomer.source, run)
    census = Census(desk, HelpScoutCustomer.source, run, start, client.count_customers)

    def changed() -> Generator[Page[HelpScoutCustomer], None, int | None]:
        if start is None or run.window:
            return client.customers(start)
        return client.changed_customers(start)

    return land(
        desk,
        run,
        HelpScoutCustomer,
        census.pages(changed, client.customers),
        client,
        start=start,
        sweep=Sweep(client.customer_fate, census.was_whole),
        requests_before=requests,
        also=census.keep,
    )


def read_conversations(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Inquiries modified since the last read; all of them on the first, and when some are missing."""
    requests = client.requests_sent
    start = since(desk, HelpScoutConversation.source, run)
    census = Census(desk, HelpScoutConversation.source, run, start, client.count_conversations)

    def changed() -> Generator[Page[HelpScoutConversation], None, int | None]:
        if start is None or run.window:
            return client.conversations(start, until(run))
        return client.changed_conversations(start)

    return land(
        desk,
        run,
        HelpScoutConversation,
        census.pages(changed, lambda: client.conversations(None, None)),
        client,
        start=start,
        sweep=Sweep(client.conversation_fate, census.was_whole),
        requests_before=requests,
        also=census.keep,
    )


def read_mailboxes(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """All mailboxes: there are a handful."""
    return land(desk, run, HelpScoutMailbox, client.mailboxes(), client, start=None, fate=client.mailbox_fate)
