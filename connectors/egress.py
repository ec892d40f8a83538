"""The only code that opens a connection: allow-list, budget, retries, and a count of who was asked what.

A client names a request by method and path template; only those that policy.yaml lists for the recipient,
with the query and body names listed there, are sent, and only to the host of the recipient's setting.
Nothing of a URL, header or body reaches a log line or a message.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import requests
import urllib3

from connectors.answers import Answer, Expectation, judge
from connectors.budget import RequestBudget
from connectors.errors import (
    AmbiguousError,
    EgressError,
    PermanentError,
    RateLimitedError,
    RefusedByPolicyError,
    TransientError,
    UnauthorizedError,
    UnavailableError,
)
from connectors.rate_headers import rate_limit, retry_after
from connectors.retries import MAX_WAIT_SECONDS, retrying
from connectors.transport import Transport
from connectors.urls import as_text, filled_path
from schemas.policy import Policy, Request

CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
MAX_BODY_BYTES = 200 * 1024 * 1024
ATTEMPTS = 7

_REPEATABLE_METHODS = frozenset({"GET", "PUT", "DELETE"})

logger = logging.getLogger(__name__)
# The library below tells each URL with its query when a log is set to debug; a query can name a person.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


class Credentials(Protocol):
    """How a client proves who it is. `headers` may fetch a token through `egress`; `renew` forgets it."""

    def headers(self, egress: Egress) -> Mapping[str, str]: ...

    def renew(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that the policy permits, ready to be sent as often as it takes."""

    request: requests.Request
    label: str
    """Its path in messages and counts: the template, with the variables that are on an allow-list."""
    cost: int
    expected: Expectation


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
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Transport())
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
            self._base_url + filled_path(path, variables),
            params={name: as_text(value) for name, value in query.items()},
            data=json.dumps(content).encode() if content is not None else form,
            headers={
                **({"Content-Type": "application/json"} if content is not None else {}),
                **(headers or {}),
            },
        )
        label = filled_path(path, {name: variables[name] for name in declared.allow}, partly=True)
        expected = Expectation(
            request=f"{self.recipient} {method} {label}",
            is_read=method == "GET",
            accept=frozenset(accept),
            repeatable=method in _REPEATABLE_METHODS if repeatable is None else repeatable,
            wants_json=wants_json,
        )
        cost = (1 if method == "GET" else 2) if weight is None else weight
        return self._answered(
            _Call(prepared, label, cost, expected),
            None if anonymous else self._credentials,
            attempts or self._attempts,
        )

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
            if as_text(variables.get(name)) not in self._allow.get(list_name, frozenset()):
                raise RefusedByPolicyError(
                    f"{self.recipient}: {method} {path}: this {name} is not among the {list_name}"
                )
        return declared

    def _answered(self, call: _Call, credentials: Credentials | None, attempts: int) -> Answer:
        """Send a call until it is answered, and once more with renewed credentials where they are refused."""
        try_again = retrying(attempts, self._sleep)
        renewed = False
        while True:
            try:
                # Not within `try_again`: fetching a token has retries of its own.
                proof = {} if credentials is None else credentials.headers(self)
                return try_again(self._send, call, proof)
            except UnauthorizedError:
                # A token can die at any moment of a run (expiry, Oslo midnight): one renewal, one retry.
                if renewed or credentials is None:
                    raise
                credentials.renew()
                renewed = True

    def _send(self, call: _Call, proof: Mapping[str, str]) -> Answer:
        """One attempt, counted whatever comes of it."""
        prepared = self._session.prepare_request(call.request)
        prepared.headers.update(proof)
        if call.cost:
            self._refuse_a_long_wait(call.expected.request)
            self._budget.take(call.cost)
        status = 0
        try:
            with self._session.send(
                prepared, timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False, stream=True
            ) as response:
                status, headers = response.status_code, response.headers
                content = _read(response)
        except (_TooLargeError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _unanswered(call.expected, error) from None
        finally:
            self.counts[str(call.request.method), call.label, status] += 1
        logger.debug("%s %d", call.expected.request, status)
        self._budget.learn(*rate_limit(headers))
        if status == 429:
            # The limit is the account's: everything else that shares this budget waits as well.
            self._budget.pause(retry_after(headers, rate_limited=True) or 0.0)
        return judge(call.expected, status, content, headers)

    def _refuse_a_long_wait(self, request: str) -> None:
        """A server that asked for hours is not asked meanwhile, and nobody waits silently for it either."""
        seconds = self._budget.blocked_seconds
        if seconds > MAX_WAIT_SECONDS:
            raise RateLimitedError(
                f"{request}: not sent, as the server has asked to be left alone for {seconds:,.0f} s more: "
                "run it again then",
                wait_seconds=seconds,
            )


def _unanswered(expected: Expectation, error: Exception) -> EgressError:
    """What it means that no whole answer came."""
    request = expected.request
    if isinstance(error, _TooLargeError):
        return PermanentError(f"{request}: the body is larger than {MAX_BODY_BYTES} bytes")
    if isinstance(error, requests.ConnectTimeout):
        return TransientError(f"{request}: no connection within {CONNECT_SECONDS:.0f} s")
    if not isinstance(error, requests.ConnectionError | requests.Timeout | urllib3.exceptions.HTTPError):
        return PermanentError(f"{request}: {type(error).__name__}")
    if "CERTIFICATE_VERIFY_FAILED" in repr(error):
        return PermanentError(f"{request}: the host's certificate is not accepted")
    if _never_connected(error):
        return TransientError(f"{request}: no connection: is the address right, and the host up?")
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        problem = "no answer in time"
    elif isinstance(error, requests.exceptions.SSLError):
        problem = "no secure connection (TLS): does the host speak https at this address?"
    else:
        problem = "the connection broke"
    if expected.repeatable:
        return UnavailableError(f"{request}: {problem}")
    return AmbiguousError(f"{request}: the answer was lost ({problem})")


def _read(response: requests.Response) -> bytes:
    """The whole body, unpacked, within MAX_BODY_BYTES."""
    chunks, size = [], 0
    while chunk := response.raw.read1(65_536, decode_content=True):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise _TooLargeError
    return b"".join(chunks)


class _TooLargeError(Exception):
    """A body that no list of these APIs can have."""


def _operations(patch: Mapping[str, object]) -> list[dict[str, object]]:
    return [
        {"op": "remove", "path": f"/{name}"}
        if value is None
        else {"op": "replace", "path": f"/{name}", "value": value}
        for name, value in patch.items()
    ]


def _never_connected(error: Exception) -> bool:
    """Whether a failure came before the request was sent (refused, unknown host)."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, urllib3.exceptions.NewConnectionError)
