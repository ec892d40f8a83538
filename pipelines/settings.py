"""Configuration from the environment and `.env` (or KUNDEKORT_ENV_FILE), checked before anything runs.

One line names the variable to mend. Values are never printed; secrets are SecretStr.
"""

from __future__ import annotations

import os
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.deletion_limit import DeletionLimit
from pipelines.setting_types import (
    AbsolutePath,
    Addresses,
    Count,
    DatabaseUrl,
    Ids,
    LongSecret,
    MailServer,
    PastDay,
    SecretUrl,
    Share,
    Url,
    Zone,
)
from schemas.errors import SafeError
from schemas.tables.platform import PlatformNames

PROJECT = Path(__file__).resolve().parents[1]
EMBEDDED_DIRECTORY = "postgres"
DEFAULT_NAMES = PlatformNames()
DEFAULT_LIMIT = DeletionLimit()


class ConfigurationError(SafeError, RuntimeError):
    """A variable is missing or malformed; the message names it and says what to do."""


class Settings(BaseSettings):
    """All variables of the project; `.env.example` explains each.

    Use `load_settings`, which turns what is wrong into one ConfigurationError.
    """

    model_config = SettingsConfigDict(
        env_file=os.environ.get("KUNDEKORT_ENV_FILE") or PROJECT / ".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    crm_database_url: DatabaseUrl | None = None
    embedded_store: bool = True
    platform_database_url: DatabaseUrl | None = None
    platform_access_log: str = DEFAULT_NAMES.access_log
    platform_access_log_occurred_at: str = DEFAULT_NAMES.occurred_at
    platform_access_log_user_id: str = DEFAULT_NAMES.user_id
    platform_participant_submission: str = DEFAULT_NAMES.participant_submission
    platform_participant_submission_id: str = DEFAULT_NAMES.submission_id
    platform_participant_submission_customer_org: str = DEFAULT_NAMES.customer_org
    platform_participant_submission_activity_id: str = DEFAULT_NAMES.activity_id
    platform_participant_submission_submitted_at: str = DEFAULT_NAMES.submitted_at
    platform_participant_submission_answers: str = DEFAULT_NAMES.answers
    platform_timezone: Zone = DEFAULT_NAMES.zone
    partitions_start: PastDay = date(2025, 1, 1)
    dagster_home: AbsolutePath = PROJECT / "dagster_home"
    privacy_secret: LongSecret | None = None
    privacy_secret_previous: LongSecret | None = None

    mass_deletion_share: Share = DEFAULT_LIMIT.share
    mass_deletion_number: Count = DEFAULT_LIMIT.number

    helpscout_url: Url = "https://api.helpscout.net"
    helpscout_app_id: str | None = None
    helpscout_app_secret: SecretStr | None = None
    helpscout_webhook_secret: SecretStr | None = None

    tripletex_url: Url = "https://tripletex.no/v2"
    tripletex_consumer_token: SecretStr | None = None
    tripletex_employee_token: SecretStr | None = None
    tripletex_webhook_secret: SecretStr | None = None

    brreg_url: Url = "https://data.brreg.no/enhetsregisteret/api"

    pindena_url: Url | None = None
    pindena_username: str | None = None
    pindena_password: SecretStr | None = None
    pindena_course_activities: Ids = frozenset()
    pindena_order_activities: Ids = frozenset()

    applications_folder: AbsolutePath | None = None
    bounces_folder: AbsolutePath | None = None
    backups_folder: AbsolutePath | None = None

    alert_webhook_url: SecretUrl | None = None
    alert_smtp_url: MailServer | None = None
    alert_email_to: Addresses = ()
    alert_email_from: Addresses = ()

    @model_validator(mode="after")
    def _there_is_a_store(self) -> Self:
        if self.crm_database_url is None and not self.embedded_store:
            raise ValueError(
                "CRM_DATABASE_URL is missing, and EMBEDDED_STORE=no: a store of its own would not last"
                " here, as in a container"
            )
        return self

    @model_validator(mode="after")
    def _what_goes_together_is_complete(self) -> Self:
        for group in (
            ("helpscout_app_id", "helpscout_app_secret"),
            ("tripletex_consumer_token", "tripletex_employee_token"),
            ("pindena_url", "pindena_username", "pindena_password"),
            ("alert_smtp_url", "alert_email_to"),
        ):
            missing = [name.upper() for name in group if not getattr(self, name)]
            if missing and len(missing) < len(group):
                given = next(name.upper() for name in group if getattr(self, name))
                raise ValueError(f"{missing[0]} is missing: {given} is set, and the two go together")
        return self

    @model_validator(mode="after")
    def _activities_are_given_once(self) -> Self:
        if self.has_pindena and not (self.pindena_course_activities or self.pindena_order_activities):
            raise ValueError(
                "PINDENA_COURSE_ACTIVITIES is missing: list the activity ids of your own courses"
                " (or PINDENA_ORDER_ACTIVITIES)"
            )
        shared = self.pindena_course_activities & self.pindena_order_activities
        if shared:
            raise ValueError(
                f"PINDENA_ORDER_ACTIVITIES lists {min(shared)}, which is in PINDENA_COURSE_ACTIVITIES too"
            )
        return self

    @property
    def has_helpscout(self) -> bool:
        """Whether Help Scout's credentials are given."""
        return bool(self.helpscout_app_id and self.helpscout_app_secret)

    @property
    def has_tripletex(self) -> bool:
        """Whether Tripletex' credentials are given."""
        return bool(self.tripletex_consumer_token and self.tripletex_employee_token)

    @property
    def has_pindena(self) -> bool:
        """Whether the registration system's address and credentials are given."""
        return bool(self.pindena_url and self.pindena_username and self.pindena_password)

    @property
    def has_any_source(self) -> bool:
        """Whether any source is configured; the sandbox is used where none is."""
        return self.has_helpscout or self.has_tripletex or self.has_pindena

    @property
    def platform_names(self) -> PlatformNames:
        """What the registration system calls its tables and columns."""
        return PlatformNames(
            access_log=self.platform_access_log,
            occurred_at=self.platform_access_log_occurred_at,
            user_id=self.platform_access_log_user_id,
            participant_submission=self.platform_participant_submission,
            submission_id=self.platform_participant_submission_id,
            customer_org=self.platform_participant_submission_customer_org,
            activity_id=self.platform_participant_submission_activity_id,
            submitted_at=self.platform_participant_submission_submitted_at,
            answers=self.platform_participant_submission_answers,
            zone=self.platform_timezone,
        )

    @property
    def deletion_limit(self) -> DeletionLimit:
        """How many deletions at once are believed."""
        return DeletionLimit(self.mass_deletion_share, self.mass_deletion_number)

    @property
    def webhook_secrets(self) -> dict[str, str]:
        """Shared secrets of the webhook subscriptions by system; without one its webhooks are off."""
        given = {"helpscout": self.helpscout_webhook_secret, "tripletex": self.tripletex_webhook_secret}
        return {system: secret.get_secret_value() for system, secret in given.items() if secret}

    @property
    def previous_secrets(self) -> tuple[bytes, ...]:
        """The secret before the present one, while entries of the ledger are still under it."""
        previous = self.privacy_secret_previous
        return () if previous is None else (previous.get_secret_value().encode(),)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The present secret, under which is written, and the one before it."""
        return (self.secret, *self.previous_secrets)

    @cached_property
    def secret(self) -> bytes:
        """PRIVACY_SECRET, or one that is made once and kept in DAGSTER_HOME.

        The suppression ledger refuses to be consulted with another secret than it was written with, so a
        file that was left behind on another machine stops the run instead of letting the erased come back.
        """
        if self.privacy_secret is not None:
            return self.privacy_secret.get_secret_value().encode()
        return _kept_secret(self.dagster_home / "privacy_secret")


def load_settings() -> Settings:
    """Read the environment and `.env`. Raises ConfigurationError, in one line that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        name = str(fault["loc"][0]).upper() if fault["loc"] else ""
        cause = fault.get("ctx", {}).get("error")
        problem = str(cause) if isinstance(cause, ValueError) else fault["msg"]
        raise ConfigurationError(f"{name} {problem}".strip()) from None


def _kept_secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(32).hex().encode())
    return path.read_bytes()
