"""`make decide`: shows what a decision would do, does it on request, and lists what waits."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.cli.decide import main
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.tables import crm


@pytest.fixture
def store(only_a_store: None, crm_engine: sa.Engine) -> sa.Engine:
    """Two support contacts that nothing ties to each other, in the store that the command opens."""
    land(crm_engine, 1, "Sol", "Vik")
    land(crm_engine, 2, "Solveig", "Dal")
    rebuild(crm_engine, "run")
    return crm_engine


def land(engine: sa.Engine, number: int, first_name: str, last_name: str) -> None:
    customer = HelpScoutCustomer(
        id=number, first_name=first_name, last_name=last_name, emails=[f"{first_name}@example.no".lower()]
    )
    lander = Lander(engine, HelpScoutCustomer, run_id="run", suppression=Suppression(b"s" * 32))
    lander.land([Page([customer])])


def people(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(crm.person)) or 0


SAME = ["same", "helpscout_customer:1", "helpscout_customer:2"]


def test_a_decision_is_shown_first_then_done_then_taken_back(
    store: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(SAME) == 0
    shown = capsys.readouterr().out
    assert "MERGED person" in shown
    assert "Nothing was changed; add --apply to do it." in shown
    assert people(store) == 2

    assert main([*SAME, "--apply", "--reason", "rang dem"]) == 0
    assert "Done: 1 merged" in capsys.readouterr().out
    assert people(store) == 1
    main(["list"])
    number = capsys.readouterr().out.split()[0]

    assert main(["withdraw", number, "--apply"]) == 0
    assert "SPLIT person" in capsys.readouterr().out
    assert people(store) == 2


def test_a_preview_tells_what_the_next_run_would_do_with_what_is_new(
    store: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    land(store, 3, "Jon", "Lie")
    assert main(["preview"]) == 0
    shown = capsys.readouterr().out
    assert "no card would be merged or split" in shown
    assert "1 created, 0 merged, 0 split" in shown
    assert people(store) == 2


def test_a_shared_key_is_told_not_to_identify(store: sa.Engine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["not-identifying", "email", "sol@example.no", "--apply"]) == 0
    main(["list"])
    assert "not_identifying email" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["same", "helpscout_customer:1", "helpscout_customer"], "SOURCE:ID"),
        (["same", "helpscout_customer:1", "course_signup:9"], "There is no record course_signup:9"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    store: sa.Engine, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert main([*arguments, "--apply"]) == 2
    shown = capsys.readouterr().out
    assert "Nothing was done." in shown
    assert told in shown
    assert people(store) == 2


def test_a_decision_that_there_is_not_cannot_be_taken_back(
    store: sa.Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in ([], ["--apply"]):
        assert main(["withdraw", "4711", *more]) == 2
        assert "There is no decision 4711" in capsys.readouterr().out
