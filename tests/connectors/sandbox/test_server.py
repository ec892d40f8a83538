"""A served sandbox: what clients change lasts, days arrive while it runs, processes share one world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from connectors.sandbox import journal
from connectors.sandbox.server import PREFIXES, Sandbox
from connectors.sandbox.world_file import JOURNAL, SandboxError, advance
from tests.connectors.sandbox.apis import Apis, Record, Time


@pytest.fixture
def again(directory: Path, time: Time) -> Iterator[Apis]:
    """A second process on the same directory."""
    with Sandbox(directory, clock=time) as sandbox, requests.Session() as session:
        yield Apis(sandbox, session)


def journal_of(directory: Path) -> list[Record]:
    path = directory / JOURNAL
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def contact_change(apis: Apis) -> tuple[str, Record]:
    """Path and body of a PUT that renames the first contact person."""
    contact = apis.contacts()[0]
    body = {"id": contact["id"], "version": contact["version"], "firstName": "Endret"}
    return f"/contact/{contact['id']}", body


def test_the_same_directory_serves_the_same_bytes(apis: Apis, again: Apis) -> None:
    def text(of: Apis) -> str:
        return json.dumps(of.everything()).replace(
            of.sandbox.url("brreg").removesuffix(PREFIXES["brreg"]), ""
        )

    assert text(apis) == text(again)


def test_reading_leaves_no_trace(apis: Apis, directory: Path) -> None:
    apis.everything()

    assert journal_of(directory) == []


def test_a_refused_change_leaves_no_trace(apis: Apis, directory: Path) -> None:
    assert apis.helpscout("DELETE", "/v2/customers/1").status_code == 404
    assert apis.tripletex("PUT", "/contact/1", json={"firstName": "Endret"}).status_code == 404

    assert journal_of(directory) == []


def test_no_token_is_kept(apis: Apis, directory: Path) -> None:
    apis.helpscout("DELETE", f"/v2/customers/{apis.support_customers()[0]['id']}")

    (entry,) = journal_of(directory)
    assert entry.keys() == {"system", "day", "at", "method", "path", "query", "content_type", "body"}


def test_an_erasure_lasts(apis: Apis, directory: Path, time: Time) -> None:
    gone = apis.support_customers()[3]["id"]
    assert apis.helpscout("DELETE", f"/v2/customers/{gone}").status_code == 204
    time.now += timedelta(hours=1)

    with Sandbox(directory, clock=time) as sandbox, requests.Session() as session:
        later = Apis(sandbox, session)
        assert later.helpscout("GET", f"/v2/customers/{gone}").status_code == 404
        assert gone not in {row["id"] for row in later.support_customers()}


def test_a_replayed_change_is_the_change_itself(apis: Apis, again: Apis, time: Time) -> None:
    """Ids, versions and times too, though the replay happens later."""
    path, body = contact_change(apis)
    assert apis.tripletex("PUT", path, json=body).status_code == 200
    made = apis.tripletex("POST", "/customer", json={"name": "Nyopprettet AS"}).json()["value"]
    person = {
        "firstName": "Ny",
        "lastName": "Kontakt",
        "emails": [{"type": "work", "value": "ny@example.no"}],
    }
    assert apis.helpscout("POST", "/v2/customers", json=person).status_code == 201
    time.now += timedelta(hours=30)

    def found(of: Apis) -> list[Record]:
        fields = {"fields": "*,changes(*)"}
        return [
            *of.ledger("/contact", **fields),
            of.tripletex("GET", f"/customer/{made['id']}", params=fields).json(),
            *({key: row[key] for key in ("id", "createdAt", "updatedAt")} for row in of.support_customers()),
        ]

    assert found(again) == found(apis)


def test_a_change_and_its_replay_bear_the_same_time(directory: Path) -> None:
    """Also where the clock moves on while the change is made."""

    class Moving(Time):
        def __call__(self) -> datetime:
            self.now += timedelta(seconds=3)
            return self.now

    clock = Moving()
    person = {"firstName": "Ny", "lastName": "Kontakt"}
    shown: list[Record] = []
    for _ in range(2):
        with Sandbox(directory, clock=clock) as sandbox, requests.Session() as session:
            apis = Apis(sandbox, session)
            if not shown:
                assert apis.helpscout("POST", "/v2/customers", json=person).status_code == 201
            newest = max(apis.support_customers(), key=lambda row: int(row["id"]))
            shown.append({key: newest[key] for key in ("id", "firstName", "createdAt", "updatedAt")})

    assert shown[0]["firstName"] == "Ny"
    assert shown[0] == shown[1]


def test_a_change_is_kept_though_its_answer_was_lost(apis: Apis, directory: Path, again: Apis) -> None:
    gone = apis.support_customers()[0]["id"]
    apis.sandbox.faults["helpscout"].reset(method="DELETE", after_commit=True)

    with pytest.raises(requests.ConnectionError):
        apis.helpscout("DELETE", f"/v2/customers/{gone}")
    # Changes are made one after another: when this is answered, the one before is over.
    assert apis.helpscout("DELETE", "/v2/customers/1").status_code == 404

    assert len(journal_of(directory)) == 1
    assert again.helpscout("GET", f"/v2/customers/{gone}").status_code == 404


def test_a_change_that_cannot_be_noted_down_is_not_confirmed(
    apis: Apis, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And has not happened: the client would believe in an erasure that the next start takes back."""
    present = apis.support_customers()[0]["id"]

    def disk_is_full(folder: Path, entry: journal.Entry) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "append", disk_is_full)
        assert apis.helpscout("DELETE", f"/v2/customers/{present}").status_code == 500

    assert apis.helpscout("GET", f"/v2/customers/{present}").status_code == 200


def test_what_failed_before_it_took_effect_is_not_kept(apis: Apis, directory: Path) -> None:
    apis.sandbox.faults["helpscout"].fail(503, method="DELETE")

    answer = apis.helpscout("DELETE", f"/v2/customers/{apis.support_customers()[0]['id']}")

    assert answer.status_code == 503
    assert journal_of(directory) == []


def test_a_line_that_a_killed_process_left_half_written_is_passed_over(
    apis: Apis, directory: Path, time: Time
) -> None:
    first, second = (row["id"] for row in apis.support_customers()[:2])
    apis.helpscout("DELETE", f"/v2/customers/{first}")
    with (directory / JOURNAL).open("a") as file:
        file.write('{"system": "helpscout", "da')

    with Sandbox(directory, clock=time) as sandbox, requests.Session() as session:
        later = Apis(sandbox, session)
        assert later.helpscout("GET", f"/v2/customers/{first}").status_code == 404
        later.helpscout("DELETE", f"/v2/customers/{second}")

    assert len(journal_of(directory)) == 2
    assert {entry["path"] for entry in journal_of(directory)} == {
        f"/v2/customers/{first}",
        f"/v2/customers/{second}",
    }


def test_a_journal_that_cannot_be_read_is_named(apis: Apis, directory: Path) -> None:
    (directory / JOURNAL).write_text("{}\n")

    with pytest.raises(SandboxError, match=JOURNAL), Sandbox(directory):
        pass


def test_what_one_process_changes_the_other_serves(apis: Apis, again: Apis) -> None:
    gone = again.support_customers()[0]["id"]

    apis.helpscout("DELETE", f"/v2/customers/{gone}")

    assert again.helpscout("GET", f"/v2/customers/{gone}").status_code == 404


def test_a_day_arrives_while_the_sandbox_is_served(apis: Apis, directory: Path, time: Time) -> None:
    """And who is signed in stays signed in."""
    before = {row["id"] for row in apis.support_customers()}
    time.now += timedelta(minutes=1)

    advance(directory, clock=time)

    after = {row["id"] for row in apis.support_customers()}
    assert after - before
    assert before - after
    assert apis.tripletex("GET", "/contact").status_code == 200


def test_who_asks_for_changes_gets_what_the_day_brought(apis: Apis, directory: Path, time: Time) -> None:
    """Whatever the clock says between birth and day: also when the day is added at once."""
    last_visit = time.now
    time.now += timedelta(seconds=1)
    advance(directory, clock=time)

    since = last_visit.strftime("%Y-%m-%dT%H:%M:%SZ")
    changed = apis.helpscout("GET", "/v2/customers", params={"modifiedSince": since}).json()
    assert changed["_embedded"]["customers"]
    assert apis.conversations(modifiedSince=since)
    assert apis.signups(updated_after="2026-03-10 13:00:00")


def test_a_change_made_on_a_day_stays_on_that_day(
    apis: Apis, directory: Path, again: Apis, time: Time
) -> None:
    """Days that come after a removal do not bring the removed back, and do not lose their own news."""
    gone = apis.support_customers()[0]["id"]
    apis.helpscout("DELETE", f"/v2/customers/{gone}")
    time.now += timedelta(hours=1)
    advance(directory, clock=time)
    newest = max(row["id"] for row in apis.support_customers())
    apis.helpscout("DELETE", f"/v2/customers/{newest}")
    time.now += timedelta(hours=1)
    advance(directory, clock=time)

    ids = {row["id"] for row in again.support_customers()}
    assert gone not in ids
    assert newest not in ids
    assert max(ids) > newest
    assert again.support_customers() == json.loads(
        json.dumps(apis.support_customers()).replace(
            apis.given["HELPSCOUT_URL"], again.given["HELPSCOUT_URL"]
        )
    )


def test_requests_to_all_four_are_recorded_in_order(apis: Apis) -> None:
    del apis.sandbox.requests[:]

    apis.participants(101)
    apis.unit("312345678")
    apis.tripletex("GET", "/contact")
    apis.helpscout("GET", "/v2/mailboxes")

    assert [(seen.system, seen.path, seen.status) for seen in apis.sandbox.requests] == [
        ("pindena", "/api/v1/activities/101/participants", 200),
        ("brreg", "/enheter/312345678", 404),
        ("tripletex", "/contact", 200),
        ("helpscout", "/v2/mailboxes", 200),
    ]


def test_another_path_is_told_what_there_is(apis: Apis) -> None:
    root = apis.sandbox.url("pindena").removesuffix(PREFIXES["pindena"])
    for path in ("/", "/pindenax", "/tripletex"):
        answer = requests.get(root + path, timeout=10)
        assert answer.status_code == 404
        assert "/tripletex/v2" in answer.text


def test_outside_of_its_block_there_is_no_address(directory: Path) -> None:
    with pytest.raises(RuntimeError, match="enter it first"):
        Sandbox(directory).environment()


def test_a_port_that_is_taken_is_refused(apis: Apis, tmp_path: Path) -> None:
    port = int(apis.sandbox.url("pindena").split(":")[2].split("/")[0])

    with pytest.raises(OSError, match="in use"), Sandbox(tmp_path / "other", port):
        pass
