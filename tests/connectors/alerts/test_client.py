"""An alert is one line of text to the declared webhook; the webhook's secret is in no message."""

from __future__ import annotations

import json

import pytest
import responses

from connectors.alerts.client import AlertClient
from connectors.errors import EgressError, PermanentError
from schemas.policy import load_policy

HOOK = "https://chat.example.no/hooks/hemmelig-krok"


def client() -> AlertClient:
    return AlertClient.connect(load_policy(), HOOK, sleep=lambda _: None)


@responses.activate
def test_a_line_of_text_is_sent_as_chats_take_it() -> None:
    sent = responses.post(HOOK, status=200, body="ok")
    client().send("Kundekort: nightly failed at cards (run 1a2b3c4d).")
    [call] = sent.calls
    assert json.loads(call.request.body) == {"text": "Kundekort: nightly failed at cards (run 1a2b3c4d)."}
    assert call.request.headers["Content-Type"] == "application/json"


@responses.activate
@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_each_way_of_saying_yes_is_understood(status: int) -> None:
    responses.post(HOOK, status=status)
    client().send("text")


@responses.activate
def test_a_busy_webhook_is_asked_again() -> None:
    responses.post(HOOK, status=503)
    sent = responses.post(HOOK, status=200)
    client().send("text")
    assert sent.call_count == 1


@responses.activate
@pytest.mark.parametrize("status", [400, 404, 410, 500])
def test_a_refusal_is_told_without_the_secret(status: int) -> None:
    responses.post(HOOK, status=status, body=f"no {HOOK}")
    with pytest.raises(EgressError) as caught:
        client().send("text")
    assert str(status) in str(caught.value)
    assert "hemmelig" not in str(caught.value)
    assert isinstance(caught.value, PermanentError) == (status < 500)
