"""What the clients of all systems have in common: one way out, and the count of what went through it.

Knows no API. A client of a system adds what can be read there, as pages of payloads.
"""

from __future__ import annotations

import abc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from connectors.egress import Egress

Clock: TypeAlias = Callable[[], datetime]
"""Tells an aware time."""


def utc_now() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


class Client(abc.ABC):
    """A client of one system. All its methods raise EgressError.

    PermanentError when somebody has to mend something, TransientError when the same may succeed later.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    @abc.abstractmethod
    def check(self) -> object:
        """Ask for as little as shows that the system answers and accepts the credentials."""

    @property
    def requests_sent(self) -> int:
        """How many requests were sent, retries and those for credentials included."""
        return self._egress.requests_sent

    @property
    def counts(self) -> Counter[tuple[str, str, int]]:
        """Requests sent, by method, path template and status (0: no answer)."""
        return self._egress.counts

    @property
    def refused_fields(self) -> Mapping[str, Sequence[str]]:
        """Declared fields that the server does not know (any more), by source; they are read as absent."""
        return {}

    @property
    def dropped_rows(self) -> Mapping[str, int]:
        """Rows that came although a filter excludes them, by source: the server ignores the filter."""
        return {}

    def close(self) -> None:
        """Close the connections."""
        self._egress.close()
