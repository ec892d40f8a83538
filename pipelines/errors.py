"""The boundary where errors lose what they quote: a driver's DETAIL line or a validation error holds values.

Dagster keeps the text of exceptions in its event log, so nothing personal may be in one.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import sqlalchemy as sa

from schemas.errors import SafeError


class StoreError(SafeError, RuntimeError):
    """The database refused a statement; the message names the kind, table and constraint, and no value."""


class InterruptedStoreError(StoreError):
    """The database broke off: a lost connection, a deadlock, a restart. The same may succeed later."""


class CleanedError(SafeError, RuntimeError):
    """An unexpected error, reduced to its kind and the place in the code."""


@contextmanager
def nothing_personal() -> Iterator[None]:
    """Re-raise what happens inside without the values that its message may quote."""
    try:
        yield
    except SafeError:
        raise
    except sa.exc.DBAPIError as error:
        raise _store_error(error.orig) from None
    except psycopg.Error as error:
        raise _store_error(error) from None
    except Exception as error:
        raise CleanedError(f"{type(error).__name__} in {_places(error)}") from None


def _places(error: Exception) -> str:
    """`_judge (guards.py:118), from match (match.py:40)`: where it happened, innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[:0:-1][:4]
    return ", from ".join(
        f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})" for frame in frames
    )


def _store_error(error: BaseException | None) -> StoreError:
    kind = InterruptedStoreError if isinstance(error, psycopg.OperationalError) else StoreError
    return kind(_of_the_database(error))


def _of_the_database(error: BaseException | None) -> str:
    """`UniqueViolation on crm.person (pk_person)`: PostgreSQL's own fields without its DETAIL."""
    diagnostics = getattr(error, "diag", None)
    kind = type(error).__name__
    table = ".".join(
        part for name in ("schema_name", "table_name") if (part := getattr(diagnostics, name, None))
    )
    constraint = getattr(diagnostics, "constraint_name", None) or getattr(diagnostics, "column_name", None)
    place = f" on {table}" if table else ""
    return f"{kind}{place}" + (f" ({constraint})" if constraint else "")
