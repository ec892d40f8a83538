"""What clients changed in a sandbox: their requests in order, replayed whenever the world is built.

Holds requests as they were sent, without their headers, so that no token is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.types import ASGIApp, Message

from connectors.sandbox.world_file import JOURNAL, SandboxError


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that changed something."""

    system: str
    day: int
    """How many days had been added to the world by then."""
    at: datetime
    method: str
    path: str
    """Below the system's base URL."""
    query: str
    content_type: str
    body: str


def read(directory: Path) -> list[Entry]:
    """The entries, oldest first; the last is left out when a killed process has not finished it.

    Raises SandboxError.
    """
    path = directory / JOURNAL
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    try:
        return [_entry(json.loads(line)) for line in whole]
    except (ValueError, KeyError, TypeError):
        raise SandboxError(
            f"{path} cannot be read as a sandbox's journal: remove its folder, and a new world is made"
        ) from None


def append(directory: Path, entry: Entry) -> None:
    """Add an entry. The caller holds the directory's lock."""
    path = directory / JOURNAL
    text = json.dumps({**_fields(entry), "at": entry.at.isoformat()}, ensure_ascii=False)
    with path.open("a+b") as file:
        _end_last_line(path)
        file.write(text.encode() + b"\n")


async def replay(app: ASGIApp, entry: Entry, headers: Mapping[str, str]) -> int:
    """Send an entry's request to the app of its system; returns the status of the answer."""
    sent = {"host": "127.0.0.1", "content-type": entry.content_type, **headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": entry.method,
        "scheme": "http",
        "path": entry.path,
        "raw_path": entry.path.encode(),
        "root_path": "",
        "query_string": entry.query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": None,
        "server": ("127.0.0.1", 80),
    }
    statuses = []

    async def receive() -> Message:
        return {"type": "http.request", "body": entry.body.encode(), "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(message["status"]))

    await app(scope, receive, send)
    return statuses[0]


def _fields(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in Entry.__slots__}


def _entry(content: Mapping[str, str]) -> Entry:
    texts = {name: content[name] for name in ("system", "method", "path", "query", "content_type", "body")}
    return Entry(**texts, day=int(content["day"]), at=datetime.fromisoformat(content["at"]))


def _end_last_line(path: Path) -> None:
    """Cut off what a killed process left of its last line."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
