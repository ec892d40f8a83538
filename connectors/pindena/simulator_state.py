"""The activities and participants behind the Pindena simulator: own courses and order forms, and the events
of other customers, which nobody but those customers may read. Knows nothing of HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.simulation.gate import utc_now

Record = dict[str, Any]

LISTED_STATUSES = ("registered", "confirmed")
"""What a participant list shows when it is not asked for changes."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A course, order form or event that people sign up for."""

    activity_id: int
    name: str
    organizer: str | None
    """The customer whose event it is; None: Pindena's own. No field of the API tells it."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One sign-up as served. Replaced as a whole, never changed in place."""

    activity_id: int
    """The activity whose list it is on, whatever its `RegistrationID` says."""
    payload: Record
    updated_at: datetime
    """Hidden, in whole seconds: the change parameters compare it."""


@dataclass
class PindenaState:
    """One installation of the registration system. `now` stamps changes that are given no `at`.

    Methods that name a participant or an activity raise KeyError when there is none.
    """

    username: str = "api"
    password: str = "api-secret"  # noqa: S105  # of the simulator, not of an account
    now: Callable[[], datetime] = utc_now
    activities: dict[int, Activity] = field(default_factory=dict)
    participants: dict[int, Participant] = field(default_factory=dict)
    _by_activity: dict[int, dict[int, None]] = field(default_factory=dict)

    def add_activity(self, activity_id: int, name: str, *, organizer: str | None = None) -> Activity:
        """Add a course or order form of Pindena's own, or an event of the customer `organizer`."""
        activity = Activity(activity_id, name, organizer)
        self.activities[activity_id] = activity
        self._by_activity.setdefault(activity_id, {})
        return activity

    def own_activities(self) -> list[int]:
        """Ids of Pindena's own activities."""
        return [number for number, activity in self.activities.items() if activity.organizer is None]

    def foreign_activities(self) -> list[int]:
        """Ids of other customers' activities: whose participants are processor data."""
        return [number for number, activity in self.activities.items() if activity.organizer is not None]

    def add_participant(
        self,
        participant_id: int,
        activity_id: int,
        first: str = "",
        last: str = "",
        *,
        email: str = "",
        phone: str = "",
        company: str = "",
        status: str = "registered",
        at: datetime | None = None,
        **fields: Any,
    ) -> Record:
        """Sign somebody up. `fields` are further fields of a participant (`Paid`, `Attended` ...)."""
        if activity_id not in self.activities:
            raise KeyError(activity_id)
        payload: Record = {
            "RegistrationPersonStructID": participant_id,
            "RegistrationID": activity_id,
            "Active": 1,
            "FirstName": first,
            "LastName": last,
            "Email": email,
            "Phone": phone,
            "CompanyName": company,
            "Status": status,
            "Paid": "NotPaid",
            "Attended": 0,
            "Passed": 0,
            "Count": 1,
            **fields,
        }
        self._store(participant_id, activity_id, payload, at)
        return payload

    def change_participant(self, participant_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Set fields of a sign-up, named as in the API (`Email="kari@example.no"`), to any value."""
        before = self.participants[participant_id]
        self._store(participant_id, before.activity_id, before.payload | fields, at)

    def remove_fields(self, participant_id: int, *names: str, at: datetime | None = None) -> None:
        """Leave fields out of a sign-up: the way to a record that lacks what it should have."""
        before = self.participants[participant_id]
        kept = {key: value for key, value in before.payload.items() if key not in names}
        self._store(participant_id, before.activity_id, kept, at)

    def cancel(self, participant_id: int, *, status: str = "cancelled", at: datetime | None = None) -> None:
        """Cancel a sign-up. From then on only a list that is asked for changes shows it."""
        self.change_participant(participant_id, at=at, Status=status, Active=0)

    def move_participant(self, participant_id: int, activity_id: int, *, at: datetime | None = None) -> None:
        """Move a sign-up to another activity; the list it leaves does not tell."""
        if activity_id not in self.activities:
            raise KeyError(activity_id)
        payload = self.participants[participant_id].payload | {"RegistrationID": activity_id}
        self.delete_participant(participant_id)
        self._store(participant_id, activity_id, payload, at)

    def merge_participants(self, loser: int, winner: int, *, at: datetime | None = None) -> None:
        """Make two sign-ups one: the winner takes the tickets, the loser is gone."""
        tickets = self.participants[winner].payload["Count"] + self.participants[loser].payload["Count"]
        self.delete_participant(loser)
        self.change_participant(winner, at=at, Count=tickets)

    def delete_participant(self, participant_id: int) -> None:
        """Remove a sign-up. No list tells of it."""
        participant = self.participants.pop(participant_id)
        del self._by_activity[participant.activity_id][participant_id]

    def delete_activity(self, activity_id: int) -> None:
        """Remove an activity and its sign-ups: its list is not found any more."""
        for participant_id in list(self._by_activity[activity_id]):
            self.delete_participant(participant_id)
        del self._by_activity[activity_id], self.activities[activity_id]

    def listed(self, activity_id: int) -> list[Participant]:
        """The sign-ups of an activity, in the order they were put on its list."""
        return [self.participants[participant_id] for participant_id in list(self._by_activity[activity_id])]

    def _store(self, participant_id: int, activity_id: int, payload: Record, at: datetime | None) -> None:
        moment = (at or self.now()).replace(microsecond=0)
        self.participants[participant_id] = Participant(activity_id, payload, moment)
        self._by_activity[activity_id][participant_id] = None
