"""What Dagster's events say of one run: its checks, and why a step failed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError

_EGRESS = re.compile(r"^connectors\.errors\.\w+: ")


class Checks(NamedTuple):
    """The checks of a run; those that failed, as ERROR or as WARN, by name and description."""

    failures: list[tuple[str, str]]
    warnings: list[tuple[str, str]]
    passed: int


def checks_of(events: Sequence[dg.DagsterEvent]) -> Checks:
    """How the checks of a run came out."""
    failures, warnings, passed = [], [], 0
    for check in evaluations(events):
        entry = (f"{check.asset_key.path[-1]} · {check.check_name}", check.description or "see its metadata")
        if check.passed:
            passed += 1
        elif check.severity == dg.AssetCheckSeverity.ERROR:
            failures.append(entry)
        else:
            warnings.append(entry)
    return Checks(failures, warnings, passed)


def evaluations(events: Sequence[dg.DagsterEvent]) -> list[dg.AssetCheckEvaluation]:
    """The checks of a run, in the order in which they were evaluated."""
    return [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]


def was_interrupted(events: Sequence[dg.DagsterEvent]) -> bool:
    """Whether Ctrl-C ended a step of the run: Dagster takes it for a failure of the step."""
    for event in events:
        error = event.step_failure_data.error if event.is_step_failure else None
        while error is not None:
            if error.cls_name == DagsterExecutionInterruptedError.__name__:
                return True
            error = error.cause
    return False


def cause(event: dg.DagsterEvent) -> str:
    """The innermost message: a Failure's description, or the text of a cleaned error."""
    failure: Any = event.step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return str(failure.user_failure_data.description)
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    # An error of a source says all in its text; the name of its class would only stand in the way.
    return _EGRESS.sub("", str(error.message)).strip() if error is not None else "see its page in Dagster"
