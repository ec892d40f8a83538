"""The cases: worked out anew, the time of a status kept, nothing held of forms that are gone."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from connectors.tripletex.simulator import TripletexSimulator
from pipelines.registration.findings import WAITS_AT_MOST, no_application_waits, no_customer_twice
from schemas.tables import privacy, registration
from schemas.tables.landing import TABLES
from tests.pipelines.registration.office import Office

NUMBER = "312345676"


def test_every_form_has_a_case_and_a_second_refresh_changes_nothing(office: Office) -> None:
    office.company_orders(1, NUMBER)
    office.form(2, company="privat", email="siv@privat.example.no")
    office.form(3, company="Havheim AS")
    office.form(4, status="cancelled")
    report = office.refresh()
    assert report.by_status == {"enriched": 2, "new": 1, "declined": 1}
    assert report.changed == 4
    office.time.moment += timedelta(hours=1)
    assert office.refresh().changed == 0


def test_a_status_knows_since_when(office: Office) -> None:
    office.form(3, company="Havheim AS")
    office.refresh()
    office.time.moment += timedelta(days=4)
    office.refresh()
    case = office.case(3)
    assert (case.status, case.status_since) == ("needs_review", office.time.now())


def test_the_case_of_a_form_that_is_gone_goes(office: Office) -> None:
    office.company_orders(1, NUMBER)
    office.refresh()
    with office.engine.begin() as connection:
        connection.execute(sa.delete(TABLES["order_form"]))
    office.refresh()
    assert office.rows(registration.application_case) == []


def test_a_decision_overrides_and_a_restriction_overrides_the_decision(office: Office) -> None:
    card = office.organization(NUMBER, status="bankrupt")
    office.form(1, organization=card)
    office.refresh()
    assert office.case(1).status == "needs_review"
    with office.engine.begin() as connection:
        connection.execute(
            sa.insert(registration.application_decision).values(
                application_id=1, decision="company", decided_by="regnskap"
            )
        )
    office.refresh()
    assert (office.case(1).status, office.case(1).warnings) == (
        "enriched",
        ["bankruptcy proceedings are open"],
    )
    with office.engine.begin() as connection:
        connection.execute(
            sa.insert(privacy.hold).values(
                kind="restriction",
                data="landing.order_form",
                column_name="id",
                value="1",
                reason="request 1",
                created_at=office.time.now(),
            )
        )
    office.refresh()
    assert office.case(1).status == "needs_review"
    assert office.plan().steps == ()


def test_an_application_that_waits_too_long_is_told(office: Office) -> None:
    office.company_orders(1, NUMBER)
    office.refresh()
    with office.engine.connect() as connection:
        assert no_application_waits(connection, office.time.now() + WAITS_AT_MOST).passed
        late = no_application_waits(connection, office.time.now() + WAITS_AT_MOST + timedelta(minutes=1))
    assert not late.passed
    assert late.numbers == {"waiting": 1, "waiting_enriched": 1}


def test_customers_that_are_twice_in_tripletex_are_listed_by_their_ids(
    office: Office, simulator: TripletexSimulator
) -> None:
    first = office.state.add_customer("Fjellrev AS", organizationNumber=NUMBER)
    with office.engine.connect() as connection:
        office.sweep()
        assert no_customer_twice(connection).passed
    second = office.state.add_customer("Fjellrev", organizationNumber=NUMBER, isInactive=True)
    office.sweep()
    with office.engine.connect() as connection:
        finding = no_customer_twice(connection)
    assert not finding.passed
    assert f"{first} and {second}" in finding.why
    assert finding.numbers == {
        "organizations_twice": 1,
        "organizations_twice_active": 0,
        "customers": 2,
    }
    assert NUMBER not in finding.why
    office.state.change_customer(second, isInactive=False)
    office.sweep()
    with office.engine.connect() as connection:
        assert no_customer_twice(connection).numbers["organizations_twice_active"] == 1
