"""Reads the register's feeds of changes: which of the numbers one follows were touched since a position.

An event only says that a unit has to be looked up again: deletions and revivals can come as plain changes.
Knows the feeds of units and of sub-units, nothing of units themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from connectors.egress import Egress
from connectors.errors import TransientError
from connectors.pages import as_id

OVERLAP_IDS = 1000
"""How far behind its position a feed is read again: it is not documented that ids appear in order."""
PAGE = 1000
ACCEPT = "application/vnd.brreg.enhetsregisteret.oppdatering.{kind}.v1+json"


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """Ids of the last events that were taken note of, in the feed of units and in that of sub-units."""

    units: int
    subunits: int


@dataclass(frozen=True, slots=True)
class Feed:
    """One of the two feeds."""

    path: str
    embedded: str
    kind: str

    def tip(self, egress: Egress) -> int:
        """Id of the newest event, 0 when there is none."""
        events, _ = self._events(egress, {"size": 1, "sort": "id,DESC"})
        return max((event_id(event) for event in events), default=0)

    def touched(self, egress: Egress, numbers: Collection[str], since: int, tip: int) -> Iterator[str]:
        """Those of the numbers that events from `since` to `tip`, or newer ones, are about."""
        cursor = since
        while cursor <= tip:
            query = {
                "organisasjonsnummer": ",".join(numbers),
                "oppdateringsid": cursor,
                "size": PAGE,
                "sort": "id,ASC",
            }
            events, told = self._events(egress, query)
            yield from (event["organisasjonsnummer"] for event in events if _is_about(event, numbers))
            # A server may serve fewer at once than it was asked for; then it tells of more.
            if not events or (len(events) < PAGE and len(events) >= told):
                return
            # The cursor is inclusive; the id after the last one is documented as safe.
            cursor = max(cursor, *(event_id(event) for event in events)) + 1

    def _events(self, egress: Egress, query: dict[str, object]) -> tuple[list[Any], int]:
        """Events, and how many there are from the cursor on."""
        headers = {"Accept": ACCEPT.format(kind=self.kind)}
        body = egress.request("GET", self.path, query=query, headers=headers).body
        return embedded(body, self.embedded, f"brreg GET {self.path}")


UNITS = Feed("/oppdateringer/enheter", "oppdaterteEnheter", "enhet")
SUBUNITS = Feed("/oppdateringer/underenheter", "oppdaterteUnderenheter", "underenhet")


def embedded(body: Any, name: str, what: str) -> tuple[list[Any], int]:
    """The list in a HAL answer and the length of the whole; without hits there is no list at all.

    Raises TransientError for an answer that lacks its list or its length.
    """
    page = body.get("page") if isinstance(body, dict) else None
    total = page.get("totalElements") if isinstance(page, dict) else None
    if not isinstance(total, int):
        raise TransientError(f"{what}: the answer is no list of the register")
    parts = body.get("_embedded")
    rows = parts.get(name) if isinstance(parts, dict) else None
    if rows is None and total == 0:
        return [], 0
    if not isinstance(rows, list):
        raise TransientError(f"{what}: the answer tells of {total} rows and holds none")
    return rows, total


def event_id(event: Any) -> int:
    """The id of an event. Raises TransientError for one without: the feed cannot be followed past it."""
    value = as_id(event.get("oppdateringsid")) if isinstance(event, dict) else None
    if value is None:
        raise TransientError("brreg: an event of the feed of changes has no id")
    return value


def _is_about(event: Any, numbers: Collection[str]) -> bool:
    return isinstance(event, dict) and event.get("organisasjonsnummer") in numbers
