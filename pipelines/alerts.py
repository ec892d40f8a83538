"""What people are told when a run or a check has failed: names and ids of runs, never a value."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.alerts.client import AlertClient
from pipelines.settings import Settings
from schemas.policy import load_policy

WHAT_TO_DO = "OPERATIONS.md says what to do."


def run_failed(job: str, run_id: str, steps: Sequence[str]) -> str:
    """One line: which steps of which run failed."""
    where = f" at {', '.join(_short(step) for step in steps)}" if steps else " before its first step"
    return f"Kundekort: {job} failed{where} (run {run_id[:8]}). {WHAT_TO_DO}"


def checks_failed(job: str, run_id: str, checks: Sequence[str]) -> str:
    """One line: which checks of a run that went through did not pass."""
    return f"Kundekort: {job} went through, but {', '.join(checks)} failed (run {run_id[:8]}). {WHAT_TO_DO}"


def tell(settings: Settings, text: str) -> bool:
    """Send `text` to ALERT_WEBHOOK_URL; False where none is set. Raises EgressError when it was not taken."""
    if settings.alert_webhook_url is None:
        return False
    client = AlertClient.connect(load_policy(), settings.alert_webhook_url.get_secret_value(), attempts=3)
    try:
        client.send(text)
    finally:
        client.close()
    return True


def _short(step: str) -> str:
    """The last part of `helpscout__helpscout_customers`: it carries the meaning."""
    return step.rsplit("__", 1)[-1]
