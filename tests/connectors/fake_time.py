"""A clock for clients and simulators that moves only when somebody sleeps on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeTime:
    """Half past two at night in Oslo, in November, until a test or a sleep moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        """The time of day, aware."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        """Let the time pass without waiting."""
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)
