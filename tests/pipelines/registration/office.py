"""A store with applications in it, and the simulated Tripletex that they are to be registered in."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.answers import Answer
from connectors.egress import Egress
from connectors.errors import AmbiguousError
from connectors.tripletex.client import TripletexClient
from connectors.tripletex.simulator_state import TripletexState
from pipelines.privacy.suppression import Suppression
from pipelines.registration.apply import Outcome, apply
from pipelines.registration.cases import Report, refresh
from pipelines.registration.journal import Journal
from pipelines.registration.plan import Plan
from pipelines.registration.register import plan_registrations
from pipelines.sources.reading import Desk, Run
from pipelines.sources.tripletex import read_contacts, read_customers
from schemas.tables import crm, registration
from schemas.tables.landing import TABLES
from tests.connectors.fake_time import FakeTime

SECRET = b"s" * 32


class Killed(BaseException):
    """The process ends here: nothing after this point is done."""


@dataclass
class Wire:
    """What happens on the way: kills, requests that come late, lists that are slow to show what is new."""

    egress: Egress
    now: Callable[[], datetime]
    state: TripletexState
    kill_at: int | None = None
    """Number of the request, counted from now, at which the process dies."""
    after_answer: bool = False
    """It dies when the request has been carried out, before anybody knows."""
    late: timedelta | None = None
    """The next POST is held up for so long, and its answer lost."""
    lag: timedelta = timedelta()
    """So long no list shows what was made; by its id it is found at once."""
    _sent: int = 0
    _held: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    _unlisted: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._request = self.egress.request
        self.egress.request = self._meddle  # type: ignore[method-assign]  # stands on the wire

    def arm(
        self,
        kill_at: int | None,
        *,
        after_answer: bool,
        late: timedelta | None,
        lag: timedelta = timedelta(),
    ) -> None:
        """Plan what happens from the next request on."""
        self.kill_at, self.after_answer, self.late, self._sent = kill_at, after_answer, late, 0
        self.lag = lag

    def remove(self) -> None:
        """Leave the wire as it was."""
        self.egress.request = self._request  # type: ignore[method-assign]  # stood on the wire

    def deliver(self) -> None:
        """Let what was held up long enough take effect."""
        due = [held for held in self._held if held[0] <= self.now()]
        self._held = [held for held in self._held if held not in due]
        for moment, call in due:
            self._sent_on(moment, **call)

    def _meddle(self, method: str, path: str, **options: Any) -> Answer:
        self.deliver()
        self._sent += 1
        dies = self._sent == self.kill_at
        if dies and not self.after_answer:
            raise Killed
        if self.late is not None and method == "POST" and path in ("/customer", "/contact"):
            self._held.append((self.now() + self.late, {"method": method, "path": path, **options}))
            self.late = None
            raise AmbiguousError("tripletex: the answer was lost")
        answer = self._sent_on(self.now(), method, path, **options)
        if dies:
            raise Killed
        return self._listed(path, answer) if method == "GET" else answer

    def _sent_on(self, moment: datetime, method: str, path: str, **options: Any) -> Answer:
        """Let a request through; what it makes is listed so long after `moment`."""
        before = self._objects()
        try:
            return self._request(method, path, **options)
        finally:
            self._unlisted |= dict.fromkeys(self._objects() - before, moment + self.lag)

    def _objects(self) -> set[tuple[str, int]]:
        kinds = {"/customer": "Customer", "/contact": "Contact"}
        return {(path, key) for path, kind in kinds.items() for key in self.state.tables.get(kind, {})}

    def _listed(self, path: str, answer: Answer) -> Answer:
        rows = answer.body.get("values") if isinstance(answer.body, dict) else None
        if not isinstance(rows, list):
            return answer
        now = self.now()
        shown = [row for row in rows if self._unlisted.get((path, row["id"]), now) <= now]
        return replace(answer, body={**answer.body, "values": shown})


@dataclass(frozen=True, slots=True)
class MortalJournal(Journal):
    """A journal whose process dies before or after one of its notes."""

    fate: list[int] = field(default_factory=list)
    """Notes to go until the end: even before, odd after a note."""

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        self._step()
        yield
        self._step()

    def _step(self) -> None:
        if self.fate:
            self.fate[0] -= 1
            if self.fate[0] < 0:
                raise Killed

    def intend(self, *arguments: Any) -> None:
        with self._mortal():
            Journal.intend(self, *arguments)

    def settle(self, *arguments: Any) -> None:
        with self._mortal():
            Journal.settle(self, *arguments)

    def refuse(self, *arguments: Any) -> None:
        with self._mortal():
            Journal.refuse(self, *arguments)


@dataclass
class Office:
    """Puts applications into the store, as the sources and matching leave them."""

    engine: sa.Engine
    client: TripletexClient
    state: TripletexState
    time: FakeTime

    def organization(self, number: str | None, name: str = "Fjellrev AS", **fields: Any) -> str:
        """A company's card, and what the register says of it."""
        card = str(uuid.uuid4())
        status = fields.setdefault("status", "active")
        unit = fields.pop("unit", "active" if status in ("subunit", "unverified") else status)
        self._insert(
            crm.organization,
            organization_id=card,
            organization_number=number,
            name=name,
            is_personal=False,
            **fields,
        )
        if number and unit:
            self._insert(
                TABLES["brreg_unit"],
                number=number,
                status=unit,
                is_subunit=False,
                former_names=[],
                content_hash=b"",
            )
        return card

    def person(self, **fields: Any) -> str:
        """A person's card."""
        card = str(uuid.uuid4())
        self._insert(crm.person, person_id=card, **({"is_internal": False} | fields))
        return card

    def form(
        self,
        number: int,
        *,
        company: str | None = "Fjellrev AS",
        organization: str | None = None,
        person: str | None = None,
        **fields: Any,
    ) -> None:
        """An order form, landed and matched; by Ola Eksempel of Fjellrev where nothing else is said."""
        row = {
            "activity_id": 202,
            "is_active": True,
            "status": "registered",
            "first_name": "Ola",
            "last_name": "Eksempel",
            "email": "ola@fjellrev.example.no",
            "company_name": company,
            "first_seen_at": self.time.now(),
            "content_hash": b"",
        } | fields
        self._insert(TABLES["order_form"], id=number, **row)
        self.link("order_form", number, person=person or self.person(), organization=organization)

    def link(
        self, source: str, number: int, *, person: str | None = None, organization: str | None = None
    ) -> None:
        """What matching made of a source record."""
        self._insert(
            crm.source_link,
            source=source,
            source_id=str(number),
            person_id=person,
            organization_id=organization,
        )

    def company_orders(self, number: int, organization_number: str, **fields: Any) -> str:
        """A company that is not in Tripletex orders; returns its card."""
        card = self.organization(
            organization_number,
            fields.pop("name", "Fjellrev AS"),
            address="Storgata 1",
            postal_code="0155",
            city="Oslo",
        )
        self.form(number, organization=card, **fields)
        return card

    def sweep(self) -> None:
        """Tripletex is read, as every night."""
        desk = Desk(self.engine, Suppression(SECRET), expired=None)
        run = Run("sweep", self.time.now(), allow_mass_deletion=True)
        read_customers(desk, self.client, run)
        read_contacts(desk, self.client, run)

    def plan(self) -> Plan:
        """The plan as the store stands."""
        return plan_registrations(self.engine, SECRET, self.time.now())

    def apply(self, journal: Journal | None = None) -> Outcome:
        """Plan, and carry it out."""
        journal = journal or Journal(self.engine, "run")
        return apply(self.plan(), self.client.registration, journal, SECRET, self.time.now)

    def refresh(self) -> Report:
        """Bring the cases up to date."""
        return refresh(self.engine, self.time.now())

    def case(self, number: int) -> Any:
        """What became of an application."""
        table = registration.application_case
        with self.engine.connect() as connection:
            return connection.execute(sa.select(table).where(table.c.application_id == number)).one()

    def customers(self) -> list[dict[str, Any]]:
        """Customers in Tripletex now."""
        return self._objects("Customer")

    def contacts(self) -> list[dict[str, Any]]:
        """Contact persons in Tripletex now."""
        return self._objects("Contact")

    def _objects(self, kind: str) -> list[dict[str, Any]]:
        stored = self.state.tables.get(kind, {})
        return [{**one.values, "id": key} for key, one in stored.items()]

    def rows(self, table: sa.Table) -> list[Any]:
        """All rows of a table."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(table)).all())

    def _insert(self, table: sa.Table, **values: Any) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(table).values(**values))
