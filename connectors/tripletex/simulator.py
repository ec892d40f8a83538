"""A faithful local server of the Tripletex API: sessions, lists, registrations, and its quirks.

Written from the published contract and recorded answers; shares no belief with the client beside it.
Mount `app` where the API's base path is (`/v2`).
"""

import re
from collections.abc import Awaitable, Callable
from typing import ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Rate, Simulator, json_response, utc_now
from connectors.tripletex import simulator_changes as changes
from connectors.tripletex import simulator_errors as errors
from connectors.tripletex import simulator_reads as reads
from connectors.tripletex import simulator_sessions as sessions
from connectors.tripletex.simulator_call import Call
from connectors.tripletex.simulator_errors import ApiFailure
from connectors.tripletex.simulator_fields import IllegalField
from connectors.tripletex.simulator_lists import LISTINGS
from connectors.tripletex.simulator_state import TripletexState
from connectors.tripletex.simulator_switches import Switches


class TripletexSimulator(Simulator):
    """Tripletex over `state`. `switches` holds what is unknown of the API or differs by account."""

    system: ClassVar[str] = "tripletex"

    def __init__(
        self,
        state: TripletexState,
        *,
        faults: Faults | None = None,
        clock: Clock = utc_now,
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        super().__init__(faults or Faults(), clock, requests)
        self.state = state
        self.switches = Switches()

    def routed(self) -> ASGIApp:
        """The API behind the gate."""
        return self._answer

    def failure(self, status: int) -> Response:
        """An error that no endpoint raised. The body of a 429 is not documented."""
        code, message = _FAILURES.get(status, (1000, None))
        return self._error(ApiFailure(status, code, message))

    def standing_headers(self, number: int, rate: Rate) -> dict[str, str]:
        """The state of the rate limit; a 429 tells of the reset only where `retry_header` says so."""
        limit = _NOMINAL_LIMIT if rate.limit is None else rate.limit
        remaining = limit - 1 if rate.limit is None else rate.remaining
        headers = {"X-Rate-Limit-Limit": str(limit), "X-Rate-Limit-Remaining": str(remaining)}
        if not any(request.status == 429 for request in self.requests[number - 1 : number]):
            headers["X-Rate-Limit-Reset"] = str(rate.reset_seconds)
        return headers

    def own_retry_headers(self, seconds: int) -> dict[str, str]:
        """Seconds to the end of the period."""
        return {"X-Rate-Limit-Reset": str(seconds)}

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = Call(Request(scope, receive), self.state, self.switches, self.faults, self.views)
        try:
            response = await self._dispatch(call)
        except ApiFailure as failure:
            response = self._error(failure)
        except IllegalField as illegal:
            response = self._error(ApiFailure(400, 11000, str(illegal)))
        response.headers.setdefault("x-tlx-request-id", errors.new_request_id())
        await response(scope, receive, send)

    async def _dispatch(self, call: Call) -> Response:
        if call.path != sessions.CREATE:
            sessions.authenticate(call, self.clock())
        if any(re.search(pattern, call.path) for pattern in self.switches.forbidden):
            raise errors.forbidden()
        known_path = False
        for method, pattern, handler in _ROUTES:
            match = pattern.fullmatch(call.path)
            if match is not None and method == call.request.method:
                return await handler(call, **match.groupdict())
            known_path = known_path or match is not None
        raise errors.wrong_method() if known_path else errors.not_found()

    def _error(self, failure: ApiFailure) -> Response:
        request_id = errors.new_request_id()
        body = failure.body(self.state.language, request_id, reverse=self.switches.reverse_messages)
        return json_response(body, failure.status, headers={"x-tlx-request-id": request_id})


Handler = Callable[..., Awaitable[Response]]

_NOMINAL_LIMIT = 100
"""What the headers claim while no limit is set; the real numbers are not documented."""
_FAILURES: dict[int, tuple[int, str | None]] = {
    401: (3000, "Unauthorized"),
    403: (9000, "You do not have permission to access this feature."),
    404: (6000, "Object not found"),
    409: (8000, "Revision Exception"),
    422: (18000, errors.INVALID),
    429: (429, "Too Many Requests"),
}
_KEY = r"(?P<key>\d{1,18})"


def _routes() -> list[tuple[str, re.Pattern[str], Handler]]:
    singles = "|".join(map(re.escape, reads.SINGLES))
    table: list[tuple[str, str, Handler]] = [
        ("PUT", sessions.CREATE, sessions.create_by_query),
        ("POST", sessions.CREATE, sessions.create_by_body),
        ("GET", "/token/session/>whoAmI", sessions.who_am_i),
        ("DELETE", r"/token/session/(?P<token>[^:>].*)", sessions.end),
        *(("GET", re.escape(path), reads.list_objects) for path in LISTINGS),
        ("GET", f"/(?P<path>{singles})/{_KEY}", reads.get_object),
        ("POST", "/customer", changes.post_customer),
        ("PUT", f"/customer/{_KEY}", changes.put_customer),
        ("DELETE", f"/customer/{_KEY}", changes.delete_customer),
        ("POST", "/customer/list", changes.post_customers),
        ("PUT", "/customer/list", changes.put_customers),
        ("POST", "/customer/category", changes.post_category),
        ("PUT", f"/deliveryAddress/{_KEY}", changes.put_delivery_address),
        ("POST", "/contact", changes.post_contact),
        ("POST", "/contact/list", changes.post_contacts),
        ("DELETE", "/contact/list", changes.delete_contacts),
        ("PUT", f"/contact/{_KEY}", changes.put_contact),
        ("POST", "/product", changes.post_product),
        ("PUT", f"/product/{_KEY}", changes.put_product),
        ("POST", "/order", changes.post_order),
        ("PUT", f"/order/{_KEY}", changes.put_order),
        ("DELETE", f"/order/{_KEY}", changes.delete_order),
        ("PUT", f"/order/{_KEY}/:invoice", changes.invoice_order),
        ("PUT", f"/order/{_KEY}/:approveSubscriptionInvoice", changes.approve_subscription),
        ("POST", "/invoice", changes.post_invoice),
        ("PUT", f"/invoice/{_KEY}/:payment", changes.pay_invoice),
        ("PUT", f"/invoice/{_KEY}/:createCreditNote", changes.credit_invoice),
        ("PUT", f"/invoice/{_KEY}/:send", changes.send_invoice),
    ]
    return [(method, re.compile(pattern), handler) for method, pattern, handler in table]


_ROUTES = _routes()
