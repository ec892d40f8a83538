"""The case file of a request: what was asked, by when it must be answered, and what came of it.

Holds no name and no hint, so that the file itself is no record of who asked.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from pipelines.privacy import audit_log
from pipelines.privacy.periods import deadline
from schemas.tables.privacy import subject_request
from schemas.zone import OSLO

Kind = Literal[
    "access", "rectification", "restriction", "objection", "erasure", "disclosures", "withdrawal", "release"
]
"""What a person can ask for. `disclosures`: who was told (art. 15(1)(c)); `withdrawal`: of an objection;
`release`: not to be held back any longer after an erasure."""
Outcome = Literal["done", "nothing_held", "partly"]

ALARM_AFTER = timedelta(days=20)
"""An open request this old is reported, ten days before it is late."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    request_id: str
    kind: Kind
    received_on: date
    due_on: date
    answered_at: datetime | None = None
    outcome: Outcome | None = None


def open_request(connection: sa.Connection, kind: Kind, received_at: datetime, now: datetime) -> Request:
    """Begin a case; the deadline is one month after the day of receipt in Norway (GDPR art. 12(3))."""
    request = Request(str(uuid.uuid4()), kind, received_at.astimezone(OSLO).date(), deadline(received_at))
    connection.execute(
        sa.insert(subject_request).values(
            request_id=request.request_id,
            kind=kind,
            received_on=request.received_on,
            due_on=request.due_on,
            counts={},
        )
    )
    audit_log.append(connection, "request_received", now, request=request.request_id, kind=kind)
    return request


def read_request(connection: sa.Connection, request_id: str) -> Request:
    """A case by its number. Raises KeyError when there is none."""
    row = connection.execute(
        sa.select(subject_request).where(subject_request.c.request_id == request_id)
    ).one_or_none()
    if row is None:
        raise KeyError(f"there is no request {request_id}")
    return Request(row.request_id, row.kind, row.received_on, row.due_on, row.answered_at, row.outcome)


def close_request(
    connection: sa.Connection, request: Request, outcome: Outcome, counts: Mapping[str, int], now: datetime
) -> Request:
    """Answer a case."""
    connection.execute(
        sa.update(subject_request)
        .where(subject_request.c.request_id == request.request_id)
        .values(answered_at=now, outcome=outcome, counts=dict(counts))
    )
    audit_log.append(
        connection, f"request_{request.kind}", now, request=request.request_id, outcome=outcome, **counts
    )
    return Request(request.request_id, request.kind, request.received_on, request.due_on, now, outcome)


def pressing(connection: sa.Connection, today: date) -> tuple[Request, ...]:
    """Open requests that are older than ALARM_AFTER, the oldest first; those past `due_on` are late."""
    return tuple(request for request in unanswered(connection) if request.received_on <= today - ALARM_AFTER)


def unanswered(connection: sa.Connection) -> tuple[Request, ...]:
    """All open requests, the oldest first."""
    rows = connection.execute(
        sa.select(subject_request)
        .where(subject_request.c.answered_at.is_(None))
        .order_by(subject_request.c.received_on)
    )
    return tuple(Request(row.request_id, row.kind, row.received_on, row.due_on) for row in rows)
