"""What was erased is known again in every form it can arrive in, and nothing else is held back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.privacy.keys import email_keys, phone_keys, source_key
from pipelines.privacy.suppression import Suppression, SuppressionError
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup
from schemas.payloads.tripletex import TripletexCustomer
from schemas.tables.privacy import suppression, suppression_key

SECRET, NEXT_SECRET = b"first secret, long enough", b"second secret, long enough"
NOW = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def writer(id: int = 1, emails: tuple[str, ...] = (), phones: tuple[str, ...] = ()) -> HelpScoutCustomer:
    return HelpScoutCustomer(id=id, emails=list(emails), phones=list(phones))


def ledger(secret: bytes = SECRET, *previous: bytes, now: datetime = NOW) -> Suppression:
    return Suppression(secret, previous, clock=lambda: now)


def test_an_empty_ledger_holds_nothing_back(connection: sa.Connection) -> None:
    assert (
        ledger().held_back(connection, "helpscout_customer", [writer(emails=("tuva@example.no",))]) == set()
    )


@pytest.mark.parametrize("form", ["tuva.lien@example.no", "Tuva.Lien@EXAMPLE.NO", " tuva.lien@example.no "])
def test_an_erased_address_is_known_in_every_spelling(connection: sa.Connection, form: str) -> None:
    ledger().add(connection, email_keys("Tuva.Lien@example.no"), "erasure")
    records = [writer(1, (form,)), writer(2, ("tuva.li@example.no",))]
    assert ledger().held_back(connection, "helpscout_customer", records) == {1}


@pytest.mark.parametrize("form", ["21 99 90 01", "+47 21999001", "0047 219 99 001", "21999001"])
def test_an_erased_number_is_known_in_every_spelling(connection: sa.Connection, form: str) -> None:
    ledger().add(connection, phone_keys("+4721999001"), "erasure")
    records = [writer(1, phones=(form,)), writer(2, phones=("21 99 90 02",))]
    assert ledger().held_back(connection, "helpscout_customer", records) == {1}


@pytest.mark.parametrize("number", ["00000000", "12345678", "815 22 040", "110", "ukjent"])
def test_a_number_that_is_nobodys_holds_nobody_back(connection: sa.Connection, number: str) -> None:
    ledger().add(connection, phone_keys(number), "erasure")
    assert not ledger().held_back(connection, "helpscout_customer", [writer(1, phones=(number,))])


def test_what_matching_takes_for_one_mailbox_is_one_key(connection: sa.Connection) -> None:
    ledger().add(connection, email_keys("tuva.lien+kurs@gmail.com"), "erasure")
    records = [writer(1, ("tuvalien@gmail.com",)), writer(2, ("tuva.lien+kurs@example.no",))]
    assert ledger().held_back(connection, "helpscout_customer", records) == {1}


def test_a_source_id_is_held_back_at_its_own_source_only(connection: sa.Connection) -> None:
    ledger().add(connection, [source_key("helpscout_customer", 1)], "erasure")
    assert ledger().held_back(connection, "helpscout_customer", [writer(1), writer(11)]) == {1}
    assert ledger().held_back(connection, "course_signup", [CourseSignup(id=1, activity_id=7)]) == set()


def test_what_hangs_on_an_erased_record_is_held_back(connection: sa.Connection) -> None:
    ledger().add(connection, [source_key("helpscout_customer", 1)], "erasure")
    inquiries = [HelpScoutConversation(id=7, customer_id=1), HelpScoutConversation(id=8, customer_id=2)]
    assert ledger().held_back(connection, "helpscout_conversation", inquiries) == {7}


def test_one_of_several_addresses_is_enough(connection: sa.Connection) -> None:
    ledger().add(connection, email_keys("tuva@example.no"), "erasure")
    record = writer(1, ("post@example.no", "tuva@example.no"))
    assert ledger().held_back(connection, "helpscout_customer", [record]) == {1}


def test_a_company_keeps_its_record_without_the_erased_address(connection: sa.Connection) -> None:
    """The company is another party: its record stays, the erased person's address on it does not."""
    ledger().add(connection, [*email_keys("tuva@example.no"), *phone_keys("21999001")], "erasure")
    company = TripletexCustomer(
        id=5,
        name="Fjellbris AS",
        email="tuva@example.no",
        invoice_email="faktura@example.no; TUVA@example.no",
        phone="21 99 90 01",
        mobile="21 99 90 02",
    )
    screening = ledger().screen(connection, "tripletex_customer", [company])
    assert screening.held_back == frozenset()
    kept = screening.blanked[5]
    assert isinstance(kept, TripletexCustomer)
    assert (kept.email, kept.invoice_email, kept.phone) == (None, "faktura@example.no", None)
    assert (kept.name, kept.mobile) == ("Fjellbris AS", "21 99 90 02")


def test_a_private_customer_is_held_back_whole(connection: sa.Connection) -> None:
    ledger().add(connection, email_keys("tuva@example.no"), "erasure")
    private = TripletexCustomer(id=6, name="Tuva Lien", email="tuva@example.no", is_private_individual=True)
    assert ledger().held_back(connection, "tripletex_customer", [private]) == {6}


def test_a_company_that_was_itself_erased_is_held_back(connection: sa.Connection) -> None:
    """A sole proprietor's record is the person's own."""
    ledger().add(connection, [source_key("tripletex_customer", 5)], "erasure")
    company = TripletexCustomer(id=5, name="Lien Hagearbeid", email="tuva@example.no")
    assert ledger().held_back(connection, "tripletex_customer", [company]) == {5}


def test_what_is_released_may_come_back(connection: sa.Connection) -> None:
    keys = [*email_keys("tuva@example.no"), source_key("helpscout_customer", 1)]
    ledger().add(connection, keys, "erasure")
    assert ledger().release(connection, keys) == 2
    records = [writer(1, ("tuva@example.no",))]
    assert ledger().held_back(connection, "helpscout_customer", records) == set()


def test_the_ledger_holds_no_value_in_the_clear(connection: sa.Connection) -> None:
    ledger().add(connection, email_keys("tuva@example.no"), "erasure")
    stored = connection.scalar(sa.select(sa.cast(sa.func.to_jsonb(suppression.table_valued()), sa.Text)))
    assert stored is not None
    assert "tuva" not in stored
    assert b"tuva".hex() not in stored


def test_adding_again_adds_nothing(connection: sa.Connection) -> None:
    assert ledger().add(connection, email_keys("tuva@example.no"), "erasure") == 1
    assert ledger().add(connection, email_keys("TUVA@example.no"), "erasure") == 0


class TestRotation:
    """A new secret does not forget what was erased under the old one."""

    def test_an_entry_of_the_old_secret_still_holds(self, connection: sa.Connection) -> None:
        ledger(SECRET).add(connection, email_keys("tuva@example.no"), "erasure")
        rotated = ledger(NEXT_SECRET, SECRET)
        assert rotated.held_back(connection, "helpscout_customer", [writer(1, ("tuva@example.no",))]) == {1}

    def test_an_entry_that_is_met_moves_to_the_new_secret(self, connection: sa.Connection) -> None:
        ledger(SECRET).add(connection, email_keys("tuva@example.no"), "erasure")
        record = writer(1, ("tuva@example.no",))
        ledger(NEXT_SECRET, SECRET).held_back(connection, "helpscout_customer", [record])
        connection.execute(
            sa.delete(suppression).where(
                suppression.c.key_id
                == sa.select(sa.func.min(suppression_key.c.key_id))
                .where(suppression_key.c.key_id != ledger(NEXT_SECRET).key_id)
                .scalar_subquery()
            )
        )
        assert ledger(NEXT_SECRET).held_back(connection, "helpscout_customer", [record]) == {1}

    def test_without_the_old_secret_nothing_is_landed(self, connection: sa.Connection) -> None:
        """Entries that cannot be recognised would let the erased come back without a sound."""
        ledger(SECRET).add(connection, email_keys("tuva@example.no"), "erasure")
        with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
            ledger(NEXT_SECRET).held_back(connection, "helpscout_customer", [writer()])

    def test_releasing_works_under_either_secret(self, connection: sa.Connection) -> None:
        ledger(SECRET).add(connection, email_keys("tuva@example.no"), "erasure")
        assert ledger(NEXT_SECRET, SECRET).release(connection, email_keys("tuva@example.no")) == 1
        assert ledger(NEXT_SECRET).held_back(connection, "helpscout_customer", [writer()]) == set()


def test_what_a_source_still_sends_does_not_lapse(connection: sa.Connection) -> None:
    """The ledger's period counts from when a source last sent the record, not from its erasure."""
    ledger().add(connection, email_keys("tuva@example.no"), "erasure")
    later = NOW + timedelta(days=1000)
    ledger(now=later).held_back(connection, "helpscout_customer", [writer(1, ("tuva@example.no",))])
    row = connection.execute(sa.select(suppression.c.created_at, suppression.c.last_met_at)).one()
    assert row == (NOW, later)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
        Suppression(b"short")


def test_an_erasure_waits_for_the_landing_under_way(crm_engine: sa.Engine) -> None:
    """Else the rows of that transaction would be stored after the erasure looked for them."""
    erased = threading.Event()

    def erase() -> None:
        with crm_engine.connect() as connection, connection.begin() as transaction:
            ledger().lock(connection)
            erased.set()
            transaction.rollback()

    with crm_engine.connect() as landing, landing.begin():
        records: list[Payload] = [writer(1)]
        ledger().held_back(landing, "helpscout_customer", records)
        worker = threading.Thread(target=erase)
        worker.start()
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        with crm_engine.connect() as observer:
            while not observer.scalar(waiting):
                observer.rollback()
        assert not erased.is_set()
    worker.join(timeout=10)
    assert erased.is_set()
