"""When a failed request is tried again, and how long it waits before."""

from __future__ import annotations

import logging
from collections.abc import Callable

import tenacity

from connectors.errors import RateLimitedError, TransientError

MAX_WAIT_SECONDS = 900.0
"""A server that wants to be left alone for longer is not waited for; the next run comes back."""

logger = logging.getLogger(__name__)


def retrying(attempts: int, sleep: Callable[[float], None]) -> tenacity.Retrying:
    """Tries so many times while the failure is transient, then raises the last one."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(_is_worth_waiting_for),
        stop=tenacity.stop_after_attempt(attempts),
        wait=_wait,
        sleep=sleep,
        before_sleep=_log_retry,
        reraise=True,
    )


def _is_worth_waiting_for(error: BaseException) -> bool:
    return isinstance(error, TransientError) and (error.wait_seconds or 0.0) <= MAX_WAIT_SECONDS


def _wait(state: tenacity.RetryCallState) -> float:
    """What the server asked for, else exponential backoff; with jitter either way."""
    error = state.outcome.exception() if state.outcome else None
    jitter: float = tenacity.wait_random(0, 1)(state)
    if isinstance(error, RateLimitedError) and error.wait_seconds is None:
        # Limits are counted by the minute or less: three of these waits outlast it.
        return float(tenacity.wait_exponential(multiplier=10, max=60)(state)) + jitter
    if isinstance(error, TransientError) and error.wait_seconds is not None:
        return error.wait_seconds + jitter
    return float(tenacity.wait_exponential(multiplier=1, max=60)(state)) + jitter


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    logger.warning("%s; attempt %d, again in %.0f s", error, state.attempt_number, wait)
