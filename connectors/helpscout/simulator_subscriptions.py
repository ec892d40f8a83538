"""The webhook subscriptions of the simulated Help Scout: listed, added, changed, removed."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from connectors.helpscout import simulator_shapes as shapes
from connectors.helpscout.simulator_account import Account, Routes
from connectors.helpscout.simulator_http import Call, Problem, Refusal, created, done, hal
from connectors.helpscout.simulator_pages import Rows, numbered_page
from connectors.helpscout.simulator_records import Record
from connectors.helpscout.simulator_webhooks import EVENTS


class Subscriptions:
    """The webhook endpoints over one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> Routes:
        """Method, path and handler of each."""
        return [
            ("GET", "/v2/webhooks", self._webhooks),
            ("POST", "/v2/webhooks", self._add_webhook),
            ("GET", "/v2/webhooks/{id}", self._webhook),
            ("PUT", "/v2/webhooks/{id}", self._overwrite_webhook),
            ("DELETE", "/v2/webhooks/{id}", self._delete_webhook),
        ]

    def _webhooks(self, call: Call) -> Response:
        hooks = list(self._account.state.webhooks.items())

        def between(start: int, stop: int) -> list[Record]:
            return [shapes.webhook(call.base, number, hook) for number, hook in hooks[start:stop]]

        return numbered_page(
            call,
            self._account.behaviour,
            Rows(len(hooks), between),
            key="webhooks",
            path="/v2/webhooks/",
            size=self._account.behaviour.page_size,
        )

    def _webhook(self, call: Call) -> Response:
        number, hook = self._known_webhook(call)
        return hal(shapes.webhook(call.base, number, hook))

    def _add_webhook(self, call: Call) -> Response:
        hook = _webhook_fields(call.object())
        hooks = self._account.state.webhooks
        number = max(hooks, default=9) + 1
        hooks[number] = {"id": number, **hook}
        return created(f"{call.base}/v2/webhooks/{number}", number)

    def _overwrite_webhook(self, call: Call) -> Response:
        number, _ = self._known_webhook(call)
        self._account.state.webhooks[number] = {"id": number, **_webhook_fields(call.object())}
        return done()

    def _delete_webhook(self, call: Call) -> Response:
        number, _ = self._known_webhook(call)
        del self._account.state.webhooks[number]
        return done()

    def _known_webhook(self, call: Call) -> tuple[int, Record]:
        number = call.id()
        hook = self._account.state.webhooks.get(number)
        if hook is None:
            raise Refusal(404)
        return number, hook


def _webhook_fields(content: Mapping[str, Any]) -> Record:
    events, secret = content.get("events"), content.get("secret")
    problems = []
    if not content.get("url"):
        problems.append(Problem("url", "may not be empty", "NotEmpty"))
    if not isinstance(events, list) or not events:
        problems.append(Problem("events", "may not be empty", "NotEmpty"))
    elif not set(events) <= EVENTS:
        problems.append(Problem("events", "unknown event", "EnumValue"))
    if not isinstance(secret, str) or not 0 < len(secret) <= 40:
        problems.append(Problem("secret", "size must be between 1 and 40", "Size"))
    if problems:
        raise Refusal(400, *problems)
    return {
        "url": content["url"],
        "state": "enabled",
        "events": events,
        "notification": bool(content.get("notification", False)),
        "payloadVersion": content.get("payloadVersion", "V2"),
        "label": content.get("label", ""),
        "mailboxIds": content.get("mailboxIds", []),
        "secret": secret,
    }
