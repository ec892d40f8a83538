"""`make sync`, a day in the sandbox, `make sync` again: what went away at a source goes from the cards."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from connectors.sandbox import world_file
from connectors.sandbox.world import build_world
from tests.e2e.home import Home, Outcome, Rows


@dataclass(frozen=True)
class Passed:
    """A home before and after the day, and who is at Help Scout on either side of it."""

    outcome: Outcome
    before: Rows
    after: Rows
    customers_before: frozenset[int]
    customers_after: frozenset[int]

    @property
    def gone(self) -> frozenset[int]:
        """Customers that support deleted or merged into another on that day."""
        return self.customers_before - self.customers_after


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> Passed:
    home = Home.make(tmp_path_factory.mktemp("a_day") / "dagster_home")
    first = home.sync()
    assert first.code == 0, first.output
    before, customers_before = home.rows("crm", "landing"), customers_of(home)
    advanced = home.run("-m", "connectors.sandbox", "advance")
    assert advanced.code == 0, advanced.output
    return Passed(home.sync(), before, home.rows("crm", "landing"), customers_before, customers_of(home))


def customers_of(home: Home) -> frozenset[int]:
    """Ids of the customers that are at the simulated Help Scout now."""
    world = build_world(world_file.load_or_create(home.folder / "sandbox"))
    return frozenset(world.helpscout.customers)


def links_to(rows: Rows, customers: frozenset[int]) -> list[dict[str, object]]:
    return [
        row
        for row in rows["crm.source_link"]
        if row["source"] == "helpscout_customer" and int(row["source_id"]) in customers
    ]


def test_a_day_takes_somebody_away_whose_card_there_was(passed: Passed) -> None:
    """Else the other tests would show nothing."""
    assert passed.gone
    assert len(links_to(passed.before, passed.gone)) == len(passed.gone)


def test_the_next_run_says_what_is_new_and_how_many_are_gone(passed: Passed) -> None:
    assert passed.outcome.code == 0, passed.outcome.output
    assert passed.outcome.last_line.startswith("Synced. Next: ")
    [line] = [
        line for line in passed.outcome.output.splitlines() if line.endswith(f"{len(passed.gone)} gone")
    ]
    assert line.split()[0] == "customer"


def test_who_is_gone_at_the_source_is_marked_in_landing_and_nobody_else(passed: Passed) -> None:
    marked = {
        row["id"]
        for row in passed.after["landing.helpscout_customer"]
        if row["deleted_at_source"] is not None
    }
    assert marked == passed.gone


def test_the_card_follows(passed: Passed) -> None:
    """A card of that record alone is no more; one that others share stays without what only it knew."""
    assert links_to(passed.after, passed.gone) == []
    shared = {row["person_id"] for row in passed.after["crm.source_link"]} - {None}
    for link in links_to(passed.before, passed.gone):
        lives = link["person_id"] in shared
        for table in ("crm.person", "crm.person_email", "crm.person_phone"):
            found = [row for row in passed.after[table] if row["person_id"] == link["person_id"]]
            assert lives or not found, table
            assert not [row for row in found if _is_from(row, link)], table
    origins = [
        row
        for row in passed.after["crm.field_origin"]
        for link in links_to(passed.before, passed.gone)
        if _is_from(row, link)
    ]
    assert origins == []


def _is_from(row: dict[str, object], link: dict[str, object]) -> bool:
    return (row.get("source"), row.get("source_id")) == (link["source"], link["source_id"])
