"""Tokens, the rate limit, failures on the way: a read comes through all of them, or says why not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.budget import RequestBudget
from connectors.errors import PermanentError, TransientError, UnauthorizedError
from connectors.fate import Gone, MovedTo, Present
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.client.account import (
    FakeTime,
    Refusing,
    add_conversations,
    add_customers,
    asked,
    ids_of,
)

Connect = Callable[..., HelpScoutClient]

TOKEN = "/v2/oauth2/token"


def test_checking_gets_a_token_and_nothing_else(
    client: HelpScoutClient, simulator: HelpScoutSimulator
) -> None:
    client.check()
    assert [request.path for request in simulator.requests] == [TOKEN]
    assert client.counts == {("POST", TOKEN, 200): 1}


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_secret_is_told_plainly(connect: Connect, simulator: HelpScoutSimulator, status: int) -> None:
    simulator.behaviour.wrong_secret_status = 401 if status == 401 else 400
    client = connect(app_secret="wrong-secret")
    with pytest.raises(UnauthorizedError, match="no token is given for this app id") as caught:
        client.check()
    assert "wrong-secret" not in str(caught.value)


def test_an_app_whose_user_has_left_is_told_plainly(connect: Connect, simulator: HelpScoutSimulator) -> None:
    simulator.behaviour.user_active = False
    with pytest.raises(UnauthorizedError):
        ids_of(connect().customers())


def test_a_token_is_renewed_before_it_expires(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    add_customers(state, 200)
    simulator.behaviour.token_lifetime = 600
    simulator.faults.between_requests = lambda _: fake_time.sleep(200)
    assert len(ids_of(client.customers())) == len(state.customers)
    assert 401 not in {request.status for request in simulator.requests}
    assert len(asked(simulator, TOKEN)) > 1


def test_a_token_that_dies_in_the_middle_is_replaced(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    add_customers(state, 300)
    simulator.behaviour.token_uses = 3
    assert sorted(ids_of(client.customers())) == sorted(state.customers)
    assert client.counts["GET", "/v3/customers", 401] == 2


def test_credentials_that_are_withdrawn_in_the_middle_end_the_read(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    add_customers(state, 200)
    pages = client.customers()
    next(pages)
    simulator.behaviour.user_active = False
    with pytest.raises(UnauthorizedError):
        ids_of(pages)


FAULTS: dict[str, Callable[[Any], None]] = {
    "500": lambda faults: faults.fail(500, path="customers|conversations", after=1, times=3),
    "502 in HTML": lambda faults: faults.fail(502, path="customers|conversations", body="html", after=1),
    "200 in HTML": lambda faults: faults.fail(200, path="customers|conversations", body="html", after=1),
    "200 without a body": lambda faults: faults.fail(200, path="customers|conversations", body="empty"),
    "503 without a body": lambda faults: faults.fail(503, path="customers|conversations", body="empty"),
    "a reset": lambda faults: faults.reset(path="customers|conversations", times=2),
    "a cut body": lambda faults: faults.cut(path="customers|conversations", after=1),
    "half a body": lambda faults: faults.cut(path="customers|conversations", after=1, keep_framing=True),
    "a token call that fails": lambda faults: faults.fail(503, path="oauth2"),
    "a token call that is reset": lambda faults: faults.reset(path="oauth2"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_failure_on_the_way_changes_nothing_in_what_is_read(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fault: Callable[[Any], None],
) -> None:
    add_customers(state, 120)
    add_conversations(state, 90)
    fault(simulator.faults)
    assert sorted(ids_of(client.customers())) == sorted(state.customers)
    assert sorted(ids_of(client.conversations(None, None))) == sorted(state.conversations)
    assert not simulator.faults.planned


def test_a_failure_that_stays_is_told_after_seven_attempts(
    client: HelpScoutClient, simulator: HelpScoutSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.faults.fail(503, path="/v3/customers", times=99)
    with caplog.at_level(logging.DEBUG), pytest.raises(TransientError, match="answered 503"):
        ids_of(client.customers())
    assert client.counts["GET", "/v3/customers", 503] == 7
    assert "?" not in caplog.text  # no query, at any level


@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_the_budget_is_used_whole_and_never_overrun(
    connect: Connect,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    window: Any,
) -> None:
    """At least 95 % of 40 requests a minute, without one 429."""
    add_customers(state, 240)
    simulator.behaviour.cursor_page_size = 1
    simulator.faults.rate_limit, simulator.faults.rate_window = 40, window
    simulator.faults.between_requests = lambda _: fake_time.sleep(0.05)
    client = connect(budget=RequestBudget(200, clock=fake_time.monotonic, sleep=fake_time.sleep))
    began = fake_time.moment
    ids_of(client.customers())
    minutes = (fake_time.moment - began) / timedelta(minutes=1)
    assert client.counts["GET", "/v3/customers", 429] == 0
    assert client.counts["GET", "/v3/customers", 200] == 6 * 40 + 1
    assert 6 / minutes >= 0.95


@pytest.mark.parametrize("header", ["own", "retry-after", "none"])
@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_a_limit_that_others_use_up_is_waited_for(
    connect: Connect,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    header: Any,
    window: Any,
) -> None:
    """The first answer is a 429: somebody else has spent the minute."""
    add_customers(state, 100)
    simulator.faults.rate_limit, simulator.faults.rate_window = 5, window
    simulator.faults.retry_header = header
    other, ours = connect(), connect()
    ids_of(other.customers())
    assert sorted(ids_of(ours.customers())) == sorted(state.customers)
    assert ours.counts["GET", "/v3/customers", 429] <= 3


class TestFates:
    """A record is gone when Help Scout says so itself, and only then."""

    def test_a_record_that_is_there_is_present(self, client: HelpScoutClient, state: HelpScoutState) -> None:
        add_conversations(state, 1)
        assert client.customer_fate(1) == Present()
        assert client.conversation_fate(1001) == Present()

    def test_a_deleted_record_is_gone(self, client: HelpScoutClient, state: HelpScoutState) -> None:
        add_conversations(state, 1)
        state.delete_conversation(1001)
        assert client.conversation_fate(1001) == Gone()
        assert client.customer_fate(999) == Gone()

    def test_a_conversation_in_the_bin_is_gone(self, client: HelpScoutClient, state: HelpScoutState) -> None:
        add_conversations(state, 1)
        state.change_conversation(1001, state="deleted")
        assert client.conversation_fate(1001) == Gone()

    def test_a_merged_record_has_moved(self, client: HelpScoutClient, state: HelpScoutState) -> None:
        add_conversations(state, 2)
        add_customers(state, 2)
        state.merge_conversations(1001, 1002)
        state.merge_customers(2001, 2002)
        assert client.conversation_fate(1001) == MovedTo(1002)
        assert client.customer_fate(2001) == MovedTo(2002)

    def test_a_record_that_is_hidden_is_not_gone(
        self, client: HelpScoutClient, simulator: HelpScoutSimulator
    ) -> None:
        """A token that lost rights sees fewer records; none of them is deleted for that."""
        simulator.faults.hidden = lambda table, record: True
        with pytest.raises(PermanentError) as caught:
            client.customer_fate(1)
        assert caught.value.status == 403

    def test_a_failure_is_not_gone(self, client: HelpScoutClient, simulator: HelpScoutSimulator) -> None:
        simulator.faults.fail(500, path="/v2/customers/1", times=99)
        with pytest.raises(TransientError):
            client.customer_fate(1)

    def test_a_survivor_in_the_answer_is_told_from_the_record(
        self, connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator
    ) -> None:
        """A proxy may follow the redirect of a merge itself."""
        add_customers(state, 1)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            path = scope["path"].replace("/v2/customers/77", "/v2/customers/2001")
            await simulator.app({**scope, "path": path}, receive, send)

        assert connect(app).customer_fate(77) == MovedTo(2001)


class TestDeletion:
    def test_a_customer_is_deleted(self, client: HelpScoutClient, state: HelpScoutState) -> None:
        assert client.delete_customer(1) == "deleted"
        assert 1 not in state.customers

    def test_one_with_many_conversations_is_deleted_in_help_scouts_own_time(
        self, client: HelpScoutClient, state: HelpScoutState
    ) -> None:
        add_conversations(state, 101)
        assert client.delete_customer(1) == "accepted"

    def test_one_that_is_gone_needs_no_deletion(self, client: HelpScoutClient) -> None:
        assert client.delete_customer(404) == "gone"

    def test_one_that_may_not_be_deleted_is_an_error(
        self, connect: Connect, simulator: HelpScoutSimulator, state: HelpScoutState
    ) -> None:
        client = connect(Refusing(simulator.app, lambda path, _: path.startswith("/v2/customers/"), 403))
        with pytest.raises(PermanentError) as caught:
            client.delete_customer(1)
        assert caught.value.status == 403
        assert 1 in state.customers

    def test_a_deletion_whose_answer_is_lost_is_asked_for_again(
        self, client: HelpScoutClient, simulator: HelpScoutSimulator, state: HelpScoutState
    ) -> None:
        simulator.faults.reset(path="/v2/customers/1", method="DELETE", after_commit=True)
        assert client.delete_customer(1) in ("deleted", "gone")
        assert 1 not in state.customers
