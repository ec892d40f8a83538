"""A delivery is believed by its signature, marks a record, and leaves nothing of itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
import requests
import sqlalchemy as sa

from connectors.simulation.server import LoopbackServer
from pipelines.webhooks.marks import marked, note, numbers_marked, settle, settle_before
from pipelines.webhooks.receiver import MAX_BYTES, Mark, receiver

SECRET = "a shared secret"


@pytest.fixture
def marks() -> list[Mark]:
    return []


@pytest.fixture
def url(marks: list[Mark]) -> Iterator[str]:
    with LoopbackServer(receiver({"helpscout": SECRET, "tripletex": SECRET}, marks.append)) as server:
        yield server.url


def status(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The answer to a delivery."""
    return requests.post(url, data=body, headers=dict(headers), timeout=10).status_code


def helpscout(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Headers of a genuine delivery: HMAC-SHA1 over the raw body."""
    signature = hmac.new(secret.encode(), body, hashlib.sha1).digest()
    return {
        "X-HelpScout-Signature": base64.b64encode(signature).decode(),
        "X-HelpScout-Event": "customer.updated",
    }


def tripletex(body: bytes, key: str = "k-1") -> dict[str, str]:
    """Headers of a genuine delivery: HMAC-SHA512 over the idempotency key, & and the raw body."""
    signature = hmac.new(SECRET.encode(), key.encode() + b"&" + body, hashlib.sha512).digest()
    return {"x-request-signature": base64.b64encode(signature).decode(), "idempotency-key": key}


def test_a_genuine_delivery_of_help_scout_marks_the_record(url: str, marks: list[Mark]) -> None:
    body = json.dumps({"id": 17, "firstName": "Kari"}).encode()
    assert status(url + "/helpscout", body, helpscout(body)) == 204
    assert marks == [Mark("helpscout", "customer.updated", 17)]


def test_a_genuine_delivery_of_tripletex_marks_the_record(url: str, marks: list[Mark]) -> None:
    body = json.dumps({"event": "customer.delete", "id": 108248241, "value": None}).encode()
    assert status(url + "/tripletex", body, tripletex(body)) == 204
    assert marks == [Mark("tripletex", "customer.delete", 108248241)]


def test_a_forged_delivery_marks_nothing(url: str, marks: list[Mark]) -> None:
    body = b'{"id": 17}'
    for headers in ({}, helpscout(body, "another secret"), helpscout(b'{"id": 18}')):
        assert status(url + "/helpscout", body, headers) == 401
    assert marks == []


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"id": "x"}', b'{"id": true}', b'{"id": 0}'])
def test_a_genuine_delivery_about_no_record_is_taken_and_forgotten(
    url: str, marks: list[Mark], body: bytes
) -> None:
    assert status(url + "/helpscout", body, helpscout(body)) == 204
    assert marks == []


def test_a_huge_delivery_is_refused(url: str, marks: list[Mark]) -> None:
    body = b" " * (MAX_BYTES + 1)
    assert status(url + "/helpscout", body, helpscout(body)) == 413
    assert marks == []


def test_without_a_secret_there_is_no_door() -> None:
    with LoopbackServer(receiver({"helpscout": ""}, lambda mark: None)) as server:
        assert status(server.url + "/helpscout", b"{}", {}) == 404
        assert status(server.url + "/tripletex", b"{}", {}) == 404


@pytest.mark.parametrize("event", ["tag.created", "helpscout.test", "", "user", "customer." + "x" * 65])
def test_an_event_about_what_is_not_read_marks_nothing(url: str, marks: list[Mark], event: str) -> None:
    body = b'{"id": 17}'
    assert status(url + "/helpscout", body, helpscout(body) | {"X-HelpScout-Event": event}) == 204
    assert marks == []


def test_deliveries_about_a_record_are_one_to_read(crm_engine: sa.Engine) -> None:
    for event in ("customer.updated", "customer.updated", "customer.created"):
        note(crm_engine, Mark("helpscout", event, 17))
    note(crm_engine, Mark("helpscout", "convo.created", 17))
    with crm_engine.connect() as connection:
        assert numbers_marked(connection)[0] == {"helpscout": 2}
        assert len(marked(connection, "helpscout", "helpscout_customer")) == 2


def test_a_read_takes_away_the_marks_of_its_own_records_that_came_before_it_began(
    crm_engine: sa.Engine,
) -> None:
    note(crm_engine, Mark("helpscout", "customer.updated", 17))
    note(crm_engine, Mark("helpscout", "convo.created", 9))
    note(crm_engine, Mark("tripletex", "customer.update", 5))
    now = datetime.now(UTC)
    with crm_engine.begin() as connection:
        of = ("helpscout", "helpscout_customer")
        assert settle_before(connection, *of, now - timedelta(hours=1)) == 0
        assert settle_before(connection, *of, now + timedelta(hours=1)) == 1
        assert numbers_marked(connection)[0] == {"helpscout": 1, "tripletex": 1}


def test_a_mark_that_was_made_again_meanwhile_stays(crm_engine: sa.Engine) -> None:
    note(crm_engine, Mark("helpscout", "customer.updated", 17))
    with crm_engine.connect() as connection:
        seen = marked(connection, "helpscout", "helpscout_customer")
    note(crm_engine, Mark("helpscout", "customer.updated", 17))
    with crm_engine.begin() as connection:
        assert settle(connection, seen) == 0
        assert settle(connection, marked(connection, "helpscout", "helpscout_customer")) == 1
