"""What a client may change: people and their entries, deletions, companies."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests

from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.simulator.served import MAILBOX, Api
from tests.connectors.served import Time


@pytest.fixture
def kari(state: HelpScoutState) -> int:
    """A customer with everything filled in."""
    state.add_customer(
        1,
        "Kari",
        "Lie",
        emails=["kari@example.no"],
        phones=["59 44 00 01"],
        jobTitle="Daglig leder",
        background="Ringer helst etter tolv",
    )
    return 1


def _problems(answer: requests.Response) -> list[str]:
    assert answer.status_code == 400
    return [problem["path"] for problem in answer.json()["_embedded"]["errors"]]


def test_a_new_customer_is_named_in_the_headers(api: Api, kari: int) -> None:
    answer = api.send(
        "POST",
        "/v2/customers",
        json={
            "firstName": "Ola",
            "emails": [{"type": "home", "value": "ola@example.no"}],
            "address": {"city": "Bergen", "state": "Vestland", "postalCode": "5003", "country": "NO"},
        },
    )

    assert (answer.status_code, answer.text) == (201, "")
    assert answer.headers["Location"] == f"{api.url}/v2/customers/{answer.headers['Resource-ID']}"
    customer = api.session.get(answer.headers["Location"], timeout=10).json()
    assert (customer["firstName"], customer["lastName"]) == ("Ola", "")
    (email,) = customer["_embedded"]["emails"]
    assert (email["type"], email["value"]) == ("home", "ola@example.no")
    assert customer["_embedded"]["address"]["city"] == "Bergen"
    told = [(event.name, event.record_id) for event in api.simulator.state.events]
    assert told == [("customer.created", 1), ("customer.created", 2)]


def test_an_email_belongs_to_one_customer(api: Api, kari: int) -> None:
    entry = {"type": "work", "value": "KARI@example.no"}

    assert api.send("POST", "/v2/customers", json={"emails": [entry]}).status_code == 409
    api.send("POST", "/v2/customers", json={"firstName": "Ola"})
    assert api.send("POST", "/v2/customers/2/emails", json=entry).status_code == 409
    assert api.send("POST", "/v2/customers/1/emails", json=entry).status_code == 201


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"firstName": "x" * 41}, "firstName"),
        ({"jobTitle": "x" * 61}, "jobTitle"),
        ({"background": "x" * 201}, "background"),
        ({"firstName": 7}, "firstName"),
        ({"gender": "forsquare"}, "gender"),
        ({"organizationId": "7"}, "organizationId"),
        ({"emails": [{"value": "ikke en adresse"}]}, "value"),
        ({"emails": [{"type": "work"}]}, "value"),
        ({"emails": "kari@example.no"}, "emails"),
        ({"address": {"city": "Oslo"}}, "state"),
    ],
)
def test_a_customer_that_is_none_is_refused(
    api: Api, state: HelpScoutState, content: dict[str, Any], path: str
) -> None:
    assert path in _problems(api.send("POST", "/v2/customers", json=content))
    assert state.customers == {}


def test_a_body_must_be_json_and_say_so(api: Api, kari: int) -> None:
    json = {"Content-Type": "application/json"}

    assert api.send("POST", "/v2/customers", data={"firstName": "Ola"}).status_code == 415
    assert api.send("POST", "/v2/customers", data="{", headers=json).status_code == 400
    assert api.send("POST", "/v2/customers", data="[]", headers=json).status_code == 400


def test_an_overwrite_empties_what_it_does_not_name_and_keeps_what_is_embedded(api: Api, kari: int) -> None:
    answer = api.send("PUT", "/v2/customers/1", json={"firstName": "Karianne"})

    assert (answer.status_code, answer.text) == (204, "")
    customer = api.get("/v2/customers/1").json()
    assert (customer["firstName"], customer["lastName"]) == ("Karianne", "")
    assert not {"jobTitle", "background"} & set(customer)
    assert len(customer["_embedded"]["emails"]) == 1


def test_a_patch_changes_only_what_it_names(api: Api, kari: int) -> None:
    operations = [
        {"op": "replace", "path": "/jobTitle", "value": "Styreleder"},
        {"op": "remove", "path": "/background"},
    ]

    assert api.send("PATCH", "/v2/customers/1", json=operations).status_code == 204
    customer = api.get("/v2/customers/1").json()
    assert (customer["firstName"], customer["jobTitle"]) == ("Kari", "Styreleder")
    assert "background" not in customer


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": "/emails", "value": []}],
        [{"op": "move", "path": "/jobTitle"}],
        [{"op": "replace"}],
        ["jobTitle"],
    ],
)
def test_a_patch_that_cannot_be_done_is_refused(api: Api, kari: int, operations: list[Any]) -> None:
    assert api.send("PATCH", "/v2/customers/1", json=operations).status_code == 400


def test_entries_are_added_overwritten_and_deleted_one_by_one(api: Api, kari: int) -> None:
    added = api.send("POST", "/v2/customers/1/phones", json={"type": "home", "value": "59 44 00 02"})
    entry = f"/v2/customers/1/phones/{added.headers['Resource-ID']}"
    assert added.headers["Location"] == f"{api.url}{entry}"

    changed = api.send("PUT", entry, json={"type": "mobile", "value": "59 44 00 03"})
    values = [(row["type"], row["value"]) for row in api.rows("/v2/customers/1/phones")]
    deleted = api.send("DELETE", entry)

    assert (changed.status_code, deleted.status_code) == (204, 204)
    assert values == [("work", "59 44 00 01"), ("mobile", "59 44 00 03")]
    assert [row["value"] for row in api.rows("/v2/customers/1/phones")] == ["59 44 00 01"]
    assert api.send("DELETE", entry).status_code == 404
    assert api.send("PUT", entry, json={"value": "1"}).status_code == 404
    assert api.send("POST", "/v2/customers/1/shoes", json={"value": "44"}).status_code == 404


def test_an_address_is_set_changed_and_removed(api: Api, kari: int) -> None:
    path = "/v2/customers/1/address"
    address = {"city": "Bergen", "state": "Vestland", "postalCode": "5003", "country": "NO"}
    assert api.send("PUT", path, json=address).status_code == 404
    assert api.send("DELETE", path).status_code == 404

    assert api.send("POST", path, json=address).status_code == 201
    assert api.send("POST", path, json=address).status_code == 409
    assert api.send("PUT", path, json=address | {"city": "Oslo"}).status_code == 204
    assert api.get(path).json()["city"] == "Oslo"
    assert _problems(api.send("PUT", path, json={"city": "Oslo"})) == ["state", "postalCode", "country"]
    assert api.send("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


def test_properties_are_patched_by_slug(api: Api, state: HelpScoutState, kari: int) -> None:
    state.customer_properties += [
        {"type": "text", "slug": "orgnr", "name": "Org.nr"},
        {"type": "dropdown", "slug": "plan", "name": "Plan", "options": [{"id": "a-1", "label": "Standard"}]},
    ]

    def patch(*operations: Mapping[str, str]) -> int:
        return api.send("PATCH", "/v2/customers/1/properties", json=list(operations)).status_code

    def held() -> dict[str, tuple[str, str]]:
        rows = api.get("/v2/customers/1").json()["_embedded"]["properties"]
        return {row["slug"]: (row["value"], row["text"]) for row in rows}

    number = {"op": "replace", "path": "/orgnr", "value": "311234560"}
    assert patch(number, {"op": "replace", "path": "/plan", "value": "Standard"}) == 204
    assert held() == {"orgnr": ("311234560", "311234560"), "plan": ("a-1", "Standard")}
    assert patch({"op": "remove", "path": "/orgnr"}) == 204
    assert held() == {"plan": ("a-1", "Standard")}
    assert patch({"op": "replace", "path": "/plan", "value": "Gull"}) == 400
    assert patch({"op": "replace", "path": "/ukjent", "value": "1"}) == 400


def test_a_deletion_takes_the_person_and_their_inquiries(api: Api, state: HelpScoutState, kari: int) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)

    answer = api.send("DELETE", "/v2/customers/1")

    assert (answer.status_code, answer.text) == (204, "")
    assert api.get("/v2/customers/1").status_code == 404
    assert api.get("/v2/conversations/10").status_code == 404
    assert api.send("DELETE", "/v2/customers/1").status_code == 404


def test_more_than_a_hundred_inquiries_can_only_be_deleted_asynchronously(
    api: Api, state: HelpScoutState, kari: int
) -> None:
    for number in range(101):
        state.add_conversation(number + 1, 1, "Spørsmål", mailbox=MAILBOX)

    assert api.send("DELETE", "/v2/customers/1").status_code == 403
    assert api.send("DELETE", "/v2/customers/1?async=true").status_code == 202
    assert api.get("/v2/customers/1").status_code == 404


def test_an_asynchronous_deletion_takes_its_time(
    api: Api, state: HelpScoutState, kari: int, time: Time
) -> None:
    api.simulator.behaviour.async_delete_seconds = 60

    assert api.send("DELETE", "/v2/customers/1", params={"async": "true"}).status_code == 202
    time.pass_by(seconds=59)
    assert api.get("/v2/customers/1").status_code == 200
    assert "customer.deleted" not in [event.name for event in state.events]
    time.pass_by(seconds=1)
    assert api.get("/v2/customers/1").status_code == 404
    assert "customer.deleted" in [event.name for event in state.events]


@pytest.mark.parametrize("query", ["", "?async=true"])
def test_nobody_deletes_a_customer_with_an_inquiry_they_may_not_see(
    api: Api, state: HelpScoutState, kari: int, query: str
) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=14)
    api.simulator.faults.hidden = lambda table, record: record.get("mailboxId") == 14

    assert api.send("DELETE", f"/v2/customers/1{query}").status_code == 403
    assert api.get("/v2/customers/1").status_code == 200


def test_an_inquiry_is_deleted(api: Api, state: HelpScoutState, kari: int) -> None:
    state.add_conversation(10, 1, "Spørsmål", mailbox=MAILBOX)

    assert api.send("DELETE", "/v2/conversations/10").status_code == 204
    assert api.get("/v2/conversations/10").status_code == 404
    assert api.send("DELETE", "/v2/conversations/10").status_code == 404


def test_a_company_is_added_overwritten_and_deleted(api: Api) -> None:
    added = api.send("POST", "/v2/organizations", json={"name": "Fjord AS", "domains": ["fjord.example.no"]})
    path = f"/v2/organizations/{added.headers['Resource-ID']}"
    assert added.status_code == 201
    assert api.send("POST", "/v2/organizations", json={"name": "FJORD AS"}).status_code == 409
    assert api.send("POST", "/v2/organizations", json={}).status_code == 400

    assert api.send("PUT", path, json={"name": "Fjord Bakeri AS"}).status_code == 204
    company = api.get(path).json()
    assert (company["name"], company["domains"]) == ("Fjord Bakeri AS", [])
    assert api.send("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_nothing_is_changed_that_is_not_there(api: Api, method: str) -> None:
    json: dict[str, Any] = {"DELETE": None, "PUT": {}, "PATCH": []}

    assert api.send(method, "/v2/customers/7", json=json[method]).status_code == 404


def test_a_write_whose_answer_is_lost_has_taken_effect(
    api: Api, state: HelpScoutState, lose_answer: Callable[[], None]
) -> None:
    lose_answer()

    with pytest.raises(requests.ConnectionError):
        api.send("POST", "/v2/customers", json={"firstName": "Kari"})

    assert [row["firstName"] for row in api.rows("/v2/customers")] == ["Kari"]


@pytest.fixture
def lose_answer(api: Api) -> Callable[[], None]:
    """Resets the connection of the next POST once it has taken effect."""
    return lambda: api.simulator.faults.reset(method="POST", after_commit=True)
