"""How long the steps of a piece of work take, and a line of progress for each where it takes long."""

from __future__ import annotations

import logging
import time

LONG = 10.0
"""Seconds after which a piece of work tells of its steps as they end."""

logger = logging.getLogger(__name__)


class Laps:
    """Seconds of each step of a piece of work, in order. It begins when this is made."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._began = self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """A step has ended, and the next begins."""
        now = time.perf_counter()
        self.seconds[step] = now - self._last
        self._last = now
        if now - self._began >= LONG:
            logger.info("%s: %s done after %.0f s", self._work, step, now - self._began)
