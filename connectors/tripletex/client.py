"""The client of Tripletex: reads customers, their contact persons and invoices, whole or one by one.

Yields typed pages; knows no store and no Dagster. No request here can make Tripletex send a message.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, islice
from typing import Any, TypeVar

from connectors.egress import Egress
from connectors.errors import PermanentError, TransientError
from connectors.fate import Gone, Present
from connectors.pages import Page, read_page
from connectors.tripletex.client_fields import CHANGE_TIMES, CHANGES, FieldPath, declared_paths, written
from connectors.tripletex.client_paging import (
    PAGE,
    End,
    Fetch,
    SeenIds,
    Slice,
    fresh_rows,
    id_of,
    version_of,
    walk,
)
from connectors.tripletex.client_registration import Registration
from connectors.tripletex.client_session import TripletexSession
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer, TripletexInvoice
from schemas.policy import Policy

IDS_PER_REQUEST = 400
"""Ids in one query: about 5,000 characters, below what web servers accept of a request line."""
EVER = (date(1970, 1, 1), date(2200, 1, 1))
"""Dates that hold every invoice: the list of invoices wants a window, also with ids."""
CLOCK_DIFFERENCE = timedelta(minutes=10)
MAX_LOOKS = 20

_NOT_FOUND = 6000
_ILLEGAL_FIELD = 11000
_TOO_MANY_ROWS = 23000
_URL_TOO_LONG = (400, 413, 414, 431)

P = TypeVar("P", bound=Payload)
logger = logging.getLogger(__name__)


class TripletexClient:
    """One company in Tripletex. Use `connect`; `close` ends the session."""

    def __init__(
        self,
        egress: Egress,
        session: TripletexSession,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._egress = egress
        self._session = session
        self._clock = clock
        self._fields: dict[type[Payload], list[FieldPath]] = {}
        self.refused_fields: dict[str, list[str]] = {}
        """Declared fields that the server does not know (any more), by source; they are read as absent."""
        self.registration = Registration(egress, self, sleep)
        """Registers customers and contact persons."""

    @classmethod
    def connect(
        cls,
        policy: Policy,
        url: str,
        consumer_token: str,
        employee_token: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **egress_options: Any,
    ) -> TripletexClient:
        """A client for the base URL; sends nothing yet. `clock` returns an aware time."""
        session = TripletexSession(consumer_token, employee_token, clock)
        egress = Egress(policy, "tripletex", url, credentials=session, **egress_options)
        return cls(egress, session, clock, egress_options.get("sleep", time.sleep))

    @property
    def requests_sent(self) -> int:
        """How many requests were sent, retries and logins included."""
        return self._egress.requests_sent

    @property
    def counts(self) -> Counter[tuple[str, str, int]]:
        """Requests sent, by method, path template and status."""
        return self._egress.counts

    def check(self) -> int:
        """Log in and ask whose company this is; returns its id. Raises EgressError when that fails."""
        body = self._egress.request("GET", "/token/session/>whoAmI", query={"fields": "companyId"}).body
        value = body.get("value") if isinstance(body, dict) else None
        company = value.get("companyId") if isinstance(value, dict) else None
        if not isinstance(company, int):
            raise PermanentError("tripletex: the answer to whoAmI names no company; is TRIPLETEX_URL right?")
        return company

    def customers(self) -> Iterator[Page[TripletexCustomer]]:
        """Every customer, active and inactive, once. The API does not tell how many there are."""
        seen, began = SeenIds(), self._clock()
        ends: dict[bool, End | None] = {}
        for inactive in (False, True):
            customers = self._customer_list(inactive)
            ends[inactive] = yield from self._pages(TripletexCustomer, seen, customers)
        yield from self._customers_that_changed_lists(seen, began, ends)

    def contacts(self) -> Iterator[Page[TripletexContact]]:
        """Every contact person, active and inactive, once."""
        return self._pages(TripletexContact, SeenIds(), self._list(TripletexContact, "/contact", {}))

    def invoices(self, start: date, end: date) -> Iterator[Page[TripletexInvoice]]:
        """Every charged invoice and credit note dated from `start` until the day before `end`, once."""
        return self._invoices_within(start, end, SeenIds(), lambda row: _is_dated_within(row, start, end))

    def invoices_by_id(self, ids: Iterable[int]) -> Iterator[Page[TripletexInvoice]]:
        """These invoices as they are now. One that is gone does not come: ask for its fate."""
        wanted = sorted(set(ids))
        for place in range(0, len(wanted), IDS_PER_REQUEST):
            yield from self._invoices_with(wanted[place : place + IDS_PER_REQUEST])

    def customer_fate(self, customer_id: int) -> Present | Gone:
        """Whether the customer still exists."""
        return self._fate("/customer/{id}", customer_id)

    def contact_fate(self, contact_id: int) -> Present | Gone:
        """Whether the contact person still exists."""
        return self._fate("/contact/{id}", contact_id)

    def invoice_fate(self, invoice_id: int) -> Present | Gone:
        """Whether the invoice still exists."""
        return self._fate("/invoice/{id}", invoice_id)

    def find(self, payload: type[P], path: str, query: Mapping[str, object]) -> list[P]:
        """All objects that a list answers. Raises PermanentError when one of them cannot be read."""
        found: list[P] = []
        for page in self._pages(payload, SeenIds(), self._list(payload, path, query)):
            if page.rejected:
                raise PermanentError(
                    f"{payload.source}: one that was found cannot be read ({page.rejected[0].reason})"
                )
            found += page.records
        return found

    def read(
        self, payload: type[Payload], path: str, record_id: int, more: Sequence[FieldPath] = ()
    ) -> Mapping[str, Any]:
        """One object with the declared and `more` fields, raw. Raises PermanentError when there is none."""
        fields = written([*self._fields.get(payload, declared_paths(payload)), *more])
        body = self._egress.request("GET", path, variables={"id": record_id}, query={"fields": fields}).body
        return _about(record_id, body, path)

    def close(self) -> None:
        """End the session and close the connections."""
        self._session.end(self._egress)
        self._egress.close()

    def _customer_list(self, inactive: bool, since: datetime | None = None) -> Fetch:
        query: dict[str, object] = {"isInactive": inactive}
        if since is not None:
            # Without a zone, as documented. Should Oslo time be meant, UTC only reaches back further.
            query["changedSince"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return self._list(TripletexCustomer, "/customer", query)

    def _customers_that_changed_lists(
        self, seen: SeenIds, began: datetime, ends: dict[bool, End | None]
    ) -> Iterator[Page[TripletexCustomer]]:
        """Customers that were activated or made inactive between the two sweeps, and so were in neither.

        Looks into both lists in turn until that brings nothing new. One quiet look is enough when no
        customer in it was edited either.
        """
        since, quiet = began - CLOCK_DIFFERENCE, 0
        for inactive in islice(cycle((False, True)), MAX_LOOKS):
            before = len(seen)
            rows = self._changed_since(inactive, since)
            edited = any(seen.version_of(id_of(row)) != version_of(row) for row in rows)
            if len(rows) < PAGE:
                if fresh := fresh_rows(rows, seen):
                    yield read_page(TripletexCustomer, fresh)
            elif not self._ends_at(inactive, ends[inactive]):
                customers = self._customer_list(inactive)
                ends[inactive] = yield from self._pages(TripletexCustomer, seen, customers)
            quiet = quiet + 1 if len(seen) == before else 0
            if quiet == 2 or (quiet == 1 and not edited):
                return
        raise TransientError("tripletex: customers keep changing between active and inactive")

    def _changed_since(self, inactive: bool, since: datetime) -> Sequence[Any]:
        """Customers changed since then, at most a page: a full page says nothing of those that are not in it.

        `changedSince` only makes the look short. It has been seen to be ignored; then the page is full, or
        holds the whole list.
        """
        try:
            rows = self._customer_list(inactive, since)(0, PAGE).rows
        except PermanentError as error:
            if error.status not in (400, 404, 422):
                raise
            return [None] * PAGE
        return rows

    def _ends_at(self, inactive: bool, end: End | None) -> bool:
        """Whether a list is still as long as it was and ends with the same customer."""
        if end is None or end.last is None:
            return False
        rows = self._customer_list(inactive)(end.position - 1, 2).rows
        return [id_of(row) for row in rows] == [end.last]

    def _invoices_within(
        self, start: date, end: date, seen: SeenIds, asked_for: Callable[[Any], bool]
    ) -> Iterator[Page[TripletexInvoice]]:
        if start >= end:
            return
        query = {"invoiceDateFrom": start.isoformat(), "invoiceDateTo": end.isoformat()}
        try:
            invoices = self._list(TripletexInvoice, "/invoice", query)
            yield from self._pages(TripletexInvoice, seen, invoices, asked_for)
        except PermanentError as error:
            if error.code != _TOO_MANY_ROWS:
                raise
            if end - start <= timedelta(days=1):
                raise PermanentError(
                    f"tripletex: more invoices are dated {start} than the API serves for one day",
                    status=error.status,
                    code=error.code,
                ) from None
            middle = start + (end - start) // 2
            yield from self._invoices_within(start, middle, seen, asked_for)
            yield from self._invoices_within(middle, end, seen, asked_for)

    def _invoices_with(self, ids: list[int]) -> Iterator[Page[TripletexInvoice]]:
        start, end = EVER
        query = {
            "id": ",".join(map(str, ids)),
            "invoiceDateFrom": start.isoformat(),
            "invoiceDateTo": end.isoformat(),
        }
        wanted = frozenset(ids)
        try:
            yield from self._pages(
                TripletexInvoice,
                SeenIds(),
                self._list(TripletexInvoice, "/invoice", query),
                lambda row: id_of(row) in wanted,
            )
        except PermanentError as error:
            if error.status not in _URL_TOO_LONG or len(ids) == 1:
                raise
            middle = len(ids) // 2
            yield from self._invoices_with(ids[:middle])
            yield from self._invoices_with(ids[middle:])

    def _pages(
        self,
        payload: type[P],
        seen: SeenIds,
        fetch: Fetch,
        asked_for: Callable[[Any], bool] = lambda row: True,
    ) -> Generator[Page[P], None, End | None]:
        """Pages of new records; returns where the list ended.

        Filters are checked here too: the server ignores parameters that it does not know.
        """
        rows = walk(fetch, seen)
        while True:
            try:
                wanted = [row for row in next(rows) if asked_for(row)]
            except StopIteration as end:
                ended: End | None = end.value
                return ended
            if wanted:
                yield read_page(payload, wanted)

    def _list(self, payload: type[Payload], path: str, query: Mapping[str, object]) -> Fetch:
        def fetch(start: int, count: int) -> Slice:
            window = {**query, "from": start, "count": count, "sorting": "id"}
            body = self._ask(payload, path, window)
            rows = body.get("values") if isinstance(body, dict) else None
            if not isinstance(rows, list):
                raise TransientError(f"tripletex GET {path}: the answer is no list")
            told = body.get("fullResultSize")
            return Slice(rows, told if isinstance(told, int) else None)

        return fetch

    def _ask(self, payload: type[Payload], path: str, query: Mapping[str, object]) -> Any:
        """The body of an answer with the declared fields, or with those of them that the server knows."""
        paths = self._fields.setdefault(payload, declared_paths(payload))
        try:
            return self._egress.request("GET", path, query={**query, "fields": written(paths)}).body
        except PermanentError as error:
            if error.code != _ILLEGAL_FIELD or payload.source in self.refused_fields:
                raise
        known = self._known_fields(path, {**query, "from": 0, "count": 1}, paths)
        refused = [".".join(field) for field in paths if field not in known]
        logger.warning("%s: the server does not know %s", payload.source, ", ".join(refused))
        self.refused_fields[payload.source] = refused
        self._fields[payload] = known
        return self._egress.request("GET", path, query={**query, "fields": written(known)}).body

    def _known_fields(
        self, path: str, query: Mapping[str, object], paths: list[FieldPath]
    ) -> list[FieldPath]:
        """Those of the fields that the server accepts, found by halving; whole changes if not their times."""
        whole_changes = [CHANGES if field == CHANGE_TIMES else field for field in paths]
        for attempt in dict.fromkeys((tuple(paths), tuple(whole_changes))):
            try:
                self._egress.request("GET", path, query={**query, "fields": written(attempt)})
            except PermanentError as error:
                if error.code != _ILLEGAL_FIELD:
                    raise
            else:
                return list(attempt)
        middle = len(paths) // 2
        if middle == 0:
            return []
        return [
            *self._known_fields(path, query, paths[:middle]),
            *self._known_fields(path, query, paths[middle:]),
        ]

    def _fate(self, path: str, record_id: int) -> Present | Gone:
        answer = self._egress.request(
            "GET", path, variables={"id": record_id}, query={"fields": "id"}, accept=(200, 404)
        )
        if answer.status == 404:
            if not isinstance(answer.body, dict) or answer.body.get("code") != _NOT_FOUND:
                raise PermanentError(f"tripletex GET {path}: answered 404 without saying why", status=404)
            return Gone()
        _about(record_id, answer.body, path)
        return Present()


def _about(record_id: int, body: Any, path: str) -> Mapping[str, Any]:
    """The object in an answer. Raises TransientError unless it is the one that was asked for."""
    value = body.get("value") if isinstance(body, dict) else None
    if not isinstance(value, dict) or id_of(value) != record_id:
        raise TransientError(f"tripletex GET {path}: the answer is not about the record asked for")
    return value


def _is_dated_within(row: Any, start: date, end: date) -> bool:
    """Whether an invoice belongs to the window; one without a readable date is left to validation."""
    value = row.get("invoiceDate") if isinstance(row, dict) else None
    try:
        return start <= date.fromisoformat(value) < end  # type: ignore[arg-type]  # caught below
    except (TypeError, ValueError):
        return True
