"""What people are told when something has failed or not happened: names and ids of runs, never a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time, timedelta

from connectors.alerts.client import AlertClient
from connectors.alerts.mail import MailClient
from connectors.errors import EgressError
from pipelines.settings import Settings
from pipelines.steps import step_name
from schemas.policy import load_policy
from schemas.zone import OSLO

WHAT_TO_DO = "OPERATIONS.md says what to do."
NOT_SET = "Neither ALERT_WEBHOOK_URL nor ALERT_SMTP_URL is set, see .env.example"
DEADLINE = time(6, 30)
"""When the cards of a night must be made, in Norway …"""
NIGHT = timedelta(hours=4)
"""… and how long before it the night begins."""


def run_failed(job: str, run_id: str, steps: Sequence[str]) -> str:
    """One line: which steps of which run failed."""
    where = f" at {', '.join(step_name(step) for step in steps)}" if steps else " before its first step"
    return f"Kundekort: {job} failed{where} (run {run_id[:8]}). {WHAT_TO_DO}"


def checks_failed(job: str, run_id: str, checks: Sequence[str]) -> str:
    """One line: which checks of a run that went through did not pass."""
    return f"Kundekort: {job} went through, but {', '.join(checks)} failed (run {run_id[:8]}). {WHAT_TO_DO}"


def night_missing(made_at: datetime) -> str:
    """One line: the cards are from before last night; `made_at` (aware) is when they were made."""
    return (
        f"Kundekort: the cards have not been made anew since {made_at.astimezone(OSLO):%d.%m.%Y %H:%M}."
        f" Does the daemon run, and is nightly_schedule on? {WHAT_TO_DO}"
    )


def last_deadline(now: datetime) -> datetime:
    """The newest moment, not after `now` (aware), at which a night's cards had to be there."""
    local = now.astimezone(OSLO)
    today = datetime.combine(local.date(), DEADLINE, OSLO)
    return today if today <= local else datetime.combine(local.date() - timedelta(days=1), DEADLINE, OSLO)


def is_late(made_at: datetime, now: datetime) -> bool:
    """Whether the newest deadline has passed without cards of its night."""
    return made_at < last_deadline(now) - NIGHT


def tell(settings: Settings, text: str) -> bool:
    """Send `text` by every way that is configured; False where there is none.

    Raises EgressError when one of them did not take it; the others were tried all the same.
    """
    failed: EgressError | None = None
    ways = list(_ways(settings))
    for send in ways:
        try:
            send(text)
        except EgressError as error:
            failed = error
    if failed is not None:
        raise failed
    return bool(ways)


def _ways(settings: Settings) -> Iterator[Callable[[str], None]]:
    if settings.alert_webhook_url is not None:
        hook = AlertClient.connect(load_policy(), settings.alert_webhook_url.get_secret_value(), attempts=3)

        def post(text: str) -> None:
            try:
                hook.send(text)
            finally:
                hook.close()

        yield post
    if settings.alert_smtp_url is not None:
        policy = load_policy()
        [sender] = settings.alert_email_from[:1] or [policy.controller.contact]
        server = settings.alert_smtp_url.get_secret_value()
        mail = MailClient(policy, server, sender=sender, to=settings.alert_email_to)
        yield lambda text: mail.send(text.partition(" (run ")[0].partition(". ")[0], text)
