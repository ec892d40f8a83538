"""What the simulated Help Scout would post to subscribers. It makes the requests; the caller sends them."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from connectors.helpscout import simulator_shapes as shapes
from connectors.helpscout.simulator_records import Event, Record
from connectors.helpscout.simulator_state import HelpScoutState

API = "https://api.helpscout.net"

EVENTS = frozenset(
    (
        *("beacon.chat.created", "beacon.chat.customer.replied"),
        *("convo.agent.reply.created", "convo.ai-answers.created", "convo.assigned", "convo.created"),
        *("convo.custom-fields", "convo.customer.reply.created", "convo.deleted", "convo.merged"),
        *("convo.moved", "convo.note.created", "convo.status", "convo.tags"),
        *("customer.created", "customer.deleted", "customer.updated"),
        *("message.survey.response.received", "satisfaction.ratings", "user.status.changed"),
        *("organization.created", "organization.deleted", "organization.updated"),
        *("tag.created", "tag.deleted", "tag.updated"),
    )
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One POST to a subscriber. Send one twice, or several in another order: the real ones may come so."""

    url: str
    event: str
    headers: dict[str, str]
    body: bytes

    def forged(self) -> "Delivery":
        """The same delivery with a signature that does not fit."""
        wrong = signature("not the secret", self.body)
        return replace(self, headers=self.headers | {"X-HelpScout-Signature": wrong})


def deliveries(state: HelpScoutState, *, since: int = 0, base: str = API) -> Iterator[Delivery]:
    """A delivery per subscriber for each event from position `since` of `state.events` on.

    A subscriber that is not `enabled` hears nothing, one with `mailboxIds` of other mailboxes' inquiries
    neither; people and companies belong to no mailbox, so no filter keeps them back.
    """
    for event in state.events[since:]:
        for hook in list(state.webhooks.values()):
            wanted = event.name in hook["events"] and hook["state"] == "enabled"
            elsewhere = (
                event.table == "conversations"
                and hook["mailboxIds"]
                and event.mailbox not in hook["mailboxIds"]
            )
            if wanted and not elsewhere:
                yield _delivery(state, hook, event, base)


def signature(secret: str, body: bytes) -> str:
    """Base64 of HMAC-SHA1 over the raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha1).digest()).decode()


def escaped_json(content: Any) -> bytes:
    """JSON as PHP writes it: ASCII only, slashes escaped. The signature is over exactly these bytes."""
    return json.dumps(content, separators=(",", ":")).replace("/", r"\/").encode()


def _delivery(state: HelpScoutState, hook: Record, event: Event, base: str) -> Delivery:
    body = escaped_json(_content(state, event, base, notification=hook["notification"]))
    headers = {
        "Content-Type": "application/json",
        "X-HelpScout-Event": event.name,
        "X-HelpScout-Signature": signature(hook["secret"], body),
    }
    return Delivery(hook["url"], event.name, headers, body)


def _content(state: HelpScoutState, event: Event, base: str, *, notification: bool) -> Record:
    """The record itself, without an envelope; of a deleted one only the id is left."""
    record_id, payload = event.record_id, event.payload
    if notification:
        return {"id": record_id, "_links": {"self": shapes.link(f"{base}/v2/{event.table}/{record_id}")}}
    if payload is None:
        return {"id": record_id}
    match event.table:
        case "customers":
            return shapes.customer(base, record_id, payload)
        case "organizations":
            return shapes.organization(base, record_id, payload, extra={})
        case _:
            return shapes.conversation(base, record_id, payload, [], state.now(), version="v2")
