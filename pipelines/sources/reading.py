"""One read of one source entity: its window, its landing, its deletions, its line in `landing.load`.

Knows cursors and windows, but no API: pages come from a connector.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from connectors.pages import Page
from pipelines.deletion_limit import DeletionLimit
from pipelines.privacy.suppression import Suppression
from pipelines.sources.deletions import Fate, Sweep, Vanished, vanished
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


class Counting(Protocol):
    """What a client tells of its requests."""

    @property
    def requests_sent(self) -> int: ...


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


def land(
    desk: Desk,
    run: Run,
    payload: type[Payload],
    pages: Iterable[Page[Any]],
    client: Counting,
    *,
    start: datetime | None,
    fate: Fate | None = None,
    sweep: Sweep | None = None,
    requests_before: int | None = None,
    refused: Mapping[str, Sequence[str]] = MappingProxyType({}),
    dropped: Callable[[], Mapping[str, int]] = dict,
    moves_cursor: Callable[[], bool] = lambda: True,
    also: Callable[[sa.Connection, Tally], None] = lambda connection, tally: None,
) -> Tally:
    """Land all pages, then move the cursor and write the reconciliation in one transaction.

    `requests_before`: requests that the client had sent when the read began, where it began before this;
    `refused`: declared fields that the API does not know, by source, filled while the pages are read;
    `dropped`: how many rows the client has left out until now, by source, because nobody asked for them.
    With `fate`, the pages are the whole source: landed records that did not come are looked up one by one,
    and those that are gone are marked as deleted. `sweep` says the same with conditions. Too many at once
    are left alone and told in the tally; the read stands.
    `moves_cursor`, asked when the pages are read: whether the next nightly read may begin after this one.
    `also` writes what belongs to that last transaction.
    """
    began = datetime.now(UTC)
    requests = client.requests_sent if requests_before is None else requests_before
    left_out = dropped().get(payload.source, 0)
    sweep = Sweep(fate) if fate else sweep
    lander = Lander(
        desk.engine,
        payload,
        run_id=run.run_id,
        suppression=desk.suppression,
        expired=desk.expired,
    )
    malformed: set[str] = set()
    told = _telling(pages, payload.source, lambda: client.requests_sent - requests)
    tally = lander.land(_noting(told, malformed) if sweep else told)
    found = Vanished()
    if sweep and sweep.was_whole():
        limit = None if run.allow_mass_deletion else desk.limit
        with desk.engine.connect() as connection:
            found = vanished(connection, payload, sweep, limit, met=lander.seen, malformed=malformed)
        tally.compared, tally.missing, tally.refused_deletions = found.compared, found.missing, found.refused
    with desk.engine.begin() as connection:
        tally.deleted = mark_deleted(connection, payload, found.gone)
        tally.requests = client.requests_sent - requests
        tally.dropped = dropped().get(payload.source, 0) - left_out
        tally.refused_fields = tuple(refused.get(payload.source, ()))
        if run.kind == "nightly" and moves_cursor():
            move_cursor(connection, payload.source, run.started_at)
        also(connection, tally)
        record_load(
            connection,
            tally,
            run_id=run.run_id,
            kind=run.kind,
            window=(start, until(run)),
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


def _telling(pages: Iterable[Page[Any]], source: str, requests: Callable[[], int]) -> Iterator[Page[Any]]:
    """The pages; how far the read has come is logged on the way, for whoever looks at the run meanwhile."""
    said, received = datetime.now(UTC), 0
    for page in pages:
        received += page.received
        if datetime.now(UTC) - said >= TELL_EVERY:
            said = datetime.now(UTC)
            logger.info("%s: %d received so far, %d requests", source, received, requests())
        yield page


def _noting(pages: Iterable[Page[Any]], malformed: set[str]) -> Iterator[Page[Any]]:
    """The pages; ids of records that are at the source, if malformed, are noted on the way."""
    for page in pages:
        malformed.update(rejected.source_id for rejected in page.rejected)
        yield page
