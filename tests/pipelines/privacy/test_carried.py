"""Holds, restrictions, requests and instructions since the backup stand again in a restored store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.cli.privacy import main as privacy_command
from pipelines.defs.resources import Workbench
from pipelines.identity.rebuild import rebuild
from pipelines.privacy import audit_log, carried, instructions, restore, retention
from pipelines.privacy.holds import load_holds
from pipelines.privacy.holds_legal import Wanted, legal_holds, lift_legal_hold, set_legal_hold
from pipelines.privacy.ledger_copy import LEDGER_COPY, LedgerCopyError, keep_copy, standing_of_copy
from pipelines.privacy.restore import Reapplied, reapply, reapply_if_restored
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import (
    Office,
    handle_access,
    handle_erasure,
    handle_rectification,
    handle_restriction,
    receive,
)
from pipelines.privacy.subjects.requests import unanswered
from pipelines.privacy.suppression import Suppression, SuppressionError
from pipelines.settings import load_settings
from pipelines.store.landing import Lander
from pipelines.store.roles import PIPELINE_ROLE
from pipelines.workbench import open_current_store
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.tripletex import TripletexCustomer, TripletexInvoice
from schemas.policy import load_policy
from schemas.tables import metadata, privacy
from schemas.tables.landing import TABLES
from schemas.tables.privacy import hold, instruction, receipt, subject_request
from tests.pipelines.privacy.test_erased_stays_erased import put_back

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
SECRET = b"a secret of these tests alone, and long enough"
POLICY = load_policy()
SOL, TUVA = (Hints(emails=(f"{name}@example.no",)) for name in ("sol", "tuva"))
AUDIT = Wanted("landing.tripletex_invoice", "id", "71", "bokføringsloven § 13", "bokettersyn 2026")
COURT = replace(AUDIT, value="72", basis="tvisteloven § 26-5", reason="bevissikring")
INVOICES, CONTACTS = TABLES["tripletex_invoice"], TABLES["helpscout_customer"]
CARRIED = (subject_request, receipt, hold, instruction)


class Store:
    """A store with two customers, which is backed up, goes on, and is restored."""

    def __init__(self, engine: sa.Engine, home: Path) -> None:
        self.engine, self.home = engine, home
        self.ledger = Suppression(SECRET, clock=lambda: NOW)
        self.office = Office(
            engine,
            POLICY,
            SECRET,
            self.ledger,
            lambda: rebuild(engine, "run", own_domains=()),
            keep_copy=lambda: keep_copy(engine, home, SECRET),
        )
        self.read()
        with engine.begin() as connection:
            audit_log.begin(connection, NOW)
        self._backup: dict[str, list[dict[str, Any]]] = {}

    def read(self) -> None:
        records: tuple[Payload, ...] = (
            HelpScoutCustomer(id=11, first_name="Sol", last_name="Vik", emails=["sol@example.no"],
                              source_changed_at=NOW),
            HelpScoutCustomer(id=12, first_name="Tuva", last_name="Lien", emails=["tuva@example.no"],
                              source_changed_at=NOW),
            TripletexCustomer(id=61, name="Sol Vik", email="sol@example.no", is_private_individual=True),
            TripletexInvoice(id=71, customer_id=61, invoice_date=date(2026, 1, 2)),
            TripletexInvoice(id=72, customer_id=61, invoice_date=date(2026, 1, 3)),
        )  # fmt: skip
        for payload in dict.fromkeys(map(type, records)):
            lander = Lander(self.engine, payload, run_id="run", suppression=self.ledger)
            lander.land([Page([record for record in records if type(record) is payload])])
        self.office.refresh()

    def hold(self, wanted: Wanted = AUDIT) -> int:
        with self.engine.begin() as connection:
            return set_legal_hold(connection, POLICY, wanted, set_by="ane", now=NOW)

    def lift(self, number: int) -> None:
        with self.engine.begin() as connection:
            lift_legal_hold(connection, number, because="saken er avsluttet", lifted_by="ane", now=LATER)

    def restrict(self, hints: Hints) -> str:
        request = receive(self.office, "restriction", NOW, NOW)
        handle_restriction(self.office, request, hints, NOW)
        return request.request_id

    def instruct(self, **changes: Any) -> int:
        wanted: dict[str, Any] = {
            "customer_org": "310000004",
            "activity_id": None,
            "submitted_before": NOW,
            "document": "arkiv/2026/17",
            "received_at": NOW,
        }
        with self.engine.begin() as connection:
            return instructions.record_instruction(connection, **wanted | changes)

    def erase(self, hints: Hints) -> None:
        handle_erasure(self.office, receive(self.office, "erasure", NOW, NOW), hints, NOW)

    def copy(self) -> list[str]:
        return (self.home / LEDGER_COPY).read_text(encoding="utf-8").splitlines()

    def back_up(self) -> None:
        with self.engine.connect() as connection:
            self._backup = {
                table.fullname: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                for table in metadata.sorted_tables
            }

    def lose(self) -> list[list[dict[str, Any]]]:
        """The database is lost, the copy is not; returns what CARRIED held. The backup is put back."""
        keep_copy(self.engine, self.home, SECRET)
        lost = self.decisions()
        with self.engine.begin() as connection:
            put_back(connection, self._backup)
        return lost

    def decisions(self) -> list[list[dict[str, Any]]]:
        with self.engine.connect() as connection:
            return [
                [
                    dict(row)
                    for row in connection.execute(
                        sa.select(table).order_by(*table.primary_key.columns)
                    ).mappings()
                ]
                for table in CARRIED
            ]

    def reapply(self) -> Reapplied:
        return reapply(self.engine, self.ledger, self.copy(), now=LATER)

    def invoices(self) -> set[int]:
        with self.engine.connect() as connection:
            return set(connection.scalars(sa.select(INVOICES.c.id)))


@pytest.fixture
def store(crm_engine: sa.Engine, tmp_path: Path) -> Store:
    return Store(crm_engine, tmp_path)


def test_every_decision_since_the_backup_is_as_it_was(store: Store) -> None:
    """With its number, its days and who made it; those from before come up to where they had got."""
    lifted_since, withdrawn_since, ended_since = store.hold(), store.instruct(), store.restrict(TUVA)
    waiting = receive(store.office, "access", NOW, NOW)
    store.back_up()
    store.lift(lifted_since)
    with store.engine.begin() as connection:
        instructions.withdraw(connection, withdrawn_since, "arkiv/2026/19", LATER)
        told = {"told_on": date(2026, 11, 25), "lifted_by": "ane"}
        rights.lift_restriction(connection, ended_since, LATER, **told)  # type: ignore[arg-type]  # one each
    handle_access(store.office, waiting, TUVA, LATER)
    store.hold(COURT)
    store.restrict(SOL)
    store.instruct(kind="return", activity_id=7, document="arkiv/2026/20")
    receive(store.office, "rectification", NOW, NOW)
    lost = store.lose()
    assert store.decisions() != lost, "the premise"
    done = store.reapply()
    assert store.decisions() == lost
    changed = {"lifted": 1, "withdrawn": 1, "ended": 1, "answered": 1}
    new = {"receipts": 2, "holds": 3, "instructions": 1, "requests": 2}
    assert done.decided == sum(changed.values()) + sum(new.values())


def test_it_is_done_once_however_often_it_is_run(store: Store) -> None:
    store.back_up()
    store.hold()
    store.instruct()
    lost = store.lose()
    assert store.reapply().decided == 2
    for _ in range(2):
        assert store.reapply().decided == 0
        assert store.decisions() == lost


@pytest.mark.parametrize("at", ["put_back", "_erase_again", "replace_copy"])
def test_killed_half_way_and_run_again_it_ends_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """In the transaction nothing stands; after it, everything does, and the next one finds it done."""
    store.back_up()
    store.hold()
    store.erase(SOL)
    store.restrict(TUVA)
    lost = store.lose()

    class KilledError(Exception):
        """Stands for a kill."""

    def killed(*_: object, **__: object) -> Any:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(carried if at == "put_back" else restore, at, killed)
        with pytest.raises(KilledError):
            reapply_if_restored(store.engine, store.ledger, store.home, now=LATER)
    with store.engine.connect() as connection:
        assert standing_of_copy(connection, store.home) == "older", "whatever starts next does it again"
    assert (store.decisions() == lost) == (at == "replace_copy"), "all of it or nothing"
    assert reapply_if_restored(store.engine, store.ledger, store.home, now=LATER) is not None
    assert store.decisions() == lost
    assert store.invoices() == {71}, "erased again but for what the hold keeps"
    assert reapply_if_restored(store.engine, store.ledger, store.home, now=LATER) is None


def test_what_a_hold_kept_from_an_erasure_it_keeps_after_a_restore(store: Store) -> None:
    """The hold comes back before the erasure is done again; the other invoice goes."""
    store.back_up()
    store.hold()
    store.erase(SOL)
    assert store.invoices() == {71}
    store.lose()
    assert store.invoices() == {71, 72}
    store.reapply()
    assert store.invoices() == {71}


def test_a_hold_outlasts_retention_in_a_restored_store(store: Store) -> None:
    store.back_up()
    store.hold()
    store.lose()
    store.reapply()
    expired = NOW + timedelta(days=365 * 6)
    retention.apply(
        store.engine, POLICY, expired, run_id="run", suppression=store.ledger, confirmed=True,
        only=["landing.tripletex_invoice"],
    )  # fmt: skip
    assert store.invoices() == {71}


def test_a_restriction_is_about_records_that_the_backup_does_not_have(store: Store) -> None:
    """They come with the next read, and are not used then either."""
    with store.engine.begin() as connection:
        connection.execute(sa.delete(CONTACTS))
    store.back_up()
    store.read()
    store.restrict(SOL)
    store.lose()
    store.reapply()
    with store.engine.connect() as connection:
        assert ("helpscout_customer", "11") in rights.restricted(connection)


def test_an_instruction_that_was_withdrawn_deletes_nothing_in_a_restored_store(store: Store) -> None:
    """In the backup it is open: carried out, it could not be made good."""
    number = store.instruct()
    store.back_up()
    with store.engine.begin() as connection:
        instructions.withdraw(connection, number, "arkiv/2026/19", LATER)
    store.lose()
    store.reapply()
    with store.engine.connect() as connection:
        assert instructions.open_instructions(connection) == ()


def test_a_request_that_waits_still_has_its_deadline(store: Store) -> None:
    store.back_up()
    request = receive(store.office, "erasure", NOW, NOW)
    store.lose()
    store.reapply()
    with store.engine.connect() as connection:
        assert unanswered(connection) == (request,)


def test_a_correction_since_the_backup_is_told_of(store: Store) -> None:
    """Its value is nowhere but at the sources; whoever restores has to know."""
    store.back_up()
    corrections = {("helpscout_customer", "11"): {"last_name": "Vikan"}}
    request = receive(store.office, "rectification", NOW, NOW)
    handle_rectification(store.office, request, SOL, corrections, NOW)
    store.lose()
    done = store.reapply()
    assert done.rectified == 1
    assert "1 rectifications" in str(done)
    assert "rectifications" not in str(store.reapply())


class TestNumbers:
    """A number is never given twice, and never means another hold than the papers say."""

    def test_the_next_one_is_higher_than_those_that_came_back(self, store: Store) -> None:
        store.back_up()
        with store.engine.connect() as connection:
            for _ in range(3):
                set_legal_hold(connection, POLICY, AUDIT, set_by="ane", now=NOW)
                connection.rollback()
        number = store.hold()
        assert number > 3, "what was only shown has used numbers up"
        store.lose()
        store.reapply()
        assert store.hold(COURT) == number + 1
        with store.engine.connect() as connection:
            assert [one.hold_id for one in legal_holds(connection)] == [number, number + 1]

    def test_where_it_was_given_to_another_hold_meanwhile_both_stand(self, store: Store) -> None:
        store.back_up()
        number = store.hold()
        store.lose()
        assert store.hold(COURT) == number
        for _ in range(2):
            store.reapply()
            with store.engine.connect() as connection:
                assert {one.value for one in load_holds(connection, POLICY, NOW)} == {"71", "72"}

    def test_the_pipelines_own_rights_are_enough(self, store: Store) -> None:
        store.back_up()
        number = store.hold()
        store.lose()
        limited = sa.create_engine(store.engine.url, poolclass=sa.NullPool)

        @sa.event.listens_for(limited, "connect")
        def _take_role(connection: Any, _: object) -> None:
            connection.execute(f"SET ROLE {PIPELINE_ROLE}")
            connection.commit()

        assert reapply(limited, store.ledger, store.copy(), now=LATER).decided == 1
        limited.dispose()
        assert store.hold(COURT) == number + 1


class TestTheCopyItself:
    """It lies on other machines: without the secret it tells nobody anything."""

    @pytest.fixture
    def copy(self, store: Store) -> list[str]:
        store.back_up()
        store.hold(replace(COURT, data="landing.helpscout_customer", value="11"))
        store.instruct()
        store.restrict(SOL)
        store.lose()
        return store.copy()

    def test_it_holds_no_id_no_reason_and_no_name_in_the_clear(self, copy: list[str]) -> None:
        text = "\n".join(copy)
        for word in (
            "helpscout_customer",
            "bevissikring",
            "tvisteloven",
            "ane",
            "310000004",
            "arkiv",
            "request ",
        ):
            assert word not in text
        sealed = [json.loads(line) for line in copy if "sealed" in line]
        assert [line["carried"] for line in sealed] == [
            "subject_request", "receipt", "hold", "hold", "hold", "instruction",
        ]  # fmt: skip
        assert {frozenset(line) for line in sealed} == {frozenset({"carried", "seal", "sealed"})}

    def test_it_names_somebody_though_nobody_was_erased(self, store: Store, copy: list[str]) -> None:
        """So a restored store is known as one."""
        assert not any("key_hmac" in line for line in copy)
        with store.engine.connect() as connection:
            assert standing_of_copy(connection, store.home) == "older"

    def test_under_another_secret_nothing_is_done_and_the_variable_named(
        self, store: Store, copy: list[str]
    ) -> None:
        with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
            reapply(store.engine, Suppression(SECRET.upper()), copy, now=LATER)
        assert store.decisions() == [[], [], [], []]
        moved = Suppression(SECRET.upper(), [SECRET])
        assert reapply(store.engine, moved, copy, now=LATER).decided == len(copy) - 1

    @pytest.mark.parametrize(
        "change",
        [
            lambda line: line | {"carried": "receipt"},
            lambda line: line | {"carried": "disclosure"},
            lambda line: line | {"sealed": line["sealed"][:-2]},
            lambda line: line | {"sealed": f"00{line['sealed'][2:]}"},
            lambda line: line | {"sealed": ""},
            lambda line: line | {"sealed": 3},
        ],
        ids=["of another table", "of no table", "cut off", "changed", "empty", "no text"],
    )
    def test_a_row_that_was_tampered_with_is_refused_with_its_line(
        self, store: Store, copy: list[str], change: Any
    ) -> None:
        place = next(at for at, line in enumerate(copy) if '"hold"' in line)
        copy[place] = json.dumps(change(json.loads(copy[place])))
        with pytest.raises(LedgerCopyError, match=f"line {place + 1}"):
            reapply(store.engine, store.ledger, copy, now=LATER)
        assert store.decisions() == [[], [], [], []]

    def test_one_of_an_earlier_version_has_none_of_it_and_is_read(
        self, store: Store, copy: list[str]
    ) -> None:
        old = [line for line in copy if "sealed" not in line]
        assert reapply(store.engine, store.ledger, old, now=LATER).decided == 0


class TestWhateverStartsFirst:
    """`make privacy` and every run find a restored store and bring it up before they look at it."""

    @pytest.fixture(autouse=True)
    def restored(self, only_a_store: None, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PRIVACY_SECRET", SECRET.decode())
        monkeypatch.setenv("DAGSTER_HOME", str(store.home))
        store.back_up()
        store.hold()
        store.lose()

    def test_a_command_of_privacy(self, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
        assert privacy_command(["hold", "list"]) == 0
        assert "bokettersyn 2026" in capsys.readouterr().out

    def test_a_run_before_retention_deletes_anything(self, store: Store) -> None:
        workbench = Workbench()
        with workbench.store.crm.connect() as connection:
            assert [one.value for one in load_holds(connection, POLICY, NOW)] == ["71"]
        workbench.store.close()

    @pytest.mark.parametrize(
        "command",
        [
            "hold set --data landing.tripletex_invoice --value 72 --basis b --reason r",
            "hold lift 1 --reason r",
            "instruction record delete --customer 310000004 --before 2026-01-01 --document d",
        ],
    )
    def test_what_a_command_decides_is_in_the_copy_at_once(self, store: Store, command: str) -> None:
        privacy_command(["hold", "list"])
        before = store.copy()
        assert privacy_command(command.split()) == 0
        assert store.copy() == before, "only shown"
        assert privacy_command([*command.split(), "--apply"]) == 0
        assert store.copy()[1:] != before[1:]
        with store.engine.connect() as connection:
            assert standing_of_copy(connection, store.home) == "same"
            assert audit_log.verify(connection).holds
        assert load_settings().secret == SECRET


def test_a_backup_from_before_the_first_act_is_known_as_an_older_state(
    only_a_store: None, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every store has an entry of its own from its first opening on; another store has another one."""
    monkeypatch.setenv("PRIVACY_SECRET", SECRET.decode())
    monkeypatch.setenv("DAGSTER_HOME", str(store.home))
    with store.engine.begin() as connection:
        connection.execute(sa.delete(privacy.audit_log))
        connection.execute(sa.delete(privacy.audit_chain))
    for _ in range(2):
        open_current_store(load_settings()).close()
    store.back_up()
    with store.engine.connect() as connection:
        assert connection.scalars(sa.select(privacy.audit_log.c.action)).all() == ["log_begun"]
    store.hold()
    store.lose()
    with store.engine.connect() as connection:
        assert standing_of_copy(connection, store.home) == "older"
