"""The walk over customers goes from record to record, and ends honestly when it cannot go on."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses

from connectors.errors import PermanentError
from connectors.helpscout.client import HelpScoutClient
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.faults import RecordedRequest
from schemas.policy import load_policy
from tests.connectors.helpscout.client.account import FakeTime, Refusing, add_customers, asked, ids_of

Connect = Callable[..., HelpScoutClient]

URL = "https://helpscout.example.no"


def test_a_full_walk_costs_one_request_for_each_page(
    client: HelpScoutClient, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    add_customers(state, 499)
    assert sorted(ids_of(client.customers())) == sorted(state.customers)
    assert len(asked(simulator, "/v3/customers")) == 10


def test_only_customers_modified_since_are_read_when_asked(
    client: HelpScoutClient, state: HelpScoutState, fake_time: FakeTime
) -> None:
    add_customers(state, 200)
    start = fake_time.moment - timedelta(hours=2)
    due = {number for number, stored in state.customers.items() if stored.modified_at >= start}
    read = set(ids_of(client.customers(start)))
    assert due <= read < set(state.customers)


@pytest.mark.parametrize("seed", range(4))
def test_no_customer_that_was_there_throughout_is_missed(
    client: HelpScoutClient,
    state: HelpScoutState,
    simulator: HelpScoutSimulator,
    fake_time: FakeTime,
    seed: int,
) -> None:
    add_customers(state, 600)
    before, chance = set(state.customers), random.Random(seed)

    def churn(request: RecordedRequest) -> None:
        fake_time.sleep(0.4)
        for _ in range(3):
            state.change_customer(chance.choice(list(state.customers)), lastName="Nordmann")
            state.delete_customer(chance.choice(list(state.customers)))
            state.add_customer(chance.randrange(10**6, 10**9), "Ny", "Kunde")

    simulator.faults.between_requests = churn
    read = ids_of(client.customers())
    assert before & set(state.customers) <= set(read)
    assert len(read) == len(set(read))


def test_an_account_without_the_walk_is_read_by_pages(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, fake_time: FakeTime
) -> None:
    add_customers(state, 220)
    client = connect(Refusing(simulator.app, lambda path, _: path.startswith("/v3"), 404))
    assert sorted(ids_of(client.customers())) == sorted(state.customers)
    assert len(asked(simulator, "/v2/customers")) == 5
    start = fake_time.moment - timedelta(minutes=90)
    due = {number for number, stored in state.customers.items() if stored.modified_at >= start}
    assert set(ids_of(client.customers(start))) >= due


def test_a_walk_whose_cursor_is_refused_starts_anew(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    add_customers(state, 200)
    refusals = iter([False, True])
    client = connect(
        Refusing(simulator.app, lambda _, query: "cursor" in query and next(refusals, False), 400)
    )
    assert set(ids_of(client.customers())) == set(state.customers)


def test_a_walk_that_never_gets_to_its_end_is_an_error(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator
) -> None:
    add_customers(state, 200)
    client = connect(Refusing(simulator.app, lambda _, query: "cursor" in query, 410))
    with pytest.raises(PermanentError, match="cursor is no longer accepted"):
        ids_of(client.customers())


def test_the_fields_of_a_customer_are_read_and_no_others(
    client: HelpScoutClient, state: HelpScoutState, fake_time: FakeTime
) -> None:
    state.add_customer(
        5,
        "Åse",
        "Bakke",
        emails=["ase@bakke.example.no", "ase@bakke.example.no"],
        phones=["+47 22 22 22 22"],
        properties=[{"type": "text", "slug": "orgnr", "value": "310 000 000", "name": "Org.nr"}],
        organization="Bakke AS",
        organizationId=31,
        jobTitle="Regnskapsfører",
        location="Bergen",
        background="Ringer helst etter kl. 12",
    )
    (page,) = client.customers(fake_time.moment)
    (customer,) = page.records
    assert customer.model_dump() == {
        "id": 5,
        "first_name": "Åse",
        "last_name": "Bakke",
        "organization": "Bakke AS",
        "organization_id": 31,
        "organization_number": "310 000 000",
        "emails": ["ase@bakke.example.no"],
        "phones": ["+47 22 22 22 22"],
        "created_at": fake_time.moment,
        "source_changed_at": fake_time.moment,
    }
    assert page.unknown_fields == {}


def test_mailboxes_are_read(client: HelpScoutClient) -> None:
    (page,) = client.mailboxes()
    assert [(record.id, record.name) for record in page.records] == [(7, "Kundestøtte")]


class TestSingleAnswers:
    """What no simulator does: answers of another shape than is published."""

    @pytest.fixture
    def answers(self) -> Any:
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            mock.post(f"{URL}/v2/oauth2/token", json={"access_token": "token", "expires_in": 7200})
            yield mock

    @pytest.fixture
    def client(self, answers: responses.RequestsMock) -> HelpScoutClient:
        return HelpScoutClient.connect(load_policy(), URL, "app", "secret", sleep=lambda _: None)

    def test_only_the_cursor_is_taken_from_a_link(
        self, answers: responses.RequestsMock, client: HelpScoutClient
    ) -> None:
        """A link to another host would carry the token there; `responses` knows no such host."""
        elsewhere = "https://elsewhere.example.no/v9/customers?cursor=abc&email=kari"
        answers.get(
            f"{URL}/v3/customers",
            json={"_embedded": {"customers": [{"id": 1}]}, "_links": {"next": {"href": elsewhere}}},
        )
        answers.get(
            f"{URL}/v3/customers",
            json={"_embedded": {"customers": [{"id": 2}]}, "_links": {}},
            match=[responses.matchers.query_param_matcher({"cursor": "abc"})],
        )
        assert ids_of(client.customers()) == [1, 2]

    @pytest.mark.parametrize("href", ["?cursor=a", "/v3/customers?page=2"])
    def test_a_link_that_leads_nowhere_new_is_an_error(
        self, answers: responses.RequestsMock, client: HelpScoutClient, href: str
    ) -> None:
        answers.get(
            f"{URL}/v3/customers",
            json={"_embedded": {"customers": [{"id": 1}]}, "_links": {"next": {"href": href}}},
        )
        with pytest.raises(PermanentError, match="nowhere new"):
            ids_of(client.customers())

    @pytest.mark.parametrize(
        "body",
        [
            {"_embedded": {"people": [{"id": 1}]}},
            {"_embedded": {"customers": {"id": 1}}},
            {"_embedded": []},
            [],
            "customers",
        ],
    )
    def test_a_list_that_is_not_where_it_was_is_an_error(
        self, answers: responses.RequestsMock, client: HelpScoutClient, body: Any
    ) -> None:
        """Taken for an empty one, it would look as if every customer had been deleted."""
        answers.get(f"{URL}/v3/customers", json=body)
        with pytest.raises(PermanentError, match="has the API changed"):
            ids_of(client.customers())

    @pytest.mark.parametrize("body", [{}, {"_embedded": {}}, {"_embedded": {"customers": []}}])
    def test_an_empty_list_may_be_told_in_several_ways(
        self, answers: responses.RequestsMock, client: HelpScoutClient, body: Any
    ) -> None:
        answers.get(f"{URL}/v3/customers", json=body)
        assert ids_of(client.customers()) == []

    @pytest.mark.parametrize("customers", [[], [{"id": 1}, {"id": 2}]], ids=["empty", "the same"])
    def test_a_walk_that_brings_nothing_new_comes_to_an_end(
        self, answers: responses.RequestsMock, client: HelpScoutClient, customers: list[dict[str, int]]
    ) -> None:
        cursors = itertools.count(1)

        def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
            following = {"next": {"href": f"{URL}/v3/customers?cursor={next(cursors)}"}}
            return 200, {}, json.dumps({"_embedded": {"customers": customers}, "_links": following})

        answers.add_callback(responses.GET, f"{URL}/v3/customers", answer)
        with pytest.raises(PermanentError, match="repeats its pages without end"):
            ids_of(client.customers())

    def test_records_told_of_but_not_sent_are_an_error(
        self, answers: responses.RequestsMock, client: HelpScoutClient
    ) -> None:
        answers.get(
            f"{URL}/v2/conversations", json={"page": {"totalElements": 3, "totalPages": 1, "number": 1}}
        )
        with pytest.raises(PermanentError, match="has the API changed"):
            ids_of(client.conversations(None, None))

    def test_a_list_without_page_numbers_is_followed_by_its_links(
        self, answers: responses.RequestsMock, client: HelpScoutClient
    ) -> None:
        for number in (1, 2):
            links = {"next": {"href": f"{URL}/v2/conversations?page=2"}} if number == 1 else {}
            answers.get(
                f"{URL}/v2/conversations",
                json={"_embedded": {"conversations": [{"id": number}]}, "_links": links},
                match=[responses.matchers.query_param_matcher({"page": str(number)}, strict_match=False)],
            )
        assert set(ids_of(client.conversations(None, None))) == {1, 2}

    def test_a_server_that_repeats_its_page_for_ever_is_an_error(
        self, answers: responses.RequestsMock, client: HelpScoutClient
    ) -> None:
        answers.get(
            f"{URL}/v2/conversations",
            json={
                "_embedded": {"conversations": [{"id": 1}]},
                "_links": {"next": {"href": f"{URL}/v2/conversations?page=2"}},
            },
        )
        with pytest.raises(PermanentError, match="without end"):
            ids_of(client.conversations(None, None))

    def test_a_malformed_record_is_set_aside_and_the_rest_is_read(
        self, answers: responses.RequestsMock, client: HelpScoutClient
    ) -> None:
        answers.get(
            f"{URL}/v3/customers",
            body=(
                '{"_embedded": {"customers": [{"id": 1, "firstName": "Kari"}, {"id": 2, "firstName": NaN},'
                ' {"id": 3, "createdAt": "2026-02-30T10:00:00Z"}, {"id": 4, "_embedded": {"emails": "x"}},'
                ' {"id": '
                + "9"
                * 5000
                + '}, {"firstName": "Ola"}, null, {"id": 5, "lastName": "\\ud800\\u0000N"}'
                "]}}"
            ),
        )
        (page,) = client.customers()
        assert [record.id for record in page.records] == [1, 5]
        assert page.records[1].last_name == "N"
        assert page.received == 8
        assert [rejected.reason for rejected in page.rejected] == [
            "firstName: is not a number",
            "createdAt: is no day or time",
            "_embedded.emails: is not a list",
            "id: is no 64-bit number",
            "id: is missing",
            "the record is not an object",
        ]
