"""Makes the client of each configured source out of the settings and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.brreg.client import BrregClient
from connectors.client import Client
from connectors.helpscout.client import HelpScoutClient
from connectors.pindena.client import PindenaClient
from connectors.tripletex.client import TripletexClient
from pipelines.settings import Settings
from schemas.payloads.base import System
from schemas.policy import load_policy

VARIABLES: Mapping[System, str] = {
    "helpscout": "HELPSCOUT_URL, HELPSCOUT_APP_ID, HELPSCOUT_APP_SECRET",
    "tripletex": "TRIPLETEX_URL, TRIPLETEX_CONSUMER_TOKEN, TRIPLETEX_EMPLOYEE_TOKEN",
    "brreg": "BRREG_URL",
    "pindena": "PINDENA_URL, PINDENA_USERNAME, PINDENA_PASSWORD",
}
"""Where a source is, and what it is asked with: named to whoever has to mend it."""


def is_configured(settings: Settings, system: System) -> bool:
    """Whether a source can be read. The register needs no credentials, but only serves the others."""
    return {
        "helpscout": settings.has_helpscout,
        "tripletex": settings.has_tripletex,
        "brreg": settings.has_any_source,
        "pindena": settings.has_pindena,
    }[system]


def connect(settings: Settings, system: System, **egress: Any) -> Client | None:
    """The client of a source, None where it is not configured. Sends nothing yet.

    `egress` are further options of `connectors.egress.Egress`.
    """
    if not is_configured(settings, system):
        return None
    policy = load_policy()
    match system:
        case "helpscout":
            return HelpScoutClient.connect(
                policy,
                settings.helpscout_url,
                str(settings.helpscout_app_id),
                _secret(settings.helpscout_app_secret),
                **egress,
            )
        case "tripletex":
            return TripletexClient.connect(
                policy,
                settings.tripletex_url,
                _secret(settings.tripletex_consumer_token),
                _secret(settings.tripletex_employee_token),
                **egress,
            )
        case "brreg":
            return BrregClient.connect(policy, settings.brreg_url, **egress)
        case "pindena":
            return PindenaClient.connect(
                policy,
                str(settings.pindena_url),
                str(settings.pindena_username),
                _secret(settings.pindena_password),
                course_activities=settings.pindena_course_activities,
                order_activities=settings.pindena_order_activities,
                **egress,
            )


def _secret(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal()) if reveal else ""
