"""Whoever asks can be told who got which of their data, and for what (GDPR art. 15 and 19)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.privacy.disclosures import (
    NO_PERSONS,
    Sending,
    UndeclaredDisclosureError,
    disclosures_about,
    note_asked,
    note_handed_over,
    note_sent,
)
from schemas.policy import load_policy
from schemas.tables.privacy import disclosure

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
UPDATE = Sending("tripletex", "PUT", "/contact/{id}", ("email", "isInactive"))
LOOK_UP = Sending("brreg", "GET", "/enheter", ("organisasjonsnummer", "size"))
SOLE, COMPANY = "310000004", "310000012"


def note(
    connection: sa.Connection,
    *records: tuple[str, str],
    sending: Sending = UPDATE,
    purpose: str = "billing",
    now: datetime = NOW,
) -> int:
    return note_sent(
        connection, load_policy(), sending, purpose=purpose, records=records, run_id="run", now=now
    )


def ask(connection: sa.Connection, *ids: str, no_persons: int = 0, now: datetime = NOW) -> int:
    return note_asked(
        connection, load_policy(), LOOK_UP, purpose="billing", source="brreg_unit", ids=ids,
        no_persons=no_persons, run_id=f"run of {now:%d %B}", now=now,
    )  # fmt: skip


def test_what_a_request_carried_is_noted_for_its_record(connection: sa.Connection) -> None:
    assert note(connection, ("tripletex_contact", "7"), ("tripletex_contact", "7")) == 1
    (told,) = disclosures_about(connection, [("tripletex_contact", "7"), ("helpscout_customer", "7")])
    assert (told.recipient, told.request, told.purpose) == ("tripletex", "PUT /contact/{id}", "billing")
    assert told.categories == ("user.contact.email",)


def test_others_are_not_told_of(connection: sa.Connection) -> None:
    note(connection, ("tripletex_contact", "8"))
    assert disclosures_about(connection, [("tripletex_contact", "7")]) == ()
    assert disclosures_about(connection, []) == ()


def test_the_oldest_comes_first(connection: sa.Connection) -> None:
    for days in (1, 3, 2):
        note(connection, ("tripletex_contact", "7"), now=NOW - timedelta(days=days))
    times = [one.occurred_at for one in disclosures_about(connection, [("tripletex_contact", "7")])]
    assert times == sorted(times)


def test_a_request_that_tells_nothing_new_is_not_noted(connection: sa.Connection) -> None:
    """Help Scout learns nothing from being asked for its own list, nor from a flag alone."""
    listed = Sending("helpscout", "GET", "/v2/mailboxes", ("page",))
    assert note(connection, ("helpscout_customer", "7"), sending=listed, purpose="support") == 0
    assert note(connection, ("tripletex_contact", "7"), sending=replace(UPDATE, fields=("isInactive",))) == 0


@pytest.mark.parametrize(
    ("sending", "purpose"),
    [
        (replace(UPDATE, recipient="newsletter"), "billing"),
        (replace(LOOK_UP, path="/enheter/{number}/roller"), "billing"),
        (replace(UPDATE, method="PATCH"), "billing"),
        (UPDATE, "security"),
    ],
)
def test_what_the_policy_does_not_declare_cannot_be_noted(
    connection: sa.Connection, sending: Sending, purpose: str
) -> None:
    with pytest.raises(UndeclaredDisclosureError):
        note(connection, ("tripletex_contact", "7"), sending=sending, purpose=purpose)


class TestQuestions:
    """The register is asked every night: a row for each month, and for companies a number for each run."""

    def test_the_same_question_in_a_month_is_one_row_that_counts(self, connection: sa.Connection) -> None:
        for day in (23, 24, 25):
            ask(connection, SOLE, now=NOW.replace(day=day))
        (told,) = disclosures_about(connection, [("brreg_unit", SOLE)])
        assert (told.times, told.occurred_at, told.last_at) == (3, NOW.replace(day=23), NOW)

    def test_the_month_is_norways(self, connection: sa.Connection) -> None:
        ask(connection, SOLE, now=datetime(2026, 11, 30, 22, 59, tzinfo=UTC))
        ask(connection, SOLE, now=datetime(2026, 11, 30, 23, 0, tzinfo=UTC))
        assert [one.times for one in disclosures_about(connection, [("brreg_unit", SOLE)])] == [1, 1]

    def test_companies_are_counted_and_not_listed(self, connection: sa.Connection) -> None:
        assert ask(connection, SOLE, no_persons=71_000) == 71_001
        rows = connection.execute(sa.select(disclosure.c.source_id, disclosure.c.records)).all()
        assert sorted(rows) == [(NO_PERSONS, 71_000), (SOLE, 1)]

    def test_a_question_about_nobody_leaves_no_row(self, connection: sa.Connection) -> None:
        assert ask(connection) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(disclosure)) == 0


class TestFiles:
    """A file for the company's own people."""

    RECORDS: Any = sa.select(sa.literal("helpscout_customer"), sa.literal("7"))

    @pytest.mark.parametrize(
        ("recipient", "category", "purpose"),
        [
            ("own_staff", "user.contact.phone_number", "own_courses"),
            ("own_staff", "user.name", "billing"),
            ("tripletex", "user.name", "billing"),
            ("nobody", "user.name", "billing"),
        ],
    )
    def test_holds_what_the_policy_lets_them_have(
        self, connection: sa.Connection, recipient: str, category: str, purpose: str
    ) -> None:
        with pytest.raises(UndeclaredDisclosureError):
            note_handed_over(
                connection, load_policy(), recipient, purpose=purpose, categories=[category],
                records=self.RECORDS, run_id="run", now=NOW,
            )  # fmt: skip
