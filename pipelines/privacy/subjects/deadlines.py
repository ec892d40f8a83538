"""Judges open requests by their deadlines: one month after receipt, an alarm ten days before (art. 12(3))."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pipelines.findings import Finding
from pipelines.privacy.subjects.requests import ALARM_AFTER, Request


def answered_in_time(waiting: Sequence[Request], today: date, untold: int = 0) -> Finding:
    """Requests are answered within a month, none waits for 20 days, and no source stays untold for 7."""
    late = [request for request in waiting if request.due_on < today]
    pressing = [request for request in waiting if request.received_on <= today - ALARM_AFTER]
    numbers = {"open": len(waiting), "pressing": len(pressing), "late": len(late), "not_told": untold}
    if not pressing and untold:
        return Finding(
            False,
            f'the sources were not told of {untold} requests that are answered: `make subject ARGS="apply '
            'NUMBER --tell"`, for each folder of subject_requests with a file steps.json',
            numbers,
        )
    if not pressing:
        return Finding(True, f"{len(waiting)} open, none for {ALARM_AFTER.days} days", numbers)
    first = min(request.due_on for request in pressing)
    return Finding(
        False,
        f"{len(pressing)} open for {ALARM_AFTER.days} days or more, {len(late)} past the deadline; the first "
        f"is due on {first}: answer them with `make subject`",
        numbers,
    )
