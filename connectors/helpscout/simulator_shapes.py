"""Records as Help Scout's API shows them: with `_links`, and with what is worked out while answering."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.helpscout.simulator_records import Record

_WEB = "https://secure.helpscout.net"
_CUSTOMER_PARTS = ("address", "chats", "emails", "phones", "social-profiles", "websites")
_PERSONS = ("createdBy", "assignee", "assignedTo")


def customer(base: str, record_id: int, payload: Record) -> Record:
    """A person, everything embedded."""
    self_link = f"{base}/v2/customers/{record_id}"
    links = {part: link(f"{self_link}/{part}/") for part in _CUSTOMER_PARTS}
    return payload | {"_links": links | {"self": link(self_link)}}


def conversation(
    base: str,
    record_id: int,
    payload: Record,
    threads: Sequence[Record],
    now: datetime,
    *,
    version: str,
) -> Record:
    """An inquiry with the given threads embedded. Version v2 calls every agent a `user`."""
    self_link = f"{base}/{version}/conversations/{record_id}"
    links = {
        "self": self_link,
        "mailbox": f"{base}/v2/mailboxes/{payload.get('mailboxId')}",
        "primaryCustomer": _person_link(base, payload.get("primaryCustomer")),
        **_author_link(base, payload),
        "closedBy": f"{base}/v2/users/{payload.get('closedBy', 0)}",
        "threads": f"{self_link}/threads/",
        "web": f"{_WEB}/conversation/{record_id}/{payload.get('number')}",
    }
    if "assignee" in payload:
        links["assignee"] = _person_link(base, payload["assignee"])
    shown = _named(payload, version)
    waiting = payload.get("customerWaitingSince")
    if isinstance(waiting, Mapping) and isinstance(waiting.get("time"), str):
        shown["customerWaitingSince"] = {**waiting, "friendly": _friendly(waiting["time"], now)}
    shown["_embedded"] = {"threads": [thread(base, item, version=version) for item in threads]}
    return shown | {"_links": {name: link(href) for name, href in links.items() if href}}


def thread(base: str, payload: Record, *, version: str) -> Record:
    """One thread of an inquiry."""
    links = _author_link(base, payload)
    for name in ("customer", "assignedTo"):
        if name in payload:
            links[name] = _person_link(base, payload[name])
    return _named(payload, version) | {"_links": {name: link(href) for name, href in links.items() if href}}


def organization(base: str, record_id: int, payload: Record, *, extra: Mapping[str, Any]) -> Record:
    """A company; properties and counts only as far as `extra` has them."""
    shown = {key: value for key, value in payload.items() if key != "properties"}
    return shown | dict(extra) | {"_links": {"self": link(f"{base}/v2/organizations/{record_id}")}}


def mailbox(base: str, payload: Record) -> Record:
    """An inbox."""
    self_link = f"{base}/v2/mailboxes/{payload['id']}"
    links = {"fields": f"{self_link}/fields/", "folders": f"{self_link}/folders/", "self": self_link}
    return payload | {"_links": {name: link(href) for name, href in links.items()}}


def webhook(base: str, record_id: int, payload: Record) -> Record:
    """A subscription, without its secret."""
    shown = {key: value for key, value in payload.items() if key != "secret"}
    return shown | {"_links": {"self": link(f"{base}/v2/webhooks/{record_id}")}}


def with_self(href: str, payload: Record) -> Record:
    """A record that has no link but the one to itself."""
    return payload | {"_links": {"self": link(href)}}


def link(href: str) -> dict[str, str]:
    """One HAL link."""
    return {"href": href}


def _named(payload: Record, version: str) -> Record:
    """A copy in which v2 hides that an agent is no human."""
    shown = dict(payload)
    if version == "v2":
        for key in _PERSONS:
            person = shown.get(key)
            if isinstance(person, Mapping) and person.get("type") == "system_user":
                shown[key] = {**person, "type": "user"}
    return shown


def _author_link(base: str, payload: Record) -> dict[str, str | None]:
    author = payload.get("createdBy")
    if not isinstance(author, Mapping):
        return {}
    by_customer = author.get("type") == "customer"
    return {"createdByCustomer" if by_customer else "createdByUser": _person_link(base, author)}


def _person_link(base: str, person: Any) -> str | None:
    if not isinstance(person, Mapping) or "id" not in person:
        return None
    folder = "customers" if person.get("type") == "customer" else "users"
    return f"{base}/v2/{folder}/{person['id']}"


def _friendly(time: str, now: datetime) -> str:
    """How long ago, in words: the reason why an answer changes though the record does not."""
    try:
        since = datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return ""
    minutes = int((now - since).total_seconds() // 60)
    for unit, length in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= length:
            count = minutes // length
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
