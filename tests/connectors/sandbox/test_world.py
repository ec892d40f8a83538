"""The world is a pure function of its file and journal, for any seed and whatever clients removed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sandbox.journal import Entry
from connectors.sandbox.registration_system import accesses, submissions
from connectors.sandbox.stage import Stage
from connectors.sandbox.world import build_world
from connectors.sandbox.world_file import WorldFile

BIRTH = date(2026, 3, 10)
MORNING = datetime(2026, 3, 11, 6, 30, tzinfo=UTC)


def days(count: int) -> tuple[datetime, ...]:
    return tuple(MORNING + timedelta(days=number) for number in range(count))


def print_of(world: Stage) -> str:
    """A digest of every record of the four systems, hidden times included."""
    kept = (
        *(list(world.helpscout.table(name).items()) for name in ("customers", "conversations")),
        list(world.helpscout.threads.items()),
        list(world.tripletex.tables.items()),
        list(world.brreg.units.items()),
        world.brreg.updates,
        list(world.pindena.participants.items()),
    )
    return hashlib.sha256(repr(kept).encode()).hexdigest()


def deletion(customer_id: int, day: int, at: datetime) -> Entry:
    return Entry("helpscout", day, at, "DELETE", f"/v2/customers/{customer_id}", "", "application/json", "")


def test_the_same_file_gives_the_same_world() -> None:
    file = WorldFile(7, BIRTH, days(6))

    assert print_of(build_world(file)) == print_of(build_world(file))


def test_another_process_builds_the_same_world() -> None:
    """The order of sets and hashes, which differs from process to process, must not show."""
    script = (
        "from tests.connectors.sandbox.test_world import *;"
        "print(print_of(build_world(WorldFile(7, BIRTH, days(6)))), end='')"
    )
    root = Path(__file__).resolve().parents[3]
    prints = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert prints == {print_of(build_world(WorldFile(7, BIRTH, days(6))))}


def test_another_seed_gives_another_world() -> None:
    assert print_of(build_world(WorldFile(7, BIRTH))) != print_of(build_world(WorldFile(8, BIRTH)))


def test_a_day_changes_no_earlier_day() -> None:
    """What the world was before is what it is when the last day is taken away again."""
    before = print_of(build_world(WorldFile(7, BIRTH, days(2))))
    build_world(WorldFile(7, BIRTH, days(3)))

    assert print_of(build_world(WorldFile(7, BIRTH, days(2)))) == before


def test_a_later_birth_moves_the_past_along() -> None:
    """Ages stay, dates move: so a world of today has nothing that expired long ago."""
    old, new = (build_world(WorldFile(7, birth)) for birth in (BIRTH, BIRTH + timedelta(days=10)))

    for customer_id, stored in old.helpscout.customers.items():
        moved = new.helpscout.customers[customer_id].created_at.date() - stored.created_at.date()
        assert moved == timedelta(days=10)


def test_nothing_in_a_new_world_lies_in_the_future() -> None:
    file = WorldFile(7, BIRTH)
    world = build_world(file)

    moments = [
        stored.modified_at
        for table in (world.helpscout.customers, world.helpscout.conversations)
        for stored in table.values()
    ]
    moments += [stored.modified_at for table in world.tripletex.tables.values() for stored in table.values()]
    moments += [participant.updated_at for participant in world.pindena.participants.values()]
    moments += [row.occurred_at for row in accesses(file, 0)]
    moments += [row.submitted_at for row in submissions(file, 0)]
    assert max(moments) <= file.born_at


def test_what_a_day_brings_happens_at_its_moment() -> None:
    """Never earlier: who asked for changes a moment before would have missed it for good."""
    file = WorldFile(7, BIRTH, days(5))
    before, after = build_world(WorldFile(7, BIRTH, days(4))), build_world(file)

    new = [
        stored.modified_at
        for name in ("customers", "conversations")
        for key, stored in after.helpscout.table(name).items()
        if stored != before.helpscout.table(name).get(key)
    ]
    new += [
        stored.modified_at
        for name, table in after.tripletex.tables.items()
        for key, stored in table.items()
        if stored != before.tripletex.tables[name].get(key)
    ]
    new += [
        participant.updated_at
        for key, participant in after.pindena.participants.items()
        if participant != before.pindena.participants.get(key)
    ]
    assert new
    assert set(new) == {file.days[-1]}


def test_a_week_brings_every_kind_of_news() -> None:
    before, after = build_world(WorldFile(7, BIRTH)), build_world(WorldFile(7, BIRTH, days(7)))

    was, now = before.helpscout.customers, after.helpscout.customers
    assert now.keys() - was.keys(), "new contacts"
    assert was.keys() - now.keys() - after.helpscout.merged_customers.keys(), "deletions"
    assert len(after.helpscout.merged_customers) == 7, "merges"
    phones = [
        key
        for key in was.keys() & now.keys()
        if was[key].payload["_embedded"] != now[key].payload["_embedded"]
    ]
    assert phones, "edits"
    open_before = [
        key for key, row in before.tripletex.tables["Invoice"].items() if row.values["amountOutstanding"] > 0
    ]
    paid = [
        key for key in open_before if not after.tripletex.tables["Invoice"][key].values["amountOutstanding"]
    ]
    assert paid, "payments"
    recurring = [
        {key for key, row in world.tripletex.tables["Order"].items() if row.values.get("isSubscription")}
        for world in (before, after)
    ]
    assert recurring[1] - recurring[0], "new licences"
    old, new = (world.tripletex.tables["OrderLine"] for world in (before, after))
    counts = [key for key in old if old[key].values["count"] != new[key].values["count"]]
    added = [key for key in new if new[key].values["order"] in recurring[0] and key not in old]
    assert counts or added, "licences that change"
    statuses = {unit.status for key, unit in after.brreg.units.items() if unit != before.brreg.units.get(key)}
    assert statuses == {"active", "deleted", "removed"}, "events in the register"
    assert after.brreg.updates["enhet"][len(before.brreg.updates["enhet"]) :], "a feed that tells of them"
    cancelled = [
        key
        for key, row in after.pindena.participants.items()
        if row.payload["Status"] == "cancelled" and key in before.pindena.participants
    ]
    assert cancelled, "cancellations"
    assert list(accesses(WorldFile(7, BIRTH, days(7)), 7)), "IP addresses"


def test_a_deletion_that_was_only_accepted_is_done_before_the_day_begins() -> None:
    """Else support would merge somebody whose deletion is on its way, and who could then not be deleted."""
    newborn = build_world(WorldFile(7, BIRTH))
    loser = newborn.twins[0]
    at = MORNING - timedelta(hours=2)
    path = f"/v2/customers/{loser}"
    entry = Entry("helpscout", 0, at, "DELETE", path, "async=true", "application/json", "")

    world = build_world(WorldFile(7, BIRTH, days(1)), [entry])

    assert loser not in world.helpscout.customers
    assert loser not in world.helpscout.merged_customers
    assert not world.helpscout.pending_deletions


@st.composite
def histories(draw: st.DrawFn) -> tuple[WorldFile, list[int]]:
    """A world of any seed with some days, and the ranks of the people whom a client removes on the way."""
    count = draw(st.integers(0, 8))
    return (
        WorldFile(draw(st.integers(0, 10_000)), BIRTH, days(count)),
        draw(st.lists(st.integers(0, 60), max_size=6, unique=True)),
    )


@settings(max_examples=8, deadline=None)
@given(histories())
def test_who_was_removed_never_comes_back(history: tuple[WorldFile, Sequence[int]]) -> None:
    """On no day, neither the record nor another one under its id; and the story goes on without them."""
    file, ranks = history
    entries: list[Entry] = []
    removed: set[int] = set()
    for place, rank in enumerate(ranks):
        day = place % (len(file.days) + 1)
        so_far = WorldFile(file.seed, file.birth, file.days[:day])
        entries.sort(key=lambda entry: entry.day)
        present = sorted(
            build_world(so_far, [entry for entry in entries if entry.day <= day]).helpscout.customers
        )
        at = (file.born_at, *file.days)[day] + timedelta(hours=2)
        entries.append(deletion(present[rank % len(present)], day, at))
        removed.add(present[rank % len(present)])
    entries.sort(key=lambda entry: entry.day)

    world = build_world(file, entries)

    assert not removed & world.helpscout.customers.keys()
    assert not [
        number
        for number, stored in world.helpscout.conversations.items()
        if stored.payload["primaryCustomer"]["id"] in removed
    ]
