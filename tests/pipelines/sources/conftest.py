"""A desk at an empty store, and the clock of simulated sources."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.privacy.suppression import Suppression
from pipelines.sources.reading import Desk

NIGHT = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that moves when somebody sleeps on it, or lets a day pass."""

    now: datetime = NIGHT

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(crm_engine: sa.Engine) -> Desk:
    return Desk(crm_engine, Suppression(b"s" * 32), expired=None)
