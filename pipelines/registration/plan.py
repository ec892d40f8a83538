"""A plan of what to register in Tripletex: its steps, each with its reason, and what it amounts to."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.registration.targets import Target

Action = Literal["create", "update", "link", "review"]
Fields = Mapping[str, str | bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `fields` are personal data and go to Tripletex only; `reason` holds none."""

    action: Action
    target: Target
    entity: Literal["organization", "person"]
    reason: str
    application_ids: tuple[int, ...]
    fields: Fields = field(default_factory=dict, repr=False)
    wanted: Fields = field(default_factory=dict, repr=False)
    """All that is known of it, `fields` included: by these it is looked up again before anything is sent."""
    record_id: int | None = None
    """The object in Tripletex; None where it is yet to be made."""
    customer: Target | None = None
    """For a contact: the customer it belongs to, which an earlier step may be about."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they are to be taken: each customer before its contacts."""

    steps: tuple[Step, ...]

    def digest(self, secret: bytes) -> str:
        """Changes when anything that would be done changes: what was looked at is what is carried out."""
        parts = [
            (step.action, step.target, step.record_id, step.reason, fields_hash(step.fields, secret).hex())
            for step in self.steps
        ]
        return hmac.digest(secret, f"registration plan\0{parts!r}".encode(), "sha256").hex()[:16]

    def counts(self) -> dict[str, int]:
        """Steps by what they do: `create customer` and so on."""
        return dict(sorted(Counter(f"{step.action} {step.target.object}" for step in self.steps).items()))

    def reasons(self) -> dict[str, int]:
        """Steps by action and reason, in words."""
        return dict(
            Counter(f"{step.action} {step.target.object}: {step.reason}" for step in self.steps).most_common()
        )


def fields_hash(fields: Fields, secret: bytes) -> bytes:
    """Keyed hash of what a step would send, so that nothing personal is kept of it."""
    text = json.dumps(dict(fields), sort_keys=True, ensure_ascii=False)
    return hmac.digest(secret, f"registration\0{text}".encode(), "sha256")
