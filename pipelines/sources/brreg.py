"""Reads the register: units that the other sources name, new ones at once, changed ones by its feed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from connectors.brreg.client import BrregClient
from connectors.brreg.client_feed import FeedPosition
from connectors.pages import Page
from pipelines.identity.normalise.organizations import company_name, organization_number
from pipelines.sources.brreg_names import numbers_by_name
from pipelines.sources.brreg_told import FEED, LOOK_UP, note_numbers
from pipelines.sources.reading import Desk, Extract, Run, land
from pipelines.store.cursors import move_cursor, read_cursor
from pipelines.store.landing import live_keys, mark_deleted
from pipelines.store.tally import Tally
from schemas.payloads.brreg import BrregUnit
from schemas.tables.landing import TABLES

_SUBUNITS = "brreg_subunit"
"""Name under which the position in the feed of sub-units is kept; that of units goes by the table's."""

_NAMED_IN = (
    ("tripletex_customer", "organization_number"),
    ("helpscout_customer", "organization_number"),
    ("course_signup", "company_name"),
    ("order_form", "company_name"),
)


def read_units(desk: Desk, client: BrregClient, run: Run) -> Tally:
    """Look up numbers not yet known and units that changed; on a sweep, every unit.

    The feed's position is taken before the first look-up and moved only when everything that changed has
    been read again, so no change falls between. Units that no source names any more are marked as deleted.
    """
    return land(desk, run, _Units(desk, client, run))


class _Units(Extract):
    """The units that are to be looked up, and how far the feeds were read before."""

    def __init__(self, desk: Desk, client: BrregClient, run: Run) -> None:
        super().__init__(BrregUnit, client, self._looked_up(desk, client, run))
        self._started_at = run.started_at

    def keep(self, connection: sa.Connection, tally: Tally) -> None:
        """Mark the units that nobody names as deleted, and move the positions in the feeds."""
        tally.deleted += mark_deleted(connection, BrregUnit, self._unnamed)
        move_cursor(connection, BrregUnit.source, self._started_at, self._reached.units)
        move_cursor(connection, _SUBUNITS, self._started_at, self._reached.subunits)

    def _looked_up(self, desk: Desk, client: BrregClient, run: Run) -> Iterator[Page[Any]]:
        with desk.engine.connect() as connection:
            known = set(live_keys(connection, BrregUnit))
            wanted = _named_numbers(connection) | _parents(connection)
            position = _position(connection)
        wanted |= numbers_by_name(desk.engine, client, run, wanted)
        followed = known & wanted
        if position is None:
            changed, self._reached = followed, client.tip()
        else:
            note_numbers(desk.engine, FEED, followed, run.run_id)
            changed, self._reached = client.changed_since(position, followed)
        self._unnamed = sorted(known - wanted)
        asked = (wanted - known) | (followed if run.complete else changed)
        yield from _with_parents(desk, client, run, asked, known=known | wanted)


def _with_parents(
    desk: Desk, client: BrregClient, run: Run, numbers: set[str], *, known: set[str]
) -> Iterator[Page[Any]]:
    """The units asked for, then the units that they belong to, as far as those are not known yet."""
    asked = numbers
    while asked:
        parents: set[str] = set()
        note_numbers(desk.engine, LOOK_UP, asked, run.run_id)
        for page in client.units(sorted(asked)):
            parents.update(unit.parent_number for unit in page.records if unit.parent_number)
            yield page
        known = known | asked
        asked = {number for number in parents - known if organization_number(number)}


def _named_numbers(connection: sa.Connection) -> set[str]:
    """Valid organisation numbers in the records of the other sources."""
    selects = []
    for source, column in _NAMED_IN:
        table = TABLES[source]
        selects.append(
            sa.select(table.c[column]).where(
                table.c.deleted_at_source.is_(None), table.c[column].regexp_match(r"\d(\D?\d){8}")
            )
        )
    texts = connection.scalars(sa.union(*selects))
    return {number for text in texts if (number := organization_number(text) or company_name(text).number)}


def _parents(connection: sa.Connection) -> set[str]:
    """Numbers of the units that landed units belong to, all the way up."""
    table = TABLES[BrregUnit.source]
    texts = connection.scalars(
        sa.select(table.c.parent_number)
        .where(table.c.deleted_at_source.is_(None), table.c.parent_number.is_not(None))
        .distinct()
    )
    return {number for text in texts if (number := organization_number(text))}


def _position(connection: sa.Connection) -> FeedPosition | None:
    """Where the feeds were read to; None before the first read."""
    positions = [read_cursor(connection, source)[1] for source in (BrregUnit.source, _SUBUNITS)]
    units, subunits = positions
    return None if units is None or subunits is None else FeedPosition(units, subunits)
