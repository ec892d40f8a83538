"""What the engine did can be read afterwards, and nobody can change it unseen."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from pipelines.privacy import audit_log as log
from pipelines.privacy import retention
from pipelines.privacy.suppression import Suppression
from schemas.policy import load_policy
from schemas.tables.privacy import audit_chain, audit_log

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def chain(connection: sa.Connection) -> sa.Connection:
    """Five entries, a day apart."""
    for day in range(5):
        log.append(connection, "retention", NOW + timedelta(days=day), rule="invoices", rows=day)
    return connection


def test_an_empty_chain_holds(connection: sa.Connection) -> None:
    assert log.verify(connection).holds


def test_a_chain_as_it_was_written_holds(chain: sa.Connection) -> None:
    found = log.verify(chain)
    assert (found.entries, found.problem) == (5, None)
    assert found.head == log.head(chain)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"details": {"rule": "invoices", "rows": 0}}, "entry 3 was changed"),
        ({"action": "nothing"}, "entry 3 was changed"),
        ({"occurred_at": NOW}, "entry 3 was changed"),
        ({"entry_hash": bytes(32)}, "entry 3 was changed"),
    ],
)
def test_a_changed_entry_shows(chain: sa.Connection, values: dict[str, object], problem: str) -> None:
    chain.execute(sa.update(audit_log).where(audit_log.c.entry_no == 3).values(values))
    assert log.verify(chain).problem == problem


@pytest.mark.parametrize(
    ("missing", "problem"),
    [(1, "entry 1 is missing"), (3, "entry 3 is missing"), (5, "the entries after 4 are missing")],
)
def test_a_missing_entry_shows_at_either_end_too(chain: sa.Connection, missing: int, problem: str) -> None:
    chain.execute(sa.delete(audit_log).where(audit_log.c.entry_no == missing))
    assert log.verify(chain).problem == problem


def test_a_chain_written_anew_does_not_fit_the_head(chain: sa.Connection) -> None:
    head = log.head(chain)
    chain.execute(sa.delete(audit_log))
    chain.execute(sa.delete(audit_chain))
    for day in range(5):
        log.append(chain, "retention", NOW + timedelta(days=day), rule="invoices", rows=0)
    assert log.verify(chain).holds
    assert log.head(chain) != head, "a receipt that carries the head gives such a forgery away"


def test_a_clock_that_went_back_does_not_break_the_order(chain: sa.Connection) -> None:
    log.append(chain, "retention", NOW, rows=1)
    times = list(chain.scalars(sa.select(audit_log.c.occurred_at).order_by(audit_log.c.entry_no)))
    assert times == sorted(times)
    assert log.verify(chain).holds


def test_pruning_keeps_the_chain_verifiable(chain: sa.Connection) -> None:
    removed = log.prune(chain, audit_log.c.occurred_at < NOW + timedelta(days=2), NOW + timedelta(days=9))
    assert removed == 2
    found = log.verify(chain)
    assert (found.entries, found.problem) == (4, None)
    last = chain.execute(sa.select(audit_log).order_by(audit_log.c.entry_no.desc()).limit(1)).one()
    assert (last.action, last.details) == ("audit_log_pruned", {"entries": 2, "up_to": 2})


def test_everything_may_be_pruned_and_the_chain_goes_on(chain: sa.Connection) -> None:
    assert log.prune(chain, sa.true(), NOW + timedelta(days=9)) == 5
    log.append(chain, "retention", NOW + timedelta(days=10), rows=1)
    assert log.verify(chain).entries == 2
    assert log.verify(chain).holds


def test_what_is_missing_after_pruning_shows(chain: sa.Connection) -> None:
    log.prune(chain, audit_log.c.occurred_at < NOW + timedelta(days=2), NOW + timedelta(days=9))
    chain.execute(sa.delete(audit_log).where(audit_log.c.entry_no == 3))
    assert log.verify(chain).problem == "entry 3 is missing"


@pytest.mark.parametrize("value", ["tuva@example.no", "Tuva Lien", "+4721999001", "", "x" * 101])
def test_a_value_that_could_be_personal_is_refused(connection: sa.Connection, value: str) -> None:
    with pytest.raises(log.PersonalDataError):
        log.append(connection, "erasure", NOW, who=value)
    assert log.verify(connection).entries == 0


def test_writers_at_the_same_time_do_not_fork_the_chain(crm_engine: sa.Engine) -> None:
    def write() -> None:
        for _ in range(5):
            with crm_engine.begin() as connection:
                log.append(connection, "retention", NOW, rows=1)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with crm_engine.connect() as connection:
        assert log.verify(connection).entries == 20


def test_retention_prunes_the_log_and_the_chain_still_holds(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        for days in (1200, 1100, 10):
            log.append(connection, "retention", NOW - timedelta(days=days), rows=1)
    suppression = Suppression(b"a secret that is long enough")
    removals = retention.apply(crm_engine, load_policy(), NOW, run_id="run", suppression=suppression)
    assert {one.rule: one.rows for one in removals}["audit-log"] == 2
    with crm_engine.connect() as connection:
        found = log.verify(connection)
        assert retention.overdue(connection, load_policy(), NOW)["audit-log"] == 0
    assert (found.entries, found.problem) == (3, None), "one is left; pruning and the rule each add one"
