"""`make privacy`: holds, instructions, restrictions are shown first, done with --apply, and listed."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from connectors.pages import Page
from pipelines.cli.privacy import main
from pipelines.identity.rebuild import rebuild
from pipelines.privacy import audit_log
from pipelines.privacy.disclosures import Sending, note_sent
from pipelines.privacy.holds import set_hold
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.policy import load_policy
from schemas.tables import crm, privacy

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
REQUEST = "5f0c9c1e-0000-4000-8000-000000000001"
HOLD = ["hold", "set", "--basis", "bokføringsloven § 13", "--reason", "bokettersyn 2026"]
ROW = ["--data", "landing.helpscout_customer", "--value", "1"]
INSTRUCTION = [
    "instruction", "record", "delete", "--customer", "310000004", "--before", "2026-11-01",
    "--document", "arkiv/2026/17",
]  # fmt: skip

PAGE = Path(__file__).parents[3] / "OPERATIONS.md"
Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _now() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def store(
    only_a_store: None,
    crm_engine: sa.Engine,
    platform_engine: sa.Engine,
    platform_url: sa.URL,
    monkeypatch: pytest.MonkeyPatch,
) -> sa.Engine:
    """One support contact and two participants' submissions, in the store that the command opens."""
    monkeypatch.setenv("USER", "kari")
    monkeypatch.setenv("LOGNAME", "kari")
    monkeypatch.setenv("PLATFORM_DATABASE_URL", platform_url.render_as_string(hide_password=False))
    customer = HelpScoutCustomer(id=1, first_name="Sol", last_name="Vik", emails=["sol@example.no"])
    lander = Lander(crm_engine, HelpScoutCustomer, run_id="run", suppression=Suppression(b"s" * 32))
    lander.land([Page([customer])])
    rebuild(crm_engine, "run")
    with platform_engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO platform.participant_submission SELECT n, '310000004', 17,"
            " TIMESTAMPTZ '2026-10-01' + n * interval '20 days', '{}' FROM generate_series(1, 2) AS n"
        )
    return crm_engine


def rows(engine: sa.Engine, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(table)))


def acts(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        assert audit_log.verify(connection).holds
        begun, *done = connection.scalars(sa.select(privacy.audit_log.c.action).order_by("entry_no"))
    assert begun == "log_begun", "at the first opening of the store"
    return done


def words(capsys: Output) -> str:
    """What was printed, in one line."""
    return re.sub(r"\s+", " ", capsys.readouterr().out)


def card(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return f"person:{connection.scalar(sa.select(crm.person.c.person_id))}"


def restrict(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        set_hold(
            connection, "landing.helpscout_customer", "id", "1",
            kind="restriction", reason=f"request {REQUEST}", now=NOW,
        )  # fmt: skip


class TestHolds:
    def test_it_is_shown_first_then_set_listed_and_lifted(self, store: sa.Engine, capsys: Output) -> None:
        given = [*HOLD, *ROW, "--until", "2031-12-31"]
        assert main(given) == 0
        shown = words(capsys)
        assert "1 rows of landing.helpscout_customer" in shown
        assert "Nothing was changed; add --apply to do it." in shown
        assert rows(store, privacy.hold) == []
        assert acts(store) == []

        assert main([*given, "--apply"]) == 0
        assert "keeps them until 2031-12-31 is over" in words(capsys)
        (one,) = rows(store, privacy.hold)
        assert (one.column_name, one.value, one.set_by) == ("id", "1", "kari")

        lifting = ["hold", "lift", str(one.hold_id), "--reason", "saken er avsluttet"]
        assert main(lifting) == 0
        assert rows(store, privacy.hold)[0].lifted_at is None
        assert main([*lifting, "--apply"]) == 0
        capsys.readouterr()
        assert main(["hold", "list"]) == 0
        assert words(capsys).strip() == (
            f"{one.hold_id} landing.helpscout_customer id 1 until 2031-12-31:"
            " lifted 2026-11-25 by kari: saken er avsluttet"
            " bokføringsloven § 13; bokettersyn 2026 (set 2026-11-25 by kari)"
            " 0 legal holds stand, and 0 in policy.yaml."
        )
        assert rows(store, privacy.hold)[0].lifted_because == "saken er avsluttet"
        assert acts(store) == ["hold_set", "hold_lifted"]

    @pytest.mark.parametrize(
        ("what", "data", "column"),
        [
            (["--rule", "support-contacts"], "landing.helpscout_customer", "*"),
            (["--data", "platform.access_log", "--column", "user_id", "--value", "7"],
             "platform.access_log", "user_id"),
        ],
    )  # fmt: skip
    def test_a_rule_or_a_user_of_the_registration_system(
        self, store: sa.Engine, what: list[str], data: str, column: str
    ) -> None:
        assert main([*HOLD, *what, "--apply"]) == 0
        (one,) = rows(store, privacy.hold)
        assert (one.data, one.column_name, one.until) == (data, column, None)

    def test_a_card(self, store: sa.Engine) -> None:
        assert main([*HOLD, "--card", card(store), "--apply"]) == 0
        (one,) = rows(store, privacy.hold)
        assert (one.data, one.records) == ("crm.person", ["helpscout_customer:1"])

    @pytest.mark.parametrize("apply", [[], ["--apply"]])
    @pytest.mark.parametrize("value", ["9", "abc", "01"])
    def test_a_number_that_names_nothing_is_refused_already_when_it_is_shown(
        self, store: sa.Engine, capsys: Output, value: str, apply: list[str]
    ) -> None:
        assert main([*HOLD, "--data", "landing.helpscout_customer", "--value", value, *apply]) == 2
        assert "No row of landing.helpscout_customer has that id" in words(capsys)
        assert rows(store, privacy.hold) == []

    def test_all_rows_of_a_rule_may_be_none_yet(self, store: sa.Engine) -> None:
        assert main([*HOLD, "--rule", "course-sign-ups"]) == 0

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ([*HOLD, "--rule", "nothing"], "no such retention rule"),
            ([*HOLD, "--data", "landing.helpscout_customer"], "--data needs --value"),
            ([*HOLD[:-1], "sak mot sol@example.no", *ROW], "no address"),
            (["hold", "lift", "7", "--reason", "avsluttet"], "no legal hold 7"),
        ],
    )
    def test_what_cannot_be_is_refused_before_anything_is_written(
        self, store: sa.Engine, capsys: Output, arguments: list[str], told: str
    ) -> None:
        assert main([*arguments, "--apply"]) == 2
        shown = words(capsys)
        assert "Nothing was done." in shown
        assert told in shown
        assert "sol@" not in shown
        assert acts(store) == []


@pytest.mark.parametrize("number", ["99999999999999999999", "0", "-1", "en"])
def test_what_is_no_number_is_not_asked_for(store: sa.Engine, capsys: Output, number: str) -> None:
    with pytest.raises(SystemExit):
        main(["hold", "lift", number, "--reason", "avsluttet"])
    assert capsys.readouterr().err


class TestInstructions:
    def test_it_is_shown_first_then_recorded_listed_and_withdrawn(
        self, store: sa.Engine, capsys: Output
    ) -> None:
        assert main(INSTRUCTION) == 0
        assert "1 submissions are meant now" in words(capsys)
        assert rows(store, privacy.instruction) == []

        assert main([*INSTRUCTION, "--apply"]) == 0
        (one,) = rows(store, privacy.instruction)
        assert one.submitted_before == datetime(2026, 10, 31, 23, tzinfo=UTC), "midnight in Norway"
        assert (one.recorded_by, one.received_at) == ("kari", NOW)
        capsys.readouterr()
        assert main(["instruction", "list"]) == 0
        assert words(capsys).strip() == (
            f"{one.instruction_id} delete 310000004, all events, submitted before 2026-11-01:"
            " open, 1 submissions 1 instructions are open."
        )

        number = str(one.instruction_id)
        assert main(["instruction", "withdraw", number, "--document", "arkiv/2026/19", "--apply"]) == 0
        (one,) = rows(store, privacy.instruction)
        assert (one.withdrawn_at, one.withdrawn_document) == (NOW, "arkiv/2026/19")
        capsys.readouterr()
        main(["instruction", "list"])
        assert words(capsys).strip() == (
            f"{number} delete 310000004, all events, submitted before 2026-11-01:"
            " withdrawn 2026-11-25, 0 deleted 0 instructions are open."
        )
        assert acts(store) == ["instruction_received", "instruction_withdrawn"]

    def test_what_was_handed_over_is_noted(self, store: sa.Engine, capsys: Output) -> None:
        given = [*INSTRUCTION, "--activity", "17", "--received", "2026-11-20", "--apply"]
        given[2] = "return"
        assert main(given) == 0
        handing = ["instruction", "handed-over", "1", "--document", "arkiv/2026/18", "--apply"]
        assert main(handing) == 2
        assert "it is to be listed" in words(capsys)
        with store.begin() as connection:
            connection.execute(
                sa.update(privacy.instruction).values(listed_at=NOW, listed_rows=1, listed_hash=b"x")
            )
        assert main(handing) == 0
        (one,) = rows(store, privacy.instruction)
        assert (one.handed_over_at, one.handed_over_document) == (NOW, "arkiv/2026/18")
        assert one.received_at == datetime(2026, 11, 19, 23, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("at", "value", "told"),
        [(-1, "en epost fra Iben", "document is kept"), (6, "2026-11-26", "before it was received")],
    )
    def test_one_that_is_none_is_refused(
        self, store: sa.Engine, capsys: Output, at: int, value: str, told: str
    ) -> None:
        given = list(INSTRUCTION)
        given[at] = value
        assert main([*given, "--apply"]) == 2
        assert told in words(capsys)
        assert rows(store, privacy.instruction) == []

    @pytest.mark.parametrize("apply", [[], ["--apply"]])
    @pytest.mark.parametrize(
        ("customer", "activity", "told"),
        [
            ("abc", [], "holds no submission of the customer:"),
            ("310000012", [], "holds no submission of the customer:"),
            ("310000004", ["--activity", "18"], "holds no submission of the customer at that event:"),
        ],
    )
    def test_a_customer_that_has_no_submission_is_refused_already_when_it_is_shown(
        self,
        store: sa.Engine,
        capsys: Output,
        customer: str,
        activity: list[str],
        told: str,
        apply: list[str],
    ) -> None:
        given = [customer if part == "310000004" else part for part in INSTRUCTION]
        assert main([*given, *activity, *apply]) == 2
        assert told in words(capsys)
        assert rows(store, privacy.instruction) == []

    def test_a_customer_whose_submissions_are_all_later_is_none_of_those(
        self, store: sa.Engine, capsys: Output
    ) -> None:
        given = ["2026-10-01" if part == "2026-11-01" else part for part in INSTRUCTION]
        assert main(given) == 0
        assert "0 submissions are meant now" in words(capsys)

    def test_without_a_platform_database_the_number_is_not_known(
        self, store: sa.Engine, capsys: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PLATFORM_DATABASE_URL")
        assert main(INSTRUCTION) == 0
        assert "an unknown number of submissions" in words(capsys)


class TestRestrictions:
    def test_it_is_listed_and_lifted_when_the_person_was_told(self, store: sa.Engine, capsys: Output) -> None:
        restrict(store)
        assert main(["restriction", "list"]) == 0
        assert REQUEST in words(capsys)
        lifting = ["restriction", "lift", REQUEST, "--person-was-told", "2026-11-25"]
        assert main(lifting) == 0
        assert rows(store, privacy.hold)[0].lifted_at is None
        assert main([*lifting, "--apply"]) == 0
        (one,) = rows(store, privacy.hold)
        assert (one.lifted_at, one.lifted_by, one.told_on) == (NOW, "kari", date(2026, 11, 25))
        _, entry = rows(store, privacy.audit_log)
        assert entry.details == {"request": REQUEST, "records": 1, "told_on": "2026-11-25"}
        capsys.readouterr()
        main(["restriction", "list"])
        assert REQUEST not in words(capsys)

    def test_nobody_was_told_so_it_stands(self, store: sa.Engine, capsys: Output) -> None:
        restrict(store)
        with pytest.raises(SystemExit):
            main(["restriction", "lift", REQUEST, "--apply"])
        assert "--person-was-told" in capsys.readouterr().err
        assert rows(store, privacy.hold)[0].lifted_at is None

    @pytest.mark.parametrize(
        ("request_id", "day", "told"),
        [
            (REQUEST, "2026-11-26", "is told first"),
            (REQUEST, "2026-11-24", "before the restriction began"),
            ("another", "2026-11-25", "No restriction of that request stands"),
        ],
    )
    def test_a_day_that_cannot_be_or_another_request_is_refused(
        self, store: sa.Engine, capsys: Output, request_id: str, day: str, told: str
    ) -> None:
        restrict(store)
        assert main(["restriction", "lift", request_id, "--person-was-told", day, "--apply"]) == 2
        assert told in words(capsys)
        assert rows(store, privacy.hold)[0].lifted_at is None


def test_every_command_that_the_page_gives_is_one(store: sa.Engine, capsys: Output) -> None:
    """What can be asked may be refused, but is never not understood."""
    given = re.findall(r'make privacy ARGS="?([^"`\n]+)"?', PAGE.read_text(encoding="utf-8"))
    assert len(given) > 8
    for command in given:
        filled = command.replace("NUMBER", "1").replace("ID", "00000000-0000-4000-8000-000000000000")
        assert main(shlex.split(filled)) in (0, 2), command
    capsys.readouterr()


class TestDisclosures:
    def test_who_was_told_what_about_a_card_and_no_value(self, store: sa.Engine, capsys: Output) -> None:
        sending = Sending("helpscout", "DELETE", "/v2/customers/{id}", ("id",))
        with store.begin() as connection:
            note_sent(
                connection, load_policy(), sending, purpose="accountability",
                records=[("helpscout_customer", "1"), ("helpscout_customer", "2")], run_id="run", now=NOW,
            )  # fmt: skip
        assert main(["disclosures", "--card", card(store)]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "2026-11-25  helpscout by DELETE /v2/customers/{id} for accountability,"
            " about helpscout_customer:1: user.unique_id",
            "1 disclosures about 1 records.",
        ]

    def test_of_a_card_that_is_not_there_nothing_is_said(self, store: sa.Engine, capsys: Output) -> None:
        other = "organization:00000000-0000-4000-8000-000000000000"
        assert main(["disclosures", "--card", other]) == 2
        assert "no such card" in words(capsys)

    def test_a_card_is_written_with_its_kind(self, store: sa.Engine, capsys: Output) -> None:
        with pytest.raises(SystemExit):
            main(["disclosures", "--card", "sol"])
        assert "person:ID or organization:ID" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["disclosures"], HOLD])
@pytest.mark.parametrize("card", ["person:1", "person:", "customer:1"])
def test_a_card_that_cannot_be_is_refused_in_one_line(command: list[str], card: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--card", card])
    assert ended.value.code == 2
    assert "argument --card" in capsys.readouterr().err
