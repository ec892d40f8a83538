"""Sees from a source's own count that records were deleted, so that a nightly read need not read everything.

The count is compared with what the source told the last time and with what it has shown to be new since,
never with landing: what was suppressed, is malformed or past its period lives at the source and not in
landing, and would make a healthy store look wrong every night.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.helpscout.client_count import Count
from connectors.pages import Page
from pipelines.sources.reading import OVERLAP, Desk, Run
from pipelines.store.landing import Tally
from schemas.tables.landing import cursor

Pages = Callable[[], Iterable[Page[Any]]]

logger = logging.getLogger(__name__)


class Census:
    """The count of one source entity before a read, and what the read finds of it.

    `ask` counts the records made until a time, or tells that it cannot (None). A read without a `start` is
    of everything, whatever the count says.
    """

    def __init__(
        self,
        desk: Desk,
        source: str,
        run: Run,
        start: datetime | None,
        ask: Callable[[datetime], Count | None],
    ) -> None:
        self._source = source
        self._is_complete = start is None
        # Counted before it is read: what is deleted in between is missing from the next night's count.
        # Whatever was made until the overlap began is in the window of one nightly read or the next.
        self._now = None if run.window else ask(run.started_at - OVERLAP)
        self._before = None if run.window or start is None else _told(desk, source)
        self._compares = not run.window
        self._was_whole = False

    def pages(self, changed: Pages, everything: Pages) -> Iterator[Page[Any]]:
        """What changed, and then everything, if records are missing or have come by other ways."""
        if self._is_complete:
            self._was_whole = True
            yield from everything()
            return
        new: set[Any] = set()
        for page in changed():
            new.update(self._new_in(page))
            yield page
        if self._differs_by(len(new)):
            self._was_whole = True
            yield from everything()

    def was_whole(self) -> bool:
        """Whether everything was read."""
        return self._was_whole

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        """Note what the source told, for the next read; nothing while deletions are not believed.

        Then the next read looks again, and sees when the rights are back.
        """
        if not self._compares:
            return
        now = None if tally.refused_deletions else self._now
        connection.execute(
            sa.update(cursor)
            .where(cursor.c.source == self._source)
            .values(told=now.told if now else None, told_until=now.made_until if now else None)
        )

    def _new_in(self, page: Page[Any]) -> Iterator[Any]:
        """Ids of the records that the last count did not hold yet and this one does."""
        if self._before is None or self._now is None:
            return
        for record in page.records:
            made_at = record.created_at
            if made_at is not None and self._before.made_until < made_at <= self._now.made_until:
                yield record.id

    def _differs_by(self, new: int) -> bool:
        if self._now is None:
            return False
        if self._before is None:
            return True
        difference = self._now.told - self._before.told - new
        if difference:
            logger.info(
                "%s: %d records are told of, %d before and %d new since: reading everything",
                self._source, self._now.told, self._before.told, new,
            )  # fmt: skip
        return difference != 0


def _told(desk: Desk, source: str) -> Count | None:
    with desk.engine.connect() as connection:
        row = connection.execute(
            sa.select(cursor.c.told, cursor.c.told_until).where(cursor.c.source == source)
        ).one_or_none()
    return None if row is None or row.told is None else Count(row.told, row.told_until)
