"""How the steps that read a source fail: with nothing personal, and tried again only where that may help."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from connectors.errors import TransientError, UnauthorizedError
from pipelines.errors import InterruptedStoreError, nothing_personal
from pipelines.sources.clients import VARIABLES
from pipelines.store.engines import DatabaseError
from schemas.payloads.base import System

TRY_AGAIN = dg.RetryPolicy(max_retries=1, delay=30, jitter=dg.Jitter.PLUS_MINUS)

_MAY_PASS = (TransientError, DatabaseError, InterruptedStoreError)
"""Failures that are worth another try; all others would only happen again."""


@contextmanager
def reading(system: System) -> Iterator[None]:
    """Re-raise what happens inside as `nothing_personal` does, and as a final failure unless it may pass.

    Credentials that are not accepted are told with the variables that hold them.
    """
    try:
        with nothing_personal():
            yield
    except _MAY_PASS:
        raise
    except UnauthorizedError as error:
        raise dg.Failure(description=f"{error}. Check {VARIABLES[system]}", allow_retries=False) from None
    except Exception as error:
        raise dg.Failure(description=str(error), allow_retries=False) from None
