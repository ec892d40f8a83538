"""Subscriptions, and what would be posted to them."""

import base64
import hashlib
import hmac
import json

import pytest

from connectors.helpscout.simulator_state import HelpScoutState
from connectors.helpscout.simulator_webhooks import deliveries, escaped_json, signature
from tests.connectors.helpscout.simulator.served import MAILBOX, Api

SECRET = "hemmelig-nokkel-123"
SUBSCRIPTION = {
    "url": "https://crm.selskap.example.no/hooks/helpscout",
    "events": ["customer.created", "customer.updated", "customer.deleted", "convo.created", "convo.deleted"],
    "secret": SECRET,
    "label": "CRM",
}


def test_a_subscription_never_shows_its_secret(api: Api) -> None:
    added = api.send("POST", "/v2/webhooks", json=SUBSCRIPTION)
    path = f"/v2/webhooks/{added.headers['Resource-ID']}"

    assert added.status_code == 201
    hook = api.get(path).json()
    assert hook == api.rows("/v2/webhooks")[0]
    assert "secret" not in hook
    assert (hook["state"], hook["payloadVersion"], hook["notification"]) == ("enabled", "V2", False)


def test_a_subscription_is_changed_and_deleted(api: Api) -> None:
    number = api.send("POST", "/v2/webhooks", json=SUBSCRIPTION).headers["Resource-ID"]
    path = f"/v2/webhooks/{number}"

    assert api.send("PUT", path, json=SUBSCRIPTION | {"label": "Annet"}).status_code == 204
    assert api.get(path).json()["label"] == "Annet"
    assert api.send("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404
    assert api.send("PUT", path, json=SUBSCRIPTION).status_code == 404


@pytest.mark.parametrize(
    "changed", [{"url": ""}, {"events": []}, {"events": ["customer.merged"]}, {"secret": "x" * 41}]
)
def test_a_subscription_that_cannot_work_is_refused(api: Api, changed: dict[str, object]) -> None:
    assert api.send("POST", "/v2/webhooks", json=SUBSCRIPTION | changed).status_code == 400


def test_a_delivery_is_the_record_without_an_envelope_signed_over_its_raw_bytes(
    api: Api, state: HelpScoutState
) -> None:
    api.send("POST", "/v2/webhooks", json=SUBSCRIPTION)
    state.add_customer(1, "Kåre", "Ødegård", emails=["kare@example.no"])

    (delivery,) = deliveries(state)

    assert delivery.headers["X-HelpScout-Event"] == "customer.created"
    expected = base64.b64encode(hmac.new(SECRET.encode(), delivery.body, hashlib.sha1).digest()).decode()
    assert delivery.headers["X-HelpScout-Signature"] == expected
    assert b"K\\u00e5re" in delivery.body
    assert b"https:\\/\\/" in delivery.body
    assert json.loads(delivery.body)["id"] == 1
    assert json.dumps(json.loads(delivery.body)).encode() != delivery.body


def test_the_signature_of_a_known_body() -> None:
    body = escaped_json({"id": 900100201})

    assert body == b'{"id":900100201}'
    assert signature(SECRET, body) == "ldEb+jiSghJl73V4PJcDepO149A="


def test_a_forged_delivery_carries_a_signature_that_does_not_fit(api: Api, state: HelpScoutState) -> None:
    api.send("POST", "/v2/webhooks", json=SUBSCRIPTION)
    state.add_customer(1)

    (delivery,) = deliveries(state)
    forged = delivery.forged()

    assert forged.body == delivery.body
    assert forged.headers["X-HelpScout-Signature"] != delivery.headers["X-HelpScout-Signature"]


def test_of_a_deleted_record_only_the_id_is_told(api: Api, state: HelpScoutState) -> None:
    api.send("POST", "/v2/webhooks", json=SUBSCRIPTION)
    state.add_customer(1)
    before = len(state.events)
    state.delete_customer(1)

    (delivery,) = deliveries(state, since=before)

    assert (delivery.event, delivery.body) == ("customer.deleted", b'{"id":1}')


def test_no_event_tells_of_merged_customers(api: Api, state: HelpScoutState) -> None:
    api.send("POST", "/v2/webhooks", json=SUBSCRIPTION)
    state.add_customer(1)
    state.add_customer(2)
    before = len(state.events)
    state.merge_customers(1, 2)

    told = [(delivery.event, json.loads(delivery.body)["id"]) for delivery in deliveries(state, since=before)]

    assert told == [("customer.updated", 2)]


def test_an_inbox_filter_keeps_back_inquiries_and_nothing_else(api: Api, state: HelpScoutState) -> None:
    api.send("POST", "/v2/webhooks", json=SUBSCRIPTION | {"mailboxIds": [MAILBOX]})
    state.add_customer(1)
    for number, mailbox in ((10, MAILBOX), (11, 14)):
        state.add_conversation(number, 1, "Spørsmål", mailbox=mailbox)
        state.delete_conversation(number)

    told = [(delivery.event, json.loads(delivery.body)["id"]) for delivery in deliveries(state)]

    assert told == [("customer.created", 1), ("convo.created", 10), ("convo.deleted", 10)]


def test_a_notification_carries_no_personal_data(api: Api, state: HelpScoutState) -> None:
    api.send("POST", "/v2/webhooks", json=SUBSCRIPTION | {"notification": True})
    state.add_customer(1, "Kari", "Lie", emails=["kari@example.no"])

    (delivery,) = deliveries(state)

    assert json.loads(delivery.body) == {
        "id": 1,
        "_links": {"self": {"href": "https://api.helpscout.net/v2/customers/1"}},
    }


def test_a_disabled_subscription_hears_nothing(api: Api, state: HelpScoutState) -> None:
    number = int(api.send("POST", "/v2/webhooks", json=SUBSCRIPTION).headers["Resource-ID"])
    state.webhooks[number]["state"] = "disabled"
    state.add_customer(1)

    assert list(deliveries(state)) == []
