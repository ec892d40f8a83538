"""Puts the parts together that landing needs: engine, suppression, and what has expired on arrival."""

from __future__ import annotations

from pipelines.privacy.suppression import Suppression
from pipelines.settings import Settings
from pipelines.sources.reading import Desk
from pipelines.store.database import Store


def make_desk(settings: Settings, store: Store) -> Desk:
    """Where pages are landed under the policy."""
    return Desk(
        engine=store.crm,
        suppression=Suppression(settings.secret),
        expired=lambda payload, now: None,
    )
