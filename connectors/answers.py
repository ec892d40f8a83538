"""What an answer is worth: its JSON where the caller accepts it, else the error that says what to do.

Knows no connection. An error body can quote what was sent, so only codes and field names are read.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.errors import (
    AmbiguousError,
    PermanentError,
    RateLimitedError,
    TransientError,
    UnauthorizedError,
    UnavailableError,
)
from connectors.rate_headers import retry_after
from connectors.retries import MAX_WAIT_SECONDS

_LONGEST_INTEGER = 40
_RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_ADDRESS = "is the address of this source in the settings right?"
_ADVICE = {
    403: "the credentials have no right to this, give it to them at the source",
    404: _ADDRESS,
    405: _ADDRESS,
}
_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z.:]{0,79}")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the caller accepts: its status, its JSON (None without one), its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]
    empty: bool = False
    """There was no body at all; an error page in HTML is a body without JSON."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the caller of a request expects of its answer."""

    request: str
    """The request in messages: recipient, method and path template, no value."""
    is_read: bool
    """A GET: a good answer to it has a body."""
    accept: frozenset[int]
    """Statuses that are no error."""
    repeatable: bool
    """Sending it twice does no harm."""
    wants_json: bool
    """Whether the body of a good answer is looked at."""


def judge(expected: Expectation, status: int, content: bytes, headers: Mapping[str, str]) -> Answer:
    """The answer, or the EgressError that its status or body calls for. `headers` ignore case."""
    request = expected.request
    if status not in expected.accept:
        raise _refusal(expected, status, content, headers)
    answer = _answer(expected, status, content, headers)
    is_blank = answer.empty or (expected.wants_json and answer.body is None)
    if is_blank and status == 200 and expected.is_read:
        # `null` says as little as no body at all: no list, no record and no "there is none" looks so.
        raise TransientError(f"{request}: answered 200 without a body")
    return answer


def _refusal(
    expected: Expectation, status: int, content: bytes, headers: Mapping[str, str]
) -> PermanentError | TransientError | AmbiguousError:
    request = expected.request
    if status in _RETRY_STATUSES:
        wait = retry_after(headers, rate_limited=status == 429)
        # A refusal for the rate was not carried out; any other failure of a write may have been.
        if status == 429:
            long = f" and asks to be left alone for {wait:,.0f} s" if wait and wait > MAX_WAIT_SECONDS else ""
            return RateLimitedError(f"{request}: answered 429{long}", wait_seconds=wait)
        if expected.repeatable:
            return UnavailableError(f"{request}: answered {status}", wait_seconds=wait)
        return AmbiguousError(f"{request}: answered {status}; it may have taken effect")
    if status == 401:
        return UnauthorizedError(f"{request}: answered 401, the credentials are not accepted", status=401)
    if expected.is_read and 200 <= status < 300:
        # Accepted, empty, in parts: a server, or one before it, that has no answer yet.
        return TransientError(f"{request}: answered {status} instead of what was asked for")
    if 300 <= status < 400:
        return PermanentError(
            f"{request}: answered {status}, which leads to another address and is not followed; {_ADDRESS}",
            status=status,
        )
    code, fields = _named_faults(content)
    # A code has a few digits; a number with more could be anybody's.
    said = f"{status}, its code {code}" if code and 0 < code < 1_000_000 else f"{status}"
    advice = f"; {_ADVICE[status]}" if status in _ADVICE else ""
    return PermanentError(f"{request}: answered {said}{advice}", status=status, code=code, fields=fields)


def _answer(expected: Expectation, status: int, content: bytes, headers: Mapping[str, str]) -> Answer:
    if not content.strip():
        return Answer(status, None, headers, empty=True)
    if not expected.wants_json:
        return Answer(status, None, headers)
    try:
        return Answer(status, _parsed(_text(content, headers)), headers)
    except (ValueError, RecursionError):
        if status >= 400:
            return Answer(status, None, headers)
        is_page = content.lstrip().startswith(b"<")
        problem = f"a web page instead of JSON; {_ADDRESS}" if is_page else "the body is not whole JSON"
        if expected.repeatable:
            raise TransientError(f"{expected.request}: answered {status}, {problem}") from None
        raise AmbiguousError(f"{expected.request}: answered {status}, {problem}") from None


def _text(content: bytes, headers: Mapping[str, str]) -> str:
    """A body as text: UTF-8 as JSON should be, else by the charset that the answer names.

    Bytes that are neither do not spoil the rest of the page.
    """
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        named = _CHARSET.search(headers.get("Content-Type", ""))
        with contextlib.suppress(LookupError):
            return content.decode(named[1] if named else encoding, errors="replace")
        return content.decode(encoding, errors="replace")


def _parsed(text: str | bytes) -> Any:
    """JSON with exact decimals. Raises ValueError and RecursionError.

    What one hostile record can hold does not spoil the rest of its page: NaN and infinity, and numbers of any
    length. Its own validation deals with it.
    """
    return json.loads(text, parse_float=Decimal, parse_int=_whole, parse_constant=Decimal)


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)


def _named_faults(content: bytes) -> tuple[int | None, tuple[str, ...]]:
    """The API's own code in an error body and the fields it names (Tripletex).

    The rest of the body can quote what was sent, so nothing else of it is read.
    """
    code: int | None = None
    names: list[str] = []
    with contextlib.suppress(ValueError, RecursionError, AttributeError, TypeError):
        body = _parsed(content)
        code = body.get("code") if isinstance(body.get("code"), int) else None
        for fault in body.get("validationMessages") or ():
            names += str(fault.get("field") or "").split(",")
    return code, tuple(dict.fromkeys(name for name in names if _FIELD_NAME.fullmatch(name)))
