"""Asks Tripletex for objects of a payload's kind: exactly its declared fields, list by list or one by one.

Knows how an answer looks and what a refused field is; not which objects anybody wants.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from connectors.egress import Egress
from connectors.errors import PermanentError, TransientError
from connectors.fate import Gone, Present
from connectors.pages import Page, read_page
from connectors.tripletex.client_fields import (
    FieldPath,
    declared_paths,
    refused_names,
    with_whole_changes,
    without,
    written,
)
from connectors.tripletex.client_paging import End, Fetch, SeenIds, Slice, id_of, walk
from schemas.payloads.base import Payload

TOO_MANY_ROWS = 23000
"""The API's code for a list that would hold more than 10,000 objects, however few are asked for at once."""

_NOT_FOUND = 6000
_ILLEGAL_FIELD = 11000

P = TypeVar("P", bound=Payload)
logger = logging.getLogger(__name__)


class Objects:
    """Reads objects through one egress."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._fields: dict[type[Payload], list[FieldPath]] = {}
        self.refused_fields: dict[str, list[str]] = {}
        """Declared fields that the server does not know (any more), by source."""
        self._probed: set[type[Payload]] = set()
        self.dropped_rows: Counter[str] = Counter()
        """Rows that came although a filter excludes them, by source; none of them is handed on."""

    def leave_out(self, payload: type[Payload], names: Sequence[str]) -> None:
        """Do not ask for these declared fields, as the server has refused them before (`refused_fields`)."""
        declared = declared_paths(payload)
        self._fields[payload] = without(declared, names)
        if still_refused := refused_names(declared, self._fields[payload]):
            self.refused_fields[payload.source] = still_refused

    def listed(self, payload: type[Payload], path: str, query: Mapping[str, object]) -> Fetch:
        """A list in the order of its ids, to be fetched in slices."""

        def fetch(start: int, count: int) -> Slice:
            window = {**query, "from": start, "count": count, "sorting": "id"}
            body = self._ask(payload, path, window)
            rows = body.get("values") if isinstance(body, dict) else None
            if not isinstance(rows, list):
                raise TransientError(f"tripletex GET {path}: the answer is no list")
            told = body.get("fullResultSize")
            return Slice(rows, told if isinstance(told, int) else None)

        return fetch

    def pages(
        self,
        payload: type[P],
        seen: SeenIds,
        fetch: Fetch,
        asked_for: Callable[[Any], bool] = lambda row: True,
        parts: Callable[[Any], Iterable[Any]] = lambda row: (row,),
    ) -> Generator[Page[P], None, End | None]:
        """Pages of the objects not in `seen` yet; returns where the list ended.

        Filters are checked here too: the server ignores parameters that it does not know. `parts` gives the
        records in a row of the list.
        """
        rows = walk(fetch, seen)
        while True:
            try:
                fresh = next(rows)
            except StopIteration as stop:
                end: End | None = stop.value
                return end
            wanted = [row for row in fresh if asked_for(row)]
            self.dropped_rows[payload.source] += len(fresh) - len(wanted)
            if records := [part for row in wanted for part in parts(row)]:
                yield read_page(payload, records)

    def find(self, payload: type[P], path: str, query: Mapping[str, object]) -> list[P]:
        """All objects of a list. Raises PermanentError when one of them cannot be read."""
        found: list[P] = []
        for page in self.pages(payload, SeenIds(), self.listed(payload, path, query)):
            if page.rejected:
                raise PermanentError(
                    f"{payload.source}: one that was found cannot be read ({page.rejected[0].reason})"
                )
            found += page.records
        return found

    def one(
        self, payload: type[Payload], path: str, object_id: int, more: Sequence[FieldPath] = ()
    ) -> Mapping[str, Any]:
        """One object with the declared and `more` fields, raw. Raises PermanentError when there is none."""
        return _about(object_id, self._ask(payload, path, {}, {"id": object_id}, more), path)

    def fate(self, path: str, object_id: int) -> Present | Gone:
        """Whether an object still exists."""
        return Gone() if self.found(path, object_id, "id") is None else Present()

    def found(self, path: str, object_id: int, fields: str) -> Mapping[str, Any] | None:
        """Some fields of an object; None when it is gone. Only the API's own "not found" says that it is."""
        answer = self._egress.request(
            "GET", path, variables={"id": object_id}, query={"fields": fields}, accept=(200, 404)
        )
        if answer.status == 404:
            if not isinstance(answer.body, dict) or answer.body.get("code") != _NOT_FOUND:
                raise PermanentError(f"tripletex GET {path}: answered 404 without saying why", status=404)
            return None
        return _about(object_id, answer.body, path)

    def _ask(
        self,
        payload: type[Payload],
        path: str,
        query: Mapping[str, object],
        variables: Mapping[str, object] = MappingProxyType({}),
        more: Sequence[FieldPath] = (),
    ) -> Any:
        """The body of an answer with the declared fields that the server knows, and `more`."""

        def answer(paths: Sequence[FieldPath], narrowed: Mapping[str, object] = MappingProxyType({})) -> Any:
            asked = {**query, **narrowed, "fields": written([*paths, *more])}
            return self._egress.request("GET", path, variables=variables, query=asked).body

        def accepts(paths: Sequence[FieldPath]) -> bool:
            try:
                answer(paths, {"from": 0, "count": 1} if "count" in query else {})
            except PermanentError as error:
                if error.code != _ILLEGAL_FIELD:
                    raise
                return False
            return True

        declared = declared_paths(payload)
        try:
            return answer(self._fields.setdefault(payload, declared))
        except PermanentError as error:
            if error.code != _ILLEGAL_FIELD or payload in self._probed:
                raise
        self._probed.add(payload)
        known = self._fields[payload] = _known(declared, accepts)
        refused = self.refused_fields[payload.source] = refused_names(declared, known)
        logger.warning("%s: the server does not know %s", payload.source, ", ".join(refused))
        return answer(known)


def _known(paths: list[FieldPath], accepts: Callable[[Sequence[FieldPath]], bool]) -> list[FieldPath]:
    """Those of the fields that the server accepts, found by halving; whole changes if not their times."""
    for attempt in dict.fromkeys((tuple(paths), tuple(with_whole_changes(paths)))):
        if accepts(attempt):
            return list(attempt)
    middle = len(paths) // 2
    return [*_known(paths[:middle], accepts), *_known(paths[middle:], accepts)] if middle else []


def _about(object_id: int, body: Any, path: str) -> Mapping[str, Any]:
    """The object in an answer. Raises TransientError unless it is the one that was asked for."""
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, dict) or id_of(value) != object_id:
        raise TransientError(f"tripletex GET {path}: the answer is not about the object asked for")
    return value
