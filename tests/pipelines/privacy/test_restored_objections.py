"""Who has objected to marketing is not written to after a restored backup either."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.privacy.keys import email_keys
from pipelines.privacy.ledger_copy import LEDGER_COPY, LedgerCopyError, copy_ledger, keep_copy
from pipelines.privacy.restore import reapply
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import Office, handle_objection, handle_withdrawal, receive
from pipelines.privacy.suppression import Suppression
from schemas.policy import load_policy
from schemas.tables.privacy import objection

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough"
ADDRESS = "sol.vik@example.no"


@pytest.fixture
def office(crm_engine: sa.Engine, tmp_path: Path) -> Office:
    suppression = Suppression(SECRET, clock=lambda: NOW)
    office = Office(crm_engine, load_policy(), SECRET, suppression, lambda: None)
    return replace(office, keep_copy=lambda: keep_copy(crm_engine, tmp_path, SECRET))


def object_to(office: Office) -> None:
    handle_objection(office, receive(office, "objection", NOW, NOW), Hints(emails=(ADDRESS,)), NOW)


def may_be_invited(office: Office) -> bool:
    with office.engine.connect() as connection:
        return rights.count_objections(connection, [SECRET], email_keys(ADDRESS)) == 0


def restore(office: Office) -> None:
    """The backup is from before."""
    with office.engine.begin() as connection:
        connection.execute(sa.delete(objection))


def test_an_objection_since_the_backup_stands_again(office: Office, tmp_path: Path) -> None:
    object_to(office)
    copy = (tmp_path / LEDGER_COPY).read_text(encoding="utf-8").splitlines()
    restore(office)
    assert may_be_invited(office), "why the copy is needed"
    for _ in range(2):
        reapply(office.engine, office.suppression, copy, now=NOW)
        assert not may_be_invited(office)
    with office.engine.connect() as connection:
        assert connection.scalar(sa.select(objection.c.created_at)) == NOW
        assert list(copy_ledger(connection, SECRET))[1:] == [f"{line}\n" for line in copy[1:]]


def test_the_copy_holds_no_address(office: Office, tmp_path: Path) -> None:
    object_to(office)
    text = (tmp_path / LEDGER_COPY).read_text(encoding="utf-8")
    assert '"objection"' in text
    assert "sol" not in text
    assert "@" not in text


def test_one_that_was_taken_back_is_taken_out_of_the_copy(office: Office, tmp_path: Path) -> None:
    object_to(office)
    request = receive(office, "withdrawal", NOW, NOW)
    handle_withdrawal(office, request, Hints(emails=(ADDRESS,)), NOW)
    copy = (tmp_path / LEDGER_COPY).read_text(encoding="utf-8").splitlines()
    reapply(office.engine, office.suppression, copy, now=NOW)
    assert may_be_invited(office)


def test_a_damaged_line_is_refused_with_its_number(office: Office, tmp_path: Path) -> None:
    object_to(office)
    line = (tmp_path / LEDGER_COPY).read_text(encoding="utf-8").splitlines()[0]
    with pytest.raises(LedgerCopyError, match="line 2"):
        reapply(office.engine, office.suppression, [line, line.replace(': "', ': "x', 1)], now=NOW)
    with office.engine.connect() as connection:
        (key,) = email_keys(ADDRESS)
        assert rights.count_objections(connection, [SECRET], [key]) == 1
