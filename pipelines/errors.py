"""The boundary where errors lose what they quote: a driver's DETAIL line or a validation error holds values.

Dagster keeps the text of exceptions in its event log, so nothing personal may be in one.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from connectors.errors import EgressError
from pipelines.settings import ConfigurationError
from pipelines.store.engines import DatabaseError


class StoreError(RuntimeError):
    """The database refused a statement; the message names the kind, table and constraint, and no value."""


class CleanedError(RuntimeError):
    """An unexpected error, reduced to its kind and the place in the code."""


def register_clean(*kinds: type[Exception]) -> None:
    """Let errors of these kinds pass the boundary as they are: their messages hold nothing personal."""
    _CLEAN.update(kinds)


@contextmanager
def nothing_personal() -> Iterator[None]:
    """Re-raise what happens inside without the values that its message may quote."""
    try:
        yield
    except tuple(_CLEAN):
        raise
    except sa.exc.DBAPIError as error:
        raise StoreError(_of_the_database(error)) from None
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise CleanedError(
            f"{type(error).__name__} in {place.name} ({place.filename.rsplit('/', 1)[-1]}:{place.lineno})"
        ) from None


_CLEAN: set[type[Exception]] = {EgressError, ConfigurationError, DatabaseError, StoreError, CleanedError}


def _of_the_database(error: sa.exc.DBAPIError) -> str:
    """`UniqueViolation on crm.person (pk_person)`: PostgreSQL's own fields without its DETAIL."""
    diagnostics = getattr(error.orig, "diag", None)
    kind = type(error.orig).__name__
    table = ".".join(
        part for name in ("schema_name", "table_name") if (part := getattr(diagnostics, name, None))
    )
    constraint = getattr(diagnostics, "constraint_name", None) or getattr(diagnostics, "column_name", None)
    place = f" on {table}" if table else ""
    return f"{kind}{place}" + (f" ({constraint})" if constraint else "")
