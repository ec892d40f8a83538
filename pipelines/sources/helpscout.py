"""Reads Help Scout: customers and conversations by when they were modified, mailboxes whole.

Deletions show in no list of what changed. So the records are counted each night, if possible by requests that
read what changed, and all of them are read when the number is not what it should be, or when somebody wants a
complete read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.client_count import Count
from pipelines.sources.census import Census, Counted
from pipelines.sources.deletions import Fate, Sweep
from pipelines.sources.reading import Desk, Extract, Run, land, since, until
from pipelines.store.tally import Tally
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox


def read_customers(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Customers modified since the last read; all of them on the first, and when some are missing."""
    calls = _Calls(
        changed=client.changed_customers,
        within=lambda start, end: client.customers(start),
        count=client.count_customers,
        fate=client.customer_fate,
    )
    return land(desk, run, _Counted(desk, client, run, HelpScoutCustomer, calls))


def read_conversations(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """Inquiries modified since the last read; all of them on the first, and when some are missing."""
    calls = _Calls(
        changed=client.changed_conversations,
        within=client.conversations,
        count=client.count_conversations,
        fate=client.conversation_fate,
    )
    return land(desk, run, _Counted(desk, client, run, HelpScoutConversation, calls))


def read_mailboxes(desk: Desk, client: HelpScoutClient, run: Run) -> Tally:
    """All mailboxes: there are a handful."""
    sweep = Sweep(client.mailbox_fate)
    return land(desk, run, Extract(HelpScoutMailbox, client, client.mailboxes(), sweep=sweep))


@dataclass(frozen=True, slots=True)
class _Calls:
    """What the client can be asked about one kind of record."""

    changed: Callable[[datetime], Counted]
    """What changed since a time."""
    within: Callable[[datetime | None, datetime | None], Counted]
    """What was modified between two times; everything between None and None."""
    count: Callable[[datetime], Count | None]
    fate: Fate


class _Counted(Extract):
    """What changed since the last read, a backfill's window, or everything, with a count of what there is."""

    def __init__(
        self, desk: Desk, client: HelpScoutClient, run: Run, payload: type[Payload], calls: _Calls
    ) -> None:
        start = since(desk, payload.source, run)
        self._census = census = Census(desk, payload.source, run, start, calls.count)

        def wanted() -> Counted:
            return calls.within(start, until(run)) if start is None or run.window else calls.changed(start)

        pages = census.pages(wanted, lambda: calls.within(None, None))
        super().__init__(payload, client, pages, start=start, sweep=Sweep(calls.fate, census.was_whole))

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        self._census.keep(connection, tally)
