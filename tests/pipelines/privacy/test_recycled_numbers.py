"""A phone number gets another bearer: who was erased stays away, and the next one is let in."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from alembic import command

from pipelines.identity.normalise.names import person_name
from pipelines.privacy.keys import phone_keys, source_key
from pipelines.privacy.suppression import Suppression
from pipelines.store.migrate import migration_config
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup
from schemas.payloads.tripletex import TripletexCustomer
from schemas.tables.privacy import suppression

SECRET, NEXT_SECRET = b"first secret, long enough", b"second secret, long enough"
NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
NUMBER = "21 99 90 01"
TUVA = (person_name("Tuva", "Dahl"),)


def ledger(secret: bytes = SECRET, *previous: bytes, now: datetime = NOW) -> Suppression:
    return Suppression(secret, previous, clock=lambda: now)


def writer(id: int, name: str = "", phone: str = NUMBER) -> HelpScoutCustomer:
    first, _, last = name.partition(" ")
    return HelpScoutCustomer(id=id, first_name=first or None, last_name=last or None, phones=[phone])


def held(connection: sa.Connection, *records: HelpScoutCustomer, by: Suppression | None = None) -> set[int]:
    return (by or ledger()).held_back(connection, "helpscout_customer", records)


@pytest.fixture
def erased(connection: sa.Connection) -> sa.Connection:
    """Tuva Dahl was erased, with her number."""
    ledger().add(connection, phone_keys(NUMBER), "erasure", TUVA)
    return connection


def test_another_first_name_is_let_in(erased: sa.Connection) -> None:
    assert held(erased, writer(1, "Jonas Moe"), writer(2, "Jonas Dahl")) == set()


@pytest.mark.parametrize("name", ["Tuva Dahl", "Tuva Moe", "Dahl Tuva", "T. Dahl", "TUVA", "Dahl"])
def test_the_same_first_name_is_held_back(erased: sa.Connection, name: str) -> None:
    assert held(erased, writer(1, name)) == {1}


@pytest.mark.parametrize("name", ["", "Kundeservice", "ukjent"])
def test_who_has_no_name_is_held_back(erased: sa.Connection, name: str) -> None:
    """Nothing tells them apart: erased stays erased."""
    assert held(erased, writer(1, name)) == {1}


def test_in_one_buffer_each_record_is_judged_by_its_own_name(erased: sa.Connection) -> None:
    records = (writer(1, "Tuva Dahl"), writer(2, "Jonas Moe"), writer(3), writer(4, "Tuva Dahl", "21999002"))
    assert held(erased, *records) == {1, 3}


def test_a_name_is_noted_of_its_own_number_only(connection: sa.Connection) -> None:
    ledger().add(connection, phone_keys("21999001"), "erasure", TUVA)
    ledger().add(connection, phone_keys("21999002"), "erasure", [person_name("Jonas", "Moe")])
    both = HelpScoutCustomer(id=3, first_name="Ane", phones=["21999001", "21999002"])
    records = (writer(1, "Tuva Dahl", "21999002"), writer(2, "Jonas Moe", "21999001"), both)
    assert held(connection, *records) == set()


def test_a_sign_up_and_a_private_customer_are_judged_by_their_names_too(erased: sa.Connection) -> None:
    signups = [
        CourseSignup(id=1, activity_id=7, first_name="Tuva", last_name="Moe", phone=NUMBER),
        CourseSignup(id=2, activity_id=7, first_name="Jonas", last_name="Moe", phone=NUMBER),
    ]
    assert ledger().held_back(erased, "course_signup", signups) == {1}
    private = [
        TripletexCustomer(id=1, name="Dahl, Tuva", mobile=NUMBER, is_private_individual=True),
        TripletexCustomer(id=2, name="Jonas Moe", mobile=NUMBER, is_private_individual=True),
    ]
    assert ledger().held_back(erased, "tripletex_customer", private) == {1}


def test_a_company_is_blanked_since_its_name_is_no_persons(erased: sa.Connection) -> None:
    company = TripletexCustomer(id=5, name="Jonas Moe AS", phone=NUMBER, is_private_individual=False)
    assert set(ledger().screen(erased, "tripletex_customer", [company]).blanked) == {5}


def test_an_erased_address_or_id_holds_back_whatever_the_name(erased: sa.Connection) -> None:
    ledger().add(erased, [source_key("helpscout_customer", 1)], "erasure", TUVA)
    assert held(erased, writer(1, "Jonas Moe")) == {1}


@pytest.mark.parametrize("first", [True, False])
def test_an_erasure_that_knew_no_name_holds_back_everybody(connection: sa.Connection, first: bool) -> None:
    """Entries of earlier versions are such ones; whichever came first."""
    orders = [(), TUVA] if first else [TUVA, ()]
    for names in orders:
        ledger().add(connection, phone_keys(NUMBER), "erasure", names)
    assert held(connection, writer(1, "Jonas Moe")) == {1}


def test_the_next_bearer_can_be_erased_as_well(erased: sa.Connection) -> None:
    ledger().add(erased, phone_keys(NUMBER), "erasure", [person_name("Jonas", "Moe")])
    assert held(erased, writer(1, "Tuva Dahl"), writer(2, "Jonas Moe"), writer(3, "Ane Vik")) == {1, 2}


def test_a_release_frees_the_number_and_forgets_its_names(erased: sa.Connection) -> None:
    assert ledger().release(erased, phone_keys(NUMBER)) == 1
    assert erased.scalar(sa.select(sa.func.count()).select_from(suppression)) == 0
    ledger().add(erased, phone_keys(NUMBER), "erasure", [person_name("Jonas", "Moe")])
    assert held(erased, writer(1, "Tuva Dahl"), writer(2, "Jonas Moe")) == {2}


def test_a_release_leaves_other_numbers_their_names(erased: sa.Connection) -> None:
    ledger().add(erased, phone_keys("21999002"), "erasure", TUVA)
    ledger().release(erased, phone_keys("21999002"))
    assert held(erased, writer(1, "Tuva Dahl"), writer(2, "Tuva Dahl", "21999002")) == {1}


def test_adding_counts_keys_and_not_the_forms_of_names(connection: sa.Connection) -> None:
    keys = [*phone_keys(NUMBER), source_key("helpscout_customer", 1)]
    assert ledger().add(connection, keys, "erasure", TUVA) == 2
    assert ledger().add(connection, keys, "erasure", TUVA) == 0
    assert ledger().contains(connection, keys) == frozenset(keys)


def test_the_ledger_holds_neither_name_nor_number_in_the_clear(erased: sa.Connection) -> None:
    stored = erased.scalar(sa.select(sa.func.string_agg(sa.cast(suppression.table_valued(), sa.Text), " ")))
    assert stored is not None
    for text in ("tuva", "dahl", "21999001"):
        assert text not in stored
        assert text.encode().hex() not in stored


class TestRotation:
    """A new secret tells the bearers apart as the old one did."""

    def test_names_of_the_old_secret_still_count(self, erased: sa.Connection) -> None:
        rotated = ledger(NEXT_SECRET, SECRET)
        assert held(erased, writer(1, "Tuva Dahl"), writer(2, "Jonas Moe"), writer(3), by=rotated) == {1, 3}

    def test_a_number_that_is_met_under_its_name_moves_with_it(self, erased: sa.Connection) -> None:
        held(erased, writer(1, "Tuva Dahl"), by=ledger(NEXT_SECRET, SECRET))
        erased.execute(sa.delete(suppression).where(suppression.c.key_id == ledger().key_id))
        records = (writer(1, "T. Moe"), writer(2, "Jonas Moe"), writer(3))
        assert held(erased, *records, by=ledger(NEXT_SECRET)) == {1, 3}

    @pytest.mark.parametrize("name", ["", "T. Dahl", "Tuva"])
    def test_one_that_is_met_without_a_whole_name_stays_where_its_names_are(
        self, erased: sa.Connection, name: str
    ) -> None:
        """Alone under the new secret it would let the name in when the old entries lapse."""
        held(erased, writer(1, name), by=ledger(NEXT_SECRET, SECRET))
        assert set(erased.scalars(sa.select(suppression.c.key_id))) == {ledger().key_id}


class TestPeriod:
    """Counted from when a source last sent what was erased."""

    LATER = NOW + timedelta(days=1000)

    def times(self, connection: sa.Connection) -> set[datetime]:
        return set(connection.scalars(sa.select(suppression.c.last_met_at)))

    @pytest.mark.parametrize("name", ["Tuva Moe", ""])
    def test_all_names_of_a_number_that_is_still_sent_are_kept(
        self, erased: sa.Connection, name: str
    ) -> None:
        held(erased, writer(1, name), by=ledger(now=self.LATER))
        assert self.times(erased) == {self.LATER}

    def test_an_abbreviation_that_is_still_sent_holds_back_no_more_names(self, erased: sa.Connection) -> None:
        """Noting what was met as the person's name would widen it from night to night."""
        held(erased, writer(1, "T. Dahl"), writer(2, "Dahl"), by=ledger(now=self.LATER))
        assert held(erased, writer(3, "Thomas Moe"), writer(4, "Jonas Dahl"), by=ledger()) == set()

    def test_the_next_bearer_does_not_lengthen_it(self, erased: sa.Connection) -> None:
        held(erased, writer(1, "Jonas Moe"), by=ledger(now=self.LATER))
        assert self.times(erased) == {NOW}


def test_back_in_an_earlier_version_the_number_holds_back_everybody(crm_engine: sa.Engine) -> None:
    with crm_engine.connect() as connection:
        ledger().add(connection, phone_keys(NUMBER), "erasure", TUVA)
        connection.commit()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            command.downgrade(migration_config(connection), "0008")
        assert set(connection.scalars(sa.select(suppression.c.key_kind))) == {"phone"}
        assert held(connection, writer(1, "Jonas Moe")) == {1}
