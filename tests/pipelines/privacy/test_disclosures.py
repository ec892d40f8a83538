"""Whoever asks can be told who got which of their data, and for what (GDPR art. 15 and 19)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.privacy.disclosures import (
    UndeclaredDisclosureError,
    disclosures_about,
    record_disclosures,
)
from schemas.policy import load_policy

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LOOKUP: dict[str, Any] = {
    "recipient": "brreg",
    "method": "GET",
    "path": "/enheter/{number}",
    "purpose": "billing",
}


def note(connection: sa.Connection, *records: tuple[str, str], now: datetime = NOW, **changes: str) -> int:
    return record_disclosures(
        connection, load_policy(), **(LOOKUP | changes), records=records, run_id="run", now=now
    )


def test_a_look_up_in_the_register_is_noted_for_its_record(connection: sa.Connection) -> None:
    assert note(connection, ("tripletex_customer", "7"), ("tripletex_customer", "7")) == 1
    (told,) = disclosures_about(connection, [("tripletex_customer", "7"), ("helpscout_customer", "7")])
    assert (told.recipient, told.purpose, told.categories) == ("brreg", "billing", ("organization.public",))


def test_others_are_not_told_of(connection: sa.Connection) -> None:
    note(connection, ("tripletex_customer", "8"))
    assert disclosures_about(connection, [("tripletex_customer", "7")]) == ()
    assert disclosures_about(connection, []) == ()


def test_the_oldest_comes_first(connection: sa.Connection) -> None:
    for days in (1, 3, 2):
        note(connection, ("tripletex_customer", "7"), now=NOW - timedelta(days=days))
    times = [one.occurred_at for one in disclosures_about(connection, [("tripletex_customer", "7")])]
    assert times == sorted(times)


def test_a_request_that_tells_nothing_new_is_not_noted(connection: sa.Connection) -> None:
    """Help Scout learns nothing from being asked for its own list."""
    listed = {"recipient": "helpscout", "path": "/v2/mailboxes", "purpose": "support"}
    assert note(connection, ("helpscout_customer", "7"), **listed) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "newsletter"},
        {"path": "/enheter/{number}/roller"},
        {"method": "POST"},
        {"purpose": "security"},
    ],
)
def test_what_the_policy_does_not_declare_cannot_be_noted(
    connection: sa.Connection, changes: dict[str, str]
) -> None:
    with pytest.raises(UndeclaredDisclosureError):
        note(connection, ("tripletex_customer", "7"), **changes)
