"""A local server of Pindena's participant lists: its auth, change parameters and errors.

Answers from a `PindenaState`. Written from what is published of the API; shares nothing with the client.
"""

import base64
import binascii
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from connectors.pindena.simulator_state import LISTED_STATUSES, Participant, PindenaState, Record
from connectors.simulation.faults import Faults, RecordedRequest
from connectors.simulation.gate import Clock, Simulator, json_response, query_pairs, utc_now

_TIME_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
_NUMBER_FIELDS = ("RegistrationPersonStructID", "RegistrationID", "Active", "Attended", "Passed", "Count")


@dataclass
class PindenaBehaviour:
    """What is not published of the API, as switches. The defaults are the likeliest reading."""

    time_zone: str = "Europe/Oslo"
    """Of the change parameters, which carry none."""
    inclusive: bool = True
    """Whether a participant changed at exactly the given time belongs to the answer."""
    change_parameters: bool = True
    """False: the system is older than 5.13.0 and ignores them."""
    numbers_as_text: bool = False
    """Whether numbers are served as texts (`"1"`)."""
    served_instead: dict[int, int] = field(default_factory=dict)
    """The activity whose participants are served, by the activity that is asked for."""


class PindenaSimulator(Simulator):
    """The participant lists of one installation. Paths start at /api/v1 below the mount point.

    Every activity is served to whoever has the password, other customers' events as well: that nothing
    but the own activities is asked for is the client's duty, and `asked_activities` shows what was.
    """

    system: ClassVar[str] = "pindena"

    def __init__(
        self,
        state: PindenaState,
        *,
        faults: Faults | None = None,
        behaviour: PindenaBehaviour | None = None,
        clock: Clock = utc_now,
        requests: list[RecordedRequest] | None = None,
    ) -> None:
        super().__init__(faults or Faults(), clock, requests)
        self.state = state
        self.behaviour = behaviour or PindenaBehaviour()

    def asked_activities(self) -> set[int]:
        """Ids of the activities whose participants were asked for, with or without success."""
        paths = [
            request.path.strip("/").split("/") for request in self.requests if request.system == self.system
        ]
        return {
            int(parts[3])
            for parts in paths
            if parts[2:3] == ["activities"] and parts[3:4] and parts[3].isdigit()
        }

    def failure(self, status: int) -> Response:
        """An error; its body is not published, so no client should read it."""
        return json_response({"error": _ERRORS.get(status, "Internal Server Error")}, status)

    def routed(self) -> ASGIApp:
        """The app behind the gate."""
        path = "/api/v1/activities/{activity_id}/participants"
        return Starlette(
            routes=[Route(path, self._participants)],
            exception_handlers={
                404: lambda request, error: self.failure(404),
                405: lambda request, error: self.failure(405),
            },
        )

    async def _participants(self, request: Request) -> Response:
        if not self._is_authorized(request.headers.get("authorization", "")):
            refusal = self.failure(401)
            refusal.headers["WWW-Authenticate"] = 'Basic realm="API"'
            return refusal
        number = request.path_params["activity_id"]
        if not (number.isascii() and number.isdigit() and int(number) in self.state.activities):
            return self.failure(404)
        served = self.behaviour.served_instead.get(int(number), int(number))
        query = dict(query_pairs(request.scope))
        try:
            keeps = self._selection(query.get("updated_after"), query.get("updated_before"))
        except ValueError:
            return self.failure(400)
        return json_response(
            [
                self._shown(participant.payload)
                for participant in self.state.listed(served)
                if keeps(participant) and self.faults.visible("participants", participant.payload)
            ]
        )

    def _is_authorized(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        known = f"{self.state.username}:{self.state.password}".encode()
        return scheme.casefold() == "basic" and secrets.compare_digest(given, known)

    def _selection(self, after: str | None, before: str | None) -> Callable[[Participant], bool]:
        """Which participants a list shows. Raises ValueError for a time that cannot be read.

        Without a change parameter only those who take part; with one of them all that changed.
        """
        if not self.behaviour.change_parameters or not (after or before):
            return lambda participant: participant.payload.get("Status") in LISTED_STATUSES
        start = self._time(after) if after else None
        end = self._time(before) if before else None
        if self.behaviour.inclusive:
            return lambda participant: (
                (start is None or participant.updated_at >= start)
                and (end is None or participant.updated_at <= end)
            )
        return lambda participant: (
            (start is None or participant.updated_at > start)
            and (end is None or participant.updated_at < end)
        )

    def _time(self, text: str) -> datetime:
        zone = ZoneInfo(self.behaviour.time_zone)
        for pattern in _TIME_FORMATS:
            try:
                return datetime.strptime(text, pattern).replace(tzinfo=zone).astimezone(UTC)
            except ValueError:
                continue
        raise ValueError("neither a date nor a date and time")

    def _shown(self, payload: Record) -> Record:
        if not self.behaviour.numbers_as_text:
            return payload
        return {key: _as_text(value) if key in _NUMBER_FIELDS else value for key, value in payload.items()}


_ERRORS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value
