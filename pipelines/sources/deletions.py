"""Which landed records are gone from their source: missing from a whole read, and gone by their own id.

So many missing at once that it may be a right that was lost are left as they are. Knows no API.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from connectors.errors import PermanentError, UnauthorizedError
from connectors.fate import Gone, MovedTo
from pipelines.deletion_limit import DeletionLimit
from schemas.payloads.base import Payload
from schemas.tables.landing import TABLES

Fate = Callable[[Any], object]
"""What became of a record by its key: Present, Gone or MovedTo. May raise EgressError."""

_ROWS = 10_000

logger = logging.getLogger(__name__)


def _always() -> bool:
    return True


def _every_row(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.true()


@dataclass(frozen=True, slots=True)
class Sweep:
    """How a read looks for deletions."""

    fate: Fate
    was_whole: Callable[[], bool] = _always
    """Whether the pages were all that the source has; asked when they have been read."""
    among: Callable[[sa.Table], sa.ColumnElement[bool]] = _every_row
    """Which rows of the landing table the pages stand for; asked when they have been read."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """What a sweep found."""

    compared: int = 0
    missing: int = 0
    gone: list[Any] = field(default_factory=list)
    """Keys of the missing records that the source says it no longer has."""
    refused: int = 0
    """Missing records that nobody was asked about, because they are too many at once."""


def vanished(
    connection: sa.Connection,
    payload: type[Payload],
    sweep: Sweep,
    limit: DeletionLimit | None,
    *,
    met: Collection[Any],
    malformed: Collection[str],
) -> Vanished:
    """Look for the landed records that a read did not meet, and ask for each by its id.

    `met` are the keys that came, `malformed` the ids of records that came but could not be read. Without a
    `limit` any number is believed. Raises EgressError when the source does not answer.
    """
    table = TABLES[payload.source]
    key = table.c[payload.key]
    rows = connection.execution_options(yield_per=_ROWS).scalars(
        sa.select(key).where(table.c.deleted_at_source.is_(None), sweep.among(table))
    )
    compared, missing = 0, []
    for one in rows:
        compared += 1
        if one not in met and str(one) not in malformed:
            missing.append(one)
    if limit is not None and limit.refuses(len(missing), compared):
        return Vanished(compared, len(missing), refused=len(missing))
    return Vanished(compared, len(missing), [one for one in missing if _is_gone(sweep.fate, one)])


def _is_gone(fate: Fate, key: Any) -> bool:
    """Whether the source itself says so. A refusal of one record tells nothing about it, so it stays."""
    try:
        return isinstance(fate(key), Gone | MovedTo)
    except UnauthorizedError:
        raise
    except PermanentError as error:
        logger.warning("a missing record could not be looked up and stays: %s", error)
        return False
