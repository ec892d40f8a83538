"""What a person may ask for: found, shown, corrected, frozen, erased for good, and proved by a receipt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.errors import PermanentError
from connectors.pages import Page
from pipelines.identity.rebuild import rebuild
from pipelines.privacy import audit_log
from pipelines.privacy.holds import set_hold
from pipelines.privacy.keys import email_keys, phone_keys
from pipelines.privacy.records import Language
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.access_page import access_page
from pipelines.privacy.subjects.erasure import PlanChangedError, preview
from pipelines.privacy.subjects.finding import HintError, Hints, SeveralPeopleError, find, find_one
from pipelines.privacy.subjects.handling import (
    Office,
    handle_access,
    handle_erasure,
    handle_objection,
    handle_rectification,
    handle_restriction,
    receive,
)
from pipelines.privacy.subjects.propagation import plan_propagation, propagate
from pipelines.privacy.subjects.receipts import Receipt, ReceiptError, main, public_key, verify
from pipelines.privacy.subjects.requests import pressing, read_request
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.base import Payload
from schemas.payloads.brreg import BrregUnit
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.policy import load_policy
from schemas.tables import crm, metadata

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough"
TUVA = Hints(emails=("tuva.lien@example.no",))

Land = Callable[..., int]


@pytest.fixture
def office(crm_engine: sa.Engine) -> Office:
    suppression = Suppression(SECRET, clock=lambda: NOW)
    return Office(crm_engine, load_policy(), SECRET, suppression, lambda: rebuild(crm_engine, "run"))


@pytest.fixture
def land(office: Office) -> Land:
    """Lands records as a nightly read does; returns how many were held back."""

    def read(*records: Payload) -> int:
        suppressed = 0
        for payload in {type(record): None for record in records}:
            same = [record for record in records if type(record) is payload]
            lander = Lander(office.engine, payload, run_id="run", suppression=office.suppression)
            suppressed += lander.land([Page(same)]).suppressed
        return suppressed

    return read


def world() -> list[Payload]:
    """Tuva Lien in four sources, her company, her brother on the family's phone, and a namesake."""
    return [
        HelpScoutCustomer(id=1, first_name="Tuva", last_name="Lien", emails=["Tuva.Lien@example.no"],
                          phones=["21 99 90 01"], source_changed_at=NOW),
        HelpScoutCustomer(id=2, first_name="Jonas", last_name="Lien", emails=["jonas.lien@example.no"],
                          phones=["21999001"], source_changed_at=NOW),
        HelpScoutCustomer(id=3, first_name="Tuva", last_name="Lien", emails=["tl@annet.example.no"],
                          source_changed_at=NOW),
        HelpScoutConversation(id=11, customer_id=1, status="closed", closed_at=NOW),
        HelpScoutConversation(id=12, customer_id=2, status="closed", closed_at=NOW),
        TripletexCustomer(id=20, name="Fjellbris AS", organization_number="310000004",
                          invoice_email="faktura@fjellbris.example.no; tuva.lien@example.no",
                          is_private_individual=False),
        TripletexContact(id=21, customer_id=20, first_name="Tuva", last_name="Lien",
                         email="tuva.lien@example.no", mobile="+47 21 99 90 03"),
        TripletexContact(id=22, customer_id=20, first_name="Ane", last_name="Moe", email="ane@example.no"),
        CourseSignup(id=30, activity_id=7, first_name="Tuva", last_name="Lien", email="tuva.lien@example.no",
                     phone="21999003", company_name="Fjellbris AS"),
    ]  # fmt: skip


@pytest.fixture
def store(office: Office, land: Land) -> sa.Engine:
    land(*world())
    office.refresh()
    return office.engine


def erase(office: Office, hints: Hints = TUVA, **options: Any) -> Receipt:
    return handle_erasure(office, receive(office, "erasure", NOW, NOW), hints, NOW, **options)[1]


def everything(engine: sa.Engine) -> str:
    """All rows of all tables as text, keyed hashes aside."""
    with engine.connect() as connection:
        return "\n".join(
            text
            for table in metadata.sorted_tables
            for text in connection.scalars(
                sa.select(sa.cast(sa.func.to_jsonb(table.table_valued()), sa.Text))
            )
        ).lower()


def people(engine: sa.Engine) -> set[str | None]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.select(crm.person.c.full_name)))


class TestFinding:
    """The person's own records, by hints, same keys and same card; nobody else's."""

    def found(self, engine: sa.Engine, hints: Hints) -> set[tuple[str, str]]:
        with engine.connect() as connection:
            return {record.id for record in find(connection, hints).records}

    OWN = frozenset({("helpscout_customer", "1"), ("tripletex_contact", "21"), ("course_signup", "30")})

    @pytest.mark.parametrize(
        "hints",
        [
            TUVA,
            Hints(emails=("TUVA.LIEN@EXAMPLE.NO",)),
            Hints(phones=("21 99 90 03",)),
            Hints(records=(("course_signup", "30"),)),
            Hints(phones=("21 99 90 01",), name="Tuva Lien"),
        ],
    )
    def test_any_hint_finds_all_of_the_person(self, store: sa.Engine, hints: Hints) -> None:
        assert self.found(store, hints) >= self.OWN

    def test_the_brother_on_the_same_phone_and_the_namesake_are_left_alone(self, store: sa.Engine) -> None:
        assert self.found(store, TUVA) & {("helpscout_customer", "2"), ("helpscout_customer", "3")} == set()
        with store.connect() as connection:
            found = find(connection, TUVA)
        assert ("helpscout_customer", "2") in {record.id for record in found.doubtful}
        assert [record.id for record in found.companies] == [("tripletex_customer", "20")]

    def test_a_phone_of_two_people_finds_nobody_until_a_name_is_given(self, store: sa.Engine) -> None:
        assert self.found(store, Hints(phones=("21999001",))) == set()

    def test_of_several_people_nobody_is_told_that_nothing_is_held(
        self, office: Office, store: sa.Engine
    ) -> None:
        """A shared number without a name: wrong for the one who asks, so it is refused in every step."""
        shared = Hints(phones=("21999001",))
        request = receive(office, "erasure", NOW, NOW)
        with store.connect() as connection, pytest.raises(SeveralPeopleError, match="--name") as refused:
            preview(connection, office.policy, shared, NOW)
        for word in ("tuva", "jonas", "lien", "21999001", "21 99 90 01"):
            assert word not in str(refused.value).lower()
        for handle in (handle_erasure, handle_access, handle_restriction):
            with pytest.raises(SeveralPeopleError):
                handle(office, request, shared, NOW)
        with store.connect() as connection:
            assert read_request(connection, request.request_id).answered_at is None
        assert "tuva.lien@example.no" in everything(store)
        _, receipt = handle_erasure(office, request, replace(shared, name="Tuva Lien"), NOW)
        assert receipt.statement["outcome"] == "done"

    @pytest.mark.parametrize("hints", [Hints(phones=("21999077",)), Hints(("a@example.no",), name="Ane")])
    def test_an_unknown_person_is_not_one_of_several(self, store: sa.Engine, hints: Hints) -> None:
        with store.connect() as connection:
            assert not find_one(connection, hints).records

    def test_a_shared_number_with_a_name_that_is_nobodys_is_an_answer(self, store: sa.Engine) -> None:
        with store.connect() as connection:
            assert not find_one(connection, Hints(phones=("21999001",), name="Mikkel Vik")).records

    def test_an_objection_by_a_shared_number_needs_no_name(self, office: Office, store: sa.Engine) -> None:
        request = receive(office, "objection", NOW, NOW)
        receipt = handle_objection(office, request, Hints(phones=("21999001",)), NOW)
        assert receipt.statement["outcome"] == "done"

    def test_what_somebody_decided_counts(self, store: sa.Engine) -> None:
        included = Hints(emails=TUVA.emails, include=frozenset({("helpscout_customer", "3")}))
        assert ("helpscout_customer", "3") in self.found(store, included)
        excluded = Hints(emails=TUVA.emails, exclude=frozenset({("course_signup", "30")}))
        assert ("course_signup", "30") not in self.found(store, excluded)

    def test_before_the_cards_are_made_the_records_are_found_too(self, office: Office, land: Land) -> None:
        land(*world())
        assert self.found(office.engine, TUVA) >= self.OWN

    @pytest.mark.parametrize(
        "hints",
        [Hints(), Hints(emails=("tuva",)), Hints(phones=("ring meg",)), Hints(records=(("gmail", "1"),))],
    )
    def test_a_hint_that_says_nothing_is_refused_without_quoting_it(
        self, store: sa.Engine, hints: Hints
    ) -> None:
        with store.connect() as connection, pytest.raises(HintError) as refused:
            find(connection, hints)
        assert "tuva" not in str(refused.value)
        assert "ring" not in str(refused.value)


class TestErasure:
    """Erased is gone everywhere, stays gone, and is only one person."""

    def test_nothing_of_the_person_is_left_in_any_table(self, office: Office, store: sa.Engine) -> None:
        before = everything(store)
        assert "tuva.lien@example.no" in before
        assert "21999003" in before
        erase(office)
        after = everything(store)
        assert "tuva.lien" not in after
        assert "21999003" not in after

    def test_the_others_are_left_whole(self, office: Office, store: sa.Engine) -> None:
        erase(office)
        after = everything(store)
        assert people(store) == {"Jonas Lien", "Tuva Lien", "Ane Moe"}
        kept = "jonas.lien@example.no +4721999001 tl@annet.example.no ane@example.no faktura@fjellbris"
        assert [value for value in kept.split() if value not in after] == []
        with store.connect() as connection:
            assert set(connection.scalars(sa.select(crm.inquiry.c.inquiry_id))) == {12}

    def test_the_next_read_brings_nothing_back(self, office: Office, store: sa.Engine, land: Land) -> None:
        erase(office)
        assert land(*world()) == 4, "three records of hers and the inquiry"
        office.refresh()
        assert "tuva.lien" not in everything(store)
        assert people(store) == {"Jonas Lien", "Tuva Lien", "Ane Moe"}

    def test_a_new_record_with_the_erased_address_stays_out(
        self, office: Office, store: sa.Engine, land: Land
    ) -> None:
        erase(office)
        assert land(CourseSignup(id=31, activity_id=7, first_name="T", email="tuva.lien@example.no")) == 1

    def test_the_family_phone_is_not_suppressed(self, office: Office, store: sa.Engine, land: Land) -> None:
        erase(office)
        third = HelpScoutCustomer(id=4, first_name="Siv", last_name="Lien", phones=["21999001"])
        assert land(third) == 0

    def test_one_person_in_a_wrongly_merged_card_leaves_the_other_whole(
        self, office: Office, store: sa.Engine
    ) -> None:
        """A human decision put Jonas on Tuva's card; her erasure must not take him."""
        with store.begin() as connection:
            connection.execute(
                sa.insert(crm.match_decision).values(
                    decision="same", left_source="helpscout_customer", left_source_id="1",
                    right_source="helpscout_customer", right_source_id="2",
                )
            )  # fmt: skip
        office.refresh()
        with store.connect() as connection:
            link = crm.source_link.c
            cards = sa.select(sa.func.count(sa.distinct(link.person_id))).where(
                link.source == "helpscout_customer", link.source_id.in_(["1", "2"])
            )
            assert connection.scalar(cards) == 1, "the test needs the two on one card"
        erase(office)
        after = everything(store)
        assert "jonas.lien@example.no" in after
        assert "Jonas Lien" in people(store)
        assert "tuva.lien" not in after

    def test_values_leave_the_cards_in_the_erasing_transaction(
        self, office: Office, store: sa.Engine
    ) -> None:
        """A kill before the cards are made anew leaves nothing to read either."""

        class Killed(Exception):
            pass

        def killed() -> None:
            raise Killed

        broken = Office(office.engine, office.policy, office.secret, office.suppression, killed)
        request = receive(office, "erasure", NOW, NOW)
        with pytest.raises(Killed):
            handle_erasure(broken, request, TUVA, NOW)
        assert "tuva.lien" not in everything(store)
        with store.connect() as connection:
            assert read_request(connection, request.request_id).answered_at is None
        handle_erasure(office, request, TUVA, NOW)
        assert people(store) == {"Jonas Lien", "Tuva Lien", "Ane Moe"}

    def test_a_preview_changes_nothing_and_is_what_is_carried_out(
        self, office: Office, store: sa.Engine, land: Land
    ) -> None:
        before = everything(store)
        with store.connect() as connection:
            plan = preview(connection, office.policy, TUVA, NOW)
        assert everything(store) == before
        assert plan.counts() | {"keys_suppressed": 0} == {
            "course_signup": 1, "helpscout_customer": 1, "tripletex_contact": 1, "hanging_on_them": 1,
            "company_records_blanked": 1, "held": 0, "doubtful_left_alone": 1, "keys_suppressed": 0,
        }  # fmt: skip
        land(
            CourseSignup(
                id=32, activity_id=7, first_name="Tuva", last_name="Lien", email="tuva.lien@example.no"
            )
        )
        with pytest.raises(PlanChangedError):
            erase(office, expected=plan.found.digest)
        assert "tuva.lien@example.no" in everything(store)

    def test_a_sole_proprietors_business_goes_with_the_person_when_somebody_says_so(
        self, office: Office, store: sa.Engine, land: Land
    ) -> None:
        business: list[Payload] = [
            TripletexCustomer(id=40, name="Lien Hagearbeid", organization_number="310000012",
                              email="tuva.lien@example.no", is_private_individual=False),
            BrregUnit(number="310000012", status="active", name="LIEN HAGEARBEID", organization_form="ENK"),
        ]  # fmt: skip
        land(*business)
        office.refresh()
        own = frozenset({("tripletex_customer", "40"), ("brreg_unit", "310000012")})
        erase(office, Hints(emails=TUVA.emails, include=own))
        after = everything(store)
        assert "hagearbeid" not in after
        assert "310000012" not in after
        assert land(*business) == 2
        assert "fjellbris as" in after

    def test_a_legal_hold_keeps_its_record_and_the_receipt_says_partly(
        self, office: Office, store: sa.Engine
    ) -> None:
        with store.begin() as connection:
            set_hold(
                connection, "landing.tripletex_contact", "id", "21", kind="legal", reason="claim", now=NOW
            )
            plan = preview(connection, office.policy, TUVA, NOW)
        assert [record.id for record in plan.held] == [("tripletex_contact", "21")]
        assert "claim" in plan.rulings[0].why
        receipt = erase(office)
        assert receipt.statement["outcome"] == "partly"
        assert receipt.statement["counts"]["held"] == 1
        with store.connect() as connection:
            assert {record.id for record in find(connection, TUVA).records} == {("tripletex_contact", "21")}

    def test_a_restriction_of_the_persons_own_does_not_stand_in_the_way(
        self, office: Office, store: sa.Engine
    ) -> None:
        handle_restriction(office, receive(office, "restriction", NOW, NOW), TUVA, NOW)
        assert erase(office).statement["outcome"] == "done"

    def test_an_unknown_person_gets_nothing_held_with_a_receipt(
        self, office: Office, store: sa.Engine
    ) -> None:
        before = people(store)
        receipt = erase(office, Hints(emails=("ukjent.person@example.no",)))
        assert receipt.statement["outcome"] == "nothing_held"
        assert people(store) == before
        verify(receipt, public_key(SECRET))


class TestReceipts:
    """A stranger can tell a genuine receipt from a changed one, and learns nothing about the person."""

    def test_a_receipt_holds_no_personal_data(self, office: Office, store: sa.Engine) -> None:
        text = erase(office).to_json().lower()
        for value in ("tuva", "lien", "@", "21999", "fjellbris"):
            assert value not in text

    def test_the_command_verifies_a_genuine_receipt(
        self, office: Office, store: sa.Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "receipt.json"
        file.write_text(erase(office).to_json(), encoding="utf-8")
        assert main([str(file), "--key", public_key(SECRET).hex()]) == 0
        assert "genuine: erasure received 2026-11-25, done" in capsys.readouterr().out

    @pytest.mark.parametrize("change", [("outcome", "nothing_held"), ("request", "another"), ("counts", {})])
    def test_a_changed_statement_shows(
        self, office: Office, store: sa.Engine, tmp_path: Path, change: tuple[str, Any]
    ) -> None:
        document = json.loads(erase(office).to_json())
        document["statement"][change[0]] = change[1]
        file = tmp_path / "receipt.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        assert main([str(file)]) == 1

    def test_a_receipt_of_another_signer_shows(self, office: Office, store: sa.Engine) -> None:
        receipt = erase(office)
        with pytest.raises(ReceiptError, match="another key"):
            verify(receipt, public_key(b"somebody else's secret"))

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"statement": 1, "signature": "x", "public_key": ""}'])
    def test_something_else_is_no_receipt(self, text: str) -> None:
        with pytest.raises(ReceiptError, match="no receipt"):
            Receipt.from_json(text)

    def test_it_carries_the_head_of_the_audit_log(self, office: Office, store: sa.Engine) -> None:
        receipt = erase(office)
        with store.connect() as connection:
            found = audit_log.verify(connection)
        assert found.holds
        assert receipt.statement["audit_log_head"] == found.head


class TestAccess:
    """Everything that is held, with origin and recipients; nothing of anybody else."""

    def test_all_of_it_is_there_and_nothing_of_others(self, office: Office, store: sa.Engine) -> None:
        dossier, receipt = handle_access(office, receive(office, "access", NOW, NOW), TUVA, NOW)
        data = json.loads(dossier.to_json())
        assert {(one["source"], one["source_id"]) for one in data["records"]} == TestFinding.OWN
        assert {one["what"] for one in data["activity"]} == {"inquiry"}
        assert {one["what"] for one in data["reasons"]} == {
            *("person", "helpscout_customer", "tripletex_contact", "course_signup", "inquiry")
        }
        assert {one["name"]["nb"] for one in data["recipients"]} >= {"Help Scout PBC", "Tripletex AS"}
        assert {one["field"] for one in data["card"]} >= {"email", "phone", "full_name"}
        assert all(one["kept"] and one["purposes"] and one["legal_bases"] for one in data["reasons"])
        for other in ("jonas", "ane moe", "tl@annet"):
            assert other not in dossier.to_json().lower()
        assert receipt.statement["counts"]["records"] == 3

    @pytest.mark.parametrize(
        ("language", "title"), [("nb", "Opplysninger vi har om deg"), ("en", "What we hold about you")]
    )
    def test_the_page_can_be_read_and_loads_nothing(
        self, office: Office, store: sa.Engine, language: Language, title: str
    ) -> None:
        page = access_page(handle_access(office, receive(office, "access", NOW, NOW), TUVA, NOW)[0], language)
        assert f"<h1>{title}</h1>" in page
        assert "tuva.lien@example.no" in page
        assert "http" not in page

    def test_hostile_text_stays_text(self, office: Office, land: Land) -> None:
        land(HelpScoutCustomer(id=9, first_name="<script>alert(1)</script>", emails=["x.y@example.no"]))
        hints = Hints(emails=("x.y@example.no",))
        page = access_page(handle_access(office, receive(office, "access", NOW, NOW), hints, NOW)[0])
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


class TestOtherRights:
    """Restriction, objection, rectification."""

    def test_a_restricted_record_is_kept_and_named_until_lifted(
        self, office: Office, store: sa.Engine
    ) -> None:
        request = receive(office, "restriction", NOW, NOW)
        handle_restriction(office, request, TUVA, NOW)
        with store.begin() as connection:
            assert rights.restricted(connection) == TestFinding.OWN
            lifted = rights.lift_restriction(
                connection, request.request_id, NOW, told_on=NOW.date(), lifted_by="kari"
            )
            assert lifted == 3
            assert rights.restricted(connection) == frozenset()

    def test_an_objection_holds_for_every_spelling_and_outlasts_the_card(
        self, office: Office, store: sa.Engine
    ) -> None:
        handle_objection(office, receive(office, "objection", NOW, NOW), TUVA, NOW)
        erase(office)
        with store.connect() as connection:
            for noted in (email_keys("Tuva.Lien@EXAMPLE.no"), phone_keys("21999003")):
                assert rights.count_objections(connection, [SECRET], noted) == 1
            another = email_keys("jonas.lien@example.no")
            assert rights.count_objections(connection, [SECRET], another) == 0

    def test_an_objection_can_be_taken_back(self, office: Office, store: sa.Engine) -> None:
        handle_objection(office, receive(office, "objection", NOW, NOW), TUVA, NOW)
        with store.begin() as connection:
            noted = email_keys("tuva.lien@example.no")
            rights.withdraw_objection(connection, [SECRET], noted)
            assert rights.count_objections(connection, [SECRET], noted) == 0

    def test_a_correction_shows_on_the_card_and_outlasts_the_next_read(
        self, office: Office, store: sa.Engine, land: Land
    ) -> None:
        corrections = {("helpscout_customer", "3"): {"last_name": "Lien-Berg"}}
        hints = Hints(emails=("tl@annet.example.no",))
        request = receive(office, "rectification", NOW, NOW)
        done, _ = handle_rectification(office, request, hints, corrections, NOW)
        assert [(one.source, one.field) for one in done] == [("helpscout_customer", "last_name")]
        land(*world())
        office.refresh()
        assert "Tuva Lien-Berg" in people(store)

    @pytest.mark.parametrize(
        "corrections",
        [
            {("helpscout_customer", "2"): {"last_name": "x"}},
            {("helpscout_customer", "3"): {"colour": "x"}},
            {("helpscout_customer", "3"): {"created_at": "x"}},
        ],
    )
    def test_a_correction_that_does_not_fit_is_refused(
        self, office: Office, store: sa.Engine, corrections: rights.Corrections
    ) -> None:
        hints = Hints(emails=("tl@annet.example.no",))
        with pytest.raises(rights.CorrectionError):
            handle_rectification(office, receive(office, "rectification", NOW, NOW), hints, corrections, NOW)


class TestDeadlines:
    """One month to answer; an alarm after twenty days."""

    def test_an_open_request_is_reported_after_twenty_days_and_an_answered_one_never(
        self, office: Office, store: sa.Engine
    ) -> None:
        request = receive(office, "erasure", NOW, NOW)
        assert request.due_on == date(2026, 12, 25)
        with store.connect() as connection:
            assert pressing(connection, date(2026, 12, 14)) == ()
            assert [one.request_id for one in pressing(connection, date(2026, 12, 15))] == [
                request.request_id
            ]
        handle_erasure(office, request, TUVA, NOW + timedelta(days=1))
        with store.connect() as connection:
            assert pressing(connection, date(2027, 3, 1)) == ()


class FakeHelpScout:
    def __init__(self) -> None:
        self.deleted: list[int] = []

    @property
    def corrections(self) -> Any:
        raise AssertionError("an erasure corrects nothing")

    def delete_customer(self, customer_id: int) -> str:
        self.deleted.append(customer_id)
        return "deleted"


class FakeTripletex:
    def __init__(self, fault: Exception | None = None) -> None:
        self.customers: dict[int, Mapping[str, Any]] = {}
        self.contacts: dict[int, Mapping[str, Any]] = {}
        self.fault = fault

    def update_customer(self, customer_id: int, fields: Mapping[str, Any]) -> None:
        self.customers[customer_id] = fields

    def update_contact(self, contact_id: int, fields: Mapping[str, Any]) -> None:
        if self.fault:
            raise self.fault
        self.contacts[contact_id] = fields


class TestPropagation:
    """The source systems are told, after a dry run."""

    def steps(self, office: Office, store: sa.Engine) -> Any:
        with store.connect() as connection:
            return plan_propagation(preview(connection, office.policy, TUVA, NOW))

    def test_a_dry_run_is_the_default_and_sends_nothing(self, office: Office, store: sa.Engine) -> None:
        helpscout, tripletex = FakeHelpScout(), FakeTripletex()
        done = propagate(self.steps(office, store), helpscout=helpscout, tripletex=tripletex)
        assert {(one.source, one.result) for one in done} == {
            ("helpscout_customer", "planned"), ("tripletex_contact", "planned"),
            ("tripletex_customer", "planned"), ("course_signup", "by_hand"),
        }  # fmt: skip
        assert (helpscout.deleted, tripletex.contacts, tripletex.customers) == ([], {}, {})

    def test_carried_out_help_scout_deletes_and_tripletex_blanks(
        self, office: Office, store: sa.Engine
    ) -> None:
        helpscout, tripletex = FakeHelpScout(), FakeTripletex()
        propagate(self.steps(office, store), helpscout=helpscout, tripletex=tripletex, dry_run=False)
        assert helpscout.deleted == [1]
        assert tripletex.contacts == {
            21: {
                "email": "",
                "mobile": "",
                "first_name": "Slettet",
                "last_name": "Slettet",
                "is_inactive": True,
            }
        }
        assert tripletex.customers == {20: {"invoice_email": "faktura@fjellbris.example.no"}}

    def test_one_failure_does_not_keep_the_others_from_being_told(
        self, office: Office, store: sa.Engine
    ) -> None:
        helpscout = FakeHelpScout()
        tripletex = FakeTripletex(PermanentError("tripletex PUT /contact/{id}: answered 403", status=403))
        done = propagate(self.steps(office, store), helpscout=helpscout, tripletex=tripletex, dry_run=False)
        assert {one.source: one.result for one in done}["tripletex_contact"] == "failed"
        assert helpscout.deleted == [1]
        assert tripletex.customers

    def test_what_is_not_configured_is_said(self, office: Office, store: sa.Engine) -> None:
        done = propagate(self.steps(office, store), helpscout=None, tripletex=None, dry_run=False)
        assert {one.result for one in done} == {"not_configured", "by_hand"}
