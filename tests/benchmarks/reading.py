"""How many requests a read takes against the fewest possible, how it uses its budget, and its memory.

Run it with `python -m tests.benchmarks.reading [contacts]`; the number of contacts for the memory figure is
100,000 unless given. A night's count of deletions costs one request for each kind of record, whatever the
account's size. Nothing here fails: it prints.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from connectors.budget import RequestBudget
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.pindena.client import PindenaClient
from connectors.pindena.simulator import PindenaSimulator
from connectors.pindena.simulator_state import PindenaState
from connectors.simulation.faults import RecordedRequest
from connectors.simulation.server import LoopbackServer
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm
from schemas.policy import load_policy

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
CUSTOMERS, CONVERSATIONS, PARTICIPANTS = 20_000, 50_000, 5_000
CHANGED_SHARE = 0.01


class Clock:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    requests_against_the_fewest()
    requests_while_records_change()
    use_of_the_budget()
    memory(contacts)


def requests_against_the_fewest() -> None:
    """A full pass, and a nightly pass with 1 % changed, over records that hold still."""
    print(f"{'requests':<44}{'sent':>8}{'fewest':>8}{'ratio':>8}{'seconds':>9}")
    clock = Clock()
    state = _account(clock)
    with _helpscout(state, clock) as (simulator, client):
        changed = _change(state, clock)
        night = clock.now - timedelta(days=1)
        for name, read, path, records, size in (
            ("customers, full", client.customers(), "/v3/customers", CUSTOMERS, 50),
            ("customers, 1 % changed", client.customers(night), "/v3/customers", changed[0], 50),
            ("conversations, full", client.conversations(None, None), "/v2/conversations", CONVERSATIONS, 25),
            (
                "conversations, 1 % changed",
                client.conversations(night, None),
                "/v2/conversations",
                changed[1],
                25,
            ),
        ):
            began, before = time.perf_counter(), _asked(simulator, path)
            read_records = sum(page.received for page in read)
            seconds = time.perf_counter() - began
            assert read_records >= records
            sent, fewest = _asked(simulator, path) - before, -(-records // size)
            print(f"  Help Scout {name:<33}{sent:>8}{fewest:>8}{sent / fewest:>8.3f}{seconds:>9.2f}")
        _counting(client, {"customers": changed[0] / 50, "conversations": changed[1] / 25}, clock)
    _pindena()


def _counting(client: HelpScoutClient, pages: Mapping[str, float], clock: Clock) -> None:
    """What a night costs with the count by which it sees deletions: no list of changes shows them."""
    for name, ask in (("customers", client.count_customers), ("conversations", client.count_conversations)):
        before = client.requests_sent
        assert ask(clock.now - timedelta(hours=6)) is not None
        window, counting = math.ceil(pages[name]), client.requests_sent - before
        sent = window + counting
        told = f"{name}, 1 % and the count"
        print(f"  Help Scout {told:<33}{sent:>8}{window:>8}{sent / window:>8.3f}")


def requests_while_records_change() -> None:
    """An edit, an addition and a deletion before every request; `missed` counts what was there throughout."""
    print(f"\n{'while records change':<36}{'missed':>8}{'sent':>8}{'fewest':>8}{'ratio':>8}")
    for name, days in (("conversations, full", None), ("conversations, two days", 2)):
        clock, chance, fresh = Clock(), random.Random(5), itertools.count(10**7)
        state = _account(clock, customers=1, conversations=10_000)
        start = None if days is None else clock.now - timedelta(days=days)
        due = {n for n, stored in state.conversations.items() if not start or stored.modified_at >= start}
        numbers = list(state.conversations)

        def churn(
            request: RecordedRequest,
            state: HelpScoutState = state,
            clock: Clock = clock,
            chance: random.Random = chance,
            fresh: Iterator[int] = fresh,
            numbers: list[int] = numbers,
        ) -> None:
            clock.sleep(0.3)
            state.change_conversation(chance.choice(numbers), status="closed")
            state.add_conversation(next(fresh), 1, "Ny sak", mailbox=7)
            place = chance.randrange(len(numbers))
            numbers[place], numbers[-1] = numbers[-1], numbers[place]
            state.delete_conversation(numbers.pop())

        with _helpscout(state, clock) as (simulator, client):
            simulator.faults.between_requests = churn
            read = {record.id for page in client.conversations(start, None) for record in page.records}
            sent = _asked(simulator, "/v2/conversations")
        missed, fewest = len((due & set(state.conversations)) - read), -(-len(due) // 25)
        print(f"  Help Scout {name:<25}{missed:>8}{sent:>8}{fewest:>8}{sent / fewest:>8.3f}")


def use_of_the_budget() -> None:
    """400 requests a minute, counted by the clock minute and over the last 60 seconds, at 20 ms a request."""
    print(f"\n{'budget of 400 a minute':<36}{'used':>8}{'429':>8}{'requests':>10}")
    for window in ("fixed", "sliding"):
        clock = Clock()
        state = _account(clock, customers=2_401, conversations=0)
        with _helpscout(state, clock, budget=200) as (simulator, client):
            simulator.behaviour.cursor_page_size = 1
            simulator.faults.rate_limit = 400
            simulator.faults.rate_window = window
            simulator.faults.between_requests = lambda _, clock=clock: clock.sleep(0.02)
            sum(page.received for page in client.customers())
            minutes = (clock.now - NOW) / timedelta(minutes=1)
            refused = client.counts["GET", "/v3/customers", 429]
            used = 2_400 / minutes / 400
            print(f"  {window:<34}{used:>8.1%}{refused:>8}{client.counts['GET', '/v3/customers', 200]:>10}")


def memory(contacts: int) -> None:
    """The most memory that a full pass over contacts takes, landed, in a process of its own (Linux)."""
    print(f"\n{'memory of a full pass, landed':<36}{'MB':>8}{'seconds':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for number in (1_000, contacts):
            url = embedded_url(Path(folder) / "postgres", f"reading_{number}")
            engine = make_engine(url)
            migrate_crm(engine)
            engine.dispose()
            with LoopbackServer(_Endless(number)) as server:
                told = _in_a_process_of_its_own(server.url, url.render_as_string(hide_password=False))
            assert told["stored"] == number
            print(f"  {number:>10,} contacts{'':<15}{told['megabytes']:>8.0f}{told['seconds']:>10.1f}")


def _in_a_process_of_its_own(source: str, store: str) -> dict[str, float]:
    finished = subprocess.run(
        [sys.executable, "-c", _READ_ALL, source, store],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, float] = json.loads(finished.stdout)
    return told


_READ_ALL = """
import json, pathlib, re, sys, time
from datetime import UTC, datetime
import sqlalchemy as sa
from connectors.budget import RequestBudget
from connectors.helpscout.client import HelpScoutClient
from pipelines.privacy.suppression import Suppression
from pipelines.sources.helpscout import read_customers
from pipelines.sources.reading import Desk, Run
from pipelines.store.engines import make_engine
from schemas.policy import load_policy
client = HelpScoutClient.connect(load_policy(), sys.argv[1], "app", "secret", budget=RequestBudget(10**9))
desk = Desk(make_engine(sa.make_url(sys.argv[2])), Suppression(b"s" * 32), None)
began = time.perf_counter()
tally = read_customers(desk, client, Run("benchmark", datetime.now(UTC), complete=True))
# The high-water mark of this program; that of getrusage begins with its parent's.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"stored": tally.stored, "megabytes": peak, "seconds": time.perf_counter() - began}))
"""


class _Endless:
    """A Help Scout of so many customers, each made up when it is asked for."""

    def __init__(self, customers: int) -> None:
        self._customers = customers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/v2/oauth2/token":
            await JSONResponse({"access_token": "token", "expires_in": 172_800})(scope, receive, send)
            return
        if scope["path"].startswith("/v2/"):
            page = {"totalElements": self._customers, "totalPages": -(-self._customers // 50), "number": 1}
            body = {"_embedded": {"customers": [_person(1)]}, "page": page}
            await JSONResponse(body)(scope, receive, send)
            return
        first = int(parse_qs(scope["query_string"].decode()).get("cursor", ["0"])[0])
        last = min(first + 50, self._customers)
        following = {"next": {"href": f"/v3/customers?cursor={last}"}} if last < self._customers else {}
        people = [_person(number) for number in range(first + 1, last + 1)]
        body = {"_embedded": {"customers": people}, "_links": following}
        await JSONResponse(body)(scope, receive, send)


def _person(number: int) -> dict[str, object]:
    return {
        "id": number,
        "firstName": "Kari",
        "lastName": f"Nordmann{number}",
        "organization": f"Bedrift {number // 3} AS",
        "background": "",
        "createdAt": "2026-03-01T00:36:25Z",
        "updatedAt": "2026-03-01T00:36:24Z",
        "_embedded": {
            "emails": [{"id": number, "value": f"kari{number}@example.no", "type": "work"}],
            "phones": [],
            "properties": [],
        },
    }


def _account(
    clock: Clock, *, customers: int = CUSTOMERS, conversations: int = CONVERSATIONS
) -> HelpScoutState:
    """An account whose records are a minute apart, the youngest two days old."""
    state = HelpScoutState(now=clock)
    state.add_mailbox(7, "Kundestøtte", "support@selskap.example.no")
    newest = clock.now - timedelta(days=2) if customers > 1 else clock.now - timedelta(minutes=2)
    for number in range(customers):
        made = newest - timedelta(minutes=customers - number, days=40)
        state.add_customer(number + 1, "Kari", f"Nr{number}", emails=[f"k{number}@example.no"], at=made)
    for number in range(conversations):
        made = newest - timedelta(minutes=conversations - number)
        state.add_conversation(100_000 + number, 1, "Innlogging", mailbox=7, at=made)
    return state


def _change(state: HelpScoutState, clock: Clock) -> tuple[int, int]:
    """Change 1 % of the records during the last hours. Returns how many of each kind changed."""
    chance = random.Random(3)
    customers = chance.sample(range(2, CUSTOMERS + 1), int(CUSTOMERS * CHANGED_SHARE))
    for number in customers:
        state.change_customer(number, at=_lately(clock, chance), lastName="Nordmann")
    conversations = chance.sample(list(state.conversations), int(CONVERSATIONS * CHANGED_SHARE))
    for number in conversations:
        state.change_conversation(number, at=_lately(clock, chance), status="closed")
    return len(customers), len(conversations)


def _lately(clock: Clock, chance: random.Random) -> datetime:
    return clock.now - timedelta(seconds=chance.randrange(60, 80_000))


@contextmanager
def _helpscout(
    state: HelpScoutState, clock: Clock, *, budget: int = 10**9
) -> Iterator[tuple[HelpScoutSimulator, HelpScoutClient]]:
    simulator = HelpScoutSimulator(state, clock=clock)
    with LoopbackServer(simulator.app) as server:
        client = HelpScoutClient.connect(
            load_policy(),
            server.url,
            state.app_id,
            state.app_secret,
            clock=clock,
            sleep=clock.sleep,
            budget=RequestBudget(budget, clock=clock.seconds, sleep=clock.sleep),
        )
        yield simulator, client
        client.close()


def _pindena() -> None:
    clock = Clock()
    state = PindenaState(now=clock)
    for activity in range(1, 6):
        state.add_activity(activity, f"Kurs {activity}")
    for number in range(PARTICIPANTS):
        state.add_participant(number + 1, number % 5 + 1, "Kari", at=clock.now - timedelta(hours=number))
    with LoopbackServer(PindenaSimulator(state, clock=clock).app) as server:
        client = PindenaClient.connect(
            load_policy(),
            server.url,
            state.username,
            state.password,
            course_activities=frozenset(range(1, 6)),
            clock=clock,
        )
        for name, start in (("full", None), ("since yesterday", clock.now - timedelta(days=1))):
            began, before = time.perf_counter(), client.requests_sent
            sum(page.received for page in client.course_signups(start))
            sent, seconds = client.requests_sent - before, time.perf_counter() - began
            print(f"  Pindena course sign-ups, {name:<19}{sent:>8}{5:>8}{sent / 5:>8.3f}{seconds:>9.2f}")
        client.close()


def _asked(simulator: HelpScoutSimulator, path: str) -> int:
    return sum(request.path.rstrip("/") == path for request in simulator.requests)


if __name__ == "__main__":
    main()
