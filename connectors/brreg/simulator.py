"""A faithful local server of the Brønnøysund register's open data API.

Written from the official contract and recorded answers; shares no belief with the client beside it.
Mount `app` where the API's base path is (`/enhetsregisteret/api`).
"""

import re
import uuid
from collections.abc import Callable
from datetime import UTC
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.brreg import simulator_codes as codes
from connectors.brreg import simulator_units as units
from connectors.brreg.simulator_call import Call
from connectors.brreg.simulator_parameters import Invalid
from connectors.brreg.simulator_state import BrregState
from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Rate, Simulator, json_response, utc_now


class BrregSimulator(Simulator):
    """The register over `state`. Open to all, without keys and without a documented rate limit."""

    system: ClassVar[str] = "brreg"

    def __init__(
        self,
        state: BrregState,
        *,
        faults: Faults | None = None,
        clock: Clock = utc_now,
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        super().__init__(faults or Faults(), clock, requests)
        self.state = state
        self.longest_url = 16_384
        """Encoded characters of path and query beyond which the front proxy refuses, in HTML.

        The real limit lies between 12 and 24 thousand.
        """

    def routed(self) -> ASGIApp:
        """The API behind the gate."""
        return self._answer

    def failure(self, status: int) -> Response:
        """A fault of the server; `trace` is what to quote when reporting it."""
        moment = self.clock().astimezone(UTC)
        reason = _REASONS.get(status, "Error")
        path = f"/enhetsregisteret/api{self.requests[-1].path}" if self.requests else ""
        body = {
            "timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "+0000"),
            "status": status,
            "error": reason,
            "message": reason,
            "path": path,
            "trace": str(uuid.uuid4()),
        }
        return json_response(body, status)

    def standing_headers(self, number: int, rate: Rate) -> dict[str, str]:
        """What the documented examples carry; no answer tells of a rate limit."""
        return {"Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(Request(scope, receive), self.state, self.views, self.clock)
        try:
            response = self._dispatch(call)
        except Invalid as invalid:
            response = call.bad_request(invalid.problems)
        await response(scope, receive, send)

    def _dispatch(self, call: Call) -> Response:
        if call.length() > self.longest_url:
            return Response(_PROXY_PAGE, 400, media_type="text/html")
        for pattern, vendor_type, handler in _ROUTES:
            match = pattern.fullmatch(call.path)
            if match is None:
                continue
            if call.request.method not in ("GET", "HEAD"):
                return call.problem(405, "Method Not Allowed")
            if not call.accept(vendor_type):
                return Response(status_code=415)
            return handler(call, **match.groupdict())
        return call.problem(404, "Not Found")


Handler = Callable[..., Response]

_REASONS = {
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
_PROXY_PAGE = "<html><head><title>400 Bad Request</title></head><body><h1>Bad Request</h1></body></html>"
_VENDOR = "application/vnd.brreg.enhetsregisteret"


def _routes() -> list[tuple[re.Pattern[str], str, Handler]]:
    unit, sub_unit, forms = "enhet.v2+json", "underenhet.v2+json", "organisasjonsform.v1+json"
    table: list[tuple[str, str, Handler]] = [
        ("", "v1+json", codes.root),
        ("/(?P<resource>enheter)", unit, units.find_units),
        ("/(?P<resource>underenheter)", sub_unit, units.find_units),
        ("/(?P<resource>enheter)/(?P<number>[^/]+)", unit, units.one_unit),
        ("/(?P<resource>underenheter)/(?P<number>[^/]+)", sub_unit, units.one_unit),
        ("/enheter/(?P<number>[^/]+)/roller", "rolle.v1+json", units.roles),
        ("/oppdateringer/(?P<resource>enheter)", "oppdatering.enhet.v1+json", units.find_updates),
        ("/oppdateringer/(?P<resource>underenheter)", "oppdatering.underenhet.v1+json", units.find_updates),
        ("/organisasjonsformer", forms, codes.forms),
        ("/organisasjonsformer/(?P<part>enheter|underenheter)", forms, codes.forms),
        ("/organisasjonsformer/(?P<code>[^/]+)", forms, codes.one_form),
        ("/kommuner", "kommune.v1+json", codes.municipalities),
    ]
    return [(re.compile(path), f"{_VENDOR}.{kind}", handler) for path, kind, handler in table]


_ROUTES = _routes()
