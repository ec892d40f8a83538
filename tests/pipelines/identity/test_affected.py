"""Of all cards around a change, those that can come out otherwise are written, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from pipelines.identity import rebuild as rebuilding
from pipelines.identity.affected import Affected
from pipelines.identity.publish import publish
from pipelines.identity.reach import Reach
from pipelines.identity.rebuild import refresh
from schemas.tables import crm

if TYPE_CHECKING:
    from tests.pipelines.identity.conftest import Landing

PARENT, CHILD = "310005487", "311000012"


@pytest.fixture
def company(crm_engine: sa.Engine, landing: Landing) -> Landing:
    """A company with two contact persons, and the sub-unit of another one; the cards are made."""
    landing.put("brreg_unit", PARENT, status="active", name="FJORDBAKERI AS", organization_form="AS")
    landing.put(
        "brreg_unit",
        CHILD,
        status="active",
        name="LYSNE VERKSTED AS",
        organization_form="BEDR",
        parent_number=PARENT,
        is_subunit=True,
    )
    landing.put("tripletex_customer", 1, name="Fjordbakeri AS", organization_number=PARENT)
    for at, (first, last) in enumerate((("Ingrid", "Haugen"), ("Nils", "Myhre")), 1):
        email = f"{first.lower()}@fjordbakeri.example.no"
        landing.put(
            "tripletex_contact", at, first_name=first, last_name=last, email=email, mobile=None, customer_id=1
        )
    refresh(crm_engine, "first")
    return landing


def _affected(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Affected:
    """What the next refresh writes."""
    seen: list[Affected] = []

    def watched(*arguments: Any, reach: Reach, **options: Any) -> Any:
        seen.append(reach.affected)
        return publish(*arguments, reach=reach, **options)

    with monkeypatch.context() as patch:
        patch.setattr(rebuilding, "publish", watched)
        refresh(engine, "second")
    (affected,) = seen
    return affected


def _card(engine: sa.Engine, entity: str, source: str, source_id: str) -> str:
    link = crm.source_link.c
    with engine.connect() as connection:
        found = sa.select(link[f"{entity}_id"]).where(link.source == source, link.source_id == source_id)
        return str(connection.execute(found).scalar_one())


def test_a_change_of_one_person_leaves_the_colleagues_alone(
    crm_engine: sa.Engine, company: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = _card(crm_engine, "person", "tripletex_contact", "1")
    company.put(
        "tripletex_contact",
        1,
        first_name="Ingrid",
        last_name="Haugen",
        email="ingrid@fjordbakeri.example.no",
        mobile="90000001",
        customer_id=1,
    )
    affected = _affected(crm_engine, monkeypatch)
    assert affected.people == {mine}
    assert affected.links.to_numpy().tolist() == [["tripletex_contact", "1"]]
    assert affected.organizations == set()
    assert affected.moved.empty


def _work_for(company: Landing, phone: str) -> None:
    """Liv Strand signs up again for a company that the register does not know."""
    company.put(
        "course_signup", 1, first_name="Liv", last_name="Strand", phone=phone, company_name="Bre Sag AS",
        activity_id=1,
    )  # fmt: skip


def test_who_acts_for_an_organisation_has_a_claim_on_its_card_where_the_register_is_silent(
    crm_engine: sa.Engine, company: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    _work_for(company, "90000001")
    refresh(crm_engine, "first")
    theirs = _card(crm_engine, "organization", "course_signup", "1")
    _work_for(company, "90000002")
    assert _affected(crm_engine, monkeypatch).organizations == {theirs}


def test_a_unit_that_falls_silent_leaves_its_card_to_those_who_act_for_it(
    crm_engine: sa.Engine, company: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit itself changed, and with it who has a claim."""
    own = _card(crm_engine, "organization", "brreg_unit", PARENT)
    company.put("brreg_unit", PARENT, status="removed")
    affected = _affected(crm_engine, monkeypatch)
    assert own in affected.organizations


def test_only_records_whose_ties_can_have_changed_are_compared(
    crm_engine: sa.Engine, company: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nils writes to support: his contact person is tied to that, Ingrid's to nothing new."""
    company.put(
        "helpscout_customer", 1, first_name="Nils", last_name="Myhre", emails=["nils@fjordbakeri.example.no"]
    )
    affected = _affected(crm_engine, monkeypatch)
    tied = set(map(tuple, affected.tied.to_numpy()))
    assert tied == {("helpscout_customer", "1"), ("tripletex_contact", "2")}
    assert affected.bound == {_card(crm_engine, "person", "tripletex_contact", "2")}


def test_a_guard_that_came_moves_the_cards_of_all_who_hold_the_key(
    crm_engine: sa.Engine, company: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.put(
        "helpscout_customer", 1, first_name="Liv", last_name="Strand", emails=["nils@fjordbakeri.example.no"]
    )
    nils = _card(crm_engine, "person", "tripletex_contact", "2")
    affected = _affected(crm_engine, monkeypatch)
    with crm_engine.connect() as connection:
        came = set(connection.scalars(sa.select(crm.identity_guard.c.key_value)))
    assert came == {"nils@fjordbakeri.example.no"}
    assert nils in affected.people


def test_an_organisation_is_affected_when_the_one_it_belongs_to_is_gone(
    crm_engine: sa.Engine, company: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its record did not change and it is no neighbour by any card, but it is found by a number that went."""
    child = _card(crm_engine, "organization", "brreg_unit", CHILD)
    for source, key in (("tripletex_contact", 1), ("tripletex_contact", 2), ("tripletex_customer", 1)):
        company.remove(source, key)
    company.remove("brreg_unit", PARENT)
    affected = _affected(crm_engine, monkeypatch)
    assert child in affected.organizations
    with crm_engine.connect() as connection:
        parent = sa.select(crm.organization.c.parent_organization_id)
        assert connection.scalars(parent).all() == [None]
