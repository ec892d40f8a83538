"""Pages: numbered ones with links and totals (v2), the cursor (v3), and what moves while one pages."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.faults import RecordedRequest
from tests.connectors.helpscout.simulator.served import MAILBOX, Api
from tests.connectors.served import Time

Add = Callable[[int], None]


def test_a_page_of_customers_has_fifty_rows_and_tells_the_totals(api: Api, add_customers: Add) -> None:
    add_customers(101)

    pages = list(api.walk("/v2/customers"))

    assert [len(page["_embedded"]["customers"]) for page in pages] == [50, 50, 1]
    assert [page["page"] for page in pages] == [
        {"size": 50, "totalElements": 101, "totalPages": 3, "number": number} for number in (1, 2, 3)
    ]


def test_a_page_of_conversations_has_twenty_five_rows(api: Api, state: HelpScoutState) -> None:
    state.add_customer(1)
    for number in range(1, 27):
        state.add_conversation(number, 1, "Spørsmål", mailbox=MAILBOX)

    pages = list(api.walk("/v2/conversations"))

    assert [len(page["_embedded"]["conversations"]) for page in pages] == [25, 1]


def test_the_page_size_is_the_servers_whatever_is_asked_for(api: Api, add_customers: Add) -> None:
    add_customers(60)
    assert len(api.rows("/v2/customers", size=10)) == 50

    api.simulator.behaviour.page_size = 7
    assert len(api.rows("/v2/customers", size=10)) == 7


def test_embedded_is_left_out_of_an_empty_page(api: Api, add_customers: Add) -> None:
    empty = api.get("/v2/customers").json()
    assert "_embedded" not in empty
    assert empty["page"] == {"size": 50, "totalElements": 0, "totalPages": 0, "number": 1}
    assert "next" not in empty["_links"]

    add_customers(3)
    beyond = api.get("/v2/customers", page=9).json()
    assert "_embedded" not in beyond
    assert beyond["page"]["totalElements"] == 3


def test_an_empty_page_may_be_numbered_zero(api: Api) -> None:
    api.simulator.behaviour.number_of_empty_page = 0

    assert api.get("/v2/customers").json()["page"]["number"] == 0


def test_links_carry_the_host_the_mount_point_and_the_filters(api: Api, add_customers: Add) -> None:
    add_customers(120)

    links = api.get("/v2/customers", page=2, firstName="kari", sortField="modifiedAt").json()["_links"]

    assert set(links) == {"first", "last", "next", "page", "previous", "self"}
    following = urlsplit(links["next"]["href"])
    assert f"{following.scheme}://{following.netloc}{following.path}" == f"{api.url}/v2/customers/"
    assert parse_qs(following.query) == {"firstName": ["kari"], "sortField": ["modifiedAt"], "page": ["3"]}
    assert parse_qs(urlsplit(links["previous"]["href"]).query)["page"] == ["1"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5"])
def test_a_page_number_that_is_none_is_refused(api: Api, number: str) -> None:
    assert api.get("/v2/customers", page=number).status_code == 400


@pytest.mark.parametrize("status", [400, 500])
def test_deep_pages_are_refused_when_switched_on(api: Api, add_customers: Add, status: int) -> None:
    add_customers(120)
    assert api.get("/v2/customers", page=3).status_code == 200

    api.simulator.behaviour.deep_page_limit = 100
    api.simulator.behaviour.deep_page_status = status
    assert api.get("/v2/customers", page=2).status_code == 200
    assert api.get("/v2/customers", page=3).status_code == status


def test_the_cursor_walks_newest_first_and_tells_no_totals(api: Api, add_customers: Add) -> None:
    add_customers(120)

    pages = list(api.walk("/v3/customers"))

    ids = [row["id"] for page in pages for row in page["_embedded"]["customers"]]
    assert ids == list(range(120, 0, -1))
    assert all("page" not in page for page in pages)
    assert [sorted(page["_links"]) for page in pages] == [
        ["first", "next", "self"],
        ["first", "next", "self"],
        ["first", "self"],
    ]


def test_the_cursor_list_has_no_next_link_after_a_last_full_page(api: Api, add_customers: Add) -> None:
    add_customers(50)

    assert "next" not in api.get("/v3/customers").json()["_links"]


def test_an_empty_cursor_list_has_neither_rows_nor_a_next_link(api: Api) -> None:
    page = api.get("/v3/customers").json()

    assert "_embedded" not in page
    assert "next" not in page["_links"]


def test_the_id_breaks_ties_of_the_cursors_order(api: Api, state: HelpScoutState, time: Time) -> None:
    for number in range(1, 131):
        state.add_customer(number, at=time.now)

    ids = [row["id"] for page in api.walk("/v3/customers") for row in page["_embedded"]["customers"]]

    assert len(ids) == len(set(ids)) == 130


def test_a_cursor_walk_misses_nobody_while_people_come_and_go(
    api: Api, state: HelpScoutState, add_customers: Add
) -> None:
    add_customers(300)
    steady = {number for number in range(1, 301) if number % 3}
    leaving = iter([number for number in range(300, 0, -1) if number % 3 == 0])
    arriving = iter(range(1001, 2000))

    def edit(request: RecordedRequest) -> None:
        state.delete_customer(next(leaving))
        state.add_customer(next(arriving))
        state.change_customer(1 + (next(arriving) % 2), jobTitle="Daglig leder")

    api.simulator.faults.between_requests = edit
    ids = [row["id"] for page in api.walk("/v3/customers") for row in page["_embedded"]["customers"]]

    assert steady <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_cursor_that_is_none_is_refused(api: Api, add_customers: Add) -> None:
    add_customers(3)

    for cursor in ("nonsense", "e30=", "W10=", "eyJpZCI6MSwiYXQiOjFlMzAwLCJpc3N1ZWQiOjB9"):
        assert api.get("/v3/customers", cursor=cursor).status_code == 400


def test_a_cursor_may_grow_old(api: Api, add_customers: Add, time: Time) -> None:
    add_customers(60)
    api.simulator.behaviour.cursor_lifetime = 300
    following = api.get("/v3/customers").json()["_links"]["next"]["href"]

    time.pass_by(seconds=300)
    assert api.session.get(following, timeout=10).status_code == 200
    time.pass_by(seconds=1)
    assert api.session.get(following, timeout=10).status_code == 400


def test_numbered_pages_skip_a_row_when_an_earlier_one_is_modified(
    api: Api, state: HelpScoutState, add_customers: Add, time: Time
) -> None:
    """The drift of an ascending walk: a row that moves to the end pulls its successors a place forward."""
    add_customers(100)
    order = {"sortField": "modifiedAt", "sortOrder": "asc"}
    first = api.ids("/v2/customers", **order)

    state.change_customer(first[0], jobTitle="Daglig leder", at=time.now)
    second = api.ids("/v2/customers", page=2, **order)

    assert first == list(range(1, 51))
    assert second == [*range(52, 101), 1]


def test_threads_are_paged_newest_first(api: Api, state: HelpScoutState, time: Time) -> None:
    state.add_customer(1, "Kari", "Lie")
    state.add_conversation(7, 1, "Spørsmål", mailbox=MAILBOX, at=time.now)
    for number in range(1, 31):
        state.reply(7, f"svar {number}", at=time.now)

    pages = list(api.walk("/v2/conversations/7/threads"))

    bodies = [thread["body"] for page in pages for thread in page["_embedded"]["threads"]]
    assert [page["page"]["size"] for page in pages] == [25, 25]
    assert bodies == [*(f"svar {number}" for number in range(30, 0, -1)), "Spørsmål"]
