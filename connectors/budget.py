"""A request budget: at most so many requests in any 60 seconds, and fewer when the server says so.

The window slides, so a server that counts by the clock minute or by the last 60 seconds is never overrun.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 61.0
"""A minute and a little: the server counts arrivals, which the network can move together."""


class RequestBudget:
    """Spends requests against a limit per minute; `take` waits until one more may be sent.

    `limit` is where to start; `learn` follows what the server says of its own limit, of which `share`
    is used (other programs of the same account live on the rest). May be shared by threads.
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
        self._spent = 0
        self._blocked_until = 0.0
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """Requests per minute that are used at most."""
        return self._limit

    @property
    def blocked_seconds(self) -> float:
        """For how long the server wants to be sent nothing; 0 when it may be asked."""
        with self._lock:
            return max(0.0, self._blocked_until - self._clock())

    def take(self, weight: int = 1) -> None:
        """Wait until a request of this weight fits into the budget, then count it."""
        while True:
            with self._lock:
                wait = self._wait(weight)
                if wait <= 0:
                    self._count(weight)
                    return
            self._sleep(wait)

    def learn(
        self, limit_per_minute: int | None, remaining: int | None, reset_seconds: float | None = None
    ) -> None:
        """Follow the server's own count, as an answer tells it.

        `remaining` of a period that ends in `reset_seconds` only matters when nothing is left; `remaining` of
        `limit_per_minute` also tells what other programs of the account have spent.
        """
        with self._lock:
            if limit_per_minute is not None and limit_per_minute > 0:
                self._limit = max(1, int(limit_per_minute * self._share))
            if remaining is None:
                return
            if remaining <= 0:
                self._block(self._until_oldest_leaves() if reset_seconds is None else reset_seconds)
            elif limit_per_minute is not None and reset_seconds is None:
                self._forget()
                others = limit_per_minute - remaining - self._spent
                beyond_their_share = others - (limit_per_minute - self._limit)
                if beyond_their_share > 0:
                    self._count(beyond_their_share)

    def pause(self, seconds: float) -> None:
        """Send nothing for so long: the server asked for it."""
        with self._lock:
            self._block(seconds)

    def _wait(self, weight: int) -> float:
        self._forget()
        now = self._clock()
        if now < self._blocked_until:
            return self._blocked_until - now
        if not self._sent or self._spent + weight <= self._limit:
            return 0.0
        return max(self._until_oldest_leaves(), 0.001)

    def _count(self, weight: int) -> None:
        self._sent.append((self._clock(), weight))
        self._spent += weight

    def _forget(self) -> None:
        now = self._clock()
        while self._sent and now - self._sent[0][0] >= WINDOW_SECONDS:
            self._spent -= self._sent.popleft()[1]

    def _block(self, seconds: float) -> None:
        self._blocked_until = max(self._blocked_until, self._clock() + seconds)

    def _until_oldest_leaves(self) -> float:
        if not self._sent:
            return WINDOW_SECONDS
        return self._sent[0][0] + WINDOW_SECONDS - self._clock()
