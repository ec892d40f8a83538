"""Sees from a source's own count that records were deleted, so that a nightly read need not read everything.

The count is compared with what the source told the last time and with what it has shown to be new since,
never with landing: what was suppressed, is malformed or past its period lives at the source and not in
landing, and would make a healthy store look wrong every night. A request of its own is spent on it only where
the read has not told it on the way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from connectors.helpscout.client_count import Count
from connectors.pages import Page
from pipelines.sources.reading import OVERLAP, Desk, Run
from pipelines.store.tally import Tally
from schemas.tables.landing import cursor

Counted = Generator[Page[Any], None, int | None]
"""Pages; returns how many records the source has, where it told that on the way."""
Everything = Callable[[], Iterable[Page[Any]]]

logger = logging.getLogger(__name__)


class Census:
    """The count of one source entity, and what a nightly read finds of it.

    Counted are the records made until an overlap before the read: whatever is made later is in the window of
    one nightly read or the next, however late the source shows it. `ask` counts those made until a time, or
    tells that it cannot (None). A read without a `start` is of everything, whatever the count says.
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
        self._ask = ask
        self._is_complete = start is None
        self._compares = run.kind == "nightly"
        self._until = run.started_at.astimezone(UTC).replace(microsecond=0) - OVERLAP
        self._before = _told(desk, source) if self._compares and start is not None else None
        self._now: Count | None = None
        self._was_whole = False
        self._later: set[Any] = set()
        self._malformed: set[str] = set()

    def pages(self, changed: Callable[[], Counted], everything: Everything) -> Iterator[Page[Any]]:
        """What changed, and then everything, if records are missing or have come by other ways."""
        if self._is_complete:
            self._was_whole = True
            yield from self._counting(everything())
            return
        made: dict[Any, datetime] = {}
        told = yield from self._noting(changed(), made)
        if self._compares and self._differs(told, made):
            self._was_whole = True
            # What is deleted while everything is read is missing from the next night's count.
            yield from everything()

    def was_whole(self) -> bool:
        """Whether everything was read."""
        return self._was_whole

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        """Note how many records there are, for the next read; nothing while deletions are not believed.

        Then the next read looks again, and sees when the rights are back.
        """
        if not self._compares:
            return
        now = None if tally.refused_deletions else self._now
        if self._is_complete and not tally.refused_deletions:
            # A complete read is a count: what was deleted after it was met is missing from the next one.
            met = tally.distinct + len(self._malformed)
            now = Count(met - len(self._later), self._until)
        connection.execute(
            sa.update(cursor)
            .where(cursor.c.source == self._source)
            .values(told=now.told if now else None, told_until=now.made_until if now else None)
        )

    def _counting(self, pages: Iterable[Page[Any]]) -> Iterator[Page[Any]]:
        """The pages of everything; records that a count until then does not hold are noted on the way."""
        for page in pages:
            self._malformed.update(rejected.source_id for rejected in page.rejected)
            self._later.update(
                record.id for record in page.records if record.created_at and record.created_at > self._until
            )
            yield page

    def _noting(self, pages: Counted, made: dict[Any, datetime]) -> Counted:
        """The pages of what changed; `made` takes when those records were made that the last count lacks."""
        while True:
            try:
                page = next(pages)
            except StopIteration as stop:
                told: int | None = stop.value
                return told
            for record in page.records:
                if self._before and record.created_at and record.created_at > self._before.made_until:
                    made[record.id] = record.created_at
            yield page

    def _differs(self, told: int | None, made: dict[Any, datetime]) -> bool:
        """Whether there are more or fewer records than those counted before and those that came since."""
        if self._before is not None and told is not None:
            until = max(self._until, self._before.made_until)
            self._now = Count(told - sum(time > until for time in made.values()), until)
            if not self._difference(self._now, self._before, made):
                return False
            # What came or went between two requests makes a difference as well; one that is bounded tells.
        self._now = self._ask(self._until)
        if self._now is None:
            return False
        if self._before is None:
            return True
        difference = self._difference(self._now, self._before, made)
        if difference:
            logger.info(
                "%s: %d records are told of, %d before, %d more or fewer than are new: reading everything",
                self._source, self._now.told, self._before.told, difference,
            )  # fmt: skip
        return difference != 0

    @staticmethod
    def _difference(now: Count, before: Count, made: dict[Any, datetime]) -> int:
        new = sum(before.made_until < time <= now.made_until for time in made.values())
        return now.told - before.told - new


def _told(desk: Desk, source: str) -> Count | None:
    with desk.engine.connect() as connection:
        row = connection.execute(
            sa.select(cursor.c.told, cursor.c.told_until).where(cursor.c.source == source)
        ).one_or_none()
    return None if row is None or row.told is None else Count(row.told, row.told_until)
