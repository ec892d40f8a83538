"""Who may be written to, and who may not: the default is nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.audiences import rules
from pipelines.audiences.findings import no_ended_customer, nobody_who_objected
from pipelines.privacy.keys import email_keys, phone_keys
from pipelines.privacy.subjects.rights import object_to_marketing
from pipelines.privacy.suppression import Suppression, SuppressionError
from schemas import audience_reasons
from schemas.tables import crm, privacy
from schemas.tables.landing import TABLES
from tests.pipelines.audiences.conftest import NOW, SECRET, Town

OLA, KARI, POST = "ola@fjellrev.example.no", "kari@fjellrev.example.no", "post@fjellrev.example.no"


def contact_of_an_active_customer(town: Town, email: str = OLA, **customer: object) -> str:
    person = town.person(email)
    town.contact(person, town.customer(**customer), email.upper().replace("EXAMPLE.NO", "example.no"))  # type: ignore[arg-type]
    return person


def objects(town: Town, *contacts: str) -> None:
    keys = [key for text in contacts for key in (*email_keys(text), *phone_keys(text))]
    with town.engine.begin() as connection:
        object_to_marketing(connection, SECRET, keys, NOW)


def test_a_contact_person_of_an_active_customer_is_told_and_invited(town: Town) -> None:
    contact_of_an_active_customer(town)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}
    assert town.updated()[OLA].reason == "contact person of an active customer"
    assert town.updated()[OLA].legal_basis == audience_reasons.CONTRACT
    assert town.invited()[OLA].legal_basis == audience_reasons.CUSTOMER
    assert town.invited()[OLA].organization_name == "Firma 1 AS"


@pytest.mark.parametrize("source", ["helpscout_customer", "course_signup", "order_form"])
def test_an_address_that_came_with_no_sale_is_not_invited(town: Town, source: str) -> None:
    """One free course or a support ticket is no sale; an order counts when it is in the ledger."""
    person = town.person(OLA)
    town.acts(person, town.customer(), source)
    town.build()
    assert OLA in town.updated()
    assert town.invited() == {}


def test_only_the_address_from_the_sale_is_invited(town: Town) -> None:
    person = town.person("ola@privat.example.no", OLA)
    town.contact(person, town.customer(), OLA)
    town.build()
    assert set(town.updated()) == {"ola@privat.example.no"}
    assert set(town.invited()) == {OLA}


@pytest.mark.parametrize("status", ["bankrupt", "deleted", "removed"])
def test_nobody_at_a_company_that_has_ended_is_written_to(town: Town, status: str) -> None:
    contact_of_an_active_customer(town, status=status)
    assert town.build().members == {}


def test_a_company_that_is_wound_up_is_told_and_not_invited(town: Town) -> None:
    contact_of_an_active_customer(town, status="liquidation")
    assert town.build().members == {"important_updates": 1}


def test_a_customer_who_is_inactive_in_the_ledger_is_a_former_one(town: Town) -> None:
    contact_of_an_active_customer(town, is_inactive=True)
    assert town.build().members == {}


@pytest.mark.parametrize(
    "bill",
    [
        {"billed": None},
        {"billed": NOW.date() - timedelta(days=rules.AGREEMENT_DAYS)},
        {"is_credit_note": True},
        {"is_credited": True},
    ],
)
def test_marketing_stops_when_no_agreement_runs(town: Town, bill: dict[str, Any]) -> None:
    contact_of_an_active_customer(town, **bill)
    assert town.build().members == {"important_updates": 1}


TODAY = NOW.date()


@pytest.mark.parametrize(
    ("begins", "months", "is_invited"),
    [
        (TODAY, None, True),
        (TODAY + timedelta(days=1), None, False),
        (date(2025, 5, 5), 12, True),  # its last day is today
        (date(2025, 5, 4), 12, False),  # it was yesterday
    ],
)
def test_where_the_ledger_has_licences_they_say_whether_an_agreement_runs(
    town: Town, begins: date, months: int | None, is_invited: bool
) -> None:
    """To the day, and whatever was billed in the year: after the licence ends the relationship ends."""
    billed, unbilled = town.customer(), town.customer(billed=None)
    for customer, email in ((billed, OLA), (unbilled, KARI)):
        town.contact(town.person(email), customer, email)
        town.license(begins, months=months, organization_id=customer[0])
    town.build()
    assert set(town.invited()) == ({OLA, KARI} if is_invited else set())
    assert set(town.updated()) == {OLA, KARI}


def test_a_closed_licence_runs_no_more_and_one_of_several_is_enough(town: Town) -> None:
    customer = town.customer()
    town.contact(town.person(OLA), customer, OLA)
    town.license(date(2024, 1, 1), closed=True, organization_id=customer[0])
    town.build()
    assert town.invited() == {}
    town.license(date(2026, 1, 1), organization_id=customer[0])
    town.build()
    assert set(town.invited()) == {OLA}


def test_a_private_customer_goes_by_the_licence_too(town: Town) -> None:
    ola, kari = town.person(OLA), town.person(KARI)
    town.private(ola, OLA)
    town.private(kari, KARI)
    town.license(date(2026, 1, 1), person_id=ola)
    town.license(date(2024, 1, 1), months=12, person_id=kari)
    town.build()
    assert set(town.invited()) == {OLA}


@pytest.mark.parametrize(("days", "is_invited"), [(399, True), (400, False)])
def test_without_licences_the_last_invoice_says_it_to_the_day(
    town: Town, days: int, is_invited: bool
) -> None:
    contact_of_an_active_customer(town, billed=TODAY - timedelta(days=days))
    assert ("course_invitations" in town.build().members) is is_invited


@pytest.mark.parametrize("field", ["is_internal", "objection", "restriction", "erasure"])
def test_who_is_kept_out_is_named_with_what_stands_against_it(town: Town, field: str) -> None:
    words = {
        "is_internal": "is an own employee",
        "objection": "objected to marketing",
        "restriction": "its use is restricted (GDPR art. 18)",
        "erasure": "was erased",
    }
    person = town.person(OLA, is_internal=field == "is_internal")
    contact = town.contact(person, town.customer(), OLA)
    if field == "objection":
        objects(town, OLA)
    elif field == "erasure":
        with town.engine.begin() as connection:
            Suppression(SECRET).add(connection, email_keys(OLA), "erasure")
    elif field == "restriction":
        town.put(
            privacy.hold,
            kind="restriction",
            data="landing.tripletex_contact",
            column_name="id",
            value=str(contact),
            reason="request 1",
            created_at=NOW,
        )
    audiences = (
        ["course_invitations"] if field == "objection" else ["course_invitations", "important_updates"]
    )
    assert town.build().excluded == {f"{audience}: {words[field]}": 1 for audience in audiences}
    assert town.excluded() == [(audience, person, words[field]) for audience in audiences]
    with town.engine.begin() as connection:
        connection.execute(sa.delete(TABLES["tripletex_contact"]))
        connection.execute(sa.delete(crm.source_link).where(crm.source_link.c.person_id == person))
    town.build("later")
    assert town.excluded() == [], "who would not be written to anyway needs no reason against it"


def test_who_shares_a_mailbox_is_named_as_left_out_for_that(town: Town) -> None:
    customer = town.customer()
    people = {town.person(POST, role=True) for _ in range(2)}
    for person in people:
        town.contact(person, customer, POST)
    town.build()
    left = {
        person for _, person, reason in town.excluded() if reason == "another person has the same address"
    }
    assert len(left) == 1
    assert left < people


def test_an_address_that_changes_is_written_and_nobody_comes_or_goes(town: Town) -> None:
    person = contact_of_an_active_customer(town)
    town.build("first")
    with town.engine.begin() as connection:
        connection.execute(sa.update(crm.person_email).values(email=KARI))
        connection.execute(sa.update(TABLES["tripletex_contact"]).values(email=KARI))
    assert town.build("second").changed == 2
    assert (set(town.updated()), town.changes("second")) == ({KARI}, [])
    assert town.updated()[KARI].person_id == person


def test_a_preview_is_kept_to_be_looked_at_until_the_next_build(town: Town) -> None:
    person = contact_of_an_active_customer(town)
    town.build("first")
    with town.engine.begin() as connection:
        connection.execute(sa.update(TABLES["tripletex_contact"]).values(is_inactive=True))
    found = town.build("look", keep=False)
    assert (len(town.updated()), found.changed) == (1, 2)
    assert town.previewed() == [
        (
            "course_invitations",
            person,
            "out",
            "has no running agreement with an address from a sale any more",
        ),
        ("important_updates", person, "out", "acts for no active customer any more"),
    ]
    town.build("second")
    assert town.previewed() == []


def test_two_builds_at_once_take_turns(town: Town) -> None:
    """The second one waits and then finds nothing to do."""
    contact_of_an_active_customer(town)
    with ThreadPoolExecutor(2) as pool:
        changed = sorted(found.changed for found in pool.map(town.build, ("one", "other")))
    assert changed == [0, 2]


def test_a_contact_person_who_has_left_is_not_written_to(town: Town) -> None:
    person = town.person(OLA)
    town.contact(person, town.customer(), OLA, is_inactive=True)
    assert town.build().members == {}


def test_a_private_customer_is_told_and_invited_while_the_agreement_runs(town: Town) -> None:
    town.private(town.person(OLA), OLA)
    town.private(town.person(KARI), KARI, billed=None)
    town.build()
    assert set(town.updated()) == {OLA, KARI}
    assert set(town.invited()) == {OLA}


def test_a_mailbox_of_a_company_is_nobody_in_person(town: Town) -> None:
    person = town.person(POST, role=True)
    town.acts(person, town.customer(), "helpscout_customer")
    town.build()
    assert town.invited()[POST].legal_basis == audience_reasons.NOT_A_PERSON
    assert town.updated()[POST].is_role_address


def test_the_mailbox_of_a_sole_proprietor_is_a_persons(town: Town) -> None:
    person = town.person(POST, role=True)
    town.acts(person, town.customer(is_personal=True), "helpscout_customer")
    town.build()
    assert town.invited() == {}


def test_several_persons_at_one_mailbox_get_one_letter(town: Town) -> None:
    customer = town.customer()
    for _ in range(3):
        town.contact(town.person(POST, role=True), customer, POST)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("ola+kurs@fjellrev.example.no", OLA),
        ("o.la@gmail.com", "ola@gmail.com"),
        ("ola@googlemail.com", "ola@gmail.com"),
    ],
)
def test_one_mailbox_gets_one_letter_however_it_is_written(town: Town, written: str, plain: str) -> None:
    """Two cards that could not be told to be one person's, or are two persons', lead to the same mailbox."""
    customer = town.customer()
    cards = {town.person(address): address for address in (written, plain)}
    for card, address in cards.items():
        town.contact(card, customer, address)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}
    assert (set(town.updated()), set(town.invited())) == ({plain}, {plain})


def test_a_mailbox_that_nobody_has_in_its_plain_form_still_gets_a_letter(town: Town) -> None:
    customer = town.customer()
    for tag in ("faktura", "kurs"):
        town.contact(
            town.person(f"ola+{tag}@fjellrev.example.no"), customer, f"ola+{tag}@fjellrev.example.no"
        )
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}


def test_several_mailboxes_of_one_company_on_one_card_get_one_letter(town: Town) -> None:
    person = town.person("kontor@fjellrev.example.no", POST, role=True)
    town.contact(person, town.customer(), POST)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}


def test_who_was_two_cards_and_is_one_gets_one_letter(town: Town) -> None:
    """The card that went is noted as gone; its address is another one of the card that stays."""
    customer = town.customer()
    stays, goes = town.person(OLA), town.person("ola@privat.example.no")
    town.contact(stays, customer, OLA)
    town.contact(goes, customer, "ola@privat.example.no")
    assert town.build("first").members == {"important_updates": 2, "course_invitations": 2}
    with town.engine.begin() as connection:
        for table in (crm.source_link, crm.person_email):
            connection.execute(sa.update(table).where(table.c.person_id == goes).values(person_id=stays))
        connection.execute(
            sa.update(crm.person_email).where(crm.person_email.c.email != OLA).values(is_primary=False)
        )
        connection.execute(sa.delete(crm.person).where(crm.person.c.person_id == goes))
    assert town.build("second").members == {"important_updates": 1, "course_invitations": 1}
    assert {row.person_id for row in (*town.updated().values(), *town.invited().values())} == {stays}
    assert {why for _, _, why in town.changes("second")} == {"has no card any more"}


def test_an_objection_by_any_address_of_the_card_keeps_all_of_them_out(town: Town) -> None:
    person = town.person(OLA, "ola@privat.example.no")
    town.contact(person, town.customer(), OLA)
    objects(town, "ola@privat.example.no")
    town.build()
    assert (town.invited(), set(town.updated())) == ({}, {OLA})


def test_who_was_merged_with_somebody_who_objected_is_not_invited_by_the_other_address(town: Town) -> None:
    """The note is on the address, so it is the whole card's from the night of the merge on."""
    customer = town.customer()
    ola, other = town.person(OLA), town.person("ola@privat.example.no")
    town.contact(ola, customer, OLA)
    objects(town, "ola@privat.example.no")
    town.build("first")
    assert set(town.invited()) == {OLA}
    with town.engine.begin() as connection:
        connection.execute(
            sa.update(crm.person_email)
            .where(crm.person_email.c.person_id == other)
            .values(person_id=ola, is_primary=False)
        )
    town.build("second")
    assert town.invited() == {}


def test_who_has_no_card_or_no_address_is_written_to_by_nobody(town: Town) -> None:
    """Records that no card was made of yet, and cards that show no address."""
    customer = town.customer()
    town.contact(town.person(), customer, OLA)
    town.put(TABLES["tripletex_contact"], id=900, customer_id=customer[1], email=KARI, content_hash=b"")
    assert town.build().members == {}


def test_what_cannot_be_recognised_stops_the_build_and_leaves_the_audiences(town: Town) -> None:
    """An objection under a secret that is not configured could be anybody's."""
    contact_of_an_active_customer(town)
    town.build("first")
    with town.engine.begin() as connection:
        object_to_marketing(connection, b"o" * 32, email_keys(OLA), NOW)
    with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
        town.build("second")
    assert (set(town.invited()), town.changes("second")) == ({OLA}, [])


def test_a_person_at_several_customers_gets_one_letter(town: Town) -> None:
    person = town.person(OLA)
    for _ in range(3):
        town.contact(person, town.customer(), OLA)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}


def test_who_objected_is_told_of_updates_but_never_invited(town: Town) -> None:
    contact_of_an_active_customer(town)
    objects(town, "Ola+kurs@Fjellrev.example.no")
    town.build()
    assert OLA in town.updated()
    assert town.invited() == {}


def test_an_objection_holds_for_all_addresses_and_numbers_of_the_card(town: Town) -> None:
    person = contact_of_an_active_customer(town)
    town.put(
        crm.person_phone,
        person_id=person,
        phone="+4791504800",
        is_primary=True,
        source="helpscout_customer",
        source_id="1",
    )
    objects(town, "915 04 800")
    town.build()
    assert town.invited() == {}


def test_an_objection_of_somebody_else_changes_nothing(town: Town) -> None:
    contact_of_an_active_customer(town)
    objects(town, KARI)
    assert town.build().members == {"important_updates": 1, "course_invitations": 1}


def test_who_was_erased_is_not_written_to_even_while_a_card_is_left(town: Town) -> None:
    contact_of_an_active_customer(town)
    with town.engine.begin() as connection:
        Suppression(SECRET).add(connection, email_keys(OLA), "erasure")
    assert town.build().members == {}


def test_own_employees_and_restricted_persons_are_left_out(town: Town) -> None:
    town.contact(town.person(OLA, is_internal=True), town.customer(), OLA)
    kari = contact_of_an_active_customer(town, KARI)
    record = town.acts(kari, town.customer(), "helpscout_customer")
    town.put(
        privacy.hold,
        kind="restriction",
        data="landing.helpscout_customer",
        column_name="id",
        value=str(record),
        reason="request 1",
        created_at=NOW,
    )
    assert town.build().members == {}


def test_who_comes_and_who_goes_is_noted_with_the_reason(town: Town) -> None:
    contact_of_an_active_customer(town)
    contact_of_an_active_customer(town, KARI)
    town.build("first")
    assert [change for _, change, _ in town.changes("first")] == ["in"] * 4
    objects(town, OLA)
    with town.engine.begin() as connection:
        connection.execute(
            sa.update(TABLES["tripletex_contact"])
            .where(sa.func.lower(TABLES["tripletex_contact"].c.email) == KARI)
            .values(is_inactive=True)
        )
    found = town.build("second", now=NOW + timedelta(days=1))
    assert town.changes("second") == [
        ("course_invitations", "out", "has no running agreement with an address from a sale any more"),
        ("course_invitations", "out", "objected to marketing"),
        ("important_updates", "out", "acts for no active customer any more"),
    ]
    assert found.went == {": ".join((name, why)): 1 for name, _, why in town.changes("second")}


def test_a_second_build_changes_nothing(town: Town) -> None:
    contact_of_an_active_customer(town)
    town.build("first")
    found = town.build("second", now=NOW + timedelta(hours=1))
    assert (found.changed, town.changes("second")) == (0, [])


def test_a_preview_tells_and_keeps_nothing(town: Town) -> None:
    contact_of_an_active_customer(town)
    found = town.build("look", keep=False)
    assert found.came == {
        "course_invitations: contact person of a customer with a running agreement": 1,
        "important_updates: contact person of an active customer": 1,
    }
    assert (town.updated(), town.changes("look")) == ({}, [])


def test_the_checks_find_what_the_rules_would_not_have_let_in(town: Town) -> None:
    contact_of_an_active_customer(town)
    town.build()
    with town.engine.begin() as connection:
        assert no_ended_customer(connection).passed
        assert nobody_who_objected(connection, [SECRET]).passed
        connection.execute(sa.update(crm.organization).values(status="bankrupt"))
        object_to_marketing(connection, SECRET, email_keys(OLA), NOW)
    with town.engine.connect() as connection:
        ended, objected = no_ended_customer(connection), nobody_who_objected(connection, [SECRET])
    assert (ended.passed, ended.numbers["members_of_ended_companies"]) == (False, 2)
    assert (objected.passed, objected.numbers) == (False, {"objected": 1})


def test_the_day_of_the_agreement_is_a_norwegian_one(town: Town) -> None:
    contact_of_an_active_customer(town, billed=date(2026, 1, 1))
    end = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=rules.AGREEMENT_DAYS)
    assert "course_invitations" in town.build(now=end - timedelta(hours=2)).members
    assert "course_invitations" not in town.build(now=end - timedelta(minutes=30)).members
