"""What a person who asked for access is given: complete (GDPR art. 15), in words, and readable by anybody."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.audiences.build import build_audiences
from pipelines.identity.facts import FACTS, OWNERS
from pipelines.identity.organizations import RULES as ORGANIZATION_RULES
from pipelines.identity.rebuild import rebuild
from pipelines.identity.survivorship import SURVIVORSHIP
from pipelines.privacy.holds_legal import Wanted, set_legal_hold
from pipelines.privacy.records import Language
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.access import Dossier, collect, collect_disclosures
from pipelines.privacy.subjects.access_names import FIELDS, KINDS, TECHNICAL
from pipelines.privacy.subjects.access_page import access_page
from pipelines.privacy.subjects.access_values import RULES, VALUES
from pipelines.privacy.subjects.finding import PERSONAL_SOURCES, Hints, find
from pipelines.privacy.subjects.handling import Office, handle_restriction, receive
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas import audience_reasons
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.pindena import OrderForm
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.policy import load_policy
from schemas.tables import crm
from schemas.tables.audiences import audience_change, audience_exclusion, audience_member
from schemas.tables.landing import TABLES
from schemas.tables.registration import application_case, application_decision

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough"
TUVA = Hints(emails=("tuva.lien@fjellbris.example.no",))
ANE = Hints(emails=("ane@fjellbris.example.no",))
LANGUAGES: tuple[Language, ...] = ("nb", "en")


@pytest.fixture
def office(crm_engine: sa.Engine) -> Office:
    """A contact person of a customer who wrote to support, ordered and is on the lists; and a colleague."""
    suppression = Suppression(SECRET, clock=lambda: NOW)
    records: list[Payload] = [
        TripletexCustomer(id=20, name="Fjellbris AS", organization_number="310000004"),
        TripletexContact(id=21, customer_id=20, first_name="Tuva", last_name="Lien", email=TUVA.emails[0]),
        TripletexContact(id=22, customer_id=20, first_name="Ane", last_name="Moe", email=ANE.emails[0]),
        HelpScoutCustomer(id=1, first_name="Tuva", last_name="Lien", emails=[TUVA.emails[0]]),
        HelpScoutConversation(
            id=11, customer_id=1, status="closed", created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
        ),
        OrderForm(id=30, activity_id=9, first_name="Tuva", last_name="Lien", email=TUVA.emails[0]),
    ]  # fmt: skip
    for record in records:
        Lander(crm_engine, type(record), run_id="run", suppression=suppression).land([Page([record])])
    rebuild(crm_engine, "run")
    build_audiences(crm_engine, [SECRET], "run", NOW)
    return Office(crm_engine, load_policy(), SECRET, suppression, lambda: rebuild(crm_engine, "run"))


def dossier(office: Office, hints: Hints = TUVA) -> Dossier:
    with office.engine.connect() as connection:
        return collect(connection, office.policy, hints, NOW, [SECRET])


class Outline(HTMLParser):
    """What a screen reader goes by."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[tuple[str, dict[str, str | None]]] = []
        self.open_now: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append((tag, dict(attrs)))
        if tag not in ("br", "meta"):
            self.open_now.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open_now.pop() == tag

    def handle_decl(self, decl: str) -> None:
        assert decl == "doctype html"

    def all(self, *tags: str) -> list[tuple[str, dict[str, str | None]]]:
        return [one for one in self.opened if one[0] in tags]


@pytest.mark.parametrize("language", LANGUAGES)
class TestThePage:
    def test_it_names_its_language_and_closes_what_it_opens(self, office: Office, language: Language) -> None:
        outline = Outline(access_page(dossier(office), language))
        assert outline.opened[0] == ("html", {"lang": language})
        assert outline.open_now == []

    def test_headings_are_in_order(self, office: Office, language: Language) -> None:
        levels = [
            int(tag[1]) for tag, _ in Outline(access_page(dossier(office), language)).all("h1", "h2", "h3")
        ]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))

    def test_every_table_has_a_caption_and_headers_with_a_scope(
        self, office: Office, language: Language
    ) -> None:
        outline = Outline(access_page(dossier(office), language))
        assert len(outline.all("table")) == len(outline.all("caption")) > 5
        assert {attributes.get("scope") for _, attributes in outline.all("th")} == {"row", "col"}

    def test_the_contents_lead_to_the_parts(self, office: Office, language: Language) -> None:
        outline = Outline(access_page(dossier(office), language))
        targets = [attributes["href"] for _, attributes in outline.all("a")]
        assert targets == [f"#{attributes['id']}" for _, attributes in outline.all("h2")]

    def test_it_says_what_article_15_asks_for(self, office: Office, language: Language) -> None:
        page = access_page(dossier(office), language)
        policy = office.policy
        for text in (
            policy.purposes["support"].text,
            policy.categories["user.contact.email"],
            *(policy.recipients[name].name for name in ("helpscout", "tripletex", "own_staff")),
            policy.recipients["helpscout"].transfer,
            policy.retention_of("landing.helpscout_customer").basis,
        ):
            assert text is not None
            assert getattr(text, language) in page
        for article in ("16", "17", "18", "20", "21", "22", "77"):
            assert f"(artikkel {article})" in page or f"(article {article})" in page
        assert "Datatilsynet" in page
        assert policy.controller.contact in page

    def test_no_name_of_a_column_is_left_on_it(self, office: Office, language: Language) -> None:
        page = access_page(dossier(office), language)
        assert [name for name in (*FIELDS, *KINDS) if "_" in name and name in page] == []


def test_a_page_in_one_language_says_nothing_in_the_other(office: Office) -> None:
    norwegian, english = access_page(dossier(office), "nb"), access_page(dossier(office), "en")
    purpose = office.policy.purposes["support"].text
    assert purpose.en not in norwegian
    assert purpose.nb not in english
    assert audience_reasons.WAYS[1][0] in english
    assert audience_reasons.WAYS[1][0] not in norwegian


def test_times_are_norwegian_ones(office: Office) -> None:
    assert "02.07.2026 kl. 00.30" in access_page(dossier(office))


def test_only_those_who_may_be_told_something_personal_are_shown_as_recipients(office: Office) -> None:
    names = {recipient["name"].en for recipient in dossier(office).recipients}
    assert names == {office.policy.recipients[name].name.en for name in office.policy.recipients} - {
        office.policy.recipients["alerts"].name.en,
        office.policy.recipients["alert_mail"].name.en,
    }


def test_the_card_names_the_organisation_that_the_person_acts_for(office: Office) -> None:
    acting = [row for row in dossier(office).card if row["field"] == "organization"]
    assert [row["value"] for row in acting] == ["Fjellbris AS"]


def test_nothing_is_on_the_card_twice(office: Office) -> None:
    rows = [(row["field"], row["value"], row["source"], row["source_id"]) for row in dossier(office).card]
    assert len(rows) == len(set(rows))


def test_how_a_form_was_dealt_with_is_told_and_not_by_whom(office: Office) -> None:
    with office.engine.begin() as connection:
        connection.execute(
            application_case.insert().values(
                application_id=30, status="declined", reasons=["sent in twice"], warnings=[], received_at=NOW,
                status_since=NOW,
            )
        )  # fmt: skip
        connection.execute(
            application_decision.insert().values(
                application_id=30, decision="decline", decided_by="saksbehandler Ask", decided_at=NOW
            )
        )
    text = dossier(office).to_json()
    told = {one["what"] for one in json.loads(text)["activity"]}
    assert {"application_case", "application_decision"} <= told
    assert "Ask" not in text
    assert '<span lang="en">sent in twice</span>' in access_page(dossier(office))


def test_an_objection_is_told_to_the_one_who_made_it_and_to_nobody_else(office: Office) -> None:
    with office.engine.begin() as connection:
        rights.object_to_marketing(connection, SECRET, find(connection, TUVA).keys, NOW)
    assert "Protest mot markedsføring" in access_page(dossier(office))
    ane = dossier(office, ANE)
    assert "Protest mot markedsføring" not in access_page(ane)


def test_a_restriction_is_told(office: Office) -> None:
    before = access_page(dossier(office), "en")
    handle_restriction(office, receive(office, "restriction", NOW, NOW), TUVA, NOW)
    assert "restricted under article 18" not in before
    assert "restricted under article 18" in access_page(dossier(office), "en")


class TestDutiesToKeep:
    """A person is told which law keeps their data and until when, and nothing of a case."""

    CASE = "bokettersyn hos Fjellbris"

    def held(self, office: Office, basis: str, until: date | None = None, data: str = "contact") -> Dossier:
        table, number = {
            "contact": ("landing.tripletex_contact", "21"),
            "inquiry": ("landing.helpscout_conversation", "11"),
        }[data]
        wanted = Wanted(table, "id", number, basis, self.CASE, until)
        with office.engine.begin() as connection:
            set_legal_hold(connection, office.policy, wanted, set_by="ane", now=NOW)
        return dossier(office)

    @pytest.mark.parametrize(
        ("basis", "until", "nb", "en"),
        [
            (
                "bokføringsloven § 13 annet ledd",
                date(2031, 12, 31),
                "fem år etter regnskapsårets slutt. Beholdes til og med 31.12.2031.",
                "five years after the end of the accounting year. Kept until the end of 2031-12-31.",
            ),
            (
                "Bookkeeping Act §13",
                None,
                "Beholdes så lenge plikten varer.",
                "Kept as long as the duty lasts.",
            ),
        ],
    )
    def test_the_law_is_named_and_the_day(
        self, office: Office, basis: str, until: date | None, nb: str, en: str
    ) -> None:
        held = self.held(office, basis, until)
        assert "Bokføringsloven § 13" in access_page(held)
        assert nb in access_page(held)
        assert "Bookkeeping Act § 13" in access_page(held, "en")
        assert en in access_page(held, "en")

    @pytest.mark.parametrize("basis", ["tvisteloven § 26-5", "straffeprosessloven § 215 a"])
    def test_a_dispute_and_an_investigation_look_the_same_and_say_by_which_law_no_more_is_told(
        self, office: Office, basis: str
    ) -> None:
        held = self.held(office, basis, date(2031, 12, 31))
        for language, told in (
            ("nb", "Mer kan det ikke opplyses om (personopplysningsloven § 16 første ledd)."),
            ("en", "No more may be told (Personal Data Act § 16, first paragraph)."),
        ):
            page = access_page(held, language)  # type: ignore[arg-type]  # one of LANGUAGES
            assert told in page
            for word in ("tviste", "straffe", "26-5", "215", "claim", "rettskrav", "politi", "2031"):
                assert word not in page

    @pytest.mark.parametrize("basis", ["bokføringsloven § 130", "avtale med Fjellbris"])
    def test_a_basis_that_the_policy_does_not_declare_is_not_shown(self, office: Office, basis: str) -> None:
        page = access_page(self.held(office, basis))
        assert "En plikt til å beholde, eller et rettskrav. Spør oss om hvilken." in page
        assert basis not in page

    @pytest.mark.parametrize("basis", ["bokføringsloven § 13", "tvisteloven § 26-5", "avtale med Fjellbris"])
    def test_the_case_and_who_set_it_are_nowhere(self, office: Office, basis: str) -> None:
        held = self.held(office, basis)
        for text in (held.to_json(), access_page(held), access_page(held, "en")):
            assert self.CASE not in text
            assert "set_by" not in text

    def test_an_inquiry_that_is_held_says_so_too(self, office: Office) -> None:
        held = self.held(office, "bokføringsloven § 13", date(2031, 12, 31), data="inquiry")
        [inquiry] = [row for row in held.activity if row["what"] == "inquiry"]
        assert len(inquiry["held_by_law"]) == 1
        assert not any(record.get("held_by_law") for record in held.records)
        assert "Oppbevaringsplikt" in access_page(held)
        assert "til og med 31.12.2031" in access_page(held)

    def test_of_several_the_longest_comes_first_and_each_once(self, office: Office) -> None:
        for basis, until in (
            ("bokføringsloven § 13", date(2028, 12, 31)),
            ("avtale", date(2027, 12, 31)),
            ("bokføringsloven § 13", date(2031, 12, 31)),
            ("kontrakt", None),
        ):
            held = self.held(office, basis, until)
        [duties] = [record["held_by_law"] for record in held.records if "held_by_law" in record]
        assert [duty.en[-11:] for duty in duties] == ["k us which.", "2031-12-31.", "2028-12-31."]

    def test_without_a_hold_nothing_is_said_of_one(self, office: Office) -> None:
        assert "Beholdes lenger" not in access_page(dossier(office))
        assert "Oppbevaringsplikt" not in access_page(dossier(office))


def test_disclosures_alone_are_not_said_to_be_all_that_is_held(office: Office) -> None:
    with office.engine.connect() as connection:
        page = access_page(collect_disclosures(connection, office.policy, TUVA, NOW))
    assert "<h1>Hvem som har fått opplysninger om deg</h1>" in page
    assert 'id="records"' not in page
    assert 'id="recipients"' in page


def columns(tables: Iterable[sa.Table]) -> set[str]:
    return {column.name for table in tables for column in table.columns}


class TestTheWords:
    """Whatever comes to be held has words before a person can be shown it."""

    def test_every_column_that_can_be_shown_has_a_name(self) -> None:
        sources = {TABLES[source] for source in (*PERSONAL_SOURCES, *OWNERS, "brreg_unit")}
        beside = (
            audience_member,
            audience_change,
            audience_exclusion,
            application_case,
            application_decision,
        )
        hidden = {"content_hash", "decided_by"} | TECHNICAL
        assert columns((*sources, *beside)) - hidden <= FIELDS.keys()

    def test_every_value_of_a_card_has_a_name(self) -> None:
        shown = {column.name for column in crm.person.columns if not column.primary_key}
        assert shown - {"created_at", "updated_at"} <= FIELDS.keys()

    def test_every_kind_of_record_has_a_name(self) -> None:
        facts = {table.name for source, table in FACTS.items() if OWNERS[source][0] != source}
        assert {*PERSONAL_SOURCES, "brreg_unit", *facts} <= KINDS.keys()

    def test_every_rule_that_chooses_a_value_has_words(self) -> None:
        of_people = {
            rule for field, rules in SURVIVORSHIP.items() if field.startswith("person.") for rule in rules
        }
        assert of_people | ORGANIZATION_RULES.keys() == RULES.keys()

    def test_every_way_onto_a_list_has_words(self) -> None:
        reasons = {reason for reason, _ in audience_reasons.WAYS.values()}
        bases = {basis for _, basis in audience_reasons.WAYS.values()}
        assert reasons | bases | {reason + audience_reasons.FELL_BACK for reason in reasons} <= VALUES.keys()
