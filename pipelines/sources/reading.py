"""One read of one source entity: its window, its landing, its deletions, its line in `landing.load`.

Knows cursors and windows, but no API: pages come from a connector.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from connectors.pages import Page
from pipelines.deletion_limit import DeletionLimit
from pipelines.privacy.suppression import Suppression
from pipelines.sources.deletions import Sweep, Vanished, vanished
from pipelines.store.cursors import move_cursor, read_cursor
from pipelines.store.landing import Expired, Lander, mark_deleted
from pipelines.store.tally import Tally, record_load
from schemas.payloads.base import Payload

OVERLAP = timedelta(hours=6)
"""How far a nightly read reaches back behind the last one: a search index may lag its records by hours."""

Kind = Literal["nightly", "backfill", "webhook"]

TELL_EVERY = timedelta(seconds=10)
"""How often a read that takes long says how far it has come."""

logger = logging.getLogger(__name__)


class ClientStats(Protocol):
    """What a client tells of its requests, beside the records."""

    @property
    def requests_sent(self) -> int: ...

    @property
    def refused_fields(self) -> Mapping[str, Sequence[str]]: ...

    @property
    def dropped_rows(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Run:
    """What is being read. `window` is set for a backfill only: aware times, the end exclusive."""

    run_id: str
    started_at: datetime
    window: tuple[datetime, datetime] | None = None
    complete: bool = False
    """Read everything anew, from the beginning, and look for deletions (the weekly sweep)."""
    allow_mass_deletion: bool = False
    """Mark records as deleted however many they are: somebody has looked, and they are."""
    marked: bool = False
    """Read the records that webhooks have marked, and nothing else."""

    @property
    def kind(self) -> Kind:
        """Only a nightly read moves the cursor; a backfill reads its window, a webhook's its records."""
        if self.window:
            return "backfill"
        return "webhook" if self.marked else "nightly"


@dataclass(frozen=True, slots=True)
class Desk:
    """Where pages are landed: the store, what must not enter it, and since when it is too old."""

    engine: sa.Engine
    suppression: Suppression
    expired: Expired | None
    limit: DeletionLimit = field(default_factory=DeletionLimit)
    """How many deletions at once are believed."""


@dataclass
class Extract:
    """The records of one kind as a source gives them this time, and what they stand for.

    To be made before the first request for it, since it counts them. Where a read means something else than
    most, a subclass says so.
    """

    payload: type[Payload]
    client: ClientStats
    pages: Iterable[Page[Any]]
    start: datetime | None = None
    """Since when the records were modified (aware); None for all there are."""
    sweep: Sweep | None = None
    """How those that are gone are told by these pages; None where they do not tell it."""

    def __post_init__(self) -> None:
        self._requests_before = self.client.requests_sent
        self._dropped_before = self.client.dropped_rows.get(self.payload.source, 0)

    def moves_cursor(self) -> bool:
        """Whether the next nightly read may begin after this one; asked when the pages have been read."""
        return True

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        """Write what belongs to the transaction that ends the read, and count it in the tally."""

    @property
    def requests(self) -> int:
        """Requests that it has taken until now."""
        return self.client.requests_sent - self._requests_before

    @property
    def dropped(self) -> int:
        """Rows that the client has left out until now, because nobody asked for them."""
        return self.client.dropped_rows.get(self.payload.source, 0) - self._dropped_before

    @property
    def refused_fields(self) -> tuple[str, ...]:
        """Declared fields that the API does not know, as far as the pages have been read."""
        return tuple(self.client.refused_fields.get(self.payload.source, ()))


def since(desk: Desk, source: str, run: Run) -> datetime | None:
    """Where a read begins: the window, or the cursor less the overlap; None for everything."""
    if run.window:
        return run.window[0]
    if run.complete:
        return None
    with desk.engine.connect() as connection:
        read_until, _ = read_cursor(connection, source)
    return read_until - OVERLAP if read_until else None


def until(run: Run) -> datetime | None:
    """Where a read ends: the window's end; None for now."""
    return run.window[1] if run.window else None


def land(desk: Desk, run: Run, extract: Extract) -> Tally:
    """Land all pages, then move the cursor and write the reconciliation in one transaction.

    With a sweep, landed records that did not come are looked up one by one, and those that are gone are
    marked as deleted. Too many at once are left alone and told in the tally; the read stands.
    """
    began, payload = datetime.now(UTC), extract.payload
    tally, found = _landed(desk, run, extract)
    with desk.engine.begin() as connection:
        if found is not None:
            tally.compared, tally.missing, tally.refused_deletions = (
                found.compared,
                found.missing,
                found.refused,
            )
            tally.deleted = mark_deleted(connection, payload, found.gone)
        tally.requests, tally.dropped = extract.requests, extract.dropped
        tally.refused_fields = extract.refused_fields
        if run.kind == "nightly" and extract.moves_cursor():
            move_cursor(connection, payload.source, run.started_at)
        extract.keep(connection, tally)
        record_load(
            connection,
            tally,
            run_id=run.run_id,
            kind=run.kind,
            window=(extract.start, until(run)),
            started_at=began,
        )
    logger.info(
        "%s: %d received, %d stored, %d unchanged, %d requests",
        payload.source,
        tally.received,
        tally.stored,
        tally.unchanged,
        tally.requests,
    )
    return tally


def _landed(desk: Desk, run: Run, extract: Extract) -> tuple[Tally, Vanished | None]:
    """Land the pages, and look for what did not come; None where the pages do not tell."""
    payload, sweep = extract.payload, extract.sweep
    lander = Lander(
        desk.engine, payload, run_id=run.run_id, suppression=desk.suppression, expired=desk.expired
    )
    malformed: set[str] = set()
    told = _telling(extract)
    tally = lander.land(_noting(told, malformed) if sweep else told)
    if sweep is None or not sweep.was_whole():
        return tally, None
    limit = None if run.allow_mass_deletion else desk.limit
    with desk.engine.connect() as connection:
        return tally, vanished(connection, payload, sweep, limit, met=lander.seen, malformed=malformed)


def _telling(extract: Extract) -> Iterator[Page[Any]]:
    """The pages; how far the read has come is logged on the way, for whoever looks at the run meanwhile."""
    said, received = datetime.now(UTC), 0
    for page in extract.pages:
        received += page.received
        if datetime.now(UTC) - said >= TELL_EVERY:
            said = datetime.now(UTC)
            logger.info(
                "%s: %d received so far, %d requests", extract.payload.source, received, extract.requests
            )
        yield page


def _noting(pages: Iterable[Page[Any]], malformed: set[str]) -> Iterator[Page[Any]]:
    """The pages; ids of records that are at the source, if malformed, are noted on the way."""
    for page in pages:
        malformed.update(rejected.source_id for rejected in page.rejected)
        yield page
