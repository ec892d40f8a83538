"""The register is asked for what the sources name: by number, by an organisation's name, never a person's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from connectors.brreg.client import BrregClient
from connectors.brreg.simulator import BrregSimulator
from connectors.brreg.simulator_state import BrregState
from connectors.pages import read_page
from connectors.simulation.server import LoopbackServer
from pipelines.privacy.suppression import Suppression
from pipelines.sources.brreg import read_units
from pipelines.sources.reading import Desk, Run
from pipelines.store.landing import Lander, mark_deleted
from schemas.payloads.pindena import OrderForm
from schemas.payloads.tripletex import TripletexCustomer
from schemas.policy import load_policy
from schemas.tables.landing import TABLES, load

NIGHT = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
RUN = Run(run_id="run", started_at=NIGHT)
PARENT, BRANCH, OTHER, REMOVED = "310070017", "310070025", "310070033", "310070041"


@pytest.fixture
def state() -> BrregState:
    state = BrregState(lambda: NIGHT)
    state.add_unit(PARENT, "FJELLBEKK SKOLESENTER AS", announce=False)
    state.add_sub_unit(BRANCH, "FJELLBEKK SKOLESENTER AVD DAL", PARENT, announce=False)
    state.add_unit(OTHER, "STRANDVIK FORENING", form="FLI")
    state.add_unit(REMOVED, "GJEMT FORENING", form="FLI")
    return state


@pytest.fixture
def simulator(state: BrregState) -> BrregSimulator:
    return BrregSimulator(state, clock=lambda: NIGHT)


@pytest.fixture
def client(simulator: BrregSimulator) -> Iterator[BrregClient]:
    with LoopbackServer(simulator.app) as server:
        client = BrregClient.connect(load_policy(), server.url)
        yield client
        client.close()


@pytest.fixture
def desk(crm_engine: sa.Engine) -> Desk:
    return Desk(crm_engine, Suppression(b"s" * 32), expired=None)


def customer(desk: Desk, key: int, number: str | None, name: str = "Kunde AS") -> None:
    """A Tripletex customer, landed."""
    record = {"id": key, "name": name, "organizationNumber": number, "isPrivateIndividual": False}
    lander = Lander(desk.engine, TripletexCustomer, run_id="run", suppression=desk.suppression)
    lander.land([read_page(TripletexCustomer, [record])])


def order(desk: Desk, key: int, company: str) -> None:
    """An order form, landed."""
    record = {"RegistrationPersonStructID": key, "RegistrationID": 201, "CompanyName": company}
    lander = Lander(desk.engine, OrderForm, run_id="run", suppression=desk.suppression)
    lander.land([read_page(OrderForm, [record])])


def units(desk: Desk) -> dict[str, str]:
    """Number and status of the units that are landed and wanted."""
    table = TABLES["brreg_unit"]
    with desk.engine.connect() as connection:
        return dict(
            connection.execute(
                sa.select(table.c.number, table.c.status).where(table.c.deleted_at_source.is_(None))
            ).all()
        )


def name_queries(simulator: BrregSimulator) -> list[str]:
    return [name for request in simulator.requests if (name := request.value("navn"))]


def test_a_branch_brings_the_unit_that_it_belongs_to(desk: Desk, client: BrregClient) -> None:
    customer(desk, 1, f"NO {BRANCH} MVA")
    read_units(desk, client, RUN)
    assert units(desk) == {BRANCH: "active", PARENT: "active"}


def test_a_unit_that_did_not_change_is_not_looked_up_again(
    desk: Desk, client: BrregClient, simulator: BrregSimulator
) -> None:
    customer(desk, 1, PARENT)
    read_units(desk, client, RUN)
    before = len(simulator.requests)
    assert read_units(desk, client, RUN).received == 0
    assert not [r for r in simulator.requests[before:] if not r.path.startswith("/oppdateringer")]


def test_a_change_in_the_feed_brings_the_unit_again(
    desk: Desk, client: BrregClient, state: BrregState
) -> None:
    customer(desk, 1, PARENT)
    read_units(desk, client, RUN)
    state.bankrupt_unit(PARENT, at=NIGHT)
    read_units(desk, client, RUN)
    assert units(desk)[PARENT] == "bankrupt"


def test_a_removed_unit_loses_everything_but_its_number(
    desk: Desk, client: BrregClient, state: BrregState
) -> None:
    customer(desk, 1, REMOVED)
    read_units(desk, client, RUN)
    state.remove_unit(REMOVED, at=NIGHT)
    read_units(desk, client, RUN)
    table = TABLES["brreg_unit"]
    with desk.engine.connect() as connection:
        row = connection.execute(sa.select(table).where(table.c.number == REMOVED)).mappings().one()
    facts = ("name", "organization_form", "address", "city", "industry", "website", "vat_registered")
    assert (row["status"], [row[fact] for fact in facts]) == ("removed", [None] * len(facts))


def test_a_unit_that_nobody_names_any_more_is_no_longer_kept(desk: Desk, client: BrregClient) -> None:
    customer(desk, 1, OTHER)
    read_units(desk, client, RUN)
    with desk.engine.begin() as connection:
        mark_deleted(connection, TripletexCustomer, [1])
    assert read_units(desk, client, RUN).deleted == 1
    with desk.engine.connect() as connection:
        kept = connection.scalars(
            sa.select(load.c.deleted).where(load.c.source == "brreg_unit").order_by(load.c.load_id)
        )
        assert list(kept)[-1] == 1
    assert units(desk) == {}


def test_an_organisation_without_a_number_is_found_by_its_name(desk: Desk, client: BrregClient) -> None:
    order(desk, 1, "Strandvik forening")
    read_units(desk, client, RUN)
    assert units(desk) == {OTHER: "active"}


def test_a_unit_that_is_still_named_without_its_number_stays(desk: Desk, client: BrregClient) -> None:
    """It does not leave the store for a night when the record that gave its number goes."""
    customer(desk, 1, OTHER, name="Strandvik forening")
    order(desk, 1, "Strandvik forening")
    read_units(desk, client, RUN)
    with desk.engine.begin() as connection:
        mark_deleted(connection, TripletexCustomer, [1])
    assert read_units(desk, client, RUN).deleted == 0
    assert units(desk) == {OTHER: "active"}


def test_a_name_that_two_living_units_bear_is_left_to_a_person(
    desk: Desk, client: BrregClient, state: BrregState
) -> None:
    state.add_unit("310070068", "STRANDVIK FORENING", form="FLI")
    order(desk, 1, "Strandvik forening")
    read_units(desk, client, RUN)
    assert units(desk) == {}


def test_a_name_is_asked_for_once_in_a_while_and_not_every_night(
    desk: Desk, client: BrregClient, simulator: BrregSimulator
) -> None:
    order(desk, 1, "Ukjent forening")
    for night in range(3):
        read_units(desk, client, replace(RUN, started_at=NIGHT + timedelta(days=night)))
    assert name_queries(simulator) == ["Ukjent forening"]
    read_units(desk, client, replace(RUN, started_at=NIGHT + timedelta(days=120)))
    assert len(name_queries(simulator)) == 2


def test_a_persons_name_is_never_sent(desk: Desk, client: BrregClient, simulator: BrregSimulator) -> None:
    order(desk, 1, "Kari Fjeldheim")
    customer(desk, 2, None, name="Ola Fjeldheim")
    read_units(desk, client, RUN)
    assert name_queries(simulator) == []


def test_roles_are_never_asked_for(desk: Desk, client: BrregClient, simulator: BrregSimulator) -> None:
    customer(desk, 1, PARENT)
    read_units(desk, client, replace(RUN, complete=True))
    assert not [request for request in simulator.requests if "roller" in request.path]
