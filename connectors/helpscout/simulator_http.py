"""The Help Scout simulator's side of HTTP: one call, its refusals, and Help Scout's error bodies."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from starlette.responses import PlainTextResponse, Response

from connectors.simulation.gate import json_response

HAL = "application/hal+json;charset=UTF-8"
ERROR = "application/vnd.error+json"

_ABOUT = "http://developer.helpscout.net/mailbox-api/overview/errors"


class Problem(NamedTuple):
    """One entry of a validation error. `about` is the anchor of its class in Help Scout's documentation."""

    path: str
    message: str
    about: str
    rejected: Any = None
    source: Literal["JSON", "QUERY", "PATH"] = "JSON"


class Refusal(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, *problems: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.problems = problems
        self.headers = dict(headers or {})

    def response(self, trace: str) -> Response:
        """The answer; `trace` is the id that the Correlation-Id header carries as well."""
        return error_response(self.status, trace, self.problems, self.headers)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, decoded."""

    method: str
    base: str
    """Scheme, host and mount prefix under which the client reached the simulator."""
    path_params: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    content_type: str
    body: bytes
    authorization: str

    def id(self, name: str = "id") -> int:
        """An id of the path. Raises Refusal when it is none."""
        return whole_number(self.path_params[name], name, source="PATH")

    def value(self, name: str) -> str | None:
        """A query parameter, None when it is missing or blank."""
        return next((value for key, value in self.query if key == name and value != ""), None)

    def flag(self, name: str) -> bool:
        """Whether a query parameter says `true`."""
        return self.value(name) == "true"

    def json(self) -> Any:
        """The JSON body. Raises Refusal for another media type and for what cannot be read."""
        if self.content_type not in ("application/json", "application/hal+json"):
            raise Refusal(415)
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refusal(400, Problem("", "malformed JSON", "MalformedBody")) from None

    def object(self) -> dict[str, Any]:
        """The JSON body when it is an object. Raises Refusal otherwise."""
        content = self.json()
        if not isinstance(content, dict):
            raise Refusal(400, Problem("", "an object is expected", "MalformedBody"))
        return content

    def parameters(self) -> dict[str, Any]:
        """Parameters of the token call: from the body its media type announces, or from the query."""
        found: dict[str, Any] = dict(self.query)
        if self.content_type == "application/x-www-form-urlencoded":
            found |= dict(parse_qsl(self.body.decode("latin-1")))
        elif self.content_type == "application/json":
            found |= self.object()
        return found


def error_response(
    status: int,
    trace: str,
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The body Help Scout gives an error of this status."""
    match status:
        case 401:
            return json_response(
                {
                    "error": "invalid_token",
                    "error_description": "The access token is invalid or has expired",
                },
                401,
                headers={"WWW-Authenticate": 'Bearer realm="service", error="invalid_token"'},
            )
        case 429:
            return json_response({"message": "API rate limit exceeded"}, 429)
        case _ if status >= 500:
            failed = {"logRef": trace, "message": "Internal error", "links": []}
            return json_response(failed, status, media_type=ERROR)
        case _:
            refused: dict[str, Any] = {"logRef": trace, "message": _MESSAGES.get(status, "Error")}
            if problems:
                refused["_embedded"] = {"errors": [_described(problem) for problem in problems]}
            refused["_links"] = _about(None)
            return json_response(refused, status, media_type=ERROR, headers=headers)


def hal(content: Mapping[str, Any]) -> Response:
    """A 200 answer."""
    return json_response(content, media_type=HAL)


def created(url: str, record_id: int | None) -> Response:
    """A 201 answer: no body, the new record in the headers."""
    headers = {"Location": url}
    if record_id is not None:
        headers["Resource-ID"] = str(record_id)
    return PlainTextResponse("", 201, headers=headers)


def done(status: int = 204) -> Response:
    """An answer without a body."""
    return PlainTextResponse("", status)


def whole_number(text: str, path: str, *, source: Literal["QUERY", "PATH"] = "QUERY") -> int:
    """A positive integer of a path or query. Raises Refusal for anything else."""
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 1 << 63:
        raise Refusal(400, Problem(path, "invalid identifier", "InvalidIdentifier", text, source))
    return int(text)


_MESSAGES = {
    301: "Moved permanently",
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Payload too large",
    415: "Unsupported media type",
    423: "Locked",
}


def _described(problem: Problem) -> dict[str, Any]:
    described = {"path": problem.path, "message": problem.message, "source": problem.source}
    if problem.rejected is not None:
        described["rejectedValue"] = problem.rejected
    return described | {"_links": _about(problem.about)}


def _about(anchor: str | None) -> dict[str, Any]:
    return {"about": {"href": _ABOUT if anchor is None else f"{_ABOUT}#{anchor}"}}
