"""Submissions of participants: deleted or returned when the customer says so in writing, read by nobody."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.privacy import audit_log, instructions, submissions
from pipelines.privacy.instructions import Instruction, InstructionError
from pipelines.privacy.platform import PlatformError
from pipelines.privacy.submissions import LIST_COPIES, Platform, forget_lists
from pipelines.store.engines import make_engine
from pipelines.store.roles import RETENTION_ROLE
from schemas.policy import load_policy
from schemas.tables.platform import PlatformNames
from schemas.tables.privacy import instruction

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
NAMES = PlatformNames()
OLD = {n for n in range(31, 61) if n % 2 == 0}
"""Submissions of the customer that are older than 30 days."""


@pytest.fixture
def platform(platform_engine: sa.Engine, platform_url: sa.URL, tmp_path: Path) -> Iterator[Platform]:
    """Two customers' submissions, seen by the retention role."""
    submit(platform_engine, "1, 60")
    engine = make_engine(platform_url, role=RETENTION_ROLE)
    yield Platform(engine, NAMES, tmp_path / "instructions")
    engine.dispose()


def submit(engine: sa.Engine, numbers: str, days: str = "n") -> None:
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO platform.participant_submission"
                " SELECT n, CASE WHEN n % 2 = 0 THEN '310000004' ELSE '310000012' END, 900 + n % 3,"
                f" CAST(:now AS timestamptz) - {days} * interval '1 day', '{{\"name\": \"Iben Vik\"}}'"
                f" FROM generate_series({numbers}) AS n"
            ),
            {"now": NOW},
        )


def instruct(crm: sa.Engine, activity: int | None = None, days: int = 30, **changes: Any) -> Instruction:
    given = {
        "customer_org": "310000004", "activity_id": activity, "document": "archive/2026/17",
        "submitted_before": NOW - timedelta(days=days), "received_at": NOW,
    }  # fmt: skip
    with crm.begin() as connection:
        instructions.record_instruction(connection, **(given | changes))
        return instructions.open_instructions(connection)[-1]


def again(crm: sa.Engine, one: Instruction) -> Instruction:
    with crm.connect() as connection:
        return instructions.read_instruction(connection, one.instruction_id)


def left(engine: sa.Engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.text("SELECT id FROM platform.participant_submission")))


class TestNaming:
    """A customer or event that the registration system does not know is refused when it is instructed."""

    def test_the_retention_roles_rights_are_enough_to_look(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        submissions.check_named(platform, instruct(crm_engine))
        with pytest.raises(InstructionError, match="no submission of the customer"):
            submissions.check_named(platform, instruct(crm_engine, customer_org="310000020"))


class TestDeletion:
    """An instruction to delete."""

    def test_without_an_instruction_nothing_is_to_be_done(self, crm_engine: sa.Engine) -> None:
        with crm_engine.connect() as connection:
            assert instructions.open_instructions(connection) == ()

    def test_what_the_customer_instructed_goes_and_nothing_else(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = instruct(crm_engine)
        planned = submissions.preview(platform, one)
        assert submissions.carry_out(crm_engine, platform, one, NOW) == planned == 15
        assert left(platform.engine) == set(range(1, 61)) - OLD

    def test_one_event_only_where_the_instruction_names_one(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = instruct(crm_engine, activity=901, days=0)
        assert submissions.carry_out(crm_engine, platform, one, NOW) == 10
        assert left(platform.engine) == {n for n in range(1, 61) if n % 2 or n % 3 != 1}

    def test_a_large_instruction_takes_several_transactions(
        self, crm_engine: sa.Engine, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(submissions, "ROWS", 4)
        assert submissions.carry_out(crm_engine, platform, instruct(crm_engine), NOW) == 15

    def test_it_is_carried_out_once_and_logged(self, crm_engine: sa.Engine, platform: Platform) -> None:
        submissions.carry_out(crm_engine, platform, instruct(crm_engine), NOW)
        with crm_engine.connect() as connection:
            assert instructions.open_instructions(connection) == ()
            (done,) = instructions.ended_instructions(connection)
            assert (done.ended, done.at, done.rows_removed) == ("carried out", NOW, 15)
            assert audit_log.verify(connection).entries == 2

    def test_one_that_was_taken_back_is_not_carried_out(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = instruct(crm_engine)
        with crm_engine.begin() as connection:
            instructions.withdraw(connection, one.instruction_id, "archive/2026/19", NOW)
            assert instructions.open_instructions(connection) == ()
            with pytest.raises(InstructionError, match="no instruction 1 that is open"):
                instructions.withdraw(connection, one.instruction_id, "archive/2026/19", NOW)

    def test_where_the_withdrawal_is_kept_has_to_be_said(self, crm_engine: sa.Engine) -> None:
        one = instruct(crm_engine)
        with crm_engine.begin() as connection, pytest.raises(InstructionError, match="withdrawal is kept"):
            instructions.withdraw(connection, one.instruction_id, "a mail from Iben Vik", NOW)
        assert again(crm_engine, one) == one


class TestReturn:
    """Listed, handed over by the system that holds the answers, and deleted only then."""

    def returned(self, crm: sa.Engine, platform: Platform) -> Instruction:
        one = instruct(crm, kind="return")
        assert submissions.carry_out(crm, platform, one, NOW) == 0
        return again(crm, one)

    def hand_over(self, crm: sa.Engine, one: Instruction) -> Instruction:
        with crm.begin() as connection:
            instructions.note_handed_over(connection, one.instruction_id, "archive/2026/18", NOW)
        return again(crm, one)

    def test_what_is_meant_is_listed_by_number_without_an_answer(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = self.returned(crm_engine, platform)
        path = submissions.list_of(platform, one.instruction_id)
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert {int(row["submission"]) for row in rows} == OLD
        assert one.listed_rows == len(rows) == 15
        assert rows[0] == {"submission": "32", "activity": "902", "submitted_at": "2026-10-24T03:00:00+00:00"}
        assert "Iben" not in path.read_text()
        assert path.stat().st_mode & 0o077 == 0

    def test_nothing_is_deleted_before_the_customer_has_it(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = self.returned(crm_engine, platform)
        assert one.state == "to be handed over"
        assert submissions.carry_out(crm_engine, platform, one, NOW) == 0
        assert left(platform.engine) == set(range(1, 61))

    def test_after_the_receipt_what_was_listed_is_deleted_and_nothing_that_came_since(
        self, crm_engine: sa.Engine, platform: Platform, platform_engine: sa.Engine
    ) -> None:
        one = self.returned(crm_engine, platform)
        submit(platform_engine, "100, 110", days="40")
        assert submissions.carry_out(crm_engine, platform, self.hand_over(crm_engine, one), NOW) == 15
        assert left(platform.engine) == {*range(1, 61), *range(100, 111)} - OLD

    def test_it_is_deleted_in_bounded_transactions(
        self, crm_engine: sa.Engine, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one = self.hand_over(crm_engine, self.returned(crm_engine, platform))
        monkeypatch.setattr(submissions, "ROWS", 4)
        assert submissions.carry_out(crm_engine, platform, one, NOW) == 15

    def test_with_another_list_than_the_one_handed_over_nothing_is_deleted(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = self.hand_over(crm_engine, self.returned(crm_engine, platform))
        path = submissions.list_of(platform, one.instruction_id)
        with path.open("a") as file:
            file.write("33,900,2026-10-23T03:00:00+00:00\n")
        with pytest.raises(InstructionError, match=r"1\.csv is not the one"):
            submissions.carry_out(crm_engine, platform, one, NOW)
        path.unlink()
        with pytest.raises(InstructionError, match="put it back"):
            submissions.carry_out(crm_engine, platform, one, NOW)
        assert left(platform.engine) == set(range(1, 61))

    def test_what_was_not_listed_cannot_be_handed_over(self, crm_engine: sa.Engine) -> None:
        one = instruct(crm_engine, kind="return")
        with crm_engine.begin() as connection, pytest.raises(InstructionError, match="it is to be listed"):
            instructions.note_handed_over(connection, one.instruction_id, "archive/2026/18", NOW)

    def test_what_was_handed_over_is_not_listed_anew(self, crm_engine: sa.Engine, platform: Platform) -> None:
        one = self.hand_over(crm_engine, self.returned(crm_engine, platform))
        with crm_engine.begin() as connection, pytest.raises(InstructionError, match="already"):
            instructions.note_listed(connection, one.instruction_id, 1, b"", NOW)

    def test_where_the_receipt_is_kept_has_to_be_said(
        self, crm_engine: sa.Engine, platform: Platform
    ) -> None:
        one = self.returned(crm_engine, platform)
        with crm_engine.begin() as connection, pytest.raises(InstructionError, match="receipt"):
            instructions.note_handed_over(connection, one.instruction_id, " ", NOW)

    def test_the_whole_way_is_in_the_audit_log(self, crm_engine: sa.Engine, platform: Platform) -> None:
        one = self.hand_over(crm_engine, self.returned(crm_engine, platform))
        submissions.carry_out(crm_engine, platform, one, NOW)
        with crm_engine.connect() as connection:
            assert audit_log.verify(connection).entries == 4
            row = connection.execute(sa.select(instruction)).one()
        assert (row.carried_out_at, row.rows_removed, row.handed_over_document) == (
            NOW,
            15,
            "archive/2026/18",
        )


def test_the_role_that_deletes_cannot_read_an_answer(platform: Platform) -> None:
    with (
        platform.engine.connect() as connection,
        pytest.raises(sa.exc.ProgrammingError, match="permission denied"),
    ):
        connection.execute(sa.text("SELECT answers FROM platform.participant_submission"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"document": " "}, "document"),
        ({"document": "a mail from Iben Vik"}, "document"),
        ({"customer_org": ""}, "customer"),
        ({"submitted_before": NOW + timedelta(seconds=1)}, "before it was received"),
    ],
)
def test_an_instruction_without_its_document_or_about_what_is_to_come_is_none(
    crm_engine: sa.Engine, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InstructionError, match=problem):
        instruct(crm_engine, **changes)


def test_the_customers_are_named_for_the_record_as_processor(platform: Platform) -> None:
    with platform.engine.connect() as connection:
        assert submissions.customers(connection, NAMES) == ("310000004", "310000012")


def test_a_login_that_may_not_see_whose_submissions_they_are_asks_nothing(
    platform_engine: sa.Engine, platform: Platform
) -> None:
    with platform_engine.begin() as connection:
        connection.exec_driver_sql(f"REVOKE ALL ON platform.participant_submission FROM {RETENTION_ROLE}")
        connection.exec_driver_sql(
            f"REVOKE SELECT (customer_org) ON platform.participant_submission FROM {RETENTION_ROLE}"
        )
    with platform.engine.connect() as connection:
        assert submissions.customers(connection, NAMES) is None


def test_a_wrong_name_is_said_with_its_setting(crm_engine: sa.Engine, platform: Platform) -> None:
    wrong = Platform(
        platform.engine, PlatformNames(participant_submission="platform.answers"), platform.lists
    )
    with pytest.raises(
        PlatformError, match=r"PLATFORM_PARTICIPANT_SUBMISSION: .* no table platform\.answers"
    ):
        submissions.carry_out(crm_engine, wrong, instruct(crm_engine), NOW)


def test_a_list_goes_when_the_customers_instruction_need_not_be_shown_any_more(tmp_path: Path) -> None:
    assert load_policy().copy_period(LIST_COPIES) == "P36M"
    three_years_ago = datetime(2023, 11, 25, 12, 0, tzinfo=UTC)
    now = three_years_ago.replace(year=2026)
    for number, moment in (
        (1, three_years_ago - timedelta(days=1)),
        (2, three_years_ago + timedelta(days=1)),
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text("submission,activity,submitted_at\n")
        os.utime(path, (moment.timestamp(),) * 2)
    assert forget_lists(tmp_path, now) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["2.csv"]
    assert forget_lists(tmp_path / "nowhere", now) == 0
