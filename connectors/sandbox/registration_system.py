"""What the registration system's own database holds: requests of its users, and what participants submitted.

The rows belong to the world as its participants do, and come from the same seed. Knows no database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from connectors.sandbox.stories.registrations import FOREIGN_EVENTS
from connectors.sandbox.world_file import WorldFile

DAYS_OF_LOG = 24
"""So many days before the world's birth the log begins: more than may be kept."""
REQUESTS_A_DAY = 40


@dataclass(frozen=True, slots=True)
class Access:
    """One request of a signed-in user of the registration system."""

    user_id: int
    ip_address: str
    user_agent: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """What a participant of another customer's event wrote into that customer's form."""

    customer_org: str
    activity_id: int
    submitted_at: datetime
    answers: dict[str, Any]


def accesses(file: WorldFile, day: int) -> Iterator[Access]:
    """The log of a day of the world, oldest first; day 0 is all its past."""
    if day == 0:
        ends = [file.born_at - timedelta(days=days) for days in reversed(range(DAYS_OF_LOG))]
        hours = 18
    else:
        # A day that was added a moment ago has no morning of its own.
        ends, hours = [file.days[day - 1]], 2
    random = Random(f"{file.seed}/log/{day}")  # noqa: S311  # an invented world holds no secret
    for end in ends:
        seconds = sorted((random.randrange(1, hours * 3600) for _ in range(REQUESTS_A_DAY)), reverse=True)
        for second in seconds:
            user = random.randrange(1, 31)
            yield Access(user, _address(user, random), _BROWSERS[user % 3], end - timedelta(seconds=second))


def submissions(file: WorldFile, day: int) -> Iterator[Submission]:
    """What was submitted on a day of the world; day 0 is all its past."""
    random = Random(f"{file.seed}/submissions/{day}")  # noqa: S311  # an invented world holds no secret
    moment = file.days[day - 1] if day else file.born_at
    for activity, _, organizer, participants in FOREIGN_EVENTS:
        present = participants if day == 0 else [participants[day % len(participants)]]
        for first, last, email in present:
            since = (
                timedelta(days=random.randrange(2, 60), minutes=random.randrange(600))
                if day == 0
                else timedelta()
            )
            yield Submission(
                organizer,
                activity,
                moment - since,
                {
                    "Fornavn": first,
                    "Etternavn": last,
                    "E-post": email,
                    "Allergier": random.choice(("Ingen", "Nøtter", "Skalldyr")),
                    "Kommentar": random.choice(("", "Kommer litt senere", "Trenger parkering")),
                },
            )


_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36",
)


def _address(user: int, random: Random) -> str:
    """An address out of the ranges that are kept for documentation."""
    match user % 4:
        case 0:
            return f"2001:db8:{user:x}::{random.randrange(1, 9):x}"
        case 1:
            return f"192.0.2.{user + 1}"
        case 2:
            return f"198.51.100.{user + random.randrange(1, 40)}"
        case _:
            return f"203.0.113.{random.randrange(1, 255)}"
