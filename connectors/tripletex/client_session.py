"""The session that Tripletex wants on every request: made from two tokens, dead at midnight in Oslo.

A session dies at the START of its expiration date, Norwegian time, so a date of today is never asked for.
Knows the session endpoints only.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.answers import Answer
from connectors.client import Clock
from connectors.egress import Egress
from connectors.errors import EgressError, PermanentError
from schemas.zone import OSLO

LIFETIME = timedelta(days=2)
"""One whole day at least, also for a session that is made just before midnight."""
MARGIN = timedelta(minutes=10)
"""A session is replaced so long before it dies: clocks differ, and a retried request may wait."""

_CREATE = "/token/session/:create"
_VALIDATION = 18000
_SETTINGS = {"arg:consumerToken": "TRIPLETEX_CONSUMER_TOKEN", "arg:employeeToken": "TRIPLETEX_EMPLOYEE_TOKEN"}

logger = logging.getLogger(__name__)


class TripletexSession:
    """Credentials of one consumer and one employee token; the session is made on first use."""

    def __init__(self, consumer_token: str, employee_token: str, clock: Clock) -> None:
        self._tokens = {"consumerToken": consumer_token, "employeeToken": employee_token}
        self._clock = clock
        self._token: str | None = None
        self._ends = datetime.min.replace(tzinfo=UTC)

    def headers(self, egress: Egress) -> Mapping[str, str]:
        """Basic authentication with user 0: the company that the employee token belongs to."""
        if self._token is None or self._clock().astimezone(UTC) >= self._ends - MARGIN:
            self._create(egress)
        return {"Authorization": "Basic " + base64.b64encode(f"0:{self._token}".encode()).decode()}

    def renew(self) -> None:
        """Forget the session; the next request makes a new one."""
        self._token = None

    def end(self, egress: Egress) -> None:
        """End the session at Tripletex, if there is one. A session that cannot be ended dies by itself."""
        if self._token is None:
            return
        try:
            egress.request(
                "DELETE",
                "/token/session/{token}",
                variables={"token": self._token},
                accept=(200, 204, 401, 403, 404),
                attempts=2,
            )
        except EgressError as error:
            logger.warning("the session was not ended and expires by itself: %s", error)
        self._token = None

    def _create(self, egress: Egress) -> None:
        asked = self._clock().astimezone(OSLO).date() + LIFETIME
        values = {**self._tokens, "expirationDate": asked.isoformat()}
        try:
            answer = self._posted(egress, values)
        except PermanentError as error:
            if error.code == _VALIDATION:
                wrong = [setting for field, setting in _SETTINGS.items() if field in error.fields]
                settings = " and ".join(wrong or _SETTINGS.values())
                raise PermanentError(
                    f"tripletex: a token is not accepted; check {settings} "
                    "(test and production each have their own)",
                    status=error.status,
                    code=error.code,
                ) from None
            raise
        value = answer.body.get("value") if isinstance(answer.body, dict) else None
        token = value.get("token") if isinstance(value, dict) else None
        if not isinstance(token, str) or not token:
            raise PermanentError("tripletex: the new session came without a token", status=answer.status)
        self._token = token
        self._ends = _midnight(min(asked, _date((value or {}).get("expirationDate")) or asked))

    def _posted(self, egress: Egress, values: Mapping[str, str]) -> Answer:
        """POST keeps the tokens out of the server's access log; before 2.74 there was only PUT."""
        try:
            return egress.request(
                "POST", _CREATE, body=values, accept=(200, 201), anonymous=True, repeatable=True
            )
        except PermanentError as error:
            if error.status not in (404, 405):
                raise
        return egress.request("PUT", _CREATE, query=values, accept=(200, 201), anonymous=True)


def _midnight(day: date) -> datetime:
    """When `day` begins in Oslo, in UTC. Clocks change at 2 or 3 o'clock there, so midnight exists once."""
    return datetime.combine(day, time.min, OSLO).astimezone(UTC)


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
