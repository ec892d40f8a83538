"""A pair that waits is shown with what both records say, side by side."""

from __future__ import annotations

import io

import sqlalchemy as sa
from rich.console import Console

from pipelines.cli.decide import show_pairs
from pipelines.identity.comparing import Pair, waiting
from schemas.tables import crm
from tests.pipelines.identity.conftest import Landing

ONE, TWO = ("helpscout_customer", "1"), ("course_signup", "9")


def queue(engine: sa.Engine, *scores: float | None) -> None:
    """Waiting pairs of record 1, 2, … at Help Scout and sign-up 9."""
    rows = [
        {
            "entity": "person",
            "left_source": "course_signup",
            "left_source_id": "9",
            "right_source": "helpscout_customer",
            "right_source_id": str(number),
            "score": score,
            "reason": "samme navn, ulik adresse",
        }
        for number, score in enumerate(scores, start=1)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(crm.match_review), rows)


def pairs(engine: sa.Engine, number: int = 10) -> list[Pair]:
    with engine.connect() as connection:
        return waiting(connection, number)


def test_both_records_are_shown_in_the_fields_that_either_has(
    crm_engine: sa.Engine, landing: Landing
) -> None:
    landing.put("helpscout_customer", 1, first_name="Sol", last_name="Vik", emails=["sol@vik.example.no"])
    landing.put(
        "course_signup", 9, activity_id=4, is_active=True, first_name="Sol", company_name="Vik Bakeri AS"
    )
    queue(crm_engine, 0.7)
    [pair] = pairs(crm_engine)
    assert (pair.left, pair.right, pair.score) == (TWO, ONE, 0.7)
    assert pair.reason == "samme navn, ulik adresse"
    fields = {name: (left, right) for name, left, right in pair.fields}
    assert fields["first_name"] == ("Sol", "Sol")
    assert fields["last_name"] == ("", "Vik")
    assert fields["emails"] == ("", "sol@vik.example.no")
    assert fields["company_name"] == ("Vik Bakeri AS", "")
    assert "phones" not in fields


def test_the_likeliest_come_first_and_no_more_than_asked_for(crm_engine: sa.Engine) -> None:
    queue(crm_engine, 0.2, None, 0.9)
    assert [pair.right[1] for pair in pairs(crm_engine)] == ["3", "1", "2"]
    assert [pair.right[1] for pair in pairs(crm_engine, 1)] == ["3"]


def test_a_record_that_is_gone_is_shown_empty(crm_engine: sa.Engine) -> None:
    queue(crm_engine, 0.5)
    assert list(pairs(crm_engine)[0].fields) == []


def test_what_a_record_says_cannot_steer_the_terminal(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put("helpscout_customer", 1, first_name="\x1b[31mSol", last_name="[bold]Vik[/]", emails=[])
    queue(crm_engine, 0.5)
    screen = io.StringIO()
    show_pairs(Console(file=screen, width=120), pairs(crm_engine))
    assert "\x1b" not in screen.getvalue()
    assert "[bold]Vik[/]" in screen.getvalue()
