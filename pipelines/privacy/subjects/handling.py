"""Carries requests out from receipt to receipt: case file, work, proof, signature.

Plain functions for jobs and the command line; each may be called again after a kill.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipelines.privacy.keys import Key, source_key
from pipelines.privacy.subjects import erasure, rights
from pipelines.privacy.subjects.access import Dossier, collect, collect_disclosures
from pipelines.privacy.subjects.finding import Hints, find, find_one
from pipelines.privacy.subjects.receipts import Receipt, issue
from pipelines.privacy.subjects.requests import Outcome, Request, close_request, open_request
from pipelines.privacy.suppression import Suppression
from schemas.errors import SafeError
from schemas.policy import Policy

Refresh = Callable[[], object]
"""Makes the cards anew from the landing tables (`identity.rebuild`), in a transaction of its own."""


class NotErasedError(SafeError, RuntimeError):
    """Something of the person is still in the store; the case stays open."""


@dataclass(frozen=True)
class Office:
    """What every request needs."""

    engine: sa.Engine
    policy: Policy
    secret: bytes
    suppression: Suppression
    refresh: Refresh
    previous: Sequence[bytes] = ()
    """Secrets before the present one, under which objections may still be noted."""
    keep_copy: Callable[[], object] = lambda: None
    """Copies what requests left in the store to a place apart (`ledger_copy`): backups are older."""

    withdraw_lists: Callable[[Collection[Key]], object] = lambda _: None
    """Removes lists for mailings that were handed out as files and have one of some addresses."""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The present secret and those before it."""
        return (self.secret, *self.previous)


def receive(office: Office, kind: rights.RequestKind, received_at: datetime, now: datetime) -> Request:
    """Open a case."""
    with _copied(office) as connection:
        return open_request(connection, kind, received_at, now)


def handle_erasure(
    office: Office, request: Request, hints: Hints, now: datetime, *, expected: str | None = None
) -> tuple[erasure.ErasurePlan, Receipt]:
    """Erase, make the cards anew, prove it, close the case and sign the receipt.

    Raises NotErasedError when the proof fails, PlanChangedError when the store is not as `expected`.
    """
    with _copied(office) as connection:
        plan = erasure.erase(connection, office.policy, hints, office.suppression, now, expected=expected)
    office.withdraw_lists(plan.found.keys | hints.keys())
    office.refresh()
    with _copied(office) as connection:
        left = erasure.remaining(connection, hints, plan.suppressed()) - len(plan.held)
        if left > 0:
            raise NotErasedError(
                f"request {request.request_id}: {left} records or values are still there; run it again"
            )
        outcome: Outcome = "partly" if plan.held or plan.facts_kept else "done"
        if not plan.found.records and not plan.found.companies:
            outcome = "nothing_held"
        return plan, _closed(connection, office, request, outcome, plan.counts(), now)


def handle_access(office: Office, request: Request, hints: Hints, now: datetime) -> tuple[Dossier, Receipt]:
    """Collect everything held about the person, close the case and sign the receipt."""
    with _copied(office) as connection:
        dossier = collect(connection, office.policy, hints, now, office.suppression.secrets)
        outcome: Outcome = "done" if dossier.records else "nothing_held"
        return dossier, _closed(connection, office, request, outcome, dossier.counts(), now)


def handle_restriction(office: Office, request: Request, hints: Hints, now: datetime) -> Receipt:
    """Freeze the person's records: neither used nor deleted until it is lifted (GDPR art. 18)."""
    with _copied(office) as connection:
        found = find_one(connection, hints)
        frozen = rights.restrict(connection, found, request.request_id, now)
        office.withdraw_lists(found.keys | hints.keys())
        return _closed(connection, office, request, _done(frozen), {"records_restricted": frozen}, now)


def handle_objection(office: Office, request: Request, hints: Hints, now: datetime) -> Receipt:
    """No marketing from now on, for the addresses and numbers given and those found (GDPR art. 21(2))."""
    with _copied(office) as connection:
        keys = hints.keys() | find(connection, hints).keys
        noted = rights.object_to_marketing(connection, office.secret, keys, now)
        office.withdraw_lists(keys)
        return _closed(connection, office, request, "done", {"keys_noted": noted}, now)


def handle_disclosures(
    office: Office, request: Request, hints: Hints, now: datetime
) -> tuple[Dossier, Receipt]:
    """Collect who was told what of the person, close the case and sign the receipt (GDPR art. 15(1)(c))."""
    with _copied(office) as connection:
        dossier = collect_disclosures(connection, office.policy, hints, now)
        told = len(dossier.disclosures)
        return dossier, _closed(connection, office, request, _done(told), {"disclosures": told}, now)


def handle_withdrawal(office: Office, request: Request, hints: Hints, now: datetime) -> Receipt:
    """Marketing is welcome again, at the person's own wish, at the addresses and numbers of the objection."""
    with _copied(office) as connection:
        keys = hints.keys() | find(connection, hints).keys
        freed = rights.withdraw_objection(connection, office.secrets, keys)
        return _closed(connection, office, request, _done(freed), {"keys_freed": freed}, now)


def handle_release(office: Office, request: Request, hints: Hints, now: datetime) -> Receipt:
    """Who was erased wants to be a customer again: what is named is no longer held back.

    The ledger cannot tell which source records belong to an address; those that are to come back too have to
    be named. The next complete read brings them.
    """
    with _copied(office) as connection:
        freed = office.suppression.release(connection, released_keys(hints))
        return _closed(connection, office, request, _done(freed), {"keys_released": freed}, now)


def released_keys(hints: Hints) -> frozenset[Key]:
    """The keys that a release is about: what was named, and nothing that is found from there."""
    return hints.keys() | {source_key(source, source_id) for source, source_id in hints.records}


def handle_rectification(
    office: Office, request: Request, hints: Hints, corrections: rights.Corrections, now: datetime
) -> tuple[tuple[rights.Correction, ...], Receipt]:
    """Correct the copy at once; what has to be corrected at its source is returned (GDPR art. 16)."""
    with office.engine.begin() as connection:
        done = rights.rectify(connection, find_one(connection, hints), corrections)
    office.refresh()
    with _copied(office) as connection:
        counts = {"values_corrected": len(done)}
        return done, _closed(connection, office, request, _done(len(done)), counts, now)


@contextmanager
def _copied(office: Office) -> Iterator[sa.Connection]:
    """A transaction; what it left is then copied to the place apart."""
    with office.engine.begin() as connection:
        yield connection
    office.keep_copy()


def _done(count: int) -> Outcome:
    return "done" if count else "nothing_held"


def _closed(
    connection: sa.Connection,
    office: Office,
    request: Request,
    outcome: Outcome,
    counts: Mapping[str, int],
    now: datetime,
) -> Receipt:
    closed = close_request(connection, request, outcome, counts, now)
    return issue(connection, office.secret, office.policy, closed, counts)
