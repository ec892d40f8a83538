"""Days that are written in a launchpad."""

from datetime import date

import dagster as dg


def day_of(text: str, name: str) -> date:
    """The day. Raises Failure, which is not tried again, for a text that is none; `name`: of the option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise dg.Failure(f"{name} is a day, e.g. 2026-03-01", allow_retries=False) from None
