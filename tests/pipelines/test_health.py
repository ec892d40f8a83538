"""The page of state: one line per source, and the days that no night has read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipelines.health import SYSTEM_NAMES, Health, page, read_health
from schemas.payloads.base import SYSTEMS
from schemas.tables import crm, landing

NOW = datetime(2026, 5, 4, 2, tzinfo=UTC)


def load(source: str, finished_at: datetime, unknown_fields: int = 0) -> dict[str, Any]:
    numbers = "requests told received rejected repeated stored unchanged suppressed deleted".split()
    return {
        "source": source,
        "run_id": "run",
        "kind": "nightly",
        "started_at": finished_at,
        "finished_at": finished_at,
        "unknown_fields": unknown_fields,
        **dict.fromkeys(numbers, 0),
        **{column.name: [] for column in landing.load.columns if isinstance(column.type, sa.ARRAY)},
    }


def test_each_source_is_told_with_its_last_read_and_what_is_set_aside(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        connection.execute(
            sa.insert(landing.load),
            [
                load("course_signup", NOW - timedelta(days=1), unknown_fields=9),
                load("course_signup", NOW),
                load("order_form", NOW, unknown_fields=2),
            ],
        )
        connection.execute(
            sa.insert(landing.rejected),
            [
                {"source": "course_signup", "source_id": key, "reason": "id: is missing", "run_id": "run"}
                for key in "ab"
            ],
        )
        state = read_health(connection)
    assert state.sources == [("course_signup", NOW, 2, 0), ("order_form", NOW, 0, 2)]
    assert (state.people, state.organizations, state.reviews) == (0, 0, 0)


def test_the_page_says_how_long_ago_a_source_was_read() -> None:
    state = Health(
        [("order_form", NOW - timedelta(hours=30), 1, 0)], people=1_200, organizations=7, reviews=3
    )
    text = page(state, NOW)
    assert "| order_form | 30 | 1 | 0 |" in text
    assert "**1,200** people" in text


def test_requests_are_held_against_the_fewest_that_were_needed(crm_engine: sa.Engine) -> None:
    """A page of Help Scout's conversations has 25 of them; the registration system knows no pages."""
    reads = {"helpscout_conversation": (4, 51), "tripletex_invoice": (1, 0), "course_signup": (2, 900)}
    with crm_engine.begin() as connection:
        for source, (requests, received) in reads.items():
            row = load(source, NOW) | {"requests": requests, "received": received}
            connection.execute(sa.insert(landing.load), [row])
        assert read_health(connection).requests == {
            "helpscout_conversation": (4, 3),
            "tripletex_invoice": (1, 1),
            "course_signup": (2, 0),
        }


def test_a_card_is_counted_once_under_all_systems_that_meet_on_it(crm_engine: sa.Engine) -> None:
    """Two entities of the same system are one system; an organisation's card counts for organisations."""
    cards = {
        1: ["helpscout_customer", "helpscout_customer", "course_signup"],
        2: ["order_form", "course_signup"],
        3: ["helpscout_customer", "order_form"],
    }
    with crm_engine.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.execute(
            sa.insert(crm.source_link),
            [
                {
                    "source": source,
                    "source_id": f"{card} {number}",
                    "person_id": f"00000000-0000-0000-0000-00000000000{card}",
                    "organization_id": None if card == 3 else "00000000-0000-0000-0000-000000000009",
                }
                for card, sources in cards.items()
                for number, source in enumerate(sources)
            ],
        )
        overlaps = read_health(connection).overlaps
    assert overlaps["person"] == {("Help Scout", "Pindena"): 2, ("Pindena",): 1}
    assert overlaps["organization"] == {("Help Scout", "Pindena"): 1}


def test_every_system_has_a_name() -> None:
    assert set(SYSTEM_NAMES) == set(SYSTEMS)
