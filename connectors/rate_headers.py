"""What an API's headers say of its rate limit: how much is left, and when to come back.

Each API has headers of its own; all count in seconds, Retry-After also gives a date. Headers ignore case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RETRY_HEADERS = ("X-RateLimit-Retry-After", "X-Rate-Limit-Reset", "Retry-After")
# A limit whose period is not told says nothing of a minute; what is left of it does until its reset.
_LIMIT_HEADERS = ("X-RateLimit-Limit-Minute",)
_REMAINING_HEADERS = ("X-RateLimit-Remaining-Minute", "X-Rate-Limit-Remaining")
_RESET_HEADERS = ("X-Rate-Limit-Reset",)


def rate_limit(headers: Mapping[str, str]) -> tuple[int | None, int | None, int | None]:
    """(requests per minute, requests left, seconds until they are counted anew); None where not told."""
    return (
        _number(headers, _LIMIT_HEADERS),
        _number(headers, _REMAINING_HEADERS),
        _number(headers, _RESET_HEADERS),
    )


def retry_after(headers: Mapping[str, str], *, rate_limited: bool) -> float | None:
    """Seconds until the server wants to be asked again, from whichever header it uses.

    Tripletex tells on every answer when its count starts anew; that is a wait only where the count was full.
    """
    seconds = _number(headers, _RETRY_HEADERS if rate_limited else ("Retry-After",))
    if seconds is not None:
        return seconds
    with contextlib.suppress(KeyError, TypeError, ValueError):
        moment = parsedate_to_datetime(headers["Retry-After"])
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    for name in names:
        with contextlib.suppress(KeyError, ValueError, OverflowError):
            return max(0, int(float(headers[name])))
    return None
