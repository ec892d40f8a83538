"""Judges open requests by their deadlines: one month after receipt, an alarm ten days before (art. 12(3))."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipelines.findings import Finding
from pipelines.privacy.subjects.requests import ALARM_AFTER, Request


def answered_in_time(waiting: Sequence[Request], today: date) -> Finding:
    """Every request of a data subject is answered within a month, and none has waited for 20 days."""
    late = [request for request in waiting if request.due_on < today]
    pressing = [request for request in waiting if request.received_on <= today - ALARM_AFTER]
    numbers = {"open": len(waiting), "pressing": len(pressing), "late": len(late)}
    if not pressing:
        return Finding(True, f"{len(waiting)} open, none for {ALARM_AFTER.days} days", numbers)
    first = min(request.due_on for request in pressing)
    return Finding(
        False,
        f"{len(pressing)} open for {ALARM_AFTER.days} days or more, {len(late)} past the deadline; the first "
        f"is due on {first}: answer them with `make subject`",
        numbers,
    )
