"""Reads the records that webhooks have marked, one by one, and nothing else.

They land as any others do. The nightly cursor stays where it is: the night still reads its window, since
webhooks can be lost. Knows no API: a look-up by id comes from a connector.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from connectors.errors import PermanentError, TransientError, UnauthorizedError
from connectors.fate import Gone, MovedTo
from connectors.helpscout.client import HelpScoutClient
from connectors.pages import Page
from connectors.tripletex.client import TripletexClient
from pipelines.sources.reading import ClientStats, Desk, Extract, Run, land
from pipelines.store.landing import mark_deleted
from pipelines.store.tally import Tally
from pipelines.webhooks.marks import Marked, marked, settle
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer, TripletexInvoice
from schemas.tables.landing import TABLES

LookUp = Callable[[int], Page[Any] | Gone | MovedTo]

logger = logging.getLogger(__name__)


def look_ups(client: object) -> Mapping[type[Payload], LookUp]:
    """What a client can look up by id."""
    if isinstance(client, HelpScoutClient):
        return {HelpScoutCustomer: client.customer, HelpScoutConversation: client.conversation}
    if isinstance(client, TripletexClient):
        return {
            TripletexCustomer: client.customer,
            TripletexContact: client.contact,
            TripletexInvoice: client.invoice,
        }
    return {}


def refetch(
    desk: Desk, run: Run, client: ClientStats, system: str, payload: type[Payload], look_up: LookUp
) -> Tally | None:
    """Read the marked records of one source entity and take their marks away; None where there are none.

    One that is gone is marked as deleted; one that was merged is, and its survivor is read. One that is
    refused is left to the night. So many gone at once that it may be a right that was lost are left too.
    Raises what ended it before its time, after what was read has landed.
    """
    with desk.engine.connect() as connection:
        marks = marked(connection, system, payload.source)
    if not marks:
        return None
    work = _Work(desk, client, payload, look_up, marks)
    tally = land(desk, run, work)
    if work.interruption is not None:
        raise work.interruption
    return tally


class _Work(Extract):
    """The records of one source entity that are to be looked up, and what became of them."""

    def __init__(
        self, desk: Desk, client: ClientStats, payload: type[Payload], look_up: LookUp, marks: list[Marked]
    ) -> None:
        super().__init__(payload, client, self._looked_up())
        self.interruption: TransientError | UnauthorizedError | None = None
        self._desk = desk
        self._look_up = look_up
        self._marks = marks
        self._done: set[int] = set()
        self._gone: list[int] = []

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        """Mark what is gone as deleted, and take away the marks that were dealt with."""
        live = self._live(connection)
        gone = [record_id for record_id in self._gone if record_id in live]
        if self._is_too_many(connection, len(gone), tally):
            tally.missing = tally.refused_deletions = len(gone)
        else:
            tally.deleted += mark_deleted(connection, self.payload, gone)
        settle(connection, [mark for mark in self._marks if mark.record_id in self._done])

    def _looked_up(self) -> Iterator[Page[Any]]:
        """The records that are there, each asked for once."""
        waiting = list(dict.fromkeys(mark.record_id for mark in self._marks))
        for record_id in waiting:
            if record_id in self._done:
                continue
            try:
                found = self._look_up(record_id)
            except (TransientError, UnauthorizedError) as error:
                self.interruption = error
                return
            except PermanentError as error:
                logger.warning("a marked record is left to the night: %s", error)
            else:
                if isinstance(found, Page):
                    yield found
                else:
                    self._gone.append(record_id)
                if isinstance(found, MovedTo):
                    waiting.append(found.id)
            self._done.add(record_id)

    def _is_too_many(self, connection: sa.Connection, gone: int, tally: Tally) -> bool:
        """Whether so many are not believed; only then the rows are counted."""
        limit = self._desk.limit
        if gone <= limit.number:
            return False
        table = TABLES[self.payload.source]
        is_live = table.c.deleted_at_source.is_(None)
        rows = connection.scalar(sa.select(sa.func.count()).select_from(table).where(is_live)) or 0
        if not limit.refuses(gone, rows):
            return False
        tally.compared = rows
        return True

    def _live(self, connection: sa.Connection) -> set[int]:
        """Of the records looked up, those that landing holds as being there."""
        table = TABLES[self.payload.source]
        key = table.c[self.payload.key]
        wanted = sa.literal(sorted(self._done), sa.ARRAY(sa.BigInteger()))
        return set(
            connection.scalars(
                sa.select(key).where(key == sa.func.any(wanted), table.c.deleted_at_source.is_(None))
            )
        )
