"""What the tests of the Help Scout client share: a clock, worlds that change, servers that heed less."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.budget import RequestBudget
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_records import timestamp
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.pages import Page
from connectors.simulation.faults import RecordedRequest
from connectors.simulation.server import LoopbackServer
from schemas.policy import load_policy

STATUSES = ("active", "pending", "closed", "spam")


@dataclass
class FakeTime:
    """A clock that moves when somebody sleeps on it."""

    moment: datetime
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


def add_conversations(state: HelpScoutState, count: int, *, apart: timedelta = timedelta(minutes=20)) -> None:
    """Conversations 1001 and on, of all statuses, three at each point in time, the last an hour ago."""
    newest = state.now() - timedelta(hours=1)
    for number in range(count):
        state.add_conversation(
            1001 + number,
            1,
            "Innlogging",
            mailbox=7,
            status=STATUSES[number % len(STATUSES)],
            at=newest - apart * ((count - number - 1) // 3),
        )


def add_customers(state: HelpScoutState, count: int) -> None:
    """Customers 2001 and on, two at each point in time, the last an hour ago."""
    newest = state.now() - timedelta(hours=1)
    for number in range(count):
        created = newest - timedelta(minutes=(count - number - 1) // 2)
        state.add_customer(
            2001 + number, "Kari", f"Nr{number}", emails=[f"kari{number}@example.no"], at=created
        )


@dataclass
class Churn:
    """Edits, adds and deletes conversations before each request for a list of them."""

    state: HelpScoutState
    time: FakeTime
    edits: int = 0
    adds: int = 0
    deletes: int = 0
    seed: int = 0
    seconds: float = 0.3
    """What each request takes."""
    tells: bool = False
    """Whether an edit shows in a time of the record, as a user's does."""

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._next = 900_000

    def __call__(self, request: RecordedRequest) -> None:
        if not request.path.startswith("/v2/conversations"):
            return
        self.time.moment += timedelta(seconds=self.seconds)
        for _ in range(self.edits if self.state.conversations else 0):
            chosen = self._random.choice(list(self.state.conversations))
            fields = {"status": self._random.choice(STATUSES)}
            if self.tells:
                fields["userUpdatedAt"] = timestamp(self.time.moment)
            self.state.change_conversation(chosen, at=None, **fields)
        for _ in range(self.adds):
            self._next += 1
            self.state.add_conversation(self._next, 1, "Ny sak", mailbox=7)
        for chosen in self._random.sample(
            sorted(self.state.conversations), min(self.deletes, len(self.state.conversations))
        ):
            self.state.delete_conversation(chosen)


class Heedless:
    """Stands before an API that pays no attention to some parameters, or takes others for them."""

    def __init__(self, app: ASGIApp, *names: str, **instead: str) -> None:
        self._app = app
        self._names = {*names, *instead}
        self._instead = instead

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            pairs = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
            kept = [(name, value) for name, value in pairs if name not in self._names]
            scope = {**scope, "query_string": urlencode([*kept, *self._instead.items()]).encode()}
        await self._app(scope, receive, send)


class Misreading:
    """Stands before an API that takes every search for one and the same."""

    def __init__(self, app: ASGIApp, search: str) -> None:
        self._app = app
        self._search = search

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            pairs = parse_qsl(scope["query_string"].decode(), keep_blank_values=True)
            read = [(name, self._search if name == "query" else value) for name, value in pairs]
            scope = {**scope, "query_string": urlencode(read).encode()}
        await self._app(scope, receive, send)


class Undecided:
    """A list of conversations made in few seconds; those of one second stand in another order each time.

    It can be `numbered`, and then be asked for in the order of the numbers.
    """

    SIZE = 25
    pages_too_many = 0
    """Pages that it tells of beyond those that hold anything."""
    is_stuck = False
    """Its first page comes under every number."""

    def __init__(
        self, app: ASGIApp, records: int, seconds: int, seed: int, leave: int = 0, *, numbered: bool = False
    ) -> None:
        self._app = app
        made = datetime(2026, 4, 1, tzinfo=UTC)
        self.conversations = {
            1001 + number: timestamp(made + timedelta(seconds=number * seconds // records))
            for number in range(records)
        }
        self._random = random.Random(seed)
        self._leave = leave
        """So many are deleted between any two requests."""
        self._numbered = numbered
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/conversations"):
            await self._app(scope, receive, send)
            return
        for number in self._random.sample(sorted(self.conversations), self._leave):
            del self.conversations[number]
        self._leave = self._leave if len(self.conversations) > self.SIZE else 0
        query = dict(parse_qsl(scope["query_string"].decode()))
        page = int(query["page"])
        self.asked += 1
        by_number = self._numbered and query.get("sortField") == "number"
        rows = sorted(
            self.conversations,
            key=lambda id: id if by_number else (self.conversations[id], self._random.random()),
        )
        place = 0 if self.is_stuck else page - 1
        part = rows[place * self.SIZE : (place + 1) * self.SIZE]
        pages = -(-len(rows) // self.SIZE)
        body: dict[str, Any] = {
            "_embedded": {
                "conversations": [self._record(id) for id in part],
            },
            "_links": {"next": {"href": f"/v2/conversations?page={page + 1}"}} if page < pages else {},
            "page": {
                "size": self.SIZE,
                "totalElements": len(rows),
                "totalPages": pages + self.pages_too_many,
                "number": page,
            },
        }
        await JSONResponse(body)(scope, receive, send)

    def _record(self, id: int) -> dict[str, Any]:
        number = {"number": id - 1000} if self._numbered else {}
        return {"id": id, "createdAt": self.conversations[id], **number}


class Trailing:
    """Stands before an account of one old conversation; its index still finds some that are gone since."""

    def __init__(self, app: ASGIApp, gone: int, key: str = "_embedded") -> None:
        self._app = app
        self._gone = gone
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/conversations"):
            await self._app(scope, receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        is_narrowed = "modifiedSince" in query or "query" in query
        there = [] if is_narrowed else [{"id": 1001, "number": 1, "createdAt": "2026-01-05T10:00:00Z"}]
        told = len(there) + self._gone
        body: dict[str, Any] = {"page": {"size": 25, "totalElements": told, "totalPages": 1, "number": 1}}
        if there:
            body[self._key] = {"conversations": there}
        await JSONResponse(body)(scope, receive, send)


class Refusing:
    """Stands before an API that answers some requests with an error of its own."""

    def __init__(self, app: ASGIApp, refuses: Callable[[str, dict[str, str]], bool], status: int) -> None:
        self._app = app
        self._refuses = refuses
        self._status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = dict(parse_qsl(scope["query_string"].decode()))
            if self._refuses(scope["path"], query):
                await JSONResponse({"message": "Bad request"}, self._status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def busy_account(
    records: int, size: int, apart: timedelta
) -> tuple[FakeTime, HelpScoutState, HelpScoutSimulator]:
    """An account with so many conversations, in pages of `size`, shortly before the clocks are set back."""
    time = FakeTime(datetime(2026, 10, 25, 0, 59, 50, 500_000, tzinfo=UTC))
    state = HelpScoutState(now=time.now)
    state.add_mailbox(7, "Kundestøtte", "support@selskap.example.no")
    state.add_customer(1, "Kari", "Nordmann", at=time.moment - timedelta(days=900))
    add_conversations(state, records, apart=apart)
    simulator = HelpScoutSimulator(state, clock=time.now)
    simulator.behaviour.conversation_page_size = size
    return time, state, simulator


def client_of(loopback: LoopbackServer, state: HelpScoutState, time: FakeTime) -> HelpScoutClient:
    """A client of what the server serves, which waits on the test's clock."""
    return HelpScoutClient.connect(
        load_policy(),
        loopback.url,
        state.app_id,
        state.app_secret,
        clock=time.now,
        sleep=time.sleep,
        budget=RequestBudget(10**6, clock=time.monotonic, sleep=time.sleep),
    )


def ids_of(pages: Iterable[Page[Any]]) -> list[int]:
    """Ids of the records of all pages, in order, repeated ones too."""
    return [record.id for page in pages for record in page.records]


def asked(simulator: HelpScoutSimulator, path: str) -> list[RecordedRequest]:
    """The requests for one path that the account saw."""
    return [request for request in simulator.requests if request.path.rstrip("/") == path]
