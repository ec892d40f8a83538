"""Reads the own registration system: sign-ups for own courses, and order forms (clauses S2 and S4).

Each activity has a list, a cursor and a fate of its own: one that cannot be read does not hold up the others,
and one that is newly configured is read from its beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from connectors.errors import EgressError, TransientError
from connectors.fate import Gone, Present
from connectors.pages import Page
from connectors.pindena.client import PindenaClient
from pipelines.sources.activities import Activity, keep_activities, known_activities
from pipelines.sources.deletions import Sweep
from pipelines.sources.reading import OVERLAP, Desk, Extract, Run, land, until
from pipelines.store.tally import Tally
from schemas.payloads.pindena import CourseSignup, OrderForm
from schemas.tables.landing import TABLES

_ATTEMPTS_AFTER_A_FAILURE = 2
"""For the next list, when one has failed for good: a system that is down is not waited for list by list."""

Kind = type[CourseSignup] | type[OrderForm]


def read_course_signups(desk: Desk, client: PindenaClient, run: Run) -> Tally:
    """Sign-ups for the configured courses updated since each was last read; all of them on the first."""
    return land(desk, run, _Lists(desk, client, run, CourseSignup))


def read_order_forms(desk: Desk, client: PindenaClient, run: Run) -> Tally:
    """Forms of the configured order activities; otherwise as `read_course_signups`."""
    return land(desk, run, _Lists(desk, client, run, OrderForm))


class _Lists(Extract):
    """One read of the lists of one kind. Raises the error of the first of them when not one could be read."""

    def __init__(self, desk: Desk, client: PindenaClient, run: Run, payload: Kind) -> None:
        self._desk = desk
        self._run = run
        self._api = client
        self._kind: Kind = payload
        self._numbers = client.activities(payload)
        with desk.engine.connect() as connection:
            self._known = known_activities(connection, payload.source)
        self._read: set[int] = set()
        self._whole: set[int] = set()
        self._faults: dict[int, EgressError] = {}
        self._again: dict[int, set[str]] = {}
        starts = [self._start(number) for number in self._numbers]
        super().__init__(
            payload,
            client,
            self._pages(),
            start=min((start for start in starts if start), default=None) if all(starts) else None,
            sweep=Sweep(self._fate, lambda: bool(self._whole), self._is_on_a_whole_list),
        )

    def moves_cursor(self) -> bool:
        """Whether every list could be read."""
        return not self._faults

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        """Note how far each list was read, and what is wrong with it."""
        kept = []
        for number in self._numbers:
            fault = self._faults.get(number)
            kept.append(
                Activity(number, self._read_until(number, tally), None if fault is None else str(fault))
            )
        keep_activities(connection, self._kind.source, kept, self._run.started_at)

    def _start(self, number: int) -> datetime | None:
        """Where the read of one list begins; None for all of it."""
        if self._run.window:
            return self._run.window[0]
        read_until = self._known[number].read_until if number in self._known else None
        return None if self._run.complete or read_until is None else read_until - OVERLAP

    def _pages(self) -> Iterator[Page[Any]]:
        attempts: int | None = None
        for number in self._numbers:
            start = self._start(number)
            try:
                page = self._api.participants(self._kind, number, start, until(self._run), attempts=attempts)
            except EgressError as error:
                self._faults[number] = error
                attempts = _ATTEMPTS_AFTER_A_FAILURE if isinstance(error, TransientError) else attempts
                continue
            attempts = None
            self._read.add(number)
            if start is None:
                self._whole.add(number)
            yield page
        if self._faults and not self._read:
            raise next(iter(self._faults.values()))

    def _is_on_a_whole_list(self, table: sa.Table) -> sa.ColumnElement[bool]:
        return table.c.activity_id.in_(self._whole)

    def _fate(self, participant: int) -> Present | Gone:
        """What became of a participant. There is no look-up by id: the list itself is asked for once more."""
        table = TABLES[self._kind.source]
        with self._desk.engine.connect() as connection:
            number = connection.scalar(sa.select(table.c.activity_id).where(table.c.id == participant))
        assert number is not None, "only landed participants are looked for"
        if number not in self._again:
            page = self._api.participants(self._kind, number)
            self._again[number] = {str(record.id) for record in page.records}
            self._again[number].update(rejected.source_id for rejected in page.rejected)
        return Present() if str(participant) in self._again[number] else Gone()

    def _read_until(self, number: int, tally: Tally) -> datetime | None:
        """The list's cursor. A backfill moves none, and one that failed stays where it was.

        While deletions are not believed, whole lists are read whole again, to see when all is well.
        """
        before = self._known[number].read_until if number in self._known else None
        if self._run.window or number in self._faults:
            return before
        if tally.refused_deletions and number in self._whole:
            return None
        return self._run.started_at if before is None else max(before, self._run.started_at)
