"""Puts the parts together that landing needs: engine, suppression, and what has expired on arrival."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from pipelines.privacy.expiry import expired_on_arrival, expiries
from pipelines.privacy.holds import load_holds
from pipelines.privacy.suppression import Suppression
from pipelines.settings import Settings
from pipelines.sources.reading import Desk
from pipelines.store.database import Store
from schemas.payloads.base import Payload
from schemas.policy import load_policy
from schemas.tables import qualified
from schemas.tables.landing import TABLES


def make_desk(settings: Settings, store: Store, now: datetime) -> Desk:
    """Where pages are landed under the policy as it stands at `now` (aware)."""
    policy = load_policy()
    with store.crm.connect() as connection:
        holds = load_holds(connection, policy, now)
    rules = {expiry.rule.data: expiry for expiry in expiries(policy, now, holds)}

    def expired(
        connection: sa.Connection, payload: type[Payload], records: Sequence[Payload]
    ) -> Collection[Any]:
        rule = rules.get(qualified(TABLES[payload.source]))
        return expired_on_arrival(connection, rule, payload, records) if rule else ()

    return Desk(engine=store.crm, suppression=Suppression(settings.secret), expired=expired)
