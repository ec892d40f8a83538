"""Bearer tokens of the Help Scout simulator: valid for a time, or for a number of uses."""

import secrets
from datetime import datetime, timedelta

from connectors.simulation.gate import Clock


class Tokens:
    """The tokens in use. Asking for a new one leaves the older ones valid."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expiry: dict[str, datetime] = {}
        self._uses: dict[str, int] = {}

    def issue(self, lifetime: int) -> str:
        """A new token, valid for `lifetime` seconds."""
        token = secrets.token_hex(16)
        self._expiry[token] = self._clock() + timedelta(seconds=lifetime)
        self._uses[token] = 0
        return token

    def accept(self, authorization: str, uses: int | None) -> bool:
        """Whether an Authorization header carries a living token that was used less than `uses` times."""
        scheme, _, token = authorization.partition(" ")
        if scheme.casefold() != "bearer" or self._clock() >= self._expiry.get(token, self._clock()):
            return False
        self._uses[token] += 1
        return uses is None or self._uses[token] <= uses

    def revoke(self) -> None:
        """Make every token invalid at once."""
        self._expiry.clear()
