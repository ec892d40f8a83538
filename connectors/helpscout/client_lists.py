"""The numbered lists of Help Scout that are read: where each is, what it holds, which orders it knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer, HelpScoutMailbox

P = TypeVar("P", bound=Payload)


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a list that no edit of a record changes, oldest first."""

    sort_field: str
    """The API's name for it."""
    field: str
    """The field of the payload that it is an order of."""

    @property
    def query(self) -> dict[str, str]:
        """The parameters that ask for it."""
        return {"sortField": self.sort_field, "sortOrder": "asc"}


BY_CREATION = Order("createdAt", "created_at")
BY_NUMBER = Order("number", "number")
"""Each conversation has a number of its own, so that no two stand in an order that the server chooses."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[P]):
    """One list of the v2 API."""

    path: str
    key: str
    """Where its records are in an answer, below `_embedded`."""
    payload: type[P]
    query: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request for it."""
    orders: tuple[Order, ...] = (BY_CREATION,)
    """Those it can be asked for in, the surest first; none for a short list that knows no order."""

    @property
    def request(self) -> str:
        """The request for it, as messages name it."""
        return f"helpscout GET {self.path}"


CUSTOMERS = Listing("/v2/customers", "customers", HelpScoutCustomer)
CONVERSATIONS = Listing(
    "/v2/conversations",
    "conversations",
    HelpScoutConversation,
    # Without it the API tells of the active ones only.
    {"status": "all"},
    (BY_NUMBER, BY_CREATION),
)
MAILBOXES = Listing("/v2/mailboxes", "mailboxes", HelpScoutMailbox, orders=())
