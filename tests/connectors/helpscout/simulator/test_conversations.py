"""Inquiries: the object, what a list leaves out, the filters, threads, and merged ones."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from connectors.helpscout.simulator_records import timestamp
from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import AGENT, MAILBOX, Api
from tests.connectors.served import Time


@pytest.fixture
def customers(state: HelpScoutState) -> None:
    state.add_customer(1, "Kari", "Lie", emails=["kari@example.no"])
    state.add_customer(2, "Berit", "Vik", emails=["berit@example.no"])


pytestmark = pytest.mark.usefixtures("customers")


def test_an_open_inquiry_is_closed_by_nobody(api: Api, state: HelpScoutState, time: Time) -> None:
    state.add_conversation(
        8_800_000_001, 1, "Faktura", mailbox=MAILBOX, assignee=AGENT, tags=["faktura"], bodies=["Hei", "Svar"]
    )

    conversation = api.get("/v2/conversations/8800000001").json()

    links = conversation.pop("_links")
    assert conversation == {
        "id": 8_800_000_001,
        "number": 1,
        "threads": 2,
        "type": "email",
        "folderId": 11,
        "status": "active",
        "state": "published",
        "subject": "Faktura",
        "preview": "Svar",
        "mailboxId": MAILBOX,
        "assignee": {
            "id": AGENT,
            "type": "user",
            "first": "Ola",
            "last": "Hansen",
            "email": "ola@selskap.example.no",
        },
        "createdBy": {
            "id": 1,
            "type": "customer",
            "first": "Kari",
            "last": "Lie",
            "email": "kari@example.no",
        },
        "createdAt": timestamp(time.now),
        "closedBy": 0,
        "userUpdatedAt": timestamp(time.now),
        "customerWaitingSince": {"time": timestamp(time.now), "friendly": "just now"},
        "source": {"type": "email", "via": "customer"},
        "tags": [{"id": 9150, "color": "#929499", "tag": "faktura"}],
        "cc": [],
        "bcc": [],
        "primaryCustomer": {
            "id": 1,
            "type": "customer",
            "first": "Kari",
            "last": "Lie",
            "email": "kari@example.no",
        },
        "customFields": [],
        "_embedded": {"threads": []},
    }
    assert links["closedBy"]["href"] == f"{api.url}/v2/users/0"
    assert links["createdByCustomer"] == links["primaryCustomer"] == {"href": f"{api.url}/v2/customers/1"}
    assert links["assignee"]["href"] == f"{api.url}/v2/users/{AGENT}"
    assert links["threads"]["href"] == f"{api.url}/v2/conversations/8800000001/threads/"


def test_no_field_tells_when_an_inquiry_was_modified(api: Api, state: HelpScoutState, time: Time) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX, at=time.now - timedelta(days=9))
    before = api.get("/v2/conversations/10").json()

    state.change_conversation(10, tags=[])
    after = api.get("/v2/conversations/10").json()

    assert before == after
    assert api.ids("/v2/conversations", modifiedSince=timestamp(time.now - timedelta(days=1))) == [10]


def test_a_closed_inquiry_tells_who_closed_it(api: Api, state: HelpScoutState, time: Time) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)
    time.pass_by(hours=1)
    state.close_conversation(10, by=AGENT)

    conversation = api.get("/v2/conversations/10").json()

    assert conversation["closedBy"] == conversation["closedByUser"]["id"] == AGENT
    assert conversation["closedAt"] == conversation["userUpdatedAt"] == timestamp(time.now)
    assert "assignee" not in conversation


def test_the_words_for_the_waiting_time_change_by_themselves(
    api: Api, state: HelpScoutState, time: Time
) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)
    time.pass_by(hours=20)

    assert api.get("/v2/conversations/10").json()["customerWaitingSince"]["friendly"] == "20 hours ago"


@pytest.fixture
def one_of_each(state: HelpScoutState, customers: None) -> dict[str, int]:
    """One inquiry per status."""
    numbers = {"active": 10, "pending": 11, "closed": 12, "spam": 13}
    for status, number in numbers.items():
        state.add_conversation(number, 1, "Spørsmål", mailbox=MAILBOX, status=status)
    return numbers


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [10]),
        ({"status": "active"}, [10]),
        ({"status": "open"}, [10, 11]),
        ({"status": "closed"}, [12]),
        ({"status": "spam"}, [13]),
        ({"status": "all"}, [10, 11, 12, 13]),
    ],
)
@pytest.mark.usefixtures("one_of_each")
def test_without_a_status_only_active_inquiries_are_listed(
    api: Api, query: dict[str, str], expected: list[int]
) -> None:
    assert sorted(api.ids("/v2/conversations", **query)) == expected


@pytest.mark.usefixtures("one_of_each")
def test_whether_all_includes_spam_is_unknown(api: Api) -> None:
    assert 13 in api.ids("/v2/conversations", status="all")

    api.simulator.behaviour.spam_in_all = False
    assert sorted(api.ids("/v2/conversations", status="all")) == [10, 11, 12]


def test_an_unknown_status_is_refused_with_the_known_ones(api: Api) -> None:
    answer = api.get("/v2/conversations", status="Wrong")

    assert answer.status_code == 400
    assert answer.json()["_embedded"]["errors"] == [
        {
            "path": "status",
            "message": "Expected one of these: 'active', 'all', 'closed', 'open', 'pending', 'spam'",
            "source": "QUERY",
            "rejectedValue": "Wrong",
            "_links": {
                "about": {"href": "http://developer.helpscout.net/mailbox-api/overview/errors#EnumValue"}
            },
        }
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"mailbox": "13"}, [10]),
        ({"mailbox": "13,14"}, [10, 11]),
        ({"tag": "rød"}, [10]),
        ({"tag": "rød,blå"}, [10, 11]),
        ({"assigned_to": "99"}, [10]),
        ({"assigned_to": "-1"}, [11]),
        ({"number": "11"}, [11]),
        ({"folder": "12"}, [11]),
        ({"customFieldsByIds": "6688:33077"}, [11]),
        ({"customFieldsByIds": "6688:33077,6689:1"}, []),
        ({"query": '(subject:"kid")'}, [10]),
        ({"query": '(body:"VARM")'}, [11]),
        ({"query": '(email:"kari")'}, [10]),
        ({"query": '(email:"regnskap@")'}, [11]),
        ({"query": "(customerIds:2)"}, [11]),
        ({"query": '(tag:"blå")'}, [11]),
        ({"query": '(assigned:"Unassigned")'}, [11]),
        ({"query": '(NOT email:"berit")'}, [10]),
        ({"query": "(modifiedAt:[2026-03-10T12:00:00Z TO *])"}, [11]),
        ({"query": "(createdAt:[* TO 2026-03-10T11:59:59Z])"}, [10]),
    ],
)
def test_filters_and_searches(
    api: Api, state: HelpScoutState, time: Time, query: dict[str, str], expected: list[int]
) -> None:
    state.add_conversation(
        10,
        1,
        "Mangler KID",
        mailbox=MAILBOX,
        assignee=AGENT,
        tags=["rød"],
        at=time.now - timedelta(minutes=1),
    )
    state.add_conversation(
        11,
        2,
        "Ovn",
        mailbox=14,
        tags=["blå"],
        bodies=["Den er ikke varm"],
        cc=["regnskap@example.no"],
        folderId=12,
        customFields=[{"id": 6688, "name": "Kontotype", "value": "33077", "text": "Prøve"}],
    )

    assert sorted(api.ids("/v2/conversations", **query)) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("createdAt", [10, 11]),
        ("modifiedAt", [11, 10]),
        ("customerEmail", [11, 10]),
        ("customerName", [11, 10]),
        ("mailboxid", [10, 11]),
        ("number", [10, 11]),
        ("status", [10, 11]),
        ("subject", [11, 10]),
        ("waitingSince", [10, 11]),
    ],
)
def test_orders(api: Api, state: HelpScoutState, time: Time, field: str, expected: list[int]) -> None:
    earlier = time.now - timedelta(hours=1)
    state.add_conversation(10, 1, "b", mailbox=MAILBOX, status="closed", at=earlier, closed_at=time.now)
    state.add_conversation(11, 2, "a", mailbox=14, status="pending", at=earlier + timedelta(minutes=1))

    assert api.ids("/v2/conversations", status="all", sortField=field, sortOrder="asc") == expected
    assert api.ids("/v2/conversations", status="all", sortField=field) == expected[::-1]


def test_embedded_threads_are_the_first_page_only_and_a_chat_is_cut(api: Api, state: HelpScoutState) -> None:
    state.add_conversation(10, 1, "E-post", mailbox=MAILBOX, bodies=[f"{n}" for n in range(30)])
    state.add_conversation(11, 1, "Prat", mailbox=MAILBOX, kind="chat", bodies=["hei", "hallo", "ha det"])

    rows = {row["id"]: row for row in api.rows("/v2/conversations", embed="threads")}

    assert [len(rows[number]["_embedded"]["threads"]) for number in (10, 11)] == [25, 1]
    assert [rows[number]["threads"] for number in (10, 11)] == [30, 3]
    assert len(api.rows("/v2/conversations/11/threads")) == 3
    assert rows.keys() == {10, 11}
    assert all(row["_embedded"]["threads"] == [] for row in api.rows("/v2/conversations"))


def test_a_thread_names_its_author_and_has_no_time_of_change(api: Api, state: HelpScoutState) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)
    attachment = {"id": 1, "filename": "faktura.pdf", "mimeType": "application/pdf", "state": "valid"}
    state.reply(10, "Vedlagt", by=AGENT, _embedded={"attachments": [attachment]})

    reply, question = api.rows("/v2/conversations/10/threads")

    assert (question["type"], question["createdBy"]["type"]) == ("customer", "customer")
    assert question["_links"]["createdByCustomer"]["href"] == f"{api.url}/v2/customers/1"
    assert (reply["type"], reply["createdBy"]["type"]) == ("message", "user")
    assert reply["_links"]["createdByUser"]["href"] == f"{api.url}/v2/users/{AGENT}"
    assert reply["_embedded"]["attachments"] == [attachment]
    assert not {"updatedAt", "modifiedAt"} & set(reply)
    assert api.get("/v2/conversations/10").json()["threads"] == 2


def test_only_version_three_tells_that_an_agent_is_no_human(api: Api, state: HelpScoutState) -> None:
    state.add_user(5, "Svarhjelper", "", "ai@selskap.example.no", type="system_user")
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX, assignee=5)
    state.reply(10, "Svar", by=5)

    kinds = {
        version: (
            api.get(f"/{version}/conversations/10").json()["assignee"]["type"],
            api.rows(f"/{version}/conversations/10/threads")[0]["createdBy"]["type"],
        )
        for version in ("v2", "v3")
    }

    assert kinds == {"v2": ("user", "user"), "v3": ("system_user", "system_user")}


def test_a_merged_inquiry_points_to_its_survivor_for_sixty_days_and_is_then_gone(
    api: Api, state: HelpScoutState, time: Time
) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX, bodies=["hei"])
    state.add_conversation(11, 1, "Samme", mailbox=MAILBOX, bodies=["hei igjen", "hallo?"])
    state.merge_conversations(11, 10)

    assert api.ids("/v2/conversations", status="all") == [10]
    assert api.get("/v2/conversations/10").json()["threads"] == 3
    assert api.get("/v2/customers/1").json()["conversationCount"] == 1

    time.pass_by(days=60)
    api.log_in()
    answer = api.get("/v2/conversations/11")
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{api.url}/v2/conversations/10"
    assert api.session.get(answer.url, timeout=10).json()["id"] == 10

    time.pass_by(seconds=1)
    assert api.get("/v2/conversations/11").status_code == 404


@pytest.mark.parametrize(
    "path", ["/v2/conversations/7", "/v2/conversations/7/threads", "/v3/conversations/7"]
)
def test_an_inquiry_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404


def test_a_malformed_inquiry_is_served_as_it_is(
    api: Api, state: HelpScoutState, put_malformed: Callable[..., None]
) -> None:
    put_malformed(tags="rød", primaryCustomer=None, customerWaitingSince="lenge", assignee=7)

    (row,) = api.rows("/v2/conversations", status="all")

    assert (row["tags"], row["primaryCustomer"], row["customerWaitingSince"]) == ("rød", None, "lenge")
    assert "primaryCustomer" not in row["_links"]
    for query in (
        {"tag": "rød"},
        {"assigned_to": "7"},
        {"query": '(email:"kari")'},
        {"sortField": "waitingSince"},
    ):
        assert api.get("/v2/conversations", status="all", **query).status_code == 200


@pytest.fixture
def put_malformed(state: HelpScoutState) -> Callable[..., None]:
    """Adds one inquiry whose fields hold what they should not."""

    def put(**fields: Any) -> None:
        state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)
        state.put_fields("conversations", 10, **fields)

    return put
