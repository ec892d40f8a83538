"""A request is handled by its number: hints lie in a private file until the answer, results are numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from connectors.errors import PermanentError
from connectors.pages import Page
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.disclosures import disclosures_about
from pipelines.privacy.keys import Key, email_keys
from pipelines.privacy.ledger_copy import copy_ledger
from pipelines.privacy.subjects.deadlines import answered_in_time
from pipelines.privacy.subjects.drawer import COPIES, Drawer, DrawerError
from pipelines.privacy.subjects.finding import HintError, Hints, SeveralPeopleError
from pipelines.privacy.subjects.handling import Office
from pipelines.privacy.subjects.receipts import Receipt, verify
from pipelines.privacy.subjects.requests import Request, unanswered
from pipelines.privacy.subjects.rights import CorrectionError, Corrections, RequestKind, count_objections
from pipelines.privacy.subjects.service import Sources, add_name, carry_out, open_case, show
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.tripletex import TripletexContact
from schemas.policy import load_policy
from schemas.tables.landing import TABLES

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
KEPT = timedelta(days=30)
HINTS = Hints(emails=("tuva.lien@example.no",), exclude=frozenset({("course_signup", "9")}))


class Told:
    """Stands for both clients: notes what it was told, or fails."""

    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[tuple[Any, ...]] = []
        self._fails = fails

    @property
    def corrections(self) -> Told:
        return self

    def correct_customer(self, customer_id: int, fields: Mapping[str, Any]) -> object:
        return self._hear("correct", customer_id, dict(fields))

    def delete_customer(self, customer_id: int) -> str:
        return self._hear("delete", customer_id) or "deleted"

    def update_customer(self, customer_id: int, fields: Mapping[str, Any]) -> object:
        return self._hear("customer", customer_id, dict(fields))

    def update_contact(self, contact_id: int, fields: Mapping[str, Any]) -> object:
        return self._hear("contact", contact_id, dict(fields))

    def _hear(self, *what: Any) -> Any:
        if self._fails:
            raise PermanentError("helpscout DELETE /v2/customers/{id}: answered 403", status=403)
        self.heard.append(what)
        return None


@pytest.fixture
def office(crm_engine: sa.Engine) -> Office:
    secret = b"a secret that is long enough"
    office = Office(
        crm_engine,
        load_policy(),
        secret,
        Suppression(secret, clock=lambda: NOW),
        lambda: rebuild(crm_engine, "run"),
    )
    for record in (
        HelpScoutCustomer(id=1, first_name="Tuva", last_name="Lien", emails=["tuva.lien@example.no"]),
        TripletexContact(id=21, first_name="Tuva", last_name="Lien", email="tuva.lien@example.no"),
    ):
        lander = Lander(crm_engine, type(record), run_id="run", suppression=office.suppression)
        lander.land([Page([record])])
    office.refresh()
    return office


@pytest.fixture
def drawer(tmp_path: Path) -> Drawer:
    return Drawer(tmp_path / "requests")


def opened(office: Office, drawer: Drawer, kind: Any) -> str:
    return open_case(office, drawer, kind, HINTS, NOW, NOW).request_id


def landed(office: Office) -> int:
    with office.engine.connect() as connection:
        return sum(
            connection.scalar(sa.select(sa.func.count()).select_from(TABLES[source])) or 0
            for source in ("helpscout_customer", "tripletex_contact")
        )


def test_hints_come_out_of_the_drawer_as_they_went_in(office: Office, drawer: Drawer) -> None:
    assert drawer.hints(opened(office, drawer, "access")) == HINTS


def test_an_erasure_and_a_release_are_in_the_ledgers_copy_at_once(office: Office, drawer: Drawer) -> None:
    """The next night may come too late: a backup that is restored meanwhile is older than both."""
    copies: list[set[str]] = []
    still_open: list[int] = []

    def keep_copy() -> None:
        with office.engine.connect() as connection:
            _, *entries = copy_ledger(connection, office.secret)
            copies.append({line for line in entries if "key_hmac" in line})
            still_open.append(len(unanswered(connection)))

    watched = replace(office, keep_copy=keep_copy)
    carry_out(watched, drawer, opened(office, drawer, "erasure"), NOW)
    assert still_open == [1, 0], "copied before the case was closed: a kill in between is made up for"
    carry_out(watched, drawer, opened(office, drawer, "release"), NOW)
    erased, _, released = copies
    assert released < erased, "the copy does not put back what was released"


@pytest.mark.parametrize(
    ("kind", "is_withdrawn"),
    [("erasure", True), ("restriction", True), ("objection", True), ("access", False)],
)
def test_lists_with_one_who_may_no_longer_be_written_to_are_withdrawn(
    office: Office, drawer: Drawer, kind: RequestKind, is_withdrawn: bool
) -> None:
    """They were exported before, and letters may be sent by them for two weeks."""
    withdrawn: set[Key] = set()
    watched = replace(office, withdraw_lists=withdrawn.update)
    carry_out(watched, drawer, opened(office, drawer, kind), NOW)
    assert withdrawn.issuperset(email_keys(HINTS.emails[0])) is is_withdrawn


def test_only_the_owner_may_read_what_lies_in_the_drawer(
    office: Office, drawer: Drawer, tmp_path: Path
) -> None:
    opened(office, drawer, "access")
    modes = [path.stat().st_mode & 0o077 for path in (tmp_path / "requests").rglob("*")]
    assert modes
    assert set(modes) == {0}


def test_a_useless_hint_opens_no_case(office: Office, drawer: Drawer) -> None:
    with pytest.raises(HintError):
        open_case(office, drawer, "erasure", Hints(emails=("no address",)), NOW, NOW)
    with office.engine.connect() as connection:
        assert unanswered(connection) == ()


SHARED = Hints(phones=("21999001",))


def two_on_one_phone(office: Office) -> None:
    people = [
        HelpScoutCustomer(id=number, first_name=first, last_name="Moe", phones=["21 99 90 01"])
        for number, first in ((5, "Ane"), (6, "Mikkel"))
    ]
    lander = Lander(office.engine, HelpScoutCustomer, run_id="run", suppression=office.suppression)
    lander.land([Page(people)])


@pytest.mark.parametrize("kind", ["access", "disclosures", "erasure", "rectification", "restriction"])
def test_a_request_of_one_of_several_people_is_not_opened_without_a_name(
    office: Office, drawer: Drawer, kind: Any
) -> None:
    two_on_one_phone(office)
    with pytest.raises(SeveralPeopleError):
        open_case(office, drawer, kind, SHARED, NOW, NOW)
    with office.engine.connect() as connection:
        assert unanswered(connection) == ()


def test_one_that_has_become_unclear_is_answered_when_the_name_is_given(
    office: Office, drawer: Drawer
) -> None:
    number = open_case(office, drawer, "erasure", SHARED, NOW, NOW).request_id
    two_on_one_phone(office)
    for step in (show, carry_out):
        with pytest.raises(SeveralPeopleError):
            step(office, drawer, number, NOW)
    add_name(drawer, number, "Ane Moe")
    assert show(office, drawer, number, NOW).numbers["helpscout_customer"] == 1
    assert carry_out(office, drawer, number, NOW).numbers["helpscout_customer"] == 1
    assert landed(office) == 3, "Mikkel's record, and Tuva's two"


def test_showing_changes_nothing(office: Office, drawer: Drawer) -> None:
    report = show(office, drawer, opened(office, drawer, "erasure"), NOW)
    assert not report.applied
    assert (report.numbers["helpscout_customer"], report.numbers["tripletex_contact"]) == (1, 1)
    assert landed(office) == 2


def test_access_writes_the_dossier_twice_and_a_receipt_that_verifies(office: Office, drawer: Drawer) -> None:
    report = carry_out(office, drawer, opened(office, drawer, "access"), NOW)
    files = {path.name: path.read_text() for path in report.files}
    assert len(json.loads(files["dossier.json"])["records"]) == 2
    assert "Tuva" in files["dossier.html"]
    assert "Tuva" in files["dossier.en.html"]
    verify(Receipt.from_json(files["receipt.json"]))
    assert "tuva" not in files["receipt.json"].casefold()


def test_after_the_answer_the_hints_are_gone(office: Office, drawer: Drawer) -> None:
    number = opened(office, drawer, "objection")
    carry_out(office, drawer, number, NOW)
    with pytest.raises(DrawerError, match=number):
        drawer.hints(number)


def test_an_erasure_tells_the_sources_only_when_asked_to(office: Office, drawer: Drawer) -> None:
    number = opened(office, drawer, "erasure")
    report = carry_out(office, drawer, number, NOW)
    assert landed(office) == 0
    assert {done.result for done in report.told} <= {"planned", "not_configured"}
    client = Told()
    later = carry_out(office, drawer, number, NOW, sources=Sources(client, client))
    assert {done.result for done in later.told} == {"done"}
    assert ("delete", 1) in client.heard
    assert carry_out(office, drawer, number, NOW, sources=Sources(client, client)).told == ()


def test_a_source_that_could_not_be_told_is_told_by_the_next_call(office: Office, drawer: Drawer) -> None:
    number, broken, working = opened(office, drawer, "erasure"), Told(fails=True), Told()
    report = carry_out(office, drawer, number, NOW, sources=Sources(broken, working))
    assert sorted(done.result for done in report.told) == ["done", "failed"]
    carry_out(office, drawer, number, NOW, sources=Sources(working, working))
    assert [what for what, *_ in working.heard] == ["contact", "delete"]


def test_files_made_for_a_person_are_removed_after_a_month(office: Office, drawer: Drawer) -> None:
    with time_machine.travel(NOW, tick=False):
        report = carry_out(office, drawer, opened(office, drawer, "access"), NOW)
    assert load_policy().copy_period(COPIES) == "P30D"
    written = datetime.fromtimestamp(report.files[0].stat().st_mtime, UTC)
    assert drawer.purge(written + KEPT - timedelta(minutes=1)) == 0
    assert drawer.purge(written + KEPT + timedelta(minutes=1)) == 1
    assert not report.files[0].exists()


def test_an_open_request_keeps_its_file(office: Office, drawer: Drawer) -> None:
    number = opened(office, drawer, "access")
    assert drawer.purge(datetime.now(UTC) + 10 * KEPT) == 0
    assert drawer.hints(number) == HINTS


@pytest.mark.parametrize(
    ("received", "passed", "late"),
    [(date(2026, 11, 6), True, 0), (date(2026, 11, 5), False, 0), (date(2026, 10, 1), False, 1)],
)
def test_a_request_that_waits_for_twenty_days_raises_an_alarm(
    received: date, passed: bool, late: int
) -> None:
    month = received.replace(month=received.month + 1)
    finding = answered_in_time([Request("n", "access", received, month)], date(2026, 11, 25))
    assert (finding.passed, finding.numbers["late"]) == (passed, late)


def test_answered_requests_whose_sources_stay_untold_raise_an_alarm() -> None:
    finding = answered_in_time([], date(2026, 11, 25), untold=2)
    assert (finding.passed, finding.numbers["not_told"]) == (False, 2)


def test_a_correction_is_shown_first_then_reaches_the_sources_and_the_ledger(
    office: Office, drawer: Drawer
) -> None:
    corrections: Corrections = {
        ("helpscout_customer", "1"): {"last_name": "Berg", "emails": "t@example.no; b@example.no"},
        ("tripletex_contact", "21"): {"last_name": "Berg", "email": None},
    }
    number = open_case(office, drawer, "rectification", HINTS, NOW, NOW, corrections).request_id
    shown = show(office, drawer, number, NOW)
    assert [(one.action, one.result) for one in shown.told] == [("correct", "not_configured")] * 2
    client = Told()
    done = carry_out(office, drawer, number, NOW, sources=Sources(client, client))
    assert {one.result for one in done.told} == {"done"}
    assert client.heard == [
        ("correct", 1, {"last_name": "Berg", "emails": ["t@example.no", "b@example.no"]}),
        ("contact", 21, {"last_name": "Berg", "email": ""}),
    ]
    with office.engine.connect() as connection:
        told = disclosures_about(connection, [("helpscout_customer", "1"), ("tripletex_contact", "21")])
    assert {(one.request, one.categories) for one in told} == {
        ("PATCH /v2/customers/{id}", ("user.name",)),
        ("PUT /v2/customers/{id}/emails/{entry}", ("user.contact.email",)),
        ("PUT /contact/{id}", ("user.name", "user.unique_id")),
    }


def test_what_an_erasure_told_the_sources_is_in_the_ledger(office: Office, drawer: Drawer) -> None:
    client = Told()
    carry_out(office, drawer, opened(office, drawer, "erasure"), NOW, sources=Sources(client, client))
    with office.engine.connect() as connection:
        told = disclosures_about(connection, [("helpscout_customer", "1"), ("tripletex_contact", "21")])
    assert {(one.request, one.categories) for one in told} == {
        ("DELETE /v2/customers/{id}", ("user.unique_id",)),
        ("PUT /contact/{id}", ("user.unique_id",)),
    }


def test_a_correction_that_does_not_fit_is_refused_when_it_is_shown(office: Office, drawer: Drawer) -> None:
    wrong: Corrections = {("helpscout_customer", "77"): {"last_name": "Berg"}}
    number = open_case(office, drawer, "rectification", HINTS, NOW, NOW, wrong).request_id
    with pytest.raises(CorrectionError, match="not the person's"):
        show(office, drawer, number, NOW)


def test_who_was_told_is_answered_by_itself(office: Office, drawer: Drawer) -> None:
    client = Told()
    corrections: Corrections = {("helpscout_customer", "1"): {"last_name": "Berg"}}
    number = open_case(office, drawer, "rectification", HINTS, NOW, NOW, corrections).request_id
    carry_out(office, drawer, number, NOW, sources=Sources(client, client))
    report = carry_out(office, drawer, opened(office, drawer, "disclosures"), NOW)
    files = {path.name: path.read_text() for path in report.files}
    [told] = json.loads(files["disclosures.json"])["disclosures"]
    assert told["recipient"]["nb"] == "Help Scout PBC"
    assert (told["categories"], told["times"]) == ([{"nb": "Navn", "en": "Name"}], 1)
    assert "Hvem som har fått opplysninger" in files["disclosures.html"]
    assert "Kortet ditt" not in files["disclosures.html"]


def test_an_objection_is_withdrawn_by_a_request_of_its_own(office: Office, drawer: Drawer) -> None:
    carry_out(office, drawer, opened(office, drawer, "objection"), NOW)
    number = opened(office, drawer, "withdrawal")
    noted = show(office, drawer, number, NOW).numbers["keys_noted"]
    assert noted > 0
    assert carry_out(office, drawer, number, NOW).numbers == {"keys_freed": noted}
    with office.engine.connect() as connection:
        keys = email_keys("tuva.lien@example.no")
        assert count_objections(connection, office.secrets, keys) == 0


def test_who_was_erased_is_let_in_again_after_a_release_of_what_is_named(
    office: Office, drawer: Drawer
) -> None:
    carry_out(office, drawer, opened(office, drawer, "erasure"), NOW)
    again = HelpScoutCustomer(id=1, first_name="Tuva", last_name="Lien", emails=["tuva.lien@example.no"])

    def let_in() -> bool:
        with office.engine.begin() as connection:
            return not office.suppression.held_back(connection, "helpscout_customer", [again])

    assert not let_in()
    hints = Hints(emails=("tuva.lien@example.no",), records=(("helpscout_customer", "1"),))
    number = open_case(office, drawer, "release", hints, NOW, NOW).request_id
    assert show(office, drawer, number, NOW).numbers == {"keys_held_back": 2}
    assert not let_in()
    assert carry_out(office, drawer, number, NOW).numbers == {"keys_released": 2}
    assert let_in()
