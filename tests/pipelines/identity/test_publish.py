"""From landing rows to the crm schema: what is written, what is left alone, and what is never committed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import sqlalchemy as sa

from pipelines.identity import invariants
from pipelines.identity.features import Features
from pipelines.identity.match import Matching, match_features
from pipelines.identity.publish import Limits, PublishRefusedError
from pipelines.identity.rebuild import controller_domains, rebuild
from pipelines.identity.reporting import IdentityReport
from schemas.policy import load_policy
from schemas.tables import crm

if TYPE_CHECKING:
    from tests.pipelines.identity.conftest import Landing

NUMBER = "310005487"


@pytest.fixture
def world(landing: Landing) -> Landing:
    """A company whose contact person wrote, signed up and ordered; a private customer; a lead."""
    landing.put(
        "brreg_unit", NUMBER, status="active", name="FJORD BAKERI AS", organization_form="AS", city="BERGEN"
    )
    landing.put(
        "tripletex_customer",
        1,
        name="Fjord Bakeri AS",
        organization_number=NUMBER,
        is_private_individual=False,
        email="post@fjordbakeri.example.no",
    )
    landing.put(
        "tripletex_customer",
        2,
        name="Nils Myhre",
        is_private_individual=True,
        email="nils.myhre@privat.example.no",
    )
    person = {"first_name": "Ingrid", "last_name": "Haugen"}
    email = "ingrid.haugen@fjordbakeri.example.no"
    landing.put("tripletex_contact", 5, **person, email=email, customer_id=1)
    landing.put("helpscout_customer", 7, **person, emails=[email])
    landing.put(
        "course_signup",
        8,
        **person,
        email=email,
        phone="90000001",
        activity_id=3,
        company_name="Fjord Bakeri",
    )
    landing.put(
        "order_form", 9, first_name="Liv", last_name="Strand", email="liv@strand.example.no", activity_id=4
    )
    landing.put("helpscout_mailbox", 1, name="Support")
    landing.put(
        "helpscout_conversation", 70, number=1, status="closed", mailbox_id=1, customer_id=7, tags=["faktura"]
    )
    landing.put("helpscout_conversation", 71, number=2, customer_id=999)
    landing.put("tripletex_invoice", 90, customer_id=1, amount=100, currency="NOK")
    landing.put("tripletex_invoice", 91, customer_id=2, amount=50)
    landing.put("tripletex_subscription", 95, order_id=9, customer_id=1, product_name="Lisens Basis")
    landing.put("tripletex_subscription", 96, order_id=10, customer_id=2)
    return landing


def _rebuild(engine: sa.Engine, **options: Any) -> IdentityReport:
    return rebuild(engine, "run-1", **options)


def _rows(engine: sa.Engine, table: sa.Table) -> list[dict[str, Any]]:
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table).order_by(*table.primary_key)).mappings()
        return [dict(row) for row in rows]


def _links(engine: sa.Engine) -> dict[str, tuple[str | None, str | None]]:
    return {
        f"{row['source']}:{row['source_id']}": (row["person_id"], row["organization_id"])
        for row in _rows(engine, crm.source_link)
    }


def _everything(engine: sa.Engine) -> dict[str, list[dict[str, Any]]]:
    """All rows of the schema but the state, which moves with the server's transactions."""
    tables = [table for table in crm.person.metadata.sorted_tables if table.schema == "crm"]
    for notes in (crm.identity_state, crm.match_pending):
        tables.remove(notes)
    return {table.name: _rows(engine, table) for table in tables}


def test_one_customer_becomes_one_card_with_all_that_hangs_on_it(
    crm_engine: sa.Engine, world: Landing
) -> None:
    report = _rebuild(crm_engine)
    links = _links(crm_engine)
    ingrid, fjord = links["tripletex_contact:5"]
    assert links["helpscout_customer:7"][0] == links["course_signup:8"][0] == ingrid
    assert links["brreg_unit:" + NUMBER] == links["tripletex_customer:1"] == (None, fjord)
    assert (report.records, report.people, report.organizations, report.created) == (7, 3, 1, 4)

    inquiries = {row["inquiry_id"]: row for row in _rows(crm_engine, crm.inquiry)}
    assert (inquiries[70]["person_id"], inquiries[70]["mailbox"], inquiries[70]["tags"]) == (
        ingrid,
        "Support",
        ["faktura"],
    )
    assert inquiries[71]["person_id"] is None
    invoices = {row["invoice_id"]: row for row in _rows(crm_engine, crm.invoice)}
    assert (invoices[90]["person_id"], invoices[90]["organization_id"]) == (None, fjord)
    assert invoices[91]["person_id"] == links["tripletex_customer:2"][0]
    subscriptions = {row["subscription_id"]: row for row in _rows(crm_engine, crm.subscription)}
    assert (subscriptions[95]["organization_id"], subscriptions[95]["product_name"]) == (
        fjord,
        "Lisens Basis",
    )
    assert subscriptions[96]["person_id"] == links["tripletex_customer:2"][0]
    assert _rows(crm_engine, crm.course_signup)[0]["person_id"] == ingrid
    assert _rows(crm_engine, crm.application)[0]["person_id"] == links["order_form:9"][0]


def test_a_second_rebuild_changes_nothing(crm_engine: sa.Engine, world: Landing) -> None:
    _rebuild(crm_engine)
    before = _everything(crm_engine)
    again = _rebuild(crm_engine)
    assert (again.changed, again.created, again.erased) == (0, 0, 0)
    assert _everything(crm_engine) == before


def test_an_empty_store_filled_from_the_same_rows_gets_the_same_cards(
    crm_engine: sa.Engine, world: Landing
) -> None:
    _rebuild(crm_engine)
    before = _links(crm_engine)
    with crm_engine.begin() as connection:
        for table in crm.person.metadata.sorted_tables:
            if table.schema == "crm":
                connection.execute(sa.delete(table))
    _rebuild(crm_engine)
    assert _links(crm_engine) == before


def test_only_the_card_that_changed_is_touched(crm_engine: sa.Engine, world: Landing) -> None:
    _rebuild(crm_engine)
    before = {row["person_id"]: row for row in _rows(crm_engine, crm.person)}
    world.put(
        "order_form", 9, first_name="Liv", last_name="Stranda", email="liv@strand.example.no", activity_id=4
    )
    report = _rebuild(crm_engine)
    liv = _links(crm_engine)["order_form:9"][0]
    after = {row["person_id"]: row for row in _rows(crm_engine, crm.person)}
    assert {card for card in after if after[card] != before[card]} == {liv}
    assert after[liv or ""]["last_name"] == "Stranda"
    assert after[liv or ""]["updated_at"] > before[liv or ""]["updated_at"]
    assert after[liv or ""]["created_at"] == before[liv or ""]["created_at"]
    assert report.written["person"].updated == 1


def test_what_goes_from_the_sources_goes_from_the_cards(crm_engine: sa.Engine, world: Landing) -> None:
    _rebuild(crm_engine)
    liv = _links(crm_engine)["order_form:9"][0]
    world.mark_deleted("order_form", 9)
    report = _rebuild(crm_engine)
    assert report.erased == 1
    gone = {str(liv), "Liv", "Strand", "liv@strand.example.no"}
    events = _rows(crm_engine, crm.identity_event)
    assert [event["event"] for event in events if event["entity_id"] == liv] == ["CREATED", "ERASED"]
    for name, rows in _everything(crm_engine).items():
        if name != "identity_event":
            assert not gone & {str(value) for row in rows for value in row.values()}, name


def test_a_record_taken_out_by_retention_takes_its_values_along(
    crm_engine: sa.Engine, world: Landing
) -> None:
    _rebuild(crm_engine)
    world.remove("course_signup", 8)
    _rebuild(crm_engine)
    ingrid = _links(crm_engine)["tripletex_contact:5"][0]
    card = next(row for row in _rows(crm_engine, crm.person) if row["person_id"] == ingrid)
    assert card["phone"] is None
    assert not _rows(crm_engine, crm.person_phone)


def test_a_decision_splits_a_card_and_its_end_restores_the_id(crm_engine: sa.Engine, world: Landing) -> None:
    _rebuild(crm_engine)
    before = _links(crm_engine)
    with crm_engine.begin() as connection:
        connection.execute(
            sa.insert(crm.match_decision).values(
                decision="different",
                left_source="tripletex_contact",
                left_source_id="5",
                right_source="course_signup",
                right_source_id="8",
            )
        )
    assert _rebuild(crm_engine).split == 1
    apart = _links(crm_engine)
    assert apart["tripletex_contact:5"][0] != apart["course_signup:8"][0]
    with crm_engine.begin() as connection:
        connection.execute(sa.delete(crm.match_decision))
    report = _rebuild(crm_engine)
    assert report.merged == 1
    assert _links(crm_engine) == before
    merged = [row for row in _rows(crm_engine, crm.identity_event) if row["event"] == "MERGED"]
    assert merged[0]["rule"]
    assert merged[0]["run_id"] == "run-1"


def test_numbers_may_change_places_between_cards(crm_engine: sa.Engine, landing: Landing) -> None:
    """The number is unique; one statement moves both."""
    other = "311000012"
    for key, number, name in ((1, NUMBER, "Fjord AS"), (2, other, "Bre AS")):
        landing.put(
            "tripletex_customer", key, name=name, organization_number=number, is_private_individual=False
        )
    _rebuild(crm_engine)
    for key, number, name in ((1, other, "Fjord AS"), (2, NUMBER, "Bre AS")):
        landing.put(
            "tripletex_customer", key, name=name, organization_number=number, is_private_individual=False
        )
    _rebuild(crm_engine)
    numbers = {row["name"]: row["organization_number"] for row in _rows(crm_engine, crm.organization)}
    assert numbers == {"Fjord AS": other, "Bre AS": NUMBER}


def test_a_night_that_would_merge_too_much_is_refused(crm_engine: sa.Engine, world: Landing) -> None:
    _rebuild(crm_engine)
    before = _everything(crm_engine)

    def everyone_is_one(data: Features, decisions: pd.DataFrame) -> Matching:
        matching = match_features(data, decisions)
        matching.person[matching.person >= 0] = 0
        return matching

    with pytest.raises(PublishRefusedError, match="2 of 3 person cards"):
        _rebuild(crm_engine, matcher=everyone_is_one, limits=Limits(share=0.5, cards=2))
    assert _everything(crm_engine) == before


def test_cards_that_contradict_their_records_are_never_committed(
    crm_engine: sa.Engine, world: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rebuild(crm_engine)
    before = _everything(crm_engine)
    world.put("order_form", 10, first_name="Per", last_name="Vik", activity_id=4)
    monkeypatch.setattr("pipelines.identity.golden_material.Origins.add", lambda *_: None)
    with pytest.raises(
        invariants.InvariantError, match="person with values and origins that differ"
    ) as error:
        _rebuild(crm_engine)
    assert "Vik" not in str(error.value)
    monkeypatch.undo()
    assert _everything(crm_engine) == before


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        ("DELETE FROM crm.source_link WHERE source = 'order_form'", "person without a record"),
        ("DELETE FROM crm.source_link WHERE source = 'order_form'", "live record without a link"),
        ("DELETE FROM landing.order_form", "link to a record that is not live"),
        ("DELETE FROM crm.person WHERE last_name = 'Strand'", "link to no person"),
        ("DELETE FROM crm.field_origin WHERE field = 'email'", "person with values and origins that differ"),
        ("UPDATE crm.person SET phone = '+4790000009' WHERE phone IS NULL", "values and origins that differ"),
        ("UPDATE crm.organization SET city = NULL", "organization with values and origins that differ"),
        ("UPDATE crm.field_origin SET source_id = '0'", "person origin in a record of another card"),
        ("UPDATE crm.person_email SET source_id = '0'", "person_email from a record of another card"),
    ],
)
def test_each_invariant_sees_what_it_is_for(
    crm_engine: sa.Engine, world: Landing, harm: str, name: str
) -> None:
    _rebuild(crm_engine)
    with crm_engine.begin() as connection:
        invariants.check(connection)
        connection.exec_driver_sql(harm)
        with pytest.raises(invariants.InvariantError, match=name):
            invariants.check(connection)


def test_a_writer_waits_for_the_one_before_and_sees_its_work(crm_engine: sa.Engine, world: Landing) -> None:
    """Two rebuilds at once end as two in a row: the second one finds nothing to do."""
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: _rebuild(crm_engine), range(2))
    assert sorted([first.created, second.created]) == [0, 4]


def test_an_own_employee_is_known_by_the_domain_of_the_policy(
    crm_engine: sa.Engine, landing: Landing
) -> None:
    domain = load_policy().controller.contact.partition("@")[2]
    assert controller_domains() == {domain}
    landing.put("helpscout_customer", 1, first_name="Siri", last_name="Lund", emails=[f"siri.lund@{domain}"])
    _rebuild(crm_engine)
    assert _rows(crm_engine, crm.person)[0]["is_internal"]


def test_the_report_counts_by_rule(crm_engine: sa.Engine, world: Landing) -> None:
    report = _rebuild(crm_engine)
    assert sum(report.links.values()) == len(_rows(crm_engine, crm.match_link)) > 0
    assert sum(report.affiliations.values()) == len(_rows(crm_engine, crm.affiliation)) == 1
    assert set(report.seconds) == {
        *("read", "features", "keys", "blocks", "match", "ids", "golden", "publish", "totals")
    }
    assert (report.largest_person, report.reviews) == (3, len(_rows(crm_engine, crm.match_review)))
