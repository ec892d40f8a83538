"""What a private customer subscribes to is shown to them on request, and goes when they are erased."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.origins import prove_origins
from pipelines.privacy.subjects.access_page import access_page
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import Office, handle_access, handle_erasure, receive
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexCustomer, TripletexSubscription
from schemas.policy import load_policy
from schemas.tables import crm, views
from schemas.tables.landing import TABLES

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough"
ODD = Hints(emails=("odd.birkeland@privat.example.no",))
LANDED = TABLES[TripletexSubscription.source]


@pytest.fixture
def office(crm_engine: sa.Engine) -> Office:
    suppression = Suppression(SECRET, clock=lambda: NOW)
    return Office(crm_engine, load_policy(), SECRET, suppression, lambda: rebuild(crm_engine, "run"))


def line(key: int, customer: int, product: str) -> TripletexSubscription:
    return TripletexSubscription(
        id=key,
        order_id=key,
        customer_id=customer,
        order_date=date(2026, 1, 1),
        is_closed=False,
        product_name=product,
        quantity=Decimal(1),
        unit_price=Decimal("1200.50"),
        currency="NOK",
    )


def land(office: Office, *records: Payload) -> int:
    """How many were held back."""
    lander = Lander(office.engine, type(records[0]), run_id="run", suppression=office.suppression)
    return lander.land([Page(records)]).suppressed


@pytest.fixture
def store(office: Office) -> sa.Engine:
    land(
        office,
        TripletexCustomer(
            id=1, name="Odd Birkeland", is_private_individual=True, email="odd.birkeland@privat.example.no"
        ),
        TripletexCustomer(
            id=2, name="Fjellbris AS", organization_number="310000019", is_private_individual=False
        ),
    )
    land(office, line(10, 1, "Lisens Basis"), line(20, 2, "Lisens Pluss"))
    office.refresh()
    return office.engine


def licenses(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(views.license.c.product_name)))


def test_a_private_customers_licence_is_in_what_they_are_shown_and_no_other(
    office: Office, store: sa.Engine
) -> None:
    dossier, _ = handle_access(office, receive(office, "access", NOW, NOW), ODD, NOW)
    shown = [row for row in json.loads(dossier.to_json())["activity"] if row["what"] == "subscription"]
    assert [(row["id"], row["product_name"], row["unit_price"]) for row in shown] == [
        (10, "Lisens Basis", "1200.50")
    ]
    assert "Lisens Pluss" not in access_page(dossier)


def test_an_erasure_takes_the_licence_away_and_the_next_read_does_not_bring_it_back(
    office: Office, store: sa.Engine
) -> None:
    handle_erasure(office, receive(office, "erasure", NOW, NOW), ODD, NOW)
    assert licenses(store) == {"Lisens Pluss"}
    assert land(office, line(10, 1, "Lisens Basis"), line(20, 2, "Lisens Pluss")) == 1
    office.refresh()
    assert licenses(store) == {"Lisens Pluss"}
    with store.connect() as connection:
        assert set(connection.scalars(sa.select(LANDED.c.id))) == {20}
        assert set(connection.scalars(sa.select(crm.subscription.c.subscription_id))) == {20}


def test_every_figure_of_a_licence_is_traced_to_the_record_it_came_from(
    office: Office, store: sa.Engine
) -> None:
    with store.connect() as connection:
        assert prove_origins(connection, office.policy).violations == 0
    with store.begin() as connection:
        connection.execute(sa.update(crm.subscription).values(unit_price=Decimal(1)))
    with store.connect() as connection:
        assert prove_origins(connection, office.policy).violations == 2
