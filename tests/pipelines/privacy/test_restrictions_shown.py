"""Whoever reads the cards sees which records on them may not be used for now, and learns nothing more."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.holds_legal import Wanted, set_legal_hold
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import Office, handle_restriction, receive
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from pipelines.store.roles import READER_ROLE
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.tripletex import TripletexCustomer
from schemas.policy import load_policy
from schemas.tables.views import restriction

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough"
SOL = Hints(emails=("sol@example.no",))


@pytest.fixture
def office(crm_engine: sa.Engine) -> Office:
    """Two people; one of them is a private customer too."""
    suppression = Suppression(SECRET, clock=lambda: NOW)
    for record in (
        HelpScoutCustomer(id=1, first_name="Sol", last_name="Vik", emails=["sol@example.no"]),
        HelpScoutCustomer(id=2, first_name="Ane", last_name="Moe", emails=["ane@example.no"]),
        TripletexCustomer(id=3, name="Sol Vik", email="sol@example.no", is_private_individual=True),
    ):
        Lander(crm_engine, type(record), run_id="run", suppression=suppression).land([Page([record])])
    rebuild(crm_engine, "run")
    return Office(crm_engine, load_policy(), SECRET, suppression, lambda: rebuild(crm_engine, "run"))


def shown(office: Office) -> list[tuple[str, str, datetime]]:
    """As a reader of the crm schema sees it."""
    with office.engine.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {READER_ROLE}")
        rows = connection.execute(sa.select(restriction).order_by(restriction.c.source)).all()
        connection.rollback()
    assert all(row.person_id for row in rows), "each is on a person's card"
    return [(row.source, row.source_id, row.since) for row in rows]


def test_records_are_shown_while_their_restriction_stands(office: Office) -> None:
    assert shown(office) == []
    first, second = (receive(office, "restriction", NOW, NOW) for _ in range(2))
    handle_restriction(office, first, SOL, NOW)
    handle_restriction(office, second, SOL, LATER)
    both = [("helpscout_customer", "1", NOW), ("tripletex_customer", "3", NOW)]
    assert shown(office) == both, "once each, since the first of them"
    for request, left in ((first, [(*one[:2], LATER) for one in both]), (second, [])):
        with office.engine.begin() as connection:
            rights.lift_restriction(
                connection, request.request_id, LATER, told_on=date(2026, 11, 26), lifted_by="ane"
            )
        assert shown(office) == left


def test_a_legal_hold_is_none_and_a_reader_sees_no_other_column_of_holds(office: Office) -> None:
    wanted = Wanted("landing.helpscout_customer", "id", "2", "bokføringsloven § 13", "bokettersyn 2026")
    with office.engine.begin() as connection:
        set_legal_hold(connection, office.policy, wanted, set_by="ane", now=NOW)
    assert shown(office) == []
    with office.engine.connect() as connection:
        connection.exec_driver_sql(f"SET ROLE {READER_ROLE}")
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.exec_driver_sql("SELECT reason FROM privacy.hold")
        connection.rollback()
