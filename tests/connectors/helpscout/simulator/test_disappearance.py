"""How records vanish: deleted, merged, hidden from the token's user, or not yet in the index."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import MAILBOX, Api
from tests.connectors.served import Time

Add = Callable[[int], None]
LISTS = ("/v2/customers", "/v3/customers")


@pytest.mark.parametrize("path", LISTS)
def test_a_deleted_customer_vanishes_without_a_tombstone(
    api: Api, state: HelpScoutState, add_customers: Add, path: str
) -> None:
    add_customers(3)
    state.add_conversation(20, 2, "Spørsmål", mailbox=MAILBOX)
    state.delete_customer(2)

    assert api.ids(path) == [3, 1]
    assert api.get("/v2/customers/2").status_code == 404
    assert api.get("/v2/conversations/20").status_code == 404
    assert api.ids("/v2/conversations", status="all") == []


def test_a_deleted_inquiry_is_not_found(api: Api, state: HelpScoutState, add_customers: Add) -> None:
    add_customers(1)
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)
    state.delete_conversation(10)

    assert api.get("/v2/conversations/10").status_code == 404
    assert api.get("/v2/customers/1").json()["conversationCount"] == 0


def test_a_merged_customer_leaves_what_it_had_to_the_winner(
    api: Api, state: HelpScoutState, add_customers: Add
) -> None:
    add_customers(2)
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)
    state.merge_customers(1, 2)

    winner = api.get("/v2/customers/2").json()
    assert [entry["value"] for entry in winner["_embedded"]["emails"]] == ["k2@example.no", "k1@example.no"]
    assert winner["conversationCount"] == 1
    assert api.get("/v2/conversations/10").json()["primaryCustomer"]["id"] == 2
    assert api.ids("/v2/customers") == [2]


def test_whether_a_merged_customer_is_moved_or_gone_is_unknown(
    api: Api, state: HelpScoutState, add_customers: Add
) -> None:
    add_customers(2)
    state.merge_customers(1, 2)

    answer = api.get("/v2/customers/1")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{api.url}/v2/customers/2")

    api.simulator.behaviour.merged_customer = "gone"
    assert api.get("/v2/customers/1").status_code == 404


def test_what_the_user_may_not_see_drops_out_of_lists_and_is_forbidden_by_id(
    api: Api, state: HelpScoutState, add_customers: Add
) -> None:
    """Lost rights look like deletions in a list; only the GET by id tells them apart."""
    add_customers(3)
    hidden = {2}

    def hide(table: str, record: Mapping[str, Any]) -> bool:
        return table == "customers" and record["id"] in hidden

    api.simulator.faults.hidden = hide
    for path in LISTS:
        assert api.ids(path) == [3, 1]
    assert api.get("/v2/customers").json()["page"]["totalElements"] == 2
    assert api.get("/v2/customers/2").status_code == 403

    hidden.add(3)
    assert api.ids("/v3/customers") == [1]
    api.simulator.behaviour.forbidden_status = 404
    assert api.get("/v2/customers/2").status_code == 404

    api.simulator.faults.hidden = None
    assert api.ids("/v3/customers") == [3, 2, 1]


def test_an_inbox_that_the_user_may_not_see_drops_out(api: Api, state: HelpScoutState) -> None:
    api.simulator.faults.hidden = lambda table, record: table == "mailboxes"

    assert api.rows("/v2/mailboxes") == []
    assert api.get(f"/v2/mailboxes/{MAILBOX}").status_code == 403


def test_lists_lag_behind_changes_and_a_get_by_id_does_not(
    api: Api, state: HelpScoutState, add_customers: Add, time: Time
) -> None:
    add_customers(2)
    api.simulator.behaviour.index_lag = 90
    time.pass_by(hours=1)
    for path in LISTS:
        assert api.ids(path) == [2, 1]

    state.add_customer(3)
    state.change_customer(1, jobTitle="Daglig leder")
    state.delete_customer(2)

    assert [api.get(f"/v2/customers/{number}").status_code for number in (1, 2, 3)] == [200, 404, 200]
    assert api.get("/v2/customers/1").json()["jobTitle"] == "Daglig leder"
    time.pass_by(seconds=89)
    for path in LISTS:
        rows = api.rows(path)
        assert [row["id"] for row in rows] == [2, 1]
        assert "jobTitle" not in rows[1]

    time.pass_by(seconds=1)
    for path in LISTS:
        rows = api.rows(path)
        assert [row["id"] for row in rows] == [3, 1]
        assert rows[1]["jobTitle"] == "Daglig leder"


def test_a_search_lags_as_lists_do(api: Api, state: HelpScoutState, time: Time) -> None:
    api.simulator.behaviour.index_lag = 3600
    state.add_customer(1, emails=["ny@example.no"])
    assert api.ids("/v2/customers", query='(email:"ny@example.no")') == []

    time.pass_by(hours=1)
    assert api.ids("/v2/customers", query='(email:"ny@example.no")') == [1]


def test_a_late_change_never_overtakes_a_later_one_of_the_same_record(
    api: Api, state: HelpScoutState, time: Time
) -> None:
    """A deletion that is due waits behind a change of the same record that is not: no zombie rows."""
    api.simulator.behaviour.index_lag = 60
    state.add_customer(1)
    time.pass_by(minutes=30)
    state.change_customer(1, jobTitle="Daglig leder", at=time.now)
    state.delete_customer(1, at=time.now.replace(hour=1))
    assert api.ids("/v3/customers") == [1]

    time.pass_by(minutes=1)
    assert api.ids("/v3/customers") == []
    time.pass_by(days=1)
    assert api.ids("/v3/customers") == []
