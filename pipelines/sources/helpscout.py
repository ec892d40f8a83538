"""Reads Help Scout: customers and conversations by when they were modified, mailboxes whole.

Deletions show in no list of what changed. So the records are counted each night, if possible by requests that
read what changed, and all of them are read when the number is not what it should be, or when somebody wants a
complete read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.client_count import Count
from pipelines.sources.census import Census, Counted
from pipelines.sources.deletions import Fate, Sweep
from pipelines.sources.reading import Desk, Run, land, since, until
from pipelines.store.tally import Tally
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox


def read_customers(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Customers modified since the last read; all of them on the first, and when some are missing."""
    return _read(
        desk,
        client,
        run,
        HelpScoutCustomer,
        changed=client.changed_customers,
        within=lambda start, end: client.customers(start),
        count=client.count_customers,
        fate=client.customer_fate,
    )


def read_conversations(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Inquiries modified since the last read; all of them on the first, and when some are missing."""
    return _read(
        desk,
        client,
        run,
        HelpScoutConversation,
        changed=client.changed_conversations,
        within=client.conversations,
        count=client.count_conversations,
        fate=client.conversation_fate,
    )


def read_mailboxes(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """All mailboxes: there are a handful."""
    return land(desk, run, HelpScoutMailbox, client.mailboxes(), client, start=None, fate=client.mailbox_fate)


def _read(
    desk: Desk,
    client: HelpScoutClient,
    run: Run,
    payload: type[Payload],
    *,
    changed: Callable[[datetime], Counted],
    within: Callable[[datetime | None, datetime | None], Counted],
    count: Callable[[datetime], Count | None],
    fate: Fate,
) -> Tally:
    """Read what `changed` since the last read, a backfill's window `within`, or everything."""
    requests = client.requests_sent
    start = since(desk, payload.source, run)
    census = Census(desk, payload.source, run, start, count)

    def wanted() -> Counted:
        return within(start, until(run)) if start is None or run.window else changed(start)

    return land(
        desk,
        run,
        payload,
        census.pages(wanted, lambda: within(None, None)),
        client,
        start=start,
        sweep=Sweep(fate, census.was_whole),
        requests_before=requests,
        also=census.keep,
    )
