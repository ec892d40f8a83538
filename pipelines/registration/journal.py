"""Notes down what is about to be sent to Tripletex before it is sent, and its outcome after.

Each note is a transaction of its own, so that a kill at any point leaves a store that says what may be under
way. Values never get here: ids, field names and keyed hashes only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from pipelines.privacy.disclosures import Sending, api_names, note_sent
from pipelines.registration.plan import Step
from pipelines.registration.registrations import Registrations, read_registrations
from pipelines.registration.targets import Object, Target
from pipelines.store.cursors import read_cursor
from schemas.errors import SafeError
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.policy import load_policy
from schemas.tables.registration import registration

RECIPIENT, PURPOSE = "tripletex", "billing"

_LOCK = 0x74726970  # "trip": one registration at a time, whatever starts it
_REQUESTS = {
    ("create", "customer"): ("POST", "/customer"),
    ("update", "customer"): ("PUT", "/customer/{id}"),
    ("create", "contact"): ("POST", "/contact"),
    ("update", "contact"): ("PUT", "/contact/{id}"),
}
_PAYLOADS: dict[Object, type[Payload]] = {"customer": TripletexCustomer, "contact": TripletexContact}


class BusyError(SafeError, RuntimeError):
    """Another run is registering customers; wait until it has ended."""


@dataclass(frozen=True, slots=True)
class Journal:
    """crm.registration and the disclosure ledger, written step by step."""

    engine: sa.Engine
    run_id: str

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only run that registers, for as long as the block. Raises BusyError.

        A lock of the session: it goes with the process, however that ends.
        """
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK))):
                raise BusyError("another run is registering customers in Tripletex; wait until it has ended")
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))

    def registered(self, entity_ids: Collection[str]) -> Registrations:
        """What is known of some cards now."""
        with self.engine.connect() as connection:
            return read_registrations(connection, entity_ids)

    def was_read(self, kind: Object, since: datetime) -> bool:
        """Whether all objects of a kind were read from Tripletex, in a read that began at or after a time."""
        with self.engine.connect() as connection:
            began, _ = read_cursor(connection, _PAYLOADS[kind].source)
        return began is not None and began >= since

    def intend(self, step: Step, now: datetime) -> None:
        """Note that a request is about to be sent, and who learns what by it."""
        with self.engine.begin() as connection:
            if step.action == "create":
                _write(connection, step.target, state="sending", sent_at=now, refused_fields=[])
            method, path = _REQUESTS[step.action, step.target.object]
            self._note(
                connection, method, path, step, api_names(_PAYLOADS[step.target.object], step.fields), now
            )

    def note_lookup(self, step: Step, now: datetime) -> None:
        """Note that a customer is about to be looked for by its number and its address, before it is made."""
        if step.target.object == "customer":
            keys = [name for name in ("organization_number", "email") if step.wanted.get(name)]
            with self.engine.begin() as connection:
                self._note(connection, "GET", "/customer", step, api_names(TripletexCustomer, keys), now)

    def settle(self, target: Target, tripletex_id: int, created: bool, now: datetime) -> None:
        """Note which object of Tripletex the target is."""
        with self.engine.begin() as connection:
            _write(
                connection,
                target,
                state="registered",
                tripletex_id=tripletex_id,
                was_created=created,
                settled_at=now,
                refused_fields=[],
                fields_hash=None,
            )

    def withdraw(self, target: Target) -> None:
        """Note that the request that was about to be sent was not carried out."""
        entry = registration.c
        is_it = sa.and_(*(entry[name] == value for name, value in target._asdict().items()))
        with self.engine.begin() as connection:
            connection.execute(sa.delete(registration).where(is_it, entry.state == "sending"))

    def refuse(self, target: Target, fields: Collection[str], fields_hash: bytes, now: datetime) -> None:
        """Note that Tripletex does not take the fields; nothing was made."""
        with self.engine.begin() as connection:
            _write(
                connection,
                target,
                state="refused",
                settled_at=now,
                refused_fields=sorted(fields),
                fields_hash=fields_hash,
            )

    def _note(
        self,
        connection: sa.Connection,
        method: str,
        path: str,
        step: Step,
        names: Collection[str],
        now: datetime,
    ) -> None:
        """The ledger of disclosures (GDPR art. 15 and 19), for each form the values come from."""
        note_sent(
            connection,
            load_policy(),
            Sending(RECIPIENT, method, path, tuple(names)),
            purpose=PURPOSE,
            records=[("order_form", str(application_id)) for application_id in step.application_ids],
            run_id=self.run_id,
            now=now,
        )


def _write(connection: sa.Connection, target: Target, **values: Any) -> None:
    statement = pg.insert(registration).values(**target._asdict(), **values)
    changes: dict[str, Any] = dict(values)
    if "was_created" in values:
        # What this pipeline has sent is its own, however it is found again.
        made = sa.func.coalesce(registration.c.was_created, registration.c.state == "sending")
        changes["was_created"] = sa.or_(made, statement.excluded.was_created)
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(registration.primary_key), set_=changes)
    )
