"""A request budget: at most so many requests in any 60 seconds, and fewer when the server says so.

The window slides, so a server that counts by the clock minute or by the last 60 seconds is never overrun.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.5
"""A minute and a little: the server counts arrivals, which the network can move together."""


class RequestBudget:
    """Spends requests against a limit per minute; `take` waits until one more may be sent.

    `limit` is where to start; `learn` follows what the server says of its own limit, of which `share`
    is used (other programs of the same account live on the rest).
    """

    def __init__(
        self,
        limit: int,
        *,
        share: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = max(1, limit)
        self._share = share
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[tuple[float, int]] = deque()
        self._blocked_until = 0.0

    @property
    def limit(self) -> int:
        """Requests per minute that are used at most."""
        return self._limit

    def take(self, weight: int = 1) -> None:
        """Wait until a request of this weight fits into the budget, then count it."""
        while (wait := self._wait(weight)) > 0:
            self._sleep(wait)
        self._sent.append((self._clock(), weight))

    def learn(self, limit: int | None, remaining: int | None, reset_seconds: float | None) -> None:
        """Follow the server's own count: its limit, what is left of it, seconds until it starts anew."""
        if limit is not None and limit > 0:
            self._limit = max(1, int(limit * self._share))
        if remaining is not None and remaining <= 0:
            self.pause(reset_seconds if reset_seconds is not None else self._until_oldest_leaves())

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it."""
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _wait(self, weight: int) -> float:
        now = self._clock()
        while self._sent and now - self._sent[0][0] >= WINDOW_SECONDS:
            self._sent.popleft()
        if now < self._blocked_until:
            return self._blocked_until - now
        spent = sum(cost for _, cost in self._sent)
        if not self._sent or spent + weight <= self._limit:
            return 0.0
        return max(self._until_oldest_leaves(), 0.001)

    def _until_oldest_leaves(self) -> float:
        if not self._sent:
            return WINDOW_SECONDS
        return self._sent[0][0] + WINDOW_SECONDS - self._clock()
