"""Sends one line of text to a webhook, in the form that Slack, Mattermost and Teams take.

The text is the caller's; it must hold counts, ids of runs and names of steps only.
"""

from __future__ import annotations

from typing import Any

from connectors.egress import Egress
from schemas.policy import Policy

RECIPIENT = "alerts"
"""As policy.yaml declares it."""
_ACCEPTED = (200, 201, 202, 204)


class AlertClient:
    """A webhook. The last part of its address is its secret, and is never told."""

    def __init__(self, egress: Egress, hook: str) -> None:
        self._egress = egress
        self._hook = hook

    @classmethod
    def connect(cls, policy: Policy, url: str, **egress_options: Any) -> AlertClient:
        """For a webhook's whole address. Sends nothing yet."""
        base, _, hook = url.rstrip("/").rpartition("/")
        return cls(Egress(policy, RECIPIENT, base, **egress_options), hook)

    def send(self, text: str) -> None:
        """Raises EgressError when it was not taken. May arrive twice where an answer was lost."""
        self._egress.request(
            "POST",
            "/{hook}",
            variables={"hook": self._hook},
            body={"text": text},
            accept=_ACCEPTED,
            repeatable=True,
            wants_json=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._egress.close()
