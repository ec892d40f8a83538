"""What an API's headers say of its rate limit: how much is left, and when to come back.

Each API has headers of its own; all count in seconds, Retry-After also gives a date. Headers ignore case.
A moment is told by the server's clock, so it is compared with that clock where the answer tells it.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_RETRY_HEADERS = ("X-RateLimit-Retry-After", "X-Rate-Limit-Reset", "Retry-After")
# A limit whose period is not told says nothing of a minute; what is left of it does until its reset.
_LIMIT_HEADERS = ("X-RateLimit-Limit-Minute",)
_REMAINING_HEADERS = ("X-RateLimit-Remaining-Minute", "X-Rate-Limit-Remaining")
_RESET_HEADERS = ("X-Rate-Limit-Reset",)

_EARLIEST_MOMENT = 1_000_000_000
"""A number from here on is no wait of thirty years: it is a moment, in seconds since 1970."""
_EARLIEST_MILLISECONDS = 1_000 * _EARLIEST_MOMENT


def rate_limit(headers: Mapping[str, str]) -> tuple[int | None, int | None, int | None]:
    """(requests per minute, requests left, seconds until they are counted anew); None where not told."""
    return (
        _count(headers, _LIMIT_HEADERS),
        _count(headers, _REMAINING_HEADERS),
        _wait(headers, _RESET_HEADERS),
    )


def retry_after(headers: Mapping[str, str], *, rate_limited: bool) -> float | None:
    """Seconds until the server wants to be asked again, from whichever header it uses.

    Tripletex tells on every answer when its count starts anew; that is a wait only where the count was full.
    """
    seconds = _wait(headers, _RETRY_HEADERS if rate_limited else ("Retry-After",))
    if seconds is not None:
        return seconds
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return max(0.0, (_moment(headers["Retry-After"]) - _now(headers)).total_seconds())
    return None


def _wait(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    """Seconds from now, rounded up: to come back a moment too early is to be refused once more."""
    number = _number(headers, names)
    if number is None:
        return None
    if number >= _EARLIEST_MOMENT:
        moment = number / 1_000 if number >= _EARLIEST_MILLISECONDS else number
        number = moment - _now(headers).timestamp()
    return max(0, math.ceil(number))


def _count(headers: Mapping[str, str], names: tuple[str, ...]) -> int | None:
    number = _number(headers, names)
    return None if number is None else max(0, int(number))


def _now(headers: Mapping[str, str]) -> datetime:
    """The time by the server's clock where it tells it, else by ours: the two may be minutes apart."""
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return _moment(headers["Date"])
    return datetime.now(UTC)


def _moment(text: str) -> datetime:
    """An HTTP date; one without a zone means UTC."""
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(headers: Mapping[str, str], names: tuple[str, ...]) -> float | None:
    """The first of the headers that holds a number."""
    for name in names:
        with contextlib.suppress(KeyError, ValueError):
            if math.isfinite(number := float(headers[name])):
                return number
    return None
