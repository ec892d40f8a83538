"""Walks over the customers of Help Scout by the cursor of its v3 list, from record to record.

A cursor is a place between two records and no number of a page, so nothing that is added, edited or deleted
meanwhile makes the walk miss another record.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.egress import Egress
from connectors.errors import PermanentError
from connectors.helpscout.client_answers import embedded, next_link
from connectors.pages import Page, read_page
from schemas.payloads.helpscout import HelpScoutCustomer

STALE_PAGES = 50
"""Pages in a row that hold the same as the one before, or nothing: no list does that."""

_PATH = "/v3/customers"
_REQUEST = f"helpscout GET {_PATH}"


class CursorRefusedError(PermanentError):
    """A walk cannot go on from where it was: how long a cursor lasts is not known."""


def walk(egress: Egress, since: str | None) -> Iterator[Page[HelpScoutCustomer]]:
    """All customers, or those modified since, the newest first.

    Raises CursorRefusedError, and PermanentError where the walk leads nowhere.
    """
    cursor: str | None = None
    used: set[str] = set()
    before: list[object] = []
    stale = 0
    while True:
        try:
            answer = egress.request("GET", _PATH, query={"modifiedSince": since, "cursor": cursor})
        except PermanentError as error:
            if cursor is None or error.status not in (400, 404, 410, 422):
                raise
            raise CursorRefusedError(
                f"{_REQUEST}: the cursor is no longer accepted", status=error.status
            ) from None
        items = embedded(answer.body, "customers", _REQUEST)
        yield read_page(HelpScoutCustomer, items)
        following = next_link(answer.body)
        if following is None:
            return
        cursor = next(iter(following.get("cursor", [])), None)
        if cursor is None or cursor in used:
            raise PermanentError(f"{_REQUEST}: the link to the next page leads nowhere new")
        used.add(cursor)
        stale = stale + 1 if not items or items == before else 0
        if stale == STALE_PAGES:
            raise PermanentError(f"{_REQUEST}: the API repeats its pages without end")
        before = items
