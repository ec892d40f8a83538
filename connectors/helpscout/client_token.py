"""The access token of Help Scout: fetched when it is needed, forgotten when it is refused or runs out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from connectors.egress import Egress
from connectors.errors import PermanentError, UnauthorizedError

TOKEN_PATH = "/v2/oauth2/token"  # noqa: S105 - a path, not a secret
EXPIRY_MARGIN_SECONDS = 60.0
DEFAULT_LIFETIME_SECONDS = 3_600.0
"""Where the answer does not say: it has been two hours and two days over the years."""


class AccessToken:
    """Credentials of the client-credentials flow (it has no refresh token)."""

    def __init__(self, app_id: str, app_secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._app_id = app_id
        self._app_secret = app_secret
        self._clock = clock
        self._token: str | None = None
        self._expires_at = 0.0

    def headers(self, egress: Egress) -> Mapping[str, str]:
        """The Authorization header, after fetching a token when there is none that lasts.

        Raises UnauthorizedError when the id or the secret is not accepted.
        """
        if self._token is None or self._clock() >= self._expires_at:
            self._fetch(egress)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> None:
        """Forget the token."""
        self._token = None

    def _fetch(self, egress: Egress) -> None:
        asked_at = self._clock()
        try:
            answer = egress.request(
                "POST",
                TOKEN_PATH,
                form={
                    "grant_type": "client_credentials",
                    "client_id": self._app_id,
                    "client_secret": self._app_secret,
                },
                anonymous=True,
                repeatable=True,
                weight=0,
            )
        except PermanentError as error:
            if error.status not in (400, 401, 403):
                raise
            raise UnauthorizedError(
                "helpscout: no token is given for this app id and secret, or the user they belong to "
                "is not active",
                status=error.status,
            ) from None
        body = answer.body if isinstance(answer.body, dict) else {}
        token = body.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise PermanentError(f"helpscout POST {TOKEN_PATH}: the answer holds no access_token")
        lifetime = body.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int) else DEFAULT_LIFETIME_SECONDS
        self._token = token
        # At least one request per token, however short it lives: no loop of token calls.
        self._expires_at = asked_at + max(seconds - EXPIRY_MARGIN_SECONDS, 1.0)
