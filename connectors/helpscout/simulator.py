"""A local server of Help Scout's inbox API: its auth, lists, searches, limits, errors and quirks.

Answers from a `HelpScoutState`. Written from what is published of the API; shares nothing with the client.
"""

import uuid
from collections.abc import Awaitable, Callable
from typing import ClassVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.helpscout.simulator_account import Account, Handler
from connectors.helpscout.simulator_behaviour import HelpScoutBehaviour
from connectors.helpscout.simulator_http import Call, Refusal, error_response
from connectors.helpscout.simulator_reads import Reads
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.helpscout.simulator_subscriptions import Subscriptions
from connectors.helpscout.simulator_tokens import Tokens
from connectors.helpscout.simulator_writes import Writes
from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Rate, Simulator, json_response, query_pairs, utc_now

TOKEN_PATH = "/v2/oauth2/token"  # noqa: S105  # a path


class HelpScoutSimulator(Simulator):
    """Help Scout's API over one account. Paths start at /v2 and /v3 below the mount point.

    `clock` rules tokens and the rate window; the state's own `now` is the time of the account, which the
    index lag, merges and deletions follow. `behaviour` holds what the published facts leave open.
    """

    system: ClassVar[str] = "helpscout"

    def __init__(
        self,
        state: HelpScoutState,
        *,
        faults: Faults | None = None,
        behaviour: HelpScoutBehaviour | None = None,
        clock: Clock = utc_now,
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        super().__init__(faults or Faults(), clock, requests)
        self.state = state
        self.behaviour = behaviour or HelpScoutBehaviour()
        self.tokens = Tokens(clock)
        self._account = Account(self, state, self.behaviour)
        self._trace = str(uuid.uuid4())

    def revoke_tokens(self) -> None:
        """Every token in use is refused from now on."""
        self.tokens.revoke()

    def weight(self, method: str, path: str) -> int:
        """A write costs twice a read; asking for a token costs nothing."""
        if path.rstrip("/") == TOKEN_PATH:
            return 0
        return 1 if method in ("GET", "HEAD") else 2

    def standing_headers(self, number: int, rate: Rate) -> dict[str, str]:
        """What every answer carries. Without a limit there is no budget to tell."""
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
            "Correlation-Id": f"{self._trace}#{number}",
            "Expires": "0",
            "Pragma": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Xss-Protection": "1; mode=block",
        }
        if rate.limit is not None:
            headers["X-Ratelimit-Limit-Minute"] = str(rate.limit)
            headers["X-Ratelimit-Remaining-Minute"] = str(max(0, rate.remaining))
        return headers

    def own_retry_headers(self, seconds: int) -> dict[str, str]:
        """Help Scout's name for Retry-After."""
        return {"X-Ratelimit-Retry-After": str(seconds)}

    def failure(self, status: int) -> Response:
        """Help Scout's body for a failure that was planned, or for a spent budget."""
        return error_response(status, self._correlation_id())

    def routed(self) -> ASGIApp:
        """The app behind the gate; a trailing slash makes no difference."""
        parts = (Reads(self._account), Writes(self._account), Subscriptions(self._account))
        protected = [route for part in parts for route in part.routes()]
        app = Starlette(
            routes=[
                Route(TOKEN_PATH, self._endpoint(self._token), methods=["POST"]),
                *(
                    Route(path, self._endpoint(self._with_token(handler)), methods=[method])
                    for method, path, handler in protected
                ),
            ],
            exception_handlers={
                404: lambda request, error: self.failure(404),
                405: lambda request, error: self.failure(405),
            },
        )

        async def without_trailing_slash(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "path": scope["path"].rstrip("/") or "/"}, receive, send)

        return without_trailing_slash

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = Call(
                method=request.method,
                base=_base(request.scope),
                path_params=request.path_params,
                query=query_pairs(request.scope),
                content_type=request.headers.get("content-type", "").partition(";")[0].strip().lower(),
                body=await request.body(),
                authorization=request.headers.get("authorization", ""),
            )
            self._account.catch_up()
            try:
                return handler(call)
            except Refusal as refusal:
                return refusal.response(self._correlation_id())

        return endpoint

    def _with_token(self, handler: Handler) -> Handler:
        def guarded(call: Call) -> Response:
            accepted = self.tokens.accept(call.authorization, self.behaviour.token_uses)
            if not (accepted and self.behaviour.user_active):
                raise Refusal(401)
            return handler(call)

        return guarded

    def _correlation_id(self) -> str:
        return f"{self._trace}#{len(self.requests)}"

    def _token(self, call: Call) -> Response:
        given = call.parameters()
        if given.get("grant_type") != "client_credentials":
            return _token_error(400, "unsupported_grant_type", "Invalid grant_type")
        known = (given.get("client_id"), given.get("client_secret"))
        if known != (self.state.app_id, self.state.app_secret):
            status = self.behaviour.wrong_secret_status
            return _token_error(status, "invalid_client", "Invalid client authentication")
        if not self.behaviour.user_active:
            return _token_error(401, "invalid_client", "The user of this app is not active")
        lifetime = self.behaviour.token_lifetime
        return json_response(
            {"token_type": "bearer", "access_token": self.tokens.issue(lifetime), "expires_in": lifetime}
        )


def _base(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"


def _token_error(status: int, error: str, description: str) -> Response:
    return json_response({"error": error, "error_description": description}, status)
