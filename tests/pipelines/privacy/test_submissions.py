"""Participants' submissions: deleted when the customer says so in writing, and read by nobody (clause S5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.privacy import audit_log, submissions
from pipelines.privacy.platform import PlatformError, PlatformNames
from pipelines.store.engines import RETENTION_ROLE, make_engine

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
NAMES = PlatformNames()


@pytest.fixture
def platform(platform_engine: sa.Engine, platform_url: sa.URL) -> Iterator[sa.Engine]:
    """Two customers' submissions, seen by the retention role."""
    with platform_engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO platform.participant_submission"
                " SELECT n, CASE WHEN n % 2 = 0 THEN '310000004' ELSE '310000012' END, 900 + n % 3,"
                " CAST(:now AS timestamptz) - n * interval '1 day', '{\"name\": \"Iben Vik\"}'"
                " FROM generate_series(1, 60) AS n"
            ),
            {"now": NOW},
        )
    engine = make_engine(platform_url, role=RETENTION_ROLE)
    yield engine
    engine.dispose()


def instruct(crm: sa.Engine, activity: int | None = None, days: int = 30) -> submissions.Instruction:
    with crm.begin() as connection:
        submissions.record_instruction(
            connection, customer_org="310000004", activity_id=activity, document="archive/2026/17",
            submitted_before=NOW - timedelta(days=days), received_at=NOW,
        )  # fmt: skip
        return submissions.open_instructions(connection)[-1]


def left(engine: sa.Engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.scalars(sa.text("SELECT id FROM platform.participant_submission")))


def test_without_an_instruction_nothing_is_to_be_done(crm_engine: sa.Engine) -> None:
    with crm_engine.connect() as connection:
        assert submissions.open_instructions(connection) == ()


def test_what_the_customer_instructed_goes_and_nothing_else(
    crm_engine: sa.Engine, platform: sa.Engine
) -> None:
    one = instruct(crm_engine)
    with platform.connect() as connection:
        planned = submissions.preview(connection, NAMES, one)
    assert submissions.carry_out(crm_engine, platform, NAMES, one, NOW) == planned == 15
    assert left(platform) == {n for n in range(1, 61) if n % 2 or n <= 30}


def test_one_event_only_where_the_instruction_names_one(crm_engine: sa.Engine, platform: sa.Engine) -> None:
    assert (
        submissions.carry_out(crm_engine, platform, NAMES, instruct(crm_engine, activity=901, days=0), NOW)
        == 10
    )
    assert left(platform) == {n for n in range(1, 61) if n % 2 or n % 3 != 1}


def test_a_large_instruction_takes_several_transactions(
    crm_engine: sa.Engine, platform: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "ROWS", 4)
    assert submissions.carry_out(crm_engine, platform, NAMES, instruct(crm_engine), NOW) == 15


def test_an_instruction_is_carried_out_once_and_logged(crm_engine: sa.Engine, platform: sa.Engine) -> None:
    submissions.carry_out(crm_engine, platform, NAMES, instruct(crm_engine), NOW)
    with crm_engine.connect() as connection:
        assert submissions.open_instructions(connection) == ()
        assert audit_log.verify(connection).entries == 2


def test_the_role_that_deletes_cannot_read_an_answer(platform: sa.Engine) -> None:
    with platform.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        connection.execute(sa.text("SELECT answers FROM platform.participant_submission"))


def test_an_instruction_without_a_document_is_none(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection, pytest.raises(ValueError, match="document"):
        submissions.record_instruction(
            connection, customer_org="310000004", activity_id=None, document=" ",
            submitted_before=NOW, received_at=NOW,
        )  # fmt: skip


def test_the_customers_are_named_for_the_record_as_processor(platform: sa.Engine) -> None:
    with platform.connect() as connection:
        assert submissions.customers(connection, NAMES) == ("310000004", "310000012")


def test_a_login_that_may_not_see_whose_submissions_they_are_asks_nothing(
    platform_engine: sa.Engine, platform: sa.Engine
) -> None:
    with platform_engine.begin() as connection:
        connection.exec_driver_sql(f"REVOKE ALL ON platform.participant_submission FROM {RETENTION_ROLE}")
        connection.exec_driver_sql(
            f"REVOKE SELECT (customer_org) ON platform.participant_submission FROM {RETENTION_ROLE}"
        )
    with platform.connect() as connection:
        assert submissions.customers(connection, NAMES) is None


def test_a_wrong_name_is_said_with_its_setting(crm_engine: sa.Engine, platform: sa.Engine) -> None:
    names = PlatformNames(participant_submission="platform.answers")
    with pytest.raises(
        PlatformError, match=r"PLATFORM_PARTICIPANT_SUBMISSION: .* no table platform\.answers"
    ):
        submissions.carry_out(crm_engine, platform, names, instruct(crm_engine), NOW)
