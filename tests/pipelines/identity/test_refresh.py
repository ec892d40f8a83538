"""A refresh makes only what changed, and the outcome is a rebuild's, row for row, over any history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity import changes
from pipelines.identity.features import Features
from pipelines.identity.rebuild import preview, rebuild, refresh
from pipelines.identity.reporting import IdentityReport
from schemas.tables import crm
from schemas.tables.landing import TABLES
from tests.pipelines.identity.histories import LAW, NUMBERS, STEP, assert_refreshing_is_rebuilding, snapshot

if TYPE_CHECKING:
    from tests.pipelines.identity.conftest import Landing


@pytest.fixture
def store(landing: Landing) -> Landing:
    """Two companies far from each other, each with a contact person who also wrote to support."""
    for at, (number, name) in enumerate(
        zip(NUMBERS, ("FJORDBAKERI AS", "LYSNE VERKSTED AS"), strict=True), 1
    ):
        domain = name.split()[0].lower() + ".example.no"
        person = {"first_name": ("Ingrid", "Nils")[at - 1], "last_name": ("Haugen", "Myhre")[at - 1]}
        email = f"{person['first_name'].lower()}@{domain}"
        landing.put("brreg_unit", number, status="active", name=name, organization_form="AS")
        landing.put(
            "tripletex_customer", at, name=name, organization_number=number, is_private_individual=False
        )
        landing.put("tripletex_contact", at, **person, email=email, customer_id=at)
        landing.put("helpscout_customer", at, **person, emails=[email])
        landing.put("helpscout_conversation", at, customer_id=at, number=at)
        landing.put("tripletex_invoice", at, customer_id=at, amount=at)
    landing.put("helpscout_mailbox", 1, name="Support")
    return landing


def _refresh(engine: sa.Engine, **options: Any) -> IdentityReport:
    return refresh(engine, "run", **options)


def _changed(report: IdentityReport) -> set[str]:
    return {name for name, written in report.written.items() if written.changed}


def test_the_first_refresh_makes_everything(crm_engine: sa.Engine, store: Landing) -> None:
    report = _refresh(crm_engine)
    assert (report.recomputed, report.people, report.organizations) == (8, 2, 2)


def test_nothing_new_is_nothing_to_do(crm_engine: sa.Engine, store: Landing) -> None:
    _refresh(crm_engine)
    before = snapshot(crm_engine)
    report = _refresh(crm_engine)
    assert (report.recomputed, report.changed, report.records, report.people) == (0, 0, 8, 2)
    assert snapshot(crm_engine) == before


def test_a_change_reaches_its_block_and_no_further(crm_engine: sa.Engine, store: Landing) -> None:
    _refresh(crm_engine)
    store.put(
        "helpscout_customer",
        2,
        first_name="Nils",
        last_name="Myhre",
        emails=["nils@lysne.example.no"],
        phones=["90000001"],
    )
    report = _refresh(crm_engine)
    assert report.recomputed == 4
    assert {"person", "person_phone", "field_origin"} <= _changed(report)


def test_a_former_id_is_kept_where_only_somebody_who_acts_brings_it(
    crm_engine: sa.Engine, store: Landing
) -> None:
    """The register names the organisation, so its card has nothing from whoever acts for it."""
    liv = {"first_name": "Liv", "last_name": "Strand", "activity_id": 1}
    store.put("order_form", 5, **liv, company_name="Tindeporten")
    _refresh(crm_engine)
    store.put("order_form", 5, **liv, company_name="Fjordbakeri AS")
    assert _refresh(crm_engine).merged == 1
    refreshed = snapshot(crm_engine)
    assert len(refreshed["identity_alias"]) == 1
    rebuild(crm_engine, "run")
    assert snapshot(crm_engine) == refreshed


def test_nobody_meets_by_what_is_nobodys(crm_engine: sa.Engine, store: Landing) -> None:
    nobodys = {"emails": ["ukjent@ukjent.no"], "phones": ["00000000", "1881"]}
    for key, (first, last) in enumerate((("Liv", "Strand"), ("Per", "Dahl")), 5):
        store.put("helpscout_customer", key, first_name=first, last_name=last, **nobodys)
    _refresh(crm_engine)
    store.put("helpscout_customer", 5, first_name="Liv", last_name="Lie", **nobodys)
    assert _refresh(crm_engine).recomputed == 1


def test_a_town_or_a_department_beside_a_name_ties_nobody(crm_engine: sa.Engine, store: Landing) -> None:
    for key, company in enumerate(
        ("Fjordbakeri, Bergen", "Lysne Verksted - HR", "Lysne Verksted, Bergen"), 5
    ):
        store.put("helpscout_customer", key, first_name="Liv", last_name=f"Strand{key}", organization=company)
    _refresh(crm_engine)
    store.put(
        "helpscout_customer", 8, first_name="Per", last_name="Dahl", organization="Tind Elektro, Bergen"
    )
    assert _refresh(crm_engine).recomputed == 1


def test_namesakes_at_domains_that_begin_alike_are_not_tied(crm_engine: sa.Engine, landing: Landing) -> None:
    kari = {"first_name": "Kari", "last_name": "Lie"}
    for key, domain in enumerate(("fjordbakeri", "fjordverksted", "fjordreiser"), 1):
        landing.put("helpscout_customer", key, **kari, emails=[f"kari.lie@{domain}.example.no"])
    _refresh(crm_engine)
    landing.put("helpscout_customer", 4, **kari, emails=["kari.lie@fjordreisen.example.no"])
    assert _refresh(crm_engine).recomputed == 2


def test_a_record_that_is_gone_takes_its_values_along(crm_engine: sa.Engine, store: Landing) -> None:
    store.put("order_form", 5, first_name="Liv", last_name="Strand", activity_id=1)
    _refresh(crm_engine)
    store.mark_deleted("order_form", 5)
    assert _refresh(crm_engine).erased == 1
    assert "Strand" not in repr(snapshot(crm_engine))


@pytest.mark.parametrize("source", ["order_form", "helpscout_conversation"])
def test_a_row_that_retention_took_is_missed(crm_engine: sa.Engine, store: Landing, source: str) -> None:
    store.put("order_form", 2, first_name="Liv", last_name="Strand", activity_id=1)
    _refresh(crm_engine)
    store.remove(source, 2)
    _refresh(crm_engine)
    refreshed = snapshot(crm_engine)
    rebuild(crm_engine, "run")
    assert snapshot(crm_engine) == refreshed
    assert len(refreshed["application"]) == (0 if source == "order_form" else 1)
    assert len(refreshed["inquiry"]) == (2 if source == "order_form" else 1)


def test_a_transaction_that_was_under_way_is_not_missed(crm_engine: sa.Engine, store: Landing) -> None:
    """It began before the cards were made and ends afterwards: its times are older than theirs."""
    table = TABLES["order_form"]
    with crm_engine.connect() as slow:
        row = {"id": 5, "activity_id": 1, "first_name": "Liv", "last_name": "Strand", "content_hash": b"x"}
        slow.execute(sa.insert(table).values(row))
        _refresh(crm_engine)
        slow.commit()
    assert _refresh(crm_engine).created == 1


def test_a_decision_reaches_both_its_records(crm_engine: sa.Engine, store: Landing) -> None:
    _refresh(crm_engine)
    pair = {
        "left_source": "helpscout_customer",
        "left_source_id": "1",
        "right_source": "tripletex_contact",
        "right_source_id": "1",
    }
    with crm_engine.begin() as connection:
        connection.execute(sa.insert(crm.match_decision).values(decision="different", **pair))
    assert _refresh(crm_engine).split == 1
    with crm_engine.begin() as connection:
        connection.execute(sa.delete(crm.match_decision))
    assert _refresh(crm_engine).merged == 1


def test_a_mailbox_that_is_renamed_is_renamed_on_its_inquiries(crm_engine: sa.Engine, store: Landing) -> None:
    store.put("helpscout_conversation", 3, mailbox_id=1, customer_id=1)
    _refresh(crm_engine)
    store.put("helpscout_mailbox", 1, name="Kundeservice")
    report = _refresh(crm_engine)
    assert (report.written["inquiry"].updated, report.recomputed) == (1, 0)


def test_other_rules_make_everything_anew(
    crm_engine: sa.Engine, store: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refresh(crm_engine)
    assert _refresh(crm_engine, own_domains={"fjordbakeri.example.no"}).recomputed == 8
    monkeypatch.setattr(changes, "rules_digest", lambda *_: "other")
    monkeypatch.setattr("pipelines.identity.rebuild.rules_digest", lambda *_: "other")
    assert _refresh(crm_engine).recomputed == 8


def test_a_reach_that_is_too_large_is_a_rebuild(crm_engine: sa.Engine, store: Landing) -> None:
    _refresh(crm_engine)
    store.put("helpscout_customer", 1, first_name="Ingrid", emails=["ingrid@fjordbakeri.example.no"])
    assert _refresh(crm_engine, largest=3).recomputed == 8


def test_an_open_transaction_elsewhere_costs_nothing(crm_engine: sa.Engine, store: Landing) -> None:
    with crm_engine.connect() as elsewhere:
        elsewhere.execute(sa.text("SELECT pg_current_xact_id()"))
        _refresh(crm_engine)
        store.put("helpscout_customer", 2, first_name="Nils", emails=["nils@lysne.example.no"])
        assert _refresh(crm_engine).recomputed == 4
        assert _refresh(crm_engine).recomputed == 0


def test_a_run_that_fails_leaves_its_changes_to_the_next(
    crm_engine: sa.Engine, store: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refresh(crm_engine)
    store.put("order_form", 5, first_name="Liv", last_name="Strand", activity_id=1)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.identity.rebuild.publish", broken)
        with pytest.raises(RuntimeError):
            _refresh(crm_engine)
    assert _refresh(crm_engine).created == 1


def test_a_source_that_was_emptied_is_made_anew(crm_engine: sa.Engine, store: Landing) -> None:
    _refresh(crm_engine)
    with crm_engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE landing.helpscout_customer")
    assert _refresh(crm_engine).recomputed == 6


def test_a_card_that_keys_do_not_hold_together_is_noticed(crm_engine: sa.Engine, store: Landing) -> None:
    """Were a key missing, a block would hold part of a card: then everything is made anew."""

    def no_keys(_: Features) -> Iterator[tuple[Any, Any]]:
        yield from ()

    _refresh(crm_engine, keyer=no_keys)
    store.put("helpscout_customer", 1, first_name="Ingrid", emails=["ingrid@fjordbakeri.example.no"])
    assert _refresh(crm_engine, keyer=no_keys).recomputed == 8


def test_a_preview_tells_what_a_decision_would_do_and_keeps_nothing(
    crm_engine: sa.Engine, store: Landing
) -> None:
    _refresh(crm_engine)
    before = snapshot(crm_engine)
    apart = pd.DataFrame(
        {
            "decision": ["different"],
            "left_source": ["helpscout_customer"],
            "left_source_id": ["1"],
            "right_source": ["tripletex_contact"],
            "right_source_id": ["1"],
        }
    )
    shown = preview(crm_engine, apart)
    assert (shown.report.split, shown.events["event"].tolist()) == (1, ["SPLIT"])
    assert snapshot(crm_engine) == before
    with crm_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(crm.match_decision)) == 0


def test_a_preview_tells_what_withdrawing_a_decision_would_do(crm_engine: sa.Engine, store: Landing) -> None:
    pair = {
        "left_source": "helpscout_customer",
        "left_source_id": "1",
        "right_source": "tripletex_contact",
        "right_source_id": "1",
    }
    with crm_engine.begin() as connection:
        decided = sa.insert(crm.match_decision).values(decision="different", **pair)
        number = connection.execute(decided.returning(crm.match_decision.c.decision_id)).scalar_one()
    _refresh(crm_engine)
    shown = preview(crm_engine, pd.DataFrame(), withdrawn=[number])
    assert shown.events["event"].tolist() == ["MERGED"]
    assert _refresh(crm_engine).changed == 0


@given(st.lists(st.lists(STEP, min_size=1, max_size=4), min_size=2, max_size=5))
@settings(LAW, max_examples=8)
def test_refreshing_night_by_night_is_rebuilding_night_by_night(
    crm_engine: sa.Engine, landing: Landing, public_provider: str, nights: list[list[tuple[Any, ...]]]
) -> None:
    assert_refreshing_is_rebuilding(crm_engine, landing, nights)
