"""The questions in schemas/README.md are answered rightly by the queries below them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from schemas.dictionary import README
from schemas.tables import crm
from schemas.tables.registration import application_case

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
ONE, OTHER = UUID(int=0), UUID(int=1)
"""The ids that stand for somebody's own in the queries."""
CUSTOMER, FORMER = UUID(int=2), UUID(int=3)
_QUERIES = dict(re.findall(r"\n([^\n]+)\n```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))


class Store:
    """Rows of the schema in a transaction that is never committed."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def put(self, table: sa.Table, **values: Any) -> None:
        self._connection.execute(sa.insert(table).values(values))

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        [query] = [text for asked, text in _QUERIES.items() if asked.startswith(question)]
        return [tuple(row) for row in self._connection.exec_driver_sql(query)]


@pytest.fixture
def store(crm_engine: sa.Engine) -> Iterator[Store]:
    """Two persons who share a role's mailbox, and two organisations."""
    with crm_engine.connect() as connection:
        store = Store(connection)
        for person, name, record in ((ONE, "Tuva Lien", "1"), (OTHER, "Ane Moe", "2")):
            store.put(crm.person, person_id=person, full_name=name, is_internal=False)
            store.put(crm.source_link, source="helpscout_customer", source_id=record, person_id=person)
            store.put(
                crm.person_email, person_id=person, email="post@fjellbris.example.no", is_primary=True,
                is_role_address=True, source="helpscout_customer", source_id=record,
            )  # fmt: skip
        for organization, name in ((CUSTOMER, "Fjordlys Hotell AS"), (FORMER, "Fjellbris AS")):
            store.put(
                crm.organization, organization_id=organization, name=name, status="active", is_personal=False
            )
        yield store
        connection.rollback()


@pytest.fixture
def guarded(store: Store) -> Store:
    store.put(
        crm.identity_guard, key_kind="email", key_value="post@fjellbris.example.no", reason="several use it"
    )
    return store


def pair(entity: str = "person") -> dict[str, str]:
    # The records of a pair stand in either order.
    return {
        "entity": entity,
        "left_source": "helpscout_customer", "left_source_id": "2",
        "right_source": "helpscout_customer", "right_source_id": "1",
    }  # fmt: skip


WHY_NOT = "Why are these two not one card?"


def test_two_who_have_nothing_in_common_that_identifies_are_told_by_no_row(store: Store) -> None:
    assert store.ask(WHY_NOT) == []


def test_a_key_that_both_have_and_that_identifies_nobody_is_told(guarded: Store) -> None:
    assert guarded.ask(WHY_NOT) == [
        ("both have post@fjellbris.example.no, which does not identify a person", "several use it")
    ]


def test_a_key_of_one_alone_is_not(guarded: Store) -> None:
    guarded.put(
        crm.person_phone, person_id=ONE, phone="+4721990101", is_primary=True, source="helpscout_customer",
        source_id="1",
    )  # fmt: skip
    guarded.put(crm.identity_guard, key_kind="phone", key_value="+4721990101", reason="a switchboard")
    assert [answer for answer, _ in guarded.ask(WHY_NOT) if "+47" in answer] == []


def test_a_pair_that_waits_and_one_that_was_decided_are_told(store: Store) -> None:
    store.put(crm.match_review, **pair(), reason="same surname")
    decided = {name: value for name, value in pair().items() if name != "entity"}
    store.put(crm.match_decision, **decided, decision="different", reason="sisters")
    assert sorted(store.ask(WHY_NOT)) == [
        ("a person decided that they are different", "sisters"),
        ("waits for a person: make decide ARGS=list", "same surname"),
    ]


def test_a_phone_number_is_told_with_its_record_and_its_rule(store: Store) -> None:
    for primary, record in ((True, "1"), (False, "9")):
        store.put(
            crm.person_phone, person_id=ONE if primary else OTHER, phone="+4721990101", is_primary=primary,
            source="helpscout_customer", source_id=record,
        )  # fmt: skip
    store.put(
        crm.field_origin, entity="person", entity_id=ONE, field="phone", source="helpscout_customer",
        source_id="1", rule="support_contact",
    )  # fmt: skip
    assert sorted(row[0::5] for row in store.ask("Where does a phone number come from")) == [
        ("Ane Moe", None),
        ("Tuva Lien", "support_contact"),
    ]


def test_the_people_at_a_customer_are_told(store: Store) -> None:
    for person, organization in ((ONE, CUSTOMER), (OTHER, FORMER)):
        store.put(
            crm.affiliation, person_id=person, organization_id=organization, source="tripletex_contact",
            source_id="21", rule="customer",
        )  # fmt: skip
    assert [row[0] for row in store.ask("Who are the people at a customer")] == ["Tuva Lien"]


def test_a_licence_that_has_ended_is_told_unless_one_of_the_product_runs(store: Store) -> None:
    today = date.today()  # noqa: DTZ011  # the query asks the database's own clock
    for number, (organization, ended) in enumerate(((CUSTOMER, True), (CUSTOMER, False), (FORMER, True)), 1):
        store.put(
            crm.subscription, subscription_id=number, order_id=number, organization_id=organization,
            product_name="Lisens Basis", is_closed=False, line_is_subscription=True,
            order_date=today - timedelta(days=800 if ended else 10), duration=12, duration_unit="MONTHS",
        )  # fmt: skip
    assert [row[:2] for row in store.ask("Which customers have a licence that has ended")] == [
        ("Fjellbris AS", "Lisens Basis")
    ]


def test_a_form_that_waits_is_told_with_its_reasons(store: Store) -> None:
    for number, status in ((1, "needs_review"), (2, "enriched")):
        store.put(
            crm.application, application_id=number, activity_id=9, company_name="Fjellbris", first_seen_at=NOW
        )
        store.put(
            application_case, application_id=number, status=status, reasons=["no such name"], warnings=[],
            received_at=NOW, status_since=NOW,
        )  # fmt: skip
    assert store.ask("Which order forms wait") == [(1, "Fjellbris", NOW, ["no such name"])]
