"""What an answer of Help Scout says: its records, how many there are, and whether more follow.

Takes nothing but page numbers and cursors out of links, and never mistakes a changed answer for an empty one.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from connectors.errors import PermanentError
from connectors.helpscout.client_lists import Listing, Order
from connectors.pages import Page, read_page
from schemas.payloads.base import Payload

P = TypeVar("P", bound=Payload)

_SECOND = timedelta(seconds=1)


def timestamp(moment: datetime) -> str:
    """The only form the API takes: whole seconds in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def embedded(body: object, key: str, what: str) -> list[Any]:
    """The records of an answer; an empty result has no `_embedded` at all.

    Raises PermanentError when the answer is of another shape, so that a renamed list is not taken for none.
    """
    parts = body.get("_embedded") if isinstance(body, dict) else body
    if parts is None and isinstance(body, dict):
        return []
    if not isinstance(parts, dict) or not isinstance(parts.get(key, None if parts else []), list):
        raise PermanentError(f"{what}: the answer holds no list of {key}; has the API changed?")
    return list(parts.get(key, []))


def next_link(body: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """The query of the link to the next page, None on the last one. Its host and path are never used."""
    links = body.get("_links")
    link = links.get("next") if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else link
    if not isinstance(href, str) or not href:
        return None
    return parse_qs(urlsplit(href).query)


class NoneSentError(PermanentError):
    """The first page of a list tells of records and holds none; `has_next`: whether more pages follow."""

    def __init__(self, message: str, *, has_next: bool) -> None:
        super().__init__(message)
        self.has_next = has_next


@dataclass(frozen=True, slots=True)
class Sheet(Generic[P]):
    """One answer: its records, how many there are in all, on how many pages, and whether more follow."""

    page: Page[P]
    items: Collection[Any]
    ids: frozenset[int]
    told: int | None
    pages: int | None
    has_next: bool

    @classmethod
    def empty(cls, *, has_next: bool = False) -> Sheet[P]:
        """An answer without records that tells nothing of the list."""
        return cls(Page([]), (), frozenset(), told=None, pages=None, has_next=has_next)

    @classmethod
    def of(cls, body: Any, listing: Listing[P], number: int) -> Sheet[P]:
        """Read an answer. Raises NoneSentError, and PermanentError where it is no list of this kind."""
        items = embedded(body, listing.key, listing.request)
        meta = body.get("page")
        meta = meta if isinstance(meta, dict) else {}
        told, pages = _count(meta.get("totalElements")), _count(meta.get("totalPages"))
        follows = pages is not None and number < pages
        if not items and told and number == 1:
            raise NoneSentError(
                f"{listing.request}: {told} records are told of, but none is sent; has the API changed?",
                has_next=follows,
            )
        has_next = next_link(body) is not None or (bool(items) and follows)
        page = read_page(listing.payload, items, told)
        return cls(page, items, _ids(page), told, pages, has_next)

    def is_ordered_before(self, behind: Sheet[P] | None, by: Order) -> bool:
        """Whether the records come in this order, and none after the first of the page behind."""
        places = self._all_of(by.field)
        if len(self.page.records) > 1 and not places:
            return False
        if behind is not None and not self.overlaps(behind):
            places += behind._all_of(by.field)[:1]
        return all(earlier <= later for earlier, later in itertools.pairwise(places))

    def ties_with(self, behind: Sheet[P] | None, by: Order) -> bool:
        """Whether the page behind begins where this one ends: the second of creation, for example."""
        mine, theirs = self._all_of(by.field), behind._all_of(by.field) if behind is not None else []
        return bool(mine and theirs) and mine[-1] == theirs[0]

    @property
    def nameless(self) -> int:
        """How many of the records have no usable id, or come twice in this answer."""
        return len(self.items) - len(self.ids)

    @property
    def oldest(self) -> datetime | None:
        """When the first of the records was made."""
        return min(self._created(), default=None)

    def ids_made_before(self, moment: datetime) -> frozenset[int]:
        """Ids of the records, but for those that say that they are newer."""
        newer = {
            getattr(record, record.key)
            for record in self.page.records
            if (created := getattr(record, "created_at", None)) is not None and created >= moment
        }
        return self.ids - newer

    def ids_changed_between(self, start: datetime, end: datetime) -> frozenset[int]:
        """Ids of the records that show by a time of theirs that they were changed, or made, in between.

        Others may have been as well: when a record was modified is not among what it tells. Times of one
        change differ by a second.
        """
        return frozenset(
            getattr(record, record.key)
            for record in self.page.records
            if any(start + _SECOND <= time < end for time in _times(record))
        )

    def overlaps(self, behind: Sheet[P] | None) -> bool:
        """Whether records moved up from the page behind since it was read."""
        return behind is not None and not self.ids.isdisjoint(behind.ids)

    def newest_is_after(self, moment: datetime) -> bool:
        """Whether a record was made later than the bound allows: the server does not heed it."""
        return any(created > moment for created in self._created())

    def _created(self) -> list[datetime]:
        return self._all_of("created_at")

    def _all_of(self, field: str) -> list[Any]:
        """The values of a field, of those records that have one."""
        values = (getattr(record, field, None) for record in self.page.records)
        return [value for value in values if value is not None]


def _times(record: Payload) -> list[datetime]:
    """What a record tells of when it was made and changed."""
    times = (getattr(record, name, None) for name in ("created_at", "source_changed_at", "closed_at"))
    return [time for time in times if time is not None]


def _ids(page: Page[Any]) -> frozenset[int]:
    """Ids of the records, malformed ones included as far as they have any."""
    valid = {getattr(record, record.key) for record in page.records}
    malformed = {int(rejected.source_id) for rejected in page.rejected if rejected.source_id.isdecimal()}
    return frozenset(number for number in valid | malformed if _count(number) is not None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None
