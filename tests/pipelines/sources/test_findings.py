"""A read is judged by its numbers, and drift of an API is named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.sources.findings import adds_up, no_drift, nothing_set_aside
from pipelines.store.tally import Tally, record_load
from schemas.tables.landing import rejected

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def read(connection: sa.Connection, **numbers: Any) -> None:
    """One read of sign-ups that received and stored 60 records, unless told otherwise."""
    tally = Tally(
        "course_signup", **{"received": 60, "stored": 60, "seen_fields": {"Email", "Phone"}, **numbers}
    )
    record_load(connection, tally, run_id="run", kind="nightly", window=(None, None), started_at=NOON)


@pytest.fixture
def connection(crm_engine: sa.Engine) -> Any:
    with crm_engine.connect() as connection:
        yield connection


def test_before_the_first_read_there_is_nothing_to_find(connection: sa.Connection) -> None:
    for find in (adds_up, nothing_set_aside, no_drift):
        assert find(connection, "course_signup").passed


def test_a_read_that_lost_a_record_does_not_add_up(connection: sa.Connection) -> None:
    read(connection, stored=57, unchanged=1)
    finding = adds_up(connection, "course_signup")
    assert not finding.passed
    assert finding.numbers["difference"] == 2


def test_only_the_last_read_counts(connection: sa.Connection) -> None:
    read(connection, stored=57)
    read(connection)
    assert adds_up(connection, "course_signup").passed


def test_what_is_set_aside_is_told_with_its_reason(connection: sa.Connection) -> None:
    connection.execute(
        sa.insert(rejected).values(
            source="course_signup", source_id="7", reason="Phone: is too long", run_id="r"
        )
    )
    finding = nothing_set_aside(connection, "course_signup")
    assert not finding.passed
    assert "Phone: is too long" in finding.why


def test_an_undeclared_field_is_named(connection: sa.Connection) -> None:
    read(connection, unknown_fields={"Diet": 12})
    finding = no_drift(connection, "course_signup")
    assert not finding.passed
    assert "Diet" in finding.why


def test_a_declared_field_that_the_api_does_not_know_is_named(connection: sa.Connection) -> None:
    read(connection, refused_fields=("changes.timestamp",))
    assert "changes.timestamp" in no_drift(connection, "course_signup").why


def test_a_field_that_stopped_coming_is_named(connection: sa.Connection) -> None:
    read(connection)
    read(connection, received=3, stored=3, seen_fields={"Email"})
    assert no_drift(connection, "course_signup").passed, "three records prove nothing"
    read(connection, seen_fields={"Email", "Mobile"})
    finding = no_drift(connection, "course_signup")
    assert not finding.passed
    assert "Phone" in finding.why


def test_a_large_read_whose_records_show_no_fields_proves_nothing(connection: sa.Connection) -> None:
    read(connection)
    read(connection, seen_fields=set())
    assert no_drift(connection, "course_signup").passed


def test_a_field_that_stopped_coming_from_a_small_source_is_named_by_its_whole_reads(
    connection: sa.Connection,
) -> None:
    few = {"received": 3, "stored": 3}
    read(connection, **few, compared=0)
    read(connection, **few, seen_fields={"Email"})
    assert no_drift(connection, "course_signup").passed, "what changed in a day proves nothing"
    read(connection, **few, seen_fields={"Email"}, compared=3)
    assert "Phone came in no record" in no_drift(connection, "course_signup").why
    read(connection, **few, seen_fields={"Email"})
    assert not no_drift(connection, "course_signup").passed, "until it comes again, or the next whole read"
    read(connection, received=1, stored=1)
    assert no_drift(connection, "course_signup").passed


def test_a_field_that_only_some_records_of_a_small_source_had_may_come_in_none(
    connection: sa.Connection,
) -> None:
    read(connection, received=3, stored=3, lacking_fields={"Phone"}, compared=0)
    read(connection, received=3, stored=3, seen_fields={"Email"}, compared=3)
    assert no_drift(connection, "course_signup").passed


def test_a_field_that_the_api_refuses_is_not_told_a_second_time_as_missing(
    connection: sa.Connection,
) -> None:
    read(connection, seen_fields={"Email", "changes"}, compared=0)
    read(connection, seen_fields={"Email"}, compared=60, refused_fields=("changes.timestamp",))
    finding = no_drift(connection, "course_signup")
    assert "does not know changes.timestamp" in finding.why
    assert finding.numbers["missing_fields"] == 0


def test_a_source_without_records_shows_no_drift(connection: sa.Connection) -> None:
    read(connection, received=3, stored=3, compared=0)
    read(connection, received=0, stored=0, seen_fields=set(), compared=3)
    assert no_drift(connection, "course_signup").passed
