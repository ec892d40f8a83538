"""What a sandbox is made of: the seed, the day of birth and the days since, in one small file.

The world is a pure function of this file and of the journal beside it, so all processes see the same one.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.simulation.gate import Clock, utc_now

OSLO = ZoneInfo("Europe/Oslo")
WORLD, JOURNAL = "world.json", "journal.jsonl"
DEFAULT_SEED = 7
FORMAT = 1


class SandboxError(RuntimeError):
    """The sandbox's directory cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class WorldFile:
    """The whole of a world but for its journal."""

    seed: int
    birth: date
    """Norwegian date. The world's past lies before it."""
    days: tuple[datetime, ...] = ()
    """When each further day was added, oldest first: what it brought happened then.

    A moment rather than a date, since a reader that asks for what changed since its last visit must find
    it, whatever the clock says.
    """

    @property
    def born_at(self) -> datetime:
        """The midnight (Norwegian) that begins the day of birth."""
        return datetime.combine(self.birth, time(), OSLO).astimezone(UTC)


def load_or_create(directory: Path, *, seed: int = DEFAULT_SEED, clock: Clock = utc_now) -> WorldFile:
    """The world of a directory, born today when there is none. Raises SandboxError."""
    path = directory / WORLD
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        new = _write(path, WorldFile(seed, clock().astimezone(OSLO).date()))
        # Of two processes that start at once, one gives the world.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(new)
        new.unlink()
    return _read(path)


def advance(directory: Path, days: int = 1, *, clock: Clock = utc_now) -> WorldFile:
    """Let days pass, all at this moment. Returns the new world; raises SandboxError."""
    before = load_or_create(directory, clock=clock)
    with locked(directory):
        before = _read(directory / WORLD)
        now = clock().astimezone(UTC)
        moment = max([now, *before.days[-1:]])
        after = replace(before, days=before.days + (moment,) * days)
        _write(directory / WORLD, after).replace(directory / WORLD)
    return after


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Keeps other processes from writing to the directory for as long as the block."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> WorldFile:
    try:
        content = json.loads(path.read_text())
        if content["format"] != FORMAT:
            raise ValueError("of another version")
        moments = tuple(datetime.fromisoformat(text) for text in content["days"])
        if any(moment.tzinfo is None for moment in moments):
            raise ValueError("a time without a zone")
        return WorldFile(int(content["seed"]), date.fromisoformat(content["birth"]), moments)
    except (ValueError, KeyError, TypeError):
        raise SandboxError(
            f"{path} cannot be read as a sandbox's world: remove its folder, and a new world is made"
        ) from None


def _write(path: Path, world: WorldFile) -> Path:
    """Write to a new file beside `path`, which it is to become, and return it."""
    content = {
        "format": FORMAT,
        "seed": world.seed,
        "birth": world.birth.isoformat(),
        "days": [moment.isoformat() for moment in world.days],
    }
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent, text=True)
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")
    return Path(name)
