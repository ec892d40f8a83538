"""Random histories of kills, lost and late answers, and what must be true at the end of each.

Used by the suite over some histories and by the benchmark over many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import sqlalchemy as sa
from hypothesis import strategies as st

from connectors.errors import EgressError
from connectors.tripletex.simulator import TripletexSimulator
from pipelines.registration.apply import SETTLES_WITHIN
from schemas.tables import crm, privacy, registration
from schemas.tables.landing import TABLES
from tests.pipelines.registration.office import Killed, MortalJournal, Office, Wire

Fault = Literal["none", "reset", "commit", "cut", "cut_whole", "500", "503", "429", "401", "409"]

_PATH = "^/(customer|contact)"
_LATE, _LAG = 4 * 60, 19 * 60
"""Minutes; together less than SETTLES_WITHIN, beyond which nothing can be promised."""
_LONG_PAUSE = 30 * 60
_COMPANIES = ("312345676", "310001376")


@dataclass(frozen=True, slots=True)
class Round:
    """One run of the registration and what befalls it."""

    fault: Fault
    after: int
    """Requests that pass before the fault."""
    kill_request: int | None
    kill_after_answer: bool
    kill_note: int | None
    late: int | None
    """Minutes by which the first POST is held up."""
    lag: int
    """Minutes that lists take to show what was made."""
    sweep: bool
    """Tripletex is read before the run."""
    pause: int
    """Minutes until the next run."""


def histories() -> st.SearchStrategy[list[Round]]:
    """Up to five runs, each with at most one fault, one kill on the wire, one in the journal."""
    # Half an hour's worth of requests for two companies and a private customer is about forty.
    number = st.one_of(st.none(), st.integers(1, 40))
    one = st.builds(
        Round,
        fault=st.sampled_from(Fault.__args__),  # type: ignore[attr-defined]  # of the Literal
        after=st.integers(0, 12),
        kill_request=number,
        kill_after_answer=st.booleans(),
        kill_note=st.one_of(st.none(), st.integers(0, 14)),
        late=st.one_of(st.none(), st.integers(0, _LATE)),
        lag=st.one_of(st.just(0), st.integers(0, _LAG)),
        sweep=st.booleans(),
        pause=st.one_of(st.integers(0, 80), st.integers(0, _LONG_PAUSE)),
    )
    return st.lists(one, min_size=1, max_size=5)


def live_through(office: Office, simulator: TripletexSimulator, wire: Wire, history: list[Round]) -> None:
    """Let a history happen to an empty office, then let it be quiet until everything is registered."""
    _empty(office)
    first = office.company_orders(1, _COMPANIES[0])
    office.form(2, organization=first, email="kari@fjellrev.example.no", first_name="Kari")
    office.company_orders(3, _COMPANIES[1], name="Havheim AS", email="nils@havheim.example.no")
    office.form(4, company=None, email="siv@privat.example.no", first_name="Siv")
    for one in history:
        wire.arm(
            one.kill_request,
            after_answer=one.kill_after_answer,
            late=timedelta(minutes=one.late) if one.late is not None else None,
            lag=timedelta(minutes=one.lag),
        )
        _fault(simulator, one)
        journal = MortalJournal(office.engine, "run", [one.kill_note if one.kill_note is not None else 1_000])
        try:
            if one.sweep:
                office.sweep()
            office.apply(journal)
        except (Killed, EgressError):
            pass
        office.time.moment += timedelta(minutes=one.pause)
    simulator.faults.planned.clear()
    wire.arm(None, after_answer=False, late=None)
    for _ in range(2):
        office.time.moment += SETTLES_WITHIN
        wire.deliver()
        office.sweep()
        outcome = office.apply()
    unfinished = [one for one in outcome.results if one.outcome in ("failed", "waiting", "review")]
    assert unfinished == [], unfinished


def nobody_is_there_twice(office: Office) -> None:
    """What must be true at the end: everyone once, everything known, nobody written to."""
    numbers = [one.get("organizationNumber") for one in office.customers()]
    assert sorted(number for number in numbers if number) == sorted(_COMPANIES)
    assert [one["email"] for one in office.customers() if not one.get("organizationNumber")] == [
        "siv@privat.example.no"
    ]
    by_number = {one.get("organizationNumber"): one["id"] for one in office.customers()}
    people = sorted((one["customer"], one["email"]) for one in office.contacts())
    assert people == sorted(
        [
            (by_number[_COMPANIES[0]], "kari@fjellrev.example.no"),
            (by_number[_COMPANIES[0]], "ola@fjellrev.example.no"),
            (by_number[_COMPANIES[1]], "nils@havheim.example.no"),
        ]
    )
    entries = office.rows(registration.registration)
    assert sorted(entry.tripletex_id for entry in entries) == sorted(
        one["id"] for one in (*office.customers(), *office.contacts())
    )
    assert all(entry.was_created for entry in entries)
    office.refresh()
    assert {case.status for case in office.rows(registration.application_case)} == {"registered"}
    assert office.state.outbox == []


def _fault(simulator: TripletexSimulator, one: Round) -> None:
    faults = simulator.faults
    faults.planned.clear()
    match one.fault:
        case "none":
            return
        case "reset" | "commit":
            faults.reset(path=_PATH, after=one.after, after_commit=one.fault == "commit")
        case "cut" | "cut_whole":
            faults.cut(path=_PATH, after=one.after, keep_framing=one.fault == "cut_whole")
        case status:
            faults.fail(int(status), path=_PATH, after=one.after)


def _empty(office: Office) -> None:
    for contact in office.contacts():
        office.state.delete_contact(contact["id"])
    for customer in office.customers():
        office.state.delete_customer(customer["id"])
    tables = (
        registration.registration,
        registration.application_case,
        privacy.disclosure,
        crm.source_link,
        crm.person,
        crm.organization,
        *(TABLES[name] for name in ("order_form", "brreg_unit", "tripletex_customer", "tripletex_contact")),
    )
    with office.engine.begin() as connection:
        for table in tables:
            connection.execute(sa.delete(table))
