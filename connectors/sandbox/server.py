"""Serves a sandbox: the four simulators on one port of this machine, over the world of one directory.

The world is read again as soon as another process has let a day pass or changed something.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from connectors.brreg.simulator import BrregSimulator
from connectors.helpscout.simulator import TOKEN_PATH, HelpScoutSimulator
from connectors.pindena.simulator import PindenaSimulator
from connectors.sandbox import journal, stage
from connectors.sandbox.stage import Stage
from connectors.sandbox.world import build_world
from connectors.sandbox.world_file import JOURNAL, WORLD, load_or_create, locked
from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Simulator, utc_now
from connectors.simulation.server import LoopbackServer
from connectors.tripletex.simulator import TripletexSimulator

PREFIXES = {
    "helpscout": "/helpscout",
    "tripletex": "/tripletex/v2",
    "brreg": "/brreg/enhetsregisteret/api",
    "pindena": "/pindena",
}
_READS = ("GET", "HEAD")
_SIGNING_IN = (TOKEN_PATH, "/token/session")
"""Requests under these paths change no record."""

Signature = tuple[tuple[int, int], ...]


class Sandbox:
    """A context manager that serves the world of `directory`, which is made when it is missing.

    `port` 0 takes a free one. Raises SandboxError for a directory it cannot read, OSError for a port that
    is taken.
    """

    def __init__(self, directory: Path, port: int = 0, *, clock: Clock = utc_now) -> None:
        self.directory = directory
        self.faults: dict[str, Faults] = {system: Faults() for system in PREFIXES}
        """Fault switches by system; they outlast a new world."""
        self.requests: list[RecordedRequest] = []
        """Requests to all four, in the order in which they came."""
        self._port = port
        self._clock = clock
        self._signature: Signature = ()
        self._simulators: dict[str, Simulator] = {}
        self._world: Stage | None = None
        self._writing = asyncio.Lock()
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._catch_up()
        self._server = LoopbackServer(self, self._port)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def url(self, system: str) -> str:
        """Base URL of a system. Raises RuntimeError outside of the `with` block."""
        if self._server is None:
            raise RuntimeError("the sandbox is not being served: enter it first")
        return self._server.url + PREFIXES[system]

    def environment(self) -> dict[str, str]:
        """The variables that point a run at this sandbox."""
        return {
            "HELPSCOUT_URL": self.url("helpscout"),
            "HELPSCOUT_APP_ID": stage.HELPSCOUT_APP_ID,
            "HELPSCOUT_APP_SECRET": stage.HELPSCOUT_APP_SECRET,
            "TRIPLETEX_URL": self.url("tripletex"),
            "TRIPLETEX_CONSUMER_TOKEN": stage.TRIPLETEX_CONSUMER_TOKEN,
            "TRIPLETEX_EMPLOYEE_TOKEN": stage.TRIPLETEX_EMPLOYEE_TOKEN,
            "BRREG_URL": self.url("brreg"),
            "PINDENA_URL": self.url("pindena"),
            "PINDENA_USERNAME": stage.PINDENA_USERNAME,
            "PINDENA_PASSWORD": stage.PINDENA_PASSWORD,
            "PINDENA_COURSE_ACTIVITIES": ",".join(map(str, stage.COURSES)),
            "PINDENA_ORDER_ACTIVITIES": ",".join(map(str, stage.ORDERS)),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (ASGI)."""
        system = _system(scope["path"])
        if system is None:
            names = ", ".join(PREFIXES.values())
            await PlainTextResponse(f"The sandbox serves {names}\n", 404)(scope, receive, send)
            return
        inner = {**scope, "root_path": PREFIXES[system]}
        if _may_change(scope["method"], scope["path"].removeprefix(PREFIXES[system])):
            await self._write(system, inner, receive, send)
            return
        self._catch_up()
        await self._simulators[system].app(inner, receive, send)

    async def _write(self, system: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may change something; what it changed is noted down before it is answered."""
        body = await _read(receive)
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def read_again() -> Message:
            return unread.pop() if unread else await receive()

        async with self._writing:
            with locked(self.directory):
                world = self._catch_up()
                # The replay will happen at the very same moment.
                moment = world.clock.stopped_at = self._clock().astimezone(UTC)
                entry, known = _entry(world, system, scope, body, moment), _state_of_change(world)

                def note_down() -> None:
                    # The status would not do: a planned reset takes the answer of a change that was made.
                    nonlocal known
                    if _state_of_change(world) != known:
                        known = _state_of_change(world)
                        self._world = None
                        journal.append(self.directory, entry)
                        self._world, self._signature = world, self._present_signature()

                async def note_down_and_send(message: Message) -> None:
                    note_down()
                    await send(message)

                try:
                    await self._simulators[system].app(scope, read_again, note_down_and_send)
                finally:
                    world.clock.stopped_at = None
                    note_down()

    def _catch_up(self) -> Stage:
        """The world, built anew where its files are not those it was built from."""
        if self._world is not None and self._present_signature() == self._signature:
            return self._world
        file = load_or_create(self.directory, clock=self._clock)
        signature = self._present_signature()
        world = build_world(file, journal.read(self.directory), self._clock)
        before, self._simulators = self._simulators, self._simulators_of(world)
        _keep_signed_in(before, self._simulators)
        self._world, self._signature = world, signature
        return world

    def _simulators_of(self, world: Stage) -> dict[str, Simulator]:
        faults, clock, requests = self.faults, self._clock, self.requests
        return {
            "helpscout": HelpScoutSimulator(
                world.helpscout, faults=faults["helpscout"], clock=clock, requests=requests
            ),
            "tripletex": TripletexSimulator(
                world.tripletex, faults=faults["tripletex"], clock=clock, requests=requests
            ),
            "brreg": BrregSimulator(world.brreg, faults=faults["brreg"], clock=clock, requests=requests),
            "pindena": PindenaSimulator(
                world.pindena, faults=faults["pindena"], clock=clock, requests=requests
            ),
        }

    def _present_signature(self) -> Signature:
        paths = [self.directory / name for name in (WORLD, JOURNAL)]
        stats = [path.stat() for path in paths if path.exists()]
        return tuple((stat.st_mtime_ns, stat.st_size) for stat in stats)


def _state_of_change(world: Stage) -> tuple[object, ...]:
    """Something that moves whenever a client changes something."""
    helpscout, tripletex = world.helpscout, world.tripletex
    waiting, hooks = dict(helpscout.pending_deletions), dict(helpscout.webhooks)
    return len(helpscout.log), waiting, hooks, tripletex.revision, len(tripletex.outbox)


def _entry(world: Stage, system: str, scope: Scope, body: bytes, moment: datetime) -> journal.Entry:
    headers = dict(scope["headers"])
    return journal.Entry(
        system=system,
        day=world.day,
        at=moment,
        method=scope["method"],
        path=scope["path"].removeprefix(PREFIXES[system]),
        query=scope["query_string"].decode("latin-1"),
        content_type=headers.get(b"content-type", b"application/json").decode("latin-1"),
        body=body.decode(errors="replace"),
    )


def _system(path: str) -> str | None:
    return next((name for name, prefix in PREFIXES.items() if f"{path}/".startswith(f"{prefix}/")), None)


def _may_change(method: str, path: str) -> bool:
    return method not in _READS and not path.startswith(_SIGNING_IN)


async def _read(receive: Receive) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


def _keep_signed_in(before: dict[str, Simulator], after: dict[str, Simulator]) -> None:
    """Tokens and sessions are of the client, not of the world: they stay valid in a new one."""
    for system, old in before.items():
        new = after[system]
        if isinstance(old, HelpScoutSimulator) and isinstance(new, HelpScoutSimulator):
            new.tokens = old.tokens
        if isinstance(old, TripletexSimulator) and isinstance(new, TripletexSimulator):
            new.state.sessions.update(old.state.sessions)
