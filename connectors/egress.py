"""The only code that opens a connection: allow-list, budget, retries, and a count of who was asked what.

A client names a request by method and path template; only those that policy.yaml lists for the recipient,
with the query and body names listed there, are sent, and only to the host of the recipient's setting.
Nothing of a URL, header or body reaches a log line or a message.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import requests
import tenacity
import urllib3
from requests.structures import CaseInsensitiveDict

from connectors.budget import RequestBudget
from connectors.errors import (
    AmbiguousError,
    PermanentError,
    RateLimitedError,
    RefusedByPolicyError,
    TransientError,
    UnauthorizedError,
    UnavailableError,
)
from schemas.policy import Policy, Request

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
BODY_SECONDS = 180.0
"""A body that drips in for longer than this counts as cut short."""
MAX_BODY_BYTES = 200 * 1024 * 1024
ATTEMPTS = 7
MAX_WAIT_SECONDS = 900.0
"""A server that wants to be left alone for longer is not waited for; the next run comes back."""

_LONGEST_INTEGER = 40
_RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_REPEATABLE_METHODS = frozenset({"GET", "PUT", "DELETE"})
# Each API says in a header of its own when to come back; all mean seconds, Retry-After also a date.
_RETRY_HEADERS = ("X-RateLimit-Retry-After", "X-Rate-Limit-Reset", "Retry-After")
# A limit whose period is not told says nothing of a minute; what is left of it does until its reset.
_LIMIT_HEADERS = ("X-RateLimit-Limit-Minute",)
_REMAINING_HEADERS = ("X-RateLimit-Remaining-Minute", "X-Rate-Limit-Remaining")
_RESET_HEADERS = ("X-Rate-Limit-Reset",)

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z.:]{0,79}")

logger = logging.getLogger(__name__)
# The library below tells each URL with its query when a log is set to debug; a query can name a person.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class Credentials(Protocol):
    """How a client proves who it is. `headers` may fetch a token through `egress`; `renew` forgets it."""

    def headers(self, egress: Egress) -> Mapping[str, str]: ...

    def renew(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that the caller accepts: its status, its JSON (None without one), its headers."""

    status: int
    body: Any
    headers: Mapping[str, str]
    empty: bool = False
    """There was no body at all; an error page in HTML is a body without JSON."""


class Egress:
    """One recipient of policy.yaml at one base URL.

    `allow` gives the named allow-lists that the policy ties to path variables (e.g. activity ids).
    `budget` is where the request budget starts; the server's own headers move it. `attempts`: how often a
    request is tried before its failure is told.
    """

    def __init__(
        self,
        policy: Policy,
        recipient: str,
        base_url: str,
        *,
        credentials: Credentials | None = None,
        allow: Mapping[str, Collection[str]] | None = None,
        budget: RequestBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
        attempts: int = ATTEMPTS,
    ) -> None:
        self.recipient = recipient
        self.counts: Counter[tuple[str, str, int]] = Counter()
        """Requests sent, by method, path template and status (0: no answer)."""
        self._declared = policy.recipients[recipient]
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._allow = {name: frozenset(values) for name, values in (allow or {}).items()}
        self._budget = budget or RequestBudget(600, sleep=sleep)
        self._sleep = sleep
        self._attempts = attempts
        self._session = requests.Session()
        # Neither a .netrc nor a proxy variable may add credentials or another host to a request.
        self._session.trust_env = False
        contact = policy.controller.contact
        self._session.headers.update({"User-Agent": f"Kundekort ({contact})", "Accept": "application/json"})

    @property
    def requests_sent(self) -> int:
        """How many requests were sent, retries included."""
        return sum(self.counts.values())

    def request(
        self,
        method: str,
        path: str,
        *,
        variables: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        form: Mapping[str, str] | None = None,
        patch: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (200,),
        anonymous: bool = False,
        repeatable: bool | None = None,
        weight: int | None = None,
        attempts: int | None = None,
        wants_json: bool = True,
    ) -> Answer:
        """Send one request and return its answer when its status is in `accept`.

        `path` is a template of policy.yaml (`/v2/customers/{id}`), filled from `variables`; `body` is sent as
        JSON, `form` as a form, `patch` as a JSON patch (RFC 6902) that replaces the named fields, or removes
        those that are None. `repeatable`: sending it twice does no harm (default: by method); any other
        request whose answer is lost raises AmbiguousError instead of being sent again. `weight`: what it
        costs of the budget (default: 1 to read, 2 to write). `attempts` where this request is worth fewer
        than others. Without `wants_json` the body of a good answer is not looked at.

        Raises RefusedByPolicyError, UnauthorizedError, PermanentError, AmbiguousError, and TransientError
        when all attempts failed.
        """
        variables, query = variables or {}, {k: v for k, v in (query or {}).items() if v is not None}
        sent = {**(body or {}), **(form or {}), **(patch or {})}
        declared = self._permitted(method, path, variables, query, sent)
        content = _operations(patch) if patch is not None else body
        prepared = requests.Request(
            method,
            self._base_url + _filled(path, variables),
            params={name: _text(value) for name, value in query.items()},
            data=json.dumps(content).encode() if content is not None else form,
            headers={
                **({"Content-Type": "application/json"} if content is not None else {}),
                **(headers or {}),
            },
        )
        label = _filled(path, {name: variables[name] for name in declared.allow}, partly=True)
        safe = method in _REPEATABLE_METHODS if repeatable is None else repeatable
        cost = (1 if method == "GET" else 2) if weight is None else weight
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_worth_waiting_for),
            stop=tenacity.stop_after_attempt(attempts or self._attempts),
            wait=_wait,
            sleep=self._sleep,
            before_sleep=_log_retry,
            reraise=True,
        )
        renewed = False
        while True:
            try:
                # Not within `retrying`: fetching a token has retries of its own.
                proof = {} if anonymous or self._credentials is None else self._credentials.headers(self)
                return retrying(self._send, prepared, label, frozenset(accept), proof, safe, cost, wants_json)
            except UnauthorizedError:
                # A token can die at any moment of a run (expiry, Oslo midnight): one renewal, one retry.
                if anonymous or renewed or self._credentials is None:
                    raise
                self._credentials.renew()
                renewed = True

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _permitted(
        self,
        method: str,
        path: str,
        variables: Mapping[str, object],
        query: Collection[str],
        body: Collection[str],
    ) -> Request:
        """The policy's entry for a request. Raises RefusedByPolicyError where there is none that fits."""
        declared = next(
            (entry for entry in self._declared.requests if (entry.method, entry.path) == (method, path)), None
        )
        if declared is None:
            raise RefusedByPolicyError(f"{self.recipient}: {method} {path} is not declared in policy.yaml")
        undeclared = sorted({*query} - {*declared.query}) + sorted({*body} - {*declared.body})
        if undeclared:
            raise RefusedByPolicyError(
                f"{self.recipient}: {method} {path} may not carry {', '.join(undeclared)} (policy.yaml)"
            )
        for name, list_name in declared.allow.items():
            if _text(variables.get(name)) not in self._allow.get(list_name, frozenset()):
                raise RefusedByPolicyError(
                    f"{self.recipient}: {method} {path}: this {name} is not among the {list_name}"
                )
        return declared

    def _send(
        self,
        request: requests.Request,
        label: str,
        accept: frozenset[int],
        proof: Mapping[str, str],
        safe: bool,
        cost: int,
        wants_json: bool,
    ) -> Answer:
        """One attempt."""
        what = f"{self.recipient} {request.method} {label}"
        prepared = self._session.prepare_request(request)
        prepared.headers.update(proof)
        if cost:
            self._budget.take(cost)
        status = 0
        try:
            with self._session.send(
                prepared, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
            ) as response:
                status = response.status_code
                content = _read(response)
                headers = response.headers
        except _TooLargeError:
            raise PermanentError(f"{what}: the body is larger than {MAX_BODY_BYTES} bytes") from None
        except requests.ConnectTimeout:
            raise TransientError(f"{what}: no connection within {CONNECT_SECONDS:.0f} s") from None
        except (
            requests.ConnectionError,
            requests.Timeout,
            urllib3.exceptions.HTTPError,
        ) as error:
            if "CERTIFICATE_VERIFY_FAILED" in repr(error):
                raise PermanentError(f"{what}: the host's certificate is not accepted") from None
            if _never_connected(error):
                raise TransientError(f"{what}: {_failure(error)}") from None
            if safe:
                raise UnavailableError(f"{what}: {_failure(error)}") from None
            raise AmbiguousError(f"{what}: the answer was lost ({_failure(error)})") from None
        except requests.RequestException as error:
            raise PermanentError(f"{what}: {type(error).__name__}") from None
        finally:
            self.counts[str(request.method), label, status] += 1
        logger.debug("%s %d", what, status)
        self._learn(headers)
        if status == 429:
            # The limit is the account's: everything else that shares this budget waits as well.
            self._budget.pause(_retry_after(headers, rate_limited=True) or 0.0)
        answer = _judge(what, status, content, headers, accept, safe, wants_json)
        is_blank = answer.empty or (wants_json and answer.body is None)
        if is_blank and status == 200 and request.method == "GET":
            # `null` says as little as no body at all: no list, no record and no "there is none" looks so.
            raise TransientError(f"{what}: answered 200 without a body")
        return answer

    def _learn(self, headers: Mapping[str, str]) -> None:
        self._budget.learn(
            _number(headers, _LIMIT_HEADERS),
            _number(headers, _REMAINING_HEADERS),
            _number(headers, _RESET_HEADERS),
        )


def url_problem(url: str) -> str | None:
    """What is wrong with a base URL, or None: for one clear line before a run starts."""
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_valid:
        return "is not a URL (https://host/path)"
    if parts.username or parts.password or parts.query or parts.fragment:
        return "must hold no user, password, query or fragment"
    return None


def _judge(
    what: str,
    status: int,
    content: bytes,
    headers: Mapping[str, str],
    accept: frozenset[int],
    safe: bool,
    wants_json: bool,
) -> Answer:
    """The answer, or the error that its status or body calls for."""
    if status in _RETRY_STATUSES and status not in accept:
        wait = _retry_after(headers, rate_limited=status == 429)
        # A refusal for the rate was not carried out; any other failure of a write may have been.
        if status == 429:
            raise RateLimitedError(f"{what}: answered 429", wait_seconds=wait)
        if safe:
            raise UnavailableError(f"{what}: answered {status}", wait_seconds=wait)
        raise AmbiguousError(f"{what}: answered {status}; it may have taken effect")
    if status == 401 and 401 not in accept:
        raise UnauthorizedError(f"{what}: answered 401, the credentials are not accepted", status=401)
    if status not in accept:
        code, fields = _named_faults(content)
        raise PermanentError(f"{what}: answered {status}", status=status, code=code, fields=fields)
    if not content.strip():
        return Answer(status, None, headers, empty=True)
    if not wants_json:
        return Answer(status, None, headers)
    try:
        return Answer(status, _parsed(content), headers)
    except (ValueError, RecursionError):
        if status >= 400:
            return Answer(status, None, headers)
        if safe:
            raise TransientError(f"{what}: the body is not whole JSON") from None
        raise AmbiguousError(f"{what}: the body of the answer is not whole JSON") from None


def _parsed(content: bytes) -> Any:
    """JSON with exact decimals. Raises ValueError and RecursionError.

    What one hostile record can hold does not spoil the rest of its page: NaN and infinity, numbers of any
    length, bytes that are no UTF-8. Its own validation deals with it.
    """
    text = content.decode(json.detect_encoding(content), errors="replace")
    return json.loads(text, parse_float=Decimal, parse_int=_whole, parse_constant=Decimal)


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)


def _read(response: requests.Response) -> bytes:
    """The whole body, unpacked, within BODY_SECONDS and MAX_BODY_BYTES."""
    deadline = time.monotonic() + BODY_SECONDS
    chunks, size = [], 0
    # Whatever has arrived, piece by piece: waiting for whole blocks, a dripping body would hold us for hours.
    while chunk := response.raw.read1(65_536, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if time.monotonic() > deadline:
            raise requests.Timeout("slow body")
        if size > MAX_BODY_BYTES:
            raise _TooLargeError
    return b"".join(chunks)


class _TooLargeError(Exception):
    """A body that no list of these APIs can have."""


def _filled(path: str, variables: Mapping[str, object], *, partly: bool = False) -> str:
    """The path with its variables quoted in; an empty or dotted one is refused."""
    for name, value in variables.items():
        text, slot = _text(value), "{" + name + "}"
        if not text or text in (".", "..") or slot not in path:
            raise RefusedByPolicyError(f"{path}: {name} is not a value for a path")
        path = path.replace(slot, quote(text, safe=""))
    if "{" in path and not partly:
        raise RefusedByPolicyError(f"{path}: a path variable has no value")
    return path.replace(">", "%3E")


def _operations(patch: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"op": "remove", "path": f"/{name}"}
        if value is None
        else {"op": "replace", "path": f"/{name}", "value": value}
        for name, value in patch.items()
    ]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _is_worth_waiting_for(error: BaseException) -> bool:
    return isinstance(error, TransientError) and (error.wait_seconds or 0.0) <= MAX_WAIT_SECONDS


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else exponential backoff; with jitter either way."""
    error = state.outcome.exception() if state.outcome else None
    jitter: float = tenacity.wait_random(0, 1)(state)
    if isinstance(error, RateLimitedError) and error.wait_seconds is None:
        # Limits are counted by the minute or less: three of these waits outlast it.
        return float(tenacity.wait_exponential(multiplier=10, max=60)(state)) + jitter
    if isinstance(error, TransientError) and error.wait_seconds is not None:
        return error.wait_seconds + jitter
    return float(tenacity.wait_exponential(multiplier=1, max=60)(state)) + jitter


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    logger.warning("%s; attempt %d, again in %.0f s", error, state.attempt_number, wait)


def _retry_after(headers: Mapping[str, str], *, rate_limited: bool) -> float | None:
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
            return max(0, int(float(CaseInsensitiveDict(headers)[name])))
    return None


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


def _never_connected(error: Exception) -> bool:
    """Whether a failure came before the request was sent (refused, unknown host)."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)


def _failure(error: Exception) -> str:
    if _never_connected(error):
        return "no connection: is the address right, and the host up?"
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    return "the connection broke"
