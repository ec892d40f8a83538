"""A person's decision is tried first, written on request, kept by every run, and undone by withdrawing it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.identity.deciding import Decision, DecisionError, consider, decide
from pipelines.identity.decisions import ContradictionError
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.tables import crm

ONE, TWO, THREE = (("helpscout_customer", str(number)) for number in (1, 2, 3))
SAME = Decision("same", ONE, TWO, reason="rang dem")


@pytest.fixture
def store(crm_engine: sa.Engine) -> sa.Engine:
    """Three support contacts that nothing ties to each other."""
    records = [
        HelpScoutCustomer(id=1, first_name="Sol", last_name="Vik", emails=["sol@example.no"]),
        HelpScoutCustomer(id=2, first_name="Solveig", last_name="Dal", emails=["sd@annet.example.no"]),
        HelpScoutCustomer(id=3, first_name="Jon", last_name="Lie", emails=["jon@example.no"]),
    ]
    lander = Lander(crm_engine, HelpScoutCustomer, run_id="run", suppression=Suppression(b"s" * 32))
    lander.land([Page(records)])
    rebuild(crm_engine, "run")
    return crm_engine


def cards(engine: sa.Engine) -> dict[str, str]:
    """Card by record id."""
    with engine.connect() as connection:
        return dict(
            connection.execute(sa.select(crm.source_link.c.source_id, crm.source_link.c.person_id)).all()
        )


def test_considering_a_decision_tells_what_it_would_do_and_does_nothing(store: sa.Engine) -> None:
    before = cards(store)
    assert list(consider(store, [SAME]).events["event"]) == ["MERGED"]
    assert cards(store) == before


def test_a_decision_merges_two_cards_and_lasts(store: sa.Engine) -> None:
    assert decide(store, [SAME], "run").merged == 1
    assert cards(store)["1"] == cards(store)["2"]
    rebuild(store, "next night")
    assert cards(store)["1"] == cards(store)["2"]


def test_withdrawing_a_decision_parts_the_cards_again_and_one_keeps_the_id(store: sa.Engine) -> None:
    decide(store, [SAME], "run")
    merged = cards(store)["1"]
    with store.connect() as connection:
        number = connection.scalar(sa.select(crm.match_decision.c.decision_id))
    assert number is not None
    assert decide(store, [], "run", withdrawn=[number]).split == 1
    after = cards(store)
    assert after["1"] != after["2"]
    assert merged in (after["1"], after["2"])


def test_decisions_that_contradict_each_other_are_refused_and_not_written(store: sa.Engine) -> None:
    decide(store, [SAME, Decision("same", TWO, THREE)], "run")
    with pytest.raises(ContradictionError):
        decide(store, [Decision("different", ONE, THREE)], "run")
    with store.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(crm.match_decision)) == 2


def test_a_decision_about_a_record_that_is_not_there_is_refused(store: sa.Engine) -> None:
    with pytest.raises(DecisionError, match="course_signup:99"):
        consider(store, [Decision("same", ONE, ("course_signup", "99"))])


@pytest.mark.parametrize(
    "decision",
    [
        Decision("same", ONE),
        Decision("different", None, TWO),
        Decision("not_identifying", ONE, TWO),
        Decision("not_identifying"),
        Decision("same", ONE, TWO, ("email", "sol@example.no")),
    ],
)
def test_an_incomplete_decision_is_refused(store: sa.Engine, decision: Decision) -> None:
    with pytest.raises(DecisionError):
        consider(store, [decision])
