"""What can go wrong at the edge, sorted by what the caller should do.

No message quotes a URL, a header or a body: they can hold personal data.
"""

from __future__ import annotations

from schemas.errors import SafeError


class EgressError(SafeError):
    """A request was not answered as it should be."""


class RefusedByPolicyError(EgressError):
    """The request is not among those that policy.yaml allows; nothing was sent."""


class TransientError(EgressError):
    """The same request may succeed later: 429, 5xx, a time-out, a reset, a body that is cut short."""

    def __init__(self, message: str, *, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
        """How long the server asks to wait; None where it does not say."""


class RateLimitedError(TransientError):
    """Too many requests (429): nothing was carried out."""


class UnavailableError(TransientError):
    """A server that is there cannot answer now: 5xx, no answer in time, a connection that broke."""


class PermanentError(EgressError):
    """The same request will fail again; somebody has to mend something."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        fields: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        """The API's own error code in the body, where it has one."""
        self.fields = fields
        """Names of the fields that the API found fault with, where it names them."""


class UnauthorizedError(PermanentError):
    """The credentials are not accepted, also after they were renewed."""


class AmbiguousError(EgressError):
    """A write was sent and its answer lost: look up whether it took effect before sending it again."""


class ForeignRecordsError(PermanentError):
    """The answer holds records that were not asked for and must not be read; nothing of it is kept."""
