"""The client of Help Scout (clause S1): customers, conversations without their content, mailboxes.

Yields pages of payloads. Knows no store; what may be asked at all is policy.yaml's to say.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from connectors.budget import RequestBudget
from connectors.client import Client, Clock, utc_now
from connectors.egress import Egress
from connectors.errors import PermanentError
from connectors.fate import Fate, Gone, MovedTo, Present
from connectors.helpscout.client_answers import timestamp
from connectors.helpscout.client_corrections import Corrections
from connectors.helpscout.client_count import Count, count
from connectors.helpscout.client_lists import CONVERSATIONS, CUSTOMERS, MAILBOXES, Listing
from connectors.helpscout.client_paging import PagedList
from connectors.helpscout.client_since import read_since
from connectors.helpscout.client_token import AccessToken
from connectors.helpscout.client_walk import CursorRefusedError, walk
from connectors.pages import Page, as_id, read_page
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox
from schemas.policy import Policy

REQUESTS_PER_MINUTE = 200
"""To begin with: the least of the plans. The first answer tells the account's own limit."""
WALKS = 3
"""How often the walk over customers starts anew when its cursor is refused (its lifetime is not known)."""

P = TypeVar("P", bound=Payload)
Deleted = Literal["deleted", "accepted", "gone"]


class HelpScoutClient(Client):
    """One Help Scout account, read with an app's client credentials."""

    def __init__(
        self,
        egress: Egress,
        credentials: AccessToken,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(egress)
        self._credentials = credentials
        self._clock = clock
        self._sleep = sleep

    @classmethod
    def connect(
        cls,
        policy: Policy,
        url: str,
        app_id: str,
        app_secret: str,
        *,
        clock: Clock = utc_now,
        **egress_options: Any,
    ) -> Self:
        """A client of the account behind `url`. Sends nothing yet."""
        credentials = AccessToken(app_id, app_secret, clock=lambda: clock().timestamp())
        sleep: Callable[[float], None] = egress_options.get("sleep", time.sleep)
        egress_options.setdefault("budget", RequestBudget(REQUESTS_PER_MINUTE, sleep=sleep))
        egress = Egress(policy, "helpscout", url, credentials=credentials, **egress_options)
        return cls(egress, credentials, clock, sleep)

    @property
    def corrections(self) -> Corrections:
        """Corrections of customers; nothing else is ever changed in Help Scout, but for deletions."""
        return Corrections(self._egress)

    def check(self) -> None:
        """Get a token and nothing else. Raises UnauthorizedError when the credentials are not accepted."""
        self._credentials.headers(self._egress)

    def customers(
        self, modified_since: datetime | None = None
    ) -> Generator[Page[HelpScoutCustomer], None, None]:
        """All customers, or those modified since, newest first; a page of the API at a time.

        The walk goes from record to record, not from place to place, so that nothing that is added, edited
        or deleted meanwhile makes it miss another record.
        """
        since = None if modified_since is None else timestamp(modified_since - timedelta(seconds=1))
        for attempt in range(1, WALKS + 1):
            try:
                yield from walk(self._egress, since)
                return
            except CursorRefusedError:
                if attempt == WALKS:
                    raise
            except PermanentError as error:
                if error.status != 404:
                    raise
                yield from self._list(CUSTOMERS).read(modified_since, None)
                return

    def changed_customers(self, since: datetime) -> Generator[Page[HelpScoutCustomer], None, int | None]:
        """Customers modified since (aware), and perhaps some more; none of them is missed.

        Returns how many there are in all where no request is spent on that, else None.
        """
        outcome = yield from read_since(self._list(CUSTOMERS), since)
        if not outcome.is_complete:
            yield from self.customers(since)
        return outcome.told

    def changed_conversations(
        self, since: datetime
    ) -> Generator[Page[HelpScoutConversation], None, int | None]:
        """Conversations of every status, as `changed_customers`."""
        outcome = yield from read_since(self._list(CONVERSATIONS), since)
        if not outcome.is_complete:
            yield from self.conversations(since, None)
        return outcome.told

    def conversations(
        self, start: datetime | None, end: datetime | None
    ) -> Generator[Page[HelpScoutConversation], None, None]:
        """Conversations of every status, modified from `start` until `end` (aware; None: open).

        Some may come twice, and some that were modified outside the window; none in it is missed.
        """
        yield from self._list(CONVERSATIONS).read(start, end)

    def mailboxes(self) -> Iterator[Page[HelpScoutMailbox]]:
        """All support inboxes."""
        yield from self._list(MAILBOXES).read_all()

    def count_customers(self, until: datetime) -> Count | None:
        """How many customers were made until then and are still there; None where it is not told."""
        return count(self._egress, CUSTOMERS, until, self._clock)

    def count_conversations(self, until: datetime) -> Count | None:
        """How many conversations, of every status, were made until then and are still there."""
        return count(self._egress, CONVERSATIONS, until, self._clock)

    def customer(self, customer_id: int) -> Page[HelpScoutCustomer] | Gone | MovedTo:
        """One customer as it is now, that there is none, or into whom it was merged."""
        return self._one("/v2/customers/{id}", HelpScoutCustomer, customer_id)

    def conversation(self, conversation_id: int) -> Page[HelpScoutConversation] | Gone | MovedTo:
        """One conversation as it is now; one in the bin is gone, as it is from every list."""
        return self._one("/v2/conversations/{id}", HelpScoutConversation, conversation_id)

    def customer_fate(self, customer_id: int) -> Fate:
        """What became of a customer that a complete walk did not meet."""
        return self._fate("/v2/customers/{id}", customer_id)

    def conversation_fate(self, conversation_id: int) -> Fate:
        """What became of a conversation; a merged one has moved into another."""
        return self._fate("/v2/conversations/{id}", conversation_id)

    def mailbox_fate(self, mailbox_id: int) -> Fate:
        """What became of a mailbox."""
        return self._fate("/v2/mailboxes/{id}", mailbox_id)

    def delete_customer(self, customer_id: int) -> Deleted:
        """Delete a customer with all conversations, for good.

        `accepted`: the customer has so many conversations that Help Scout deletes them in its own time.
        `gone`: there was no such customer. Raises PermanentError (403) when the app's user may not.
        """
        path, variables = "/v2/customers/{id}", {"id": customer_id}
        answer = self._egress.request("DELETE", path, variables=variables, accept=(204, 403, 404))
        if answer.status == 403:
            answer = self._egress.request(
                "DELETE", path, variables=variables, query={"async": True}, accept=(202, 204, 404)
            )
        outcomes: dict[int, Deleted] = {202: "accepted", 204: "deleted", 404: "gone"}
        return outcomes[answer.status]

    def _list(self, listing: Listing[P]) -> PagedList[P]:
        return PagedList(self._egress, listing, self._clock, self._sleep)

    def _one(self, path: str, payload: type[Any], record_id: int) -> Page[Any] | Gone | MovedTo:
        fate, body = self._look_up(path, record_id)
        return read_page(payload, [body]) if isinstance(fate, Present) else fate

    def _fate(self, path: str, record_id: int) -> Fate:
        return self._look_up(path, record_id)[0]

    def _look_up(self, path: str, record_id: int) -> tuple[Fate, Mapping[str, Any]]:
        """What became of a record, and the record itself where it is present."""
        answer = self._egress.request("GET", path, variables={"id": record_id}, accept=(200, 301, 404, 410))
        if answer.status in (404, 410):
            return Gone(), {}
        if answer.status == 301:
            location = urlsplit(answer.headers.get("Location", "")).path
            survivor = re.search(re.escape(path).replace(r"\{id\}", r"(\d{1,18})") + "/?$", location)
            if survivor is None:
                raise PermanentError(f"helpscout GET {path}: a merged record leads nowhere", status=301)
            return MovedTo(int(survivor[1])), {}
        body = answer.body if isinstance(answer.body, dict) else {}
        if body.get("state") == "deleted":
            # A conversation in the bin can be looked up, but no list shows it.
            return Gone(), {}
        answered = as_id(body.get("id"))
        if answered is None:
            raise PermanentError(f"helpscout GET {path}: the answer is not a record")
        # A server that follows the merge itself answers with the survivor.
        return (Present() if answered == record_id else MovedTo(answered)), body
