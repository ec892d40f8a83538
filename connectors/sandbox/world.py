"""Builds the world of a sandbox: its past, its days, and between them what clients changed."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from starlette.types import ASGIApp

from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.sandbox import journal
from connectors.sandbox.crowd import crowd
from connectors.sandbox.days import live_a_day
from connectors.sandbox.stage import Stage
from connectors.sandbox.stories import STORIES
from connectors.sandbox.stories.founding import founding
from connectors.sandbox.world_file import OSLO, WorldFile
from connectors.simulation.gate import Clock, utc_now
from connectors.tripletex.simulator import TripletexSimulator


def build_world(file: WorldFile, entries: Sequence[journal.Entry] = (), live: Clock = utc_now) -> Stage:
    """The four systems as they are today; the same file and journal give the same world.

    `live` is the time for everything that changes afterwards.
    """
    stage = Stage(file, live)
    stage.clock.stopped_at = file.born_at
    for story in (founding, *STORIES, crowd):
        story(stage)
    _replay(stage, [entry for entry in entries if entry.day == 0])
    for day, moment in enumerate(file.days, start=1):
        stage.begin_day(day, moment, file.seed)
        live_a_day(stage)
        _replay(stage, [entry for entry in entries if entry.day == day])
    stage.clock.stopped_at = None
    return stage


def _replay(stage: Stage, entries: Iterable[journal.Entry]) -> None:
    """Answer the entries' requests anew; a loop of its own, since the caller may be inside of one."""
    if not entries:
        return
    doors: dict[str, Callable[[], tuple[ASGIApp, dict[str, str]]]] = {
        "helpscout": lambda: _helpscout_door(stage),
        "tripletex": lambda: _tripletex_door(stage),
    }

    async def replay_all() -> None:
        for entry in entries:
            stage.clock.stopped_at = entry.at
            app, headers = doors[entry.system]()
            await journal.replay(app, entry, headers)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, replay_all()).result()


def _helpscout_door(stage: Stage) -> tuple[ASGIApp, dict[str, str]]:
    simulator = HelpScoutSimulator(stage.helpscout, clock=stage.clock)
    return simulator.routed(), {"authorization": f"Bearer {simulator.tokens.issue(60)}"}


def _tripletex_door(stage: Stage) -> tuple[ASGIApp, dict[str, str]]:
    simulator = TripletexSimulator(stage.tripletex, clock=stage.clock)
    tomorrow = stage.clock().astimezone(OSLO).date() + timedelta(days=1)
    password = f":{stage.tripletex.open_session(tomorrow).token}".encode()
    return simulator.routed(), {"authorization": f"Basic {b64encode(password).decode()}"}
