"""Puts parts together out of settings, store and policy: for landing, and for requests of data subjects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from connectors.helpscout.client import HelpScoutClient
from connectors.tripletex.client import TripletexClient
from pipelines.audiences.export import FOLDER, withdraw_exports
from pipelines.identity.rebuild import refresh
from pipelines.privacy import audit_log
from pipelines.privacy.expiry import expired_on_arrival, expiries
from pipelines.privacy.holds import load_holds
from pipelines.privacy.ledger_copy import keep_copy
from pipelines.privacy.restore import Reapplied, reapply_if_restored
from pipelines.privacy.subjects.handling import Office
from pipelines.privacy.subjects.service import Sources
from pipelines.privacy.submissions import LISTS, Platform
from pipelines.privacy.suppression import Suppression
from pipelines.settings import DEFAULT_NAMES, Settings
from pipelines.sources.clients import connect
from pipelines.sources.reading import Desk
from pipelines.sources.request_log import note_requests
from pipelines.store.database import Store, open_store
from schemas.payloads.base import Payload
from schemas.policy import load_policy
from schemas.tables import qualified
from schemas.tables.landing import TABLES
from schemas.tables.platform import PlatformNames

SUBJECT_FILES = "subject_requests"
"""Folder of DAGSTER_HOME with the hints of open requests and the files made for people."""


def make_desk(settings: Settings, store: Store, now: datetime) -> Desk:
    """Where pages are landed under the policy as it stands at `now` (aware).

    In a restored store, what was erased since the backup is erased again before: see `bring_up_to_copy`.
    """
    bring_up_to_copy(settings, store, now)
    policy = load_policy()
    with store.crm.connect() as connection:
        holds = load_holds(connection, policy, now)
    rules = {expiry.rule.data: expiry for expiry in expiries(policy, now, holds)}

    def expired(
        connection: sa.Connection, payload: type[Payload], records: Sequence[Payload]
    ) -> Collection[Any]:
        rule = rules.get(qualified(TABLES[payload.source]))
        return expired_on_arrival(connection, rule, payload, records) if rule else ()

    return Desk(
        engine=store.crm,
        suppression=make_ledger(settings),
        expired=expired,
        limit=settings.deletion_limit,
    )


def make_ledger(settings: Settings) -> Suppression:
    """The suppression ledger under the present secret and those before it."""
    return Suppression(settings.secret, settings.previous_secrets)


def open_current_store(settings: Settings) -> Store:
    """Open the store; a restored one is brought up to the copy before anything is read from it.

    Raises DatabaseError, and as `bring_up_to_copy`.
    """
    store = open_store(settings)
    try:
        bring_up_to_copy(settings, store, datetime.now(UTC))
    except BaseException:
        store.close()
        raise
    return store


def keep_ledger_copy(settings: Settings, store: Store) -> None:
    """Copy erasures, objections, holds, requests and instructions to a place apart: backups are older.

    Raises RestoredStoreError and LedgerCopyError as `keep_copy`.
    """
    keep_copy(store.crm, settings.dagster_home, settings.secret)


def bring_up_to_copy(settings: Settings, store: Store, now: datetime) -> Reapplied | None:
    """Make it so again in a restored store what was erased and decided since the backup, cards included.

    None in any other store.

    Raises LedgerCopyError for a damaged copy, SuppressionError for one under a secret that is not configured.
    """
    done = reapply_if_restored(store.crm, make_ledger(settings), settings.dagster_home, now=now)
    if done is not None:
        refresh(store.crm, "restored backup")
    else:
        with store.crm.begin() as connection:
            audit_log.begin(connection, now)
    return done


def make_office(settings: Settings, store: Store, now: datetime) -> Office:
    """What a request of a data subject is handled with; in a restored store as `make_desk`."""
    bring_up_to_copy(settings, store, now)
    return Office(
        engine=store.crm,
        policy=load_policy(),
        secret=settings.secret,
        suppression=make_ledger(settings),
        refresh=lambda: refresh(store.crm, "subject request"),
        previous=settings.previous_secrets,
        keep_copy=lambda: keep_ledger_copy(settings, store),
        withdraw_lists=partial(withdraw_exports, settings.dagster_home / FOLDER),
    )


@contextmanager
def told_sources(settings: Settings, store: Store, run_id: str, *, tell: bool) -> Iterator[Sources | None]:
    """Clients of the configured sources that can be told of something; None where they are not to be.

    What they were asked is noted under `run_id`: a Dagster run, or the request's number.
    """
    if not tell:
        yield None
        return
    helpscout, tripletex = connect(settings, "helpscout"), connect(settings, "tripletex")
    try:
        yield Sources(
            helpscout if isinstance(helpscout, HelpScoutClient) else None,
            tripletex.registration if isinstance(tripletex, TripletexClient) else None,
        )
    finally:
        for name, client in (("helpscout", helpscout), ("tripletex", tripletex)):
            if client is not None:
                client.close()
                note_requests(store.crm, run_id, name, client.counts)


def make_platform(settings: Settings, store: Store) -> Platform | None:
    """Where participants' submissions are deleted and listed; None where there is no platform database."""
    if store.platform is None:
        return None
    names = found_names(store.platform, settings.platform_names)
    return Platform(store.platform, names, settings.dagster_home / LISTS)


def found_names(engine: sa.Engine, names: PlatformNames) -> PlatformNames:
    """The names as configured; a table under its default name may also lie on the login's search path."""
    with engine.connect() as connection:
        return replace(
            names,
            **{
                attribute: _found(connection, getattr(names, attribute))
                for attribute in ("access_log", "participant_submission")
                if getattr(names, attribute) == getattr(DEFAULT_NAMES, attribute)
            },
        )


def _found(connection: sa.Connection, name: str) -> str:
    exists = sa.text("SELECT to_regclass(:name) IS NOT NULL")
    if connection.scalar(exists, {"name": name}):
        return name
    elsewhere = connection.scalar(
        sa.text(
            "SELECT n.nspname || '.' || c.relname FROM pg_class AS c"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = to_regclass(:name)"
        ),
        {"name": name.rsplit(".", 1)[-1]},
    )
    return elsewhere or name
