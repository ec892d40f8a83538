"""`make sync` as a newcomer meets it: processes, an embedded database, the sandbox, and no other machine."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import dagster as dg
import pytest

from connectors.sandbox import stage, world_file
from connectors.sandbox.server import Sandbox
from connectors.sandbox.world import build_world
from schemas.tables import all_tables
from tests.e2e.home import Home, Outcome, Rows, without

SOURCES = "customer conversation mailbox contact invoice subscription unit signup form".split()
KILLS = 2
"""So many runs are killed one after the other before one is let through."""


@dataclass(frozen=True)
class Synced:
    """A home after two undisturbed runs, with what was seen after each."""

    home: Home
    first: Outcome
    second: Outcome
    store_after_first: Rows
    store_after_second: Rows


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Synced:
    """What everybody gets who clones the project and types `make sync` twice."""
    home = Home.make(tmp_path_factory.mktemp("synced") / "dagster_home")
    first = home.sync()
    after_first = home.rows("crm", "landing")
    second = home.sync()
    return Synced(home, first, second, after_first, home.rows("crm", "landing"))


def test_the_first_run_succeeds_and_says_that_it_uses_the_sandbox(synced: Synced) -> None:
    assert synced.first.code == 0, synced.first.output
    assert "No source is configured, so this runs against the sandbox" in synced.first.output
    assert synced.first.last_line.startswith("Synced. Next: ")


@pytest.mark.parametrize("clause", ["S1", "S2", "S4", "S6"])
def test_the_summary_has_a_heading_for_every_clause_that_something_is_read_under(
    synced: Synced, clause: str
) -> None:
    assert re.search(rf"^\S.* \(.*\b{clause}\b.*\)$", synced.first.output, re.MULTILINE)


def test_the_summary_tells_what_became_of_every_record_of_every_source(synced: Synced) -> None:
    landed = synced.store_after_first
    lines = [
        line for line in synced.first.output.splitlines() if re.match(rf"  ({'|'.join(SOURCES)}) +\d", line)
    ]
    # Help Scout and Tripletex have customers both.
    assert [line.split()[0] for line in lines] == [*SOURCES[:3], "customer", *SOURCES[3:]]
    for line in lines:
        _, _, received, stored, unchanged, suppressed, rejected, requests, *_ = line.split()
        assert int(received) == int(stored) + int(unchanged) + int(suppressed) + int(rejected)
        assert int(stored) > 0
        assert int(requests) > 0
    stored_rows = sum(int(line.split()[3]) for line in lines)
    entities = "helpscout_customer helpscout_conversation helpscout_mailbox tripletex_customer".split()
    entities += "tripletex_contact tripletex_invoice tripletex_subscription brreg_unit".split()
    entities += "course_signup order_form".split()
    assert stored_rows == sum(len(landed[f"landing.{entity}"]) for entity in entities)


def test_every_source_has_its_rows_on_the_cards(synced: Synced) -> None:
    links = {row["source"] for row in synced.store_after_first["crm.source_link"]}
    assert links == {
        "helpscout_customer",
        "tripletex_customer",
        "tripletex_contact",
        "course_signup",
        "order_form",
        "brreg_unit",
    }
    facts = ("inquiry", "course_signup", "application", "invoice", "subscription")
    for table in ("person", "organization", *facts):
        assert synced.store_after_first[f"crm.{table}"], table


def test_the_summary_tells_of_cards_privacy_and_where_to_look(synced: Synced) -> None:
    output = synced.first.output
    people, organizations = (
        len(synced.store_after_first[f"crm.{name}"]) for name in ("person", "organization")
    )
    assert f"Cards  {organizations:,} organisations, {people:,} people" in output
    assert re.search(r"\d+  person records joined by ", output)
    assert "wait for a person's decision (crm.match_review)" in output
    assert re.search(r"retention user-ip-addresses: \d+ rows removed, \d+ whole days dropped", output)
    assert "no submission on a card" in output
    assert "embedded PostgreSQL" in output


def test_progress_is_shown_step_by_step(synced: Synced) -> None:
    done = [
        (int(place), int(of))
        for place, of in re.findall(r"^  ✓ +(\d+)/(\d+) ", synced.first.output, re.MULTILINE)
    ]
    assert done == [(number, len(done)) for number in range(1, len(done) + 1)]
    assert len(done) > 10


def test_a_second_run_says_that_nothing_changed_and_asks_little(synced: Synced) -> None:
    assert synced.second.code == 0, synced.second.output
    assert synced.second.last_line.startswith("Synced: nothing changed. Next: ")
    requests = [_requests(outcome) for outcome in (synced.first, synced.second)]
    assert requests[1] < requests[0]
    # A page or two per source, sessions and tokens, and the two feeds of the register.
    assert requests[1] <= 30


def test_a_second_run_leaves_the_same_store_row_for_row(synced: Synced) -> None:
    """Only the notes of what a run read are new."""
    notes = {"landing.load", "landing.cursor", "landing.activity", "crm.identity_state", "crm.match_pending"}
    per_run = ("run_id", "seen_at")
    before, after = (
        without({table: rows for table, rows in store.items() if table not in notes}, *per_run)
        for store in (synced.store_after_first, synced.store_after_second)
    )
    assert {table for table in before if before[table] != after[table]} == set()
    assert before.keys() == after.keys()


def test_the_runs_are_kept_for_the_ui(synced: Synced) -> None:
    assert statuses(synced.home) == ["SUCCESS", "SUCCESS"]


def statuses(home: Home) -> list[str]:
    """How the runs of a home have ended, the newest first."""
    with dg.DagsterInstance.from_config(str(home.folder)) as instance:
        return [run.status.value for run in instance.get_runs()]


def test_no_run_leaves_this_machine(synced: Synced, resumed: Resumed, alone: Alone) -> None:
    for home in (synced.home, resumed.home, alone.home):
        assert not home.calls_outside.exists(), home.calls_outside.read_text()


@dataclass(frozen=True)
class Resumed:
    """A home whose first runs were killed, after the run that came to its end."""

    home: Home
    kills: list[str]
    last: Outcome
    sandbox: Sandbox


@pytest.fixture(scope="module")
def resumed(synced: Synced, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resumed]:
    """The same world as `synced`, served by the test, and a store that was built in spite of SIGKILL."""
    folder = tmp_path_factory.mktemp("resumed")
    shutil.copytree(synced.home.folder / "sandbox", folder / "world")
    with Sandbox(folder / "world") as sandbox:
        home = Home.make(folder / "dagster_home", sandbox.environment())
        # What the suppression ledger and the audit hash is keyed, and here to be compared.
        shutil.copy(synced.home.folder / "privacy_secret", home.folder)
        kills = [_killed_at_random(home) for _ in range(KILLS)]
        yield Resumed(home, kills, home.sync(), sandbox)


def _killed_at_random(home: Home) -> str:
    """Start a run and end it with SIGKILL, somewhere from its start to its last steps; says where."""
    steps, seconds = random.randrange(0, 13), random.uniform(0, 1.5)
    process = home.start(["-m", "pipelines.cli.sync"])
    assert process.stdout is not None
    done = 0
    while done < steps and (line := process.stdout.readline()):
        done += line.startswith("  ✓")
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
    process.stdout.close()
    return f"{seconds:.2f} s after {steps} steps"


def test_after_killed_runs_the_next_one_ends_in_the_store_of_an_undisturbed_run(
    synced: Synced, resumed: Resumed
) -> None:
    where = f"killed {' and '.join(resumed.kills)}"
    assert resumed.last.code == 0, f"{where}\n{resumed.last.output}"
    own = {"landing.load", "landing.cursor", "landing.activity", "landing.world"}
    own |= {"crm.identity_event", "crm.identity_state", "crm.match_pending"}
    # When a run met something, and which run.
    times = "first_seen_at last_changed_at created_at updated_at occurred_at seen_at looked_up_at".split()
    times += "received_at status_since changed_at run_id".split()
    expected, found = (
        without({table: rows for table, rows in store.items() if table not in own}, *times)
        for store in (synced.store_after_first, resumed.home.rows("crm", "landing"))
    )
    assert {table for table in expected if expected[table] != found[table]} == set(), where


def test_killed_runs_are_marked_as_cancelled_by_the_next_one(resumed: Resumed) -> None:
    """Else Dagster would keep the pools of their sources for ever."""
    newest, *killed = statuses(resumed.home)
    assert newest == "SUCCESS"
    assert set(killed) <= {"CANCELED", "SUCCESS"}, resumed.kills


def test_the_cards_that_killed_runs_made_are_told_once_each(synced: Synced, resumed: Resumed) -> None:
    told = [
        sorted((row["event"], str(row["entity_id"])) for row in store["crm.identity_event"])
        for store in (synced.store_after_first, resumed.home.rows("crm"))
    ]
    assert told[0] == told[1]


def test_nobody_asked_for_the_participants_of_another_customers_event(resumed: Resumed) -> None:
    asked = {
        int(found[1])
        for request in resumed.sandbox.requests
        if (found := re.search(r"/activities/(\d+)", request.path))
    }
    assert asked == {*stage.COURSES, *stage.ORDERS}


def test_every_request_reads_or_signs_in(resumed: Resumed) -> None:
    """A nightly run changes nothing at its sources."""
    others = {
        (request.method, request.path)
        for request in resumed.sandbox.requests
        if request.method not in ("GET", "HEAD")
        and not re.search(r"oauth2/token|token/session", request.path)
    }
    assert others == set()


@dataclass(frozen=True)
class Alone:
    """A home in which Help Scout alone is configured, after one run."""

    home: Home
    outcome: Outcome
    sandbox: Sandbox


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alone]:
    folder = tmp_path_factory.mktemp("alone")
    with Sandbox(folder / "world") as sandbox:
        everything = sandbox.environment()
        helpscout = {name: everything[name] for name in everything if name.startswith("HELPSCOUT_")}
        home = Home.make(folder / "dagster_home", helpscout | {"BRREG_URL": everything["BRREG_URL"]})
        yield Alone(home, home.sync(), sandbox)


def test_a_source_that_is_configured_runs_and_the_others_are_said_not_to_be(alone: Alone) -> None:
    output = alone.outcome.output
    assert alone.outcome.code == 0, output
    assert "sandbox" not in output
    assert re.search(r"^Tripletex .*not configured$", output, re.MULTILINE)
    assert re.search(r"^Registration system .*not configured$", output, re.MULTILINE)
    assert not re.search(r"^Help Scout .*not configured$", output, re.MULTILINE)
    assert alone.outcome.numbers("conversation")[2] > 0
    assert {request.system for request in alone.sandbox.requests} <= {"helpscout", "brreg"}


def test_a_backfill_from_the_command_line_reads_its_days_and_leaves_the_nightly_cursor_alone(
    resumed: Resumed,
) -> None:
    """Of the whole pipeline, over three days of the past."""
    born = world_file.load_or_create(resumed.sandbox.directory).birth
    first, last = (born.replace(day=1).isoformat(), born.replace(day=3).isoformat())
    before = resumed.home.rows("crm", "landing")
    asked = len(resumed.sandbox.requests)
    tags = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    job = ["job", "execute", "-m", "pipelines.definitions", "-j", "nightly", "--tags", json.dumps(tags)]
    done = resumed.home.run("-m", "dagster", *job)
    assert done.code == 0, done.output
    assert statuses(resumed.home)[0] == "SUCCESS"
    after = resumed.home.rows("crm", "landing")
    assert len(resumed.sandbox.requests) > asked
    windowed = {
        "helpscout_customer",
        "helpscout_conversation",
        "tripletex_invoice",
        "course_signup",
        "order_form",
    }
    cursors = [
        {row["source"]: row["read_until"] for row in store["landing.cursor"] if row["source"] in windowed}
        for store in (before, after)
    ]
    assert cursors[0] == cursors[1]
    assert cursors[0].keys() == windowed
    known = {row["load_id"] for row in before["landing.load"]}
    loads = [
        row for row in after["landing.load"] if row["load_id"] not in known and row["source"] in windowed
    ]
    assert {(row["source"], row["kind"]) for row in loads} == {(source, "backfill") for source in windowed}
    unchanged = ("crm.person", "crm.organization", "crm.source_link", "landing.helpscout_customer")
    assert [table for table in unchanged if before[table] != after[table]] == []


def test_the_projects_own_backfill_says_what_it_will_cost_and_runs(alone: Alone) -> None:
    done = alone.home.run(
        *("-m", "pipelines.cli.backfill", "--from", "2026-03-28", "--to", "2026-03-30", "--yes")
    )
    assert done.code == 0, done.output
    assert "Backfill of 3 days will take at least" in done.output
    assert done.last_line.startswith("Synced")
    windowed = {"helpscout_customer", "helpscout_conversation"}
    loads = [
        row
        for row in alone.home.rows("landing")["landing.load"]
        if row["kind"] == "backfill" and row["source"] in windowed
    ]
    assert {row["source"] for row in loads} == windowed
    # Three days of which one has 23 hours.
    assert {(row["window_end"] - row["window_start"]).total_seconds() / 3600 for row in loads} == {71}


def test_nothing_personal_and_no_secret_is_kept_outside_of_the_database(
    synced: Synced, resumed: Resumed
) -> None:
    """Every byte of the two homes: Dagster's event log, its schedules, logs, whatever a run has left."""
    values = _personal_values(synced) | _secrets(synced.home)
    assert len(values) > 500
    for home in (synced.home, resumed.home):
        read = {path: path.read_bytes() for path in home.files() if path.name != "privacy_secret"}
        assert any(path.suffix == ".db" for path in read)
        found = {
            (str(path.relative_to(home.folder)), value[:3] + "…")
            for path, content in read.items()
            for value in values
            if value.encode() in content or json.dumps(value)[1:-1].encode() in content
        }
        assert found == set()


def test_nothing_personal_and_no_secret_is_printed(synced: Synced, resumed: Resumed, alone: Alone) -> None:
    values = _personal_values(synced) | _secrets(synced.home)
    for outcome in (synced.first, synced.second, resumed.last, alone.outcome):
        assert [value for value in values if value in outcome.output] == []


def _personal_values(synced: Synced) -> set[str]:
    """Names, addresses and numbers of everybody in the store, and in the world outside of it."""
    categories = {"user.name", "user.contact.email", "user.contact.phone_number"}
    found: set[str] = set()
    for table in all_tables():
        columns = [column.name for column in table.columns if column.info["category"] in categories]
        for row in synced.store_after_first.get(f"{table.schema}.{table.name}", []):
            for name in columns:
                value = row[name]
                found.update([value] if isinstance(value, str) else value or [])
    world = build_world(world_file.load_or_create(synced.home.folder / "sandbox"))
    for participant in world.pindena.participants.values():
        person = participant.payload
        found.add(f"{person['FirstName']} {person['LastName']}")
        found.update(str(person[name]) for name in ("Email", "Mobile") if person.get(name))
    # The record of processing names the customers that data is processed for.
    store = synced.store_after_first
    companies = [row for row in store["crm.organization"] if not row["is_personal"]]
    companies += [row for row in store["landing.tripletex_customer"] if not row["is_private_individual"]]
    names = {row["name"].casefold() for row in companies}
    found = {value for value in found if value.casefold() not in names}
    # A first name alone or a short code is also a word of other texts.
    return {value for value in found if len(value) > 8 and re.search(r"[@ ]|\d{8}", value)}


def _secrets(home: Home) -> set[str]:
    return {
        stage.HELPSCOUT_APP_SECRET,
        stage.TRIPLETEX_CONSUMER_TOKEN,
        stage.TRIPLETEX_EMPLOYEE_TOKEN,
        stage.PINDENA_PASSWORD,
        (home.folder / "privacy_secret").read_text(),
    }


def _requests(outcome: Outcome) -> int:
    """The sum of the summary's last column."""
    lines = re.findall(rf"^  (?:{'|'.join(SOURCES)}) .*$", outcome.output, re.MULTILINE)
    return sum(int(line.split()[7]) for line in lines)
