"""The client of Pindena's own registration system (clauses S2 and S4): who signed up for what.

The same system serves participants of customers' events (clause S5): only the configured activities can be
asked for, and an answer that holds anything else is refused whole.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Self, TypeVar

from connectors.client import Client, Clock, utc_now
from connectors.egress import Egress
from connectors.errors import ForeignRecordsError, PermanentError
from connectors.pages import Page, read_page
from schemas.payloads.pindena import CourseSignup, OrderForm
from schemas.policy import Policy

P = TypeVar("P", bound=CourseSignup | OrderForm)

PATH = "/api/v1/activities/{activity}/participants"

_EVER = datetime(1970, 1, 2, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_OSLO_IN_SUMMER = timezone(timedelta(hours=2))


class PindenaClient(Client):
    """The participant lists of the configured activities of one instance."""

    def __init__(
        self,
        egress: Egress,
        course_activities: Collection[int],
        order_activities: Collection[int],
        *,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(egress)
        self._courses = sorted(course_activities)
        self._orders = sorted(order_activities)
        self._clock = clock

    @classmethod
    def connect(
        cls,
        policy: Policy,
        url: str,
        username: str,
        password: str,
        *,
        course_activities: frozenset[int] = frozenset(),
        order_activities: frozenset[int] = frozenset(),
        clock: Clock = utc_now,
        **egress_options: Any,
    ) -> Self:
        """A client of the instance at `url`. Sends nothing yet."""
        allowed = {"configured_activities": [str(number) for number in course_activities | order_activities]}
        egress = Egress(
            policy,
            "pindena",
            url,
            credentials=_BasicCredentials(username, password),
            allow=allowed,
            **egress_options,
        )
        return cls(egress, course_activities, order_activities, clock=clock)

    def check(self) -> None:
        """Ask one activity for what will change after tomorrow: nothing, but only for the right password.

        Raises UnauthorizedError when user or password are not accepted.
        """
        for activity in [*self._courses, *self._orders][:1]:
            self._participants(activity, self._clock() + timedelta(days=2), None)

    def activities(self, payload: type[P]) -> Sequence[int]:
        """The configured activities whose lists hold records of this kind."""
        return self._courses if payload is CourseSignup else self._orders

    def participants(
        self,
        payload: type[P],
        activity: int,
        updated_after: datetime | None = None,
        updated_before: datetime | None = None,
        *,
        attempts: int | None = None,
    ) -> Page[P]:
        """The list of one activity, in one request that is tried `attempts` times (default: as any other).

        Of every status, cancelled ones too. The window (aware times; None: open) is a little wider than
        asked: see `_texts`.

        Raises EgressError; ForeignRecordsError when a record belongs to another activity.
        """
        items = self._participants(activity, updated_after, updated_before, attempts)
        page = read_page(payload, items)
        if any(record.activity_id != activity for record in page.records):
            raise _foreign(activity)
        return page

    def _participants(
        self,
        activity: int,
        after: datetime | None,
        before: datetime | None,
        attempts: int | None = None,
    ) -> list[Any]:
        """The raw records of one activity. Raises ForeignRecordsError when one belongs to another."""
        # Without a change parameter only the registered and confirmed are told of, never a cancellation.
        lower, upper = _texts(_EVER if after is None and before is None else after, before)
        items = self._egress.request(
            "GET",
            PATH,
            variables={"activity": activity},
            query={"updated_after": lower, "updated_before": upper},
            attempts=attempts,
        ).body
        if not isinstance(items, list):
            path = PATH.format(activity=activity)
            raise PermanentError(f"pindena GET {path}: the answer is not a list; has the API changed?")
        if any(_is_foreign(item, activity) for item in items):
            raise _foreign(activity)
        return items


class _BasicCredentials:
    """User and password in UTF-8, sent with every request."""

    def __init__(self, username: str, password: str) -> None:
        pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {pair}"}

    def headers(self, egress: Egress) -> Mapping[str, str]:
        return self._headers

    def renew(self) -> None:
        """There is nothing to renew; the request is tried once more all the same."""


def _texts(after: datetime | None, before: datetime | None) -> tuple[str | None, str | None]:
    """The window as the API reads it: to the minute, without a zone.

    Whether it means Oslo or UTC is not published, nor whether the ends belong to it, and in October an hour
    of Oslo comes twice. So the lower end is written in UTC, which is behind Oslo, the upper one with the
    farthest that Oslo is ever ahead, each a minute wider: right for any reading, and still one request.
    """
    lower = None if after is None else (after - _MINUTE).astimezone(UTC)
    upper = None if before is None else (before + 2 * _MINUTE).astimezone(_OSLO_IN_SUMMER)
    return _minute(lower), _minute(upper)


def _minute(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M")


def _foreign(activity: int) -> ForeignRecordsError:
    return ForeignRecordsError(
        f"pindena GET {PATH.format(activity=activity)}: the answer holds participants of another activity. "
        "Nothing of it was kept; check the instance and the activity ids in the settings"
    )


def _is_foreign(item: object, activity: int) -> bool:
    """Whether a record says that it belongs to another activity; one that says nothing is malformed."""
    number = item.get("RegistrationID") if isinstance(item, dict) else None
    if isinstance(number, str):
        number = number.strip()
        return number.isdecimal() and int(number) != activity
    return isinstance(number, int | Decimal) and number != activity
