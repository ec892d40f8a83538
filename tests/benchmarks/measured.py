"""What something costs: wall seconds, CPU seconds of this process and of PostgreSQL, and the peak of memory.

Reads /proc, so it needs Linux and a server on this machine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

_TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _PPID = 11, 1
"""Fields of /proc/PID/stat, counted from what follows the command's name."""


@dataclass(slots=True)
class Cost:
    """Seconds, and the peak of resident memory in MiB since the measuring began."""

    wall: float = 0.0
    python: float = 0.0
    postgres: float = 0.0
    peak: float = 0.0

    @property
    def cpu(self) -> float:
        """CPU seconds of both together."""
        return self.python + self.postgres

    def __str__(self) -> str:
        return (
            f"{self.wall:8.2f} s wall, {self.cpu:8.2f} s CPU ({self.python:.2f} Python, "
            f"{self.postgres:.2f} PostgreSQL), peak {self.peak:,.0f} MiB"
        )


class Meter:
    """Tells what was spent since it was last asked. Other databases of the same server count as well."""

    def __init__(self, engine: sa.Engine) -> None:
        with engine.connect() as connection:
            backend = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        self._server = int(_stat(int(backend))[_PPID])
        self.lap()

    def lap(self) -> Cost:
        """The cost since the last lap; the next one starts now."""
        now = (time.perf_counter(), time.process_time(), _server_seconds(self._server))
        before = getattr(self, "_before", now)
        self._before = now
        wall, python, postgres = (later - earlier for later, earlier in zip(now, before, strict=True))
        cost = Cost(wall, python, postgres, _peak_memory())
        # From here on the kernel counts the peak anew.
        Path("/proc/self/clear_refs").write_text("5")
        return cost


@contextmanager
def measured(engine: sa.Engine) -> Iterator[Cost]:
    """The cost of the block, filled in when it ends."""
    cost, meter = Cost(), Meter(engine)
    yield cost
    spent = meter.lap()
    cost.wall, cost.python, cost.postgres, cost.peak = spent.wall, spent.python, spent.postgres, spent.peak


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _server_seconds(server: int) -> float:
    """CPU seconds of a server's processes, those that have ended included."""
    while True:
        before = _stat(server)
        children = dict(_children(server))
        after = _stat(server)
        # One that ends meanwhile would be counted twice or not at all.
        if _of_the_dead(before) == _of_the_dead(after) and children.keys() == dict(_children(server)).keys():
            return (sum(map(int, after[_UTIME : _UTIME + 4])) + sum(children.values())) / _TICKS


def _of_the_dead(stat: list[str]) -> list[str]:
    return stat[_UTIME + 2 : _UTIME + 4]


def _children(server: int) -> Iterator[tuple[int, int]]:
    """Process ids and CPU ticks of the server's processes."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = _stat(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[_PPID]) == server:
            yield int(folder.name), sum(map(int, fields[_UTIME : _UTIME + 2]))


def _peak_memory() -> float:
    """MiB of resident memory at most, by the kernel's own count (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
