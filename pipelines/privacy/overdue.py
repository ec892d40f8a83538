"""Judges what retention left behind: rows past their period, and files that may hold deleted ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from pipelines.findings import Finding
from pipelines.privacy.rewrite import RewriteError, rewrite_due
from schemas.policy import Policy

logger = logging.getLogger(__name__)


def nothing_overdue(rows: Mapping[str, int]) -> Finding:
    """No row is past its period and held by nothing."""
    late = {rule: number for rule, number in rows.items() if number}
    numbers = {"overdue": sum(late.values())}
    if not late:
        return Finding(True, "nothing is past its period", numbers)
    named = ", ".join(f"{number:,} by {rule}" for rule, number in late.items())
    return Finding(False, f"{named}: run the retention job, which deletes them", numbers)


def rewrite_what_may_be(engine: sa.Engine, policy: Policy, now: datetime) -> tuple[str, ...]:
    """Write anew the files whose time is up; a right that is missing is told by `files_are_new`."""
    try:
        return rewrite_due(engine, policy, now)
    except RewriteError as error:
        logger.warning("%s", error)
        return ()


def files_are_new(overdue: Sequence[str]) -> Finding:
    """What was deleted is gone from the database's files too, as soon as the policy says."""
    numbers = {"tables": len(overdue)}
    if not overdue:
        return Finding(True, "every file was written anew in time", numbers)
    return Finding(
        False,
        f"{', '.join(overdue)} may still hold what was deleted: grant the pipeline MAINTAIN on them, or let "
        "their owner run VACUUM FULL",
        numbers,
    )
