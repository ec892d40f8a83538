"""How many requests a read takes against the fewest possible, how it uses its budget, and its memory.

Run it with `python -m tests.benchmarks.reading [contacts]`; the number of contacts for the memory figure is
100,000 unless given. Nothing here fails: it prints.
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
from collections.abc import Iterator
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
from pipelines.privacy.suppression import Suppression
from pipelines.sources.helpscout import read_conversations, read_customers
from pipelines.sources.reading import Desk, Run
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import migrate_crm
from schemas.payloads.pindena import CourseSignup
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
    """A full pass, and nights with 1 % changed, deletions seen, over records that hold still.

    An answer tells one number. So a night that is to know all that changed, and by the number of all records
    that none is gone, takes two requests at least, however little has changed.
    """
    print(f"{'requests':<50}{'pages':>7}{'sent':>8}{'fewest':>8}{'ratio':>8}{'seconds':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for customers, conversations in ((1_000, 1_000), (10_000, 10_000), (CUSTOMERS, CONVERSATIONS)):
            url = embedded_url(Path(folder) / "postgres", f"requests_{customers}")
            engine = make_engine(url)
            migrate_crm(engine)
            _full_and_nightly(Desk(engine, Suppression(b"s" * 32), None), customers, conversations)
            engine.dispose()
    _pindena()


def _full_and_nightly(desk: Desk, customers: int, conversations: int) -> None:
    clock = Clock()
    state = _account(clock, customers=customers, conversations=conversations)
    kinds = (
        ("customers", read_customers, customers, 50),
        ("conversations", read_conversations, conversations, 25),
    )
    with _helpscout(state, clock) as (simulator, client):
        for night in ("full", "1 % changed", "1 %, none shown"):
            if night != "full":
                clock.now += timedelta(days=1)
                _change(state, clock, told=night == "1 % changed")
            for name, read, records, size in kinds:
                pages = (
                    math.ceil(records / size)
                    if night == "full"
                    else math.ceil(records * CHANGED_SHARE / size)
                )
                simulator.requests.clear()
                began = time.perf_counter()
                tally = read(desk, client, Run(f"{night} {name}", clock.now))
                seconds = time.perf_counter() - began
                assert tally.received >= (records if night == "full" else records * CHANGED_SHARE)
                assert night == "full" or tally.compared is None
                sent = len(simulator.requests) - _asked(simulator, "/v2/oauth2/token")
                fewest = pages if night == "full" else max(pages, 2)
                told = f"{records:,} {name}, {night}"
                print(
                    f"  Help Scout {told:<39}{pages:>7}{sent:>8}{fewest:>8}"
                    f"{sent / fewest:>8.3f}{seconds:>9.2f}"
                )


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


def _change(state: HelpScoutState, clock: Clock, *, told: bool) -> None:
    """Change 1 % of the records since yesterday; `told`: each shows it by a time, as a user's changes do."""
    chance = random.Random(3)
    for number in chance.sample(sorted(state.customers), round(len(state.customers) * CHANGED_SHARE)):
        state.change_customer(number, at=_lately(clock, chance), lastName="Nordmann")
    for number in chance.sample(sorted(state.conversations), round(len(state.conversations) * CHANGED_SHARE)):
        if told:
            state.close_conversation(number, by=1, at=_lately(clock, chance))
        else:
            state.change_conversation(number, at=_lately(clock, chance), status="active")


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
            for activity in client.activities(CourseSignup):
                client.participants(CourseSignup, activity, start)
            sent, seconds = client.requests_sent - before, time.perf_counter() - began
            print(
                f"  Pindena course sign-ups, {name:<25}{5:>7}{sent:>8}{5:>8}{sent / 5:>8.3f}{seconds:>9.2f}"
            )
        client.close()


def _asked(simulator: HelpScoutSimulator, path: str) -> int:
    return sum(request.path.rstrip("/") == path for request in simulator.requests)


if __name__ == "__main__":
    main()
