"""Everything the simulated Help Scout lets a client change: people, their entries, inquiries, companies."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from connectors.helpscout.simulator_account import Account, Routes
from connectors.helpscout.simulator_http import Call, Problem, Refusal, created, done
from connectors.helpscout.simulator_records import Record, texts_of
from connectors.simulation.gate import same_text

_NAMES = ("firstName", "lastName")
_TEXT_LIMITS = {
    "firstName": 40,
    "lastName": 40,
    "jobTitle": 60,
    "location": 60,
    "organization": 60,
    "photoUrl": 200,
    "background": 200,
    "age": 20,
}
_CORE_FIELDS = (*_TEXT_LIMITS, "gender", "photoType", "organizationId")
_GENDERS = ("male", "female", "unknown")
_ENTRY_PATHS = ("emails", "phones", "chats", "social-profiles", "websites")
_ADDRESS_FIELDS = ("city", "state", "postalCode", "country")
_ORGANIZATION_FIELDS = (
    *("name", "website", "description", "location", "logoUrl", "note"),
    *("domains", "phones", "brandColor", "properties"),
)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Writes:
    """The POST, PUT, PATCH and DELETE endpoints over one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> Routes:
        """Method, path and handler of each."""
        return [
            ("POST", "/v2/customers", self._add_customer),
            ("PUT", "/v2/customers/{id}", self._overwrite_customer),
            ("PATCH", "/v2/customers/{id}", self._patch_customer),
            ("DELETE", "/v2/customers/{id}", self._delete_customer),
            ("PATCH", "/v2/customers/{id}/properties", self._patch_properties),
            ("POST", "/v2/customers/{id}/address", self._set_address),
            ("PUT", "/v2/customers/{id}/address", self._set_address),
            ("DELETE", "/v2/customers/{id}/address", self._delete_address),
            ("POST", "/v2/customers/{id}/{entries}", self._add_entry),
            ("PUT", "/v2/customers/{id}/{entries}/{entry_id}", self._overwrite_entry),
            ("DELETE", "/v2/customers/{id}/{entries}/{entry_id}", self._delete_entry),
            ("DELETE", "/v2/conversations/{id}", self._delete_conversation),
            ("POST", "/v2/organizations", self._add_organization),
            ("PUT", "/v2/organizations/{id}", self._overwrite_organization),
            ("DELETE", "/v2/organizations/{id}", self._delete_organization),
        ]

    # People

    def _add_customer(self, call: Call) -> Response:
        content = call.object()
        _check_customer(content)
        state, customer_id = self._account.state, self._account.state.next_id("customers")
        entries: Record = {}
        for path_key in _ENTRY_PATHS:
            kind = path_key.replace("-", "_")
            given = content.get(kind, content.get(path_key, []))
            if not isinstance(given, list):
                raise Refusal(400, Problem(kind, "a list is expected", "Malformed"))
            entries[kind] = [self._entry(kind, item, customer_id) for item in given]
        if "address" in content:
            _check_address(content["address"])
        fields = {key: content[key] for key in _CORE_FIELDS if content.get(key) not in (None, "")}
        first, last = fields.pop("firstName", ""), fields.pop("lastName", "")
        state.add_customer(customer_id, first, last, address=content.get("address"), **entries, **fields)
        return created(f"{call.base}/v2/customers/{customer_id}", customer_id)

    def _overwrite_customer(self, call: Call) -> Response:
        """Core fields only: one that is left out loses its value, what is embedded stays."""
        customer_id, content = call.id(), call.object()
        self._account.record("customers", customer_id)
        _check_customer(content)
        self._set_fields(customer_id, {key: content.get(key) for key in _CORE_FIELDS})
        return done()

    def _patch_customer(self, call: Call) -> Response:
        customer_id, operations = call.id(), _operations(call)
        self._account.record("customers", customer_id)
        fields: Record = {}
        for operation in operations:
            name = operation["path"].removeprefix("/")
            if name not in _CORE_FIELDS:
                raise Refusal(400, Problem("path", "unknown path", "InvalidPath", operation["path"]))
            fields[name] = None if operation["op"] == "remove" else operation.get("value")
        _check_customer(fields)
        self._set_fields(customer_id, fields)
        return done()

    def _set_fields(self, customer_id: int, fields: Mapping[str, Any]) -> None:
        state = self._account.state
        emptied = [key for key, value in fields.items() if value in (None, "") and key not in _NAMES]
        values: Record = {key: value or "" for key, value in fields.items() if key not in emptied}
        if emptied:
            state.remove_fields("customers", customer_id, *emptied)
        state.change_customer(customer_id, **values)

    def _delete_customer(self, call: Call) -> Response:
        customer_id, state, behaviour = call.id(), self._account.state, self._account.behaviour
        self._account.record("customers", customer_id)
        conversations = state.conversations_of(customer_id)
        faults = self._account.faults
        if not all(
            faults.visible("conversations", state.conversations[number].payload) for number in conversations
        ):
            raise Refusal(403)
        if call.flag("async"):
            due = state.now() + timedelta(seconds=behaviour.async_delete_seconds)
            state.accept_deletion(customer_id, due=due)
            return done(202)
        if len(conversations) > behaviour.delete_limit:
            raise Refusal(403)
        state.delete_customer(customer_id)
        return done()

    def _patch_properties(self, call: Call) -> Response:
        customer_id, operations = call.id(), _operations(call)
        stored = self._account.record("customers", customer_id)
        held = {item["slug"]: item for item in stored.payload["_embedded"].get("properties", [])}
        known = {item["slug"]: item for item in self._account.state.customer_properties}
        for operation in operations:
            slug = operation["path"].removeprefix("/")
            if slug not in known:
                raise Refusal(400, Problem("path", "unknown property", "InvalidPath", operation["path"]))
            if operation["op"] == "remove":
                held.pop(slug, None)
            else:
                held[slug] = _property(known[slug], operation.get("value"))
        self._account.state.change_customer(customer_id, properties=list(held.values()))
        return done()

    def _set_address(self, call: Call) -> Response:
        customer_id, content = call.id(), call.object()
        held = self._account.record("customers", customer_id).payload["_embedded"].get("address")
        _check_address(content)
        if call.method == "PUT" and held is None:
            raise Refusal(404)
        if call.method == "POST" and held is not None:
            raise Refusal(409)
        address = {
            "lines": [],
            **{key: content[key] for key in (*_ADDRESS_FIELDS, "lines") if key in content},
        }
        self._account.state.change_customer(customer_id, address=address)
        if call.method == "PUT":
            return done()
        return created(f"{call.base}/v2/customers/{customer_id}/address", None)

    def _delete_address(self, call: Call) -> Response:
        customer_id = call.id()
        if "address" not in self._account.record("customers", customer_id).payload["_embedded"]:
            raise Refusal(404)
        self._account.state.change_customer(customer_id, address=None)
        return done()

    def _add_entry(self, call: Call) -> Response:
        customer_id, kind, content = call.id(), _entry_kind(call), call.object()
        entries = self._entries(customer_id, kind)
        entry = self._entry(kind, content, customer_id)
        self._replace_entries(customer_id, kind, [*entries, entry])
        folder = f"{call.base}/v2/customers/{customer_id}/{call.path_params['entries']}"
        return created(f"{folder}/{entry['id']}", entry["id"])

    def _overwrite_entry(self, call: Call) -> Response:
        customer_id, kind, entry_id = call.id(), _entry_kind(call), call.id("entry_id")
        content, entries = call.object(), self._entries(customer_id, kind)
        if not any(entry["id"] == entry_id for entry in entries):
            raise Refusal(404)
        changed = self._entry(kind, content, customer_id) | {"id": entry_id}
        kept = [changed if entry["id"] == entry_id else entry for entry in entries]
        self._replace_entries(customer_id, kind, kept)
        return done()

    def _delete_entry(self, call: Call) -> Response:
        customer_id, kind, entry_id = call.id(), _entry_kind(call), call.id("entry_id")
        entries = self._entries(customer_id, kind)
        kept = [entry for entry in entries if entry["id"] != entry_id]
        if len(kept) == len(entries):
            raise Refusal(404)
        self._replace_entries(customer_id, kind, kept)
        return done()

    def _entries(self, customer_id: int, kind: str) -> list[Record]:
        embedded = self._account.record("customers", customer_id).payload["_embedded"]
        return list(embedded.get(kind, []))

    def _replace_entries(self, customer_id: int, kind: str, entries: list[Record]) -> None:
        change: Record = {kind: entries}
        self._account.state.change_customer(customer_id, **change)

    def _entry(self, kind: str, content: Any, customer_id: int) -> Record:
        """A checked entry with a new id. An e-mail belongs to one person only."""
        value = content.get("value") if isinstance(content, dict) else None
        if not isinstance(value, str) or not value:
            raise Refusal(400, Problem("value", "may not be empty", "NotEmpty"))
        if kind == "emails":
            if not _EMAIL.fullmatch(value):
                raise Refusal(400, Problem("value", "not a well-formed email address", "Email", value))
            if self._is_taken(value, customer_id):
                raise Refusal(409)
        entry = self._account.state.new_entry(value, content.get("type", "work"))
        if kind == "websites":
            del entry["type"]
        return entry

    def _is_taken(self, email: str, customer_id: int) -> bool:
        return any(
            same_text(value, email)
            for other, stored in list(self._account.state.customers.items())
            if other != customer_id
            for value in texts_of(stored.payload, "emails")
            if isinstance(value, str)
        )

    # Conversations and companies

    def _delete_conversation(self, call: Call) -> Response:
        conversation_id = call.id()
        self._account.record("conversations", conversation_id)
        self._account.state.delete_conversation(conversation_id)
        return done()

    def _add_organization(self, call: Call) -> Response:
        content, state = call.object(), self._account.state
        fields = _organization_fields(content)
        if any(
            same_text(str(stored.payload.get("name")), fields["name"])
            for stored in list(state.organizations.values())
        ):
            raise Refusal(409)
        organization_id = state.next_id("organizations")
        state.add_organization(organization_id, **fields)
        return created(f"{call.base}/v2/organizations/{organization_id}", organization_id)

    def _overwrite_organization(self, call: Call) -> Response:
        organization_id, fields = call.id(), _organization_fields(call.object())
        self._account.record("organizations", organization_id)
        lists = ("domains", "phones", "properties")
        overwritten: Record = {key: [] if key in lists else "" for key in _ORGANIZATION_FIELDS} | fields
        self._account.state.change_organization(organization_id, **overwritten)
        return done()

    def _delete_organization(self, call: Call) -> Response:
        organization_id = call.id()
        self._account.record("organizations", organization_id)
        self._account.state.delete_organization(organization_id)
        return done()


def _entry_kind(call: Call) -> str:
    if call.path_params["entries"] not in _ENTRY_PATHS:
        raise Refusal(404)
    return call.path_params["entries"].replace("-", "_")


def _check_customer(fields: Mapping[str, Any]) -> None:
    problems = [
        problem
        for name, limit in _TEXT_LIMITS.items()
        if (problem := _text_problem(name, fields.get(name), limit)) is not None
    ]
    gender = fields.get("gender")
    if gender is not None and str(gender).casefold() not in _GENDERS:
        problems.append(
            Problem("gender", "Expected one of these: 'male', 'female', 'unknown'", "EnumValue", gender)
        )
    organization = fields.get("organizationId")
    if organization is not None and not isinstance(organization, int):
        problems.append(Problem("organizationId", "invalid identifier", "InvalidIdentifier", organization))
    if problems:
        raise Refusal(400, *problems)


def _text_problem(name: str, value: Any, limit: int) -> Problem | None:
    if value is None:
        return None
    if not isinstance(value, str):
        return Problem(name, "a text is expected", "Malformed", value)
    if len(value) > limit:
        return Problem(name, f"size must be between 0 and {limit}", "Size", value)
    return None


def _check_address(content: Any) -> None:
    given = content if isinstance(content, dict) else {}
    problems = [
        Problem(name, "may not be empty", "NotEmpty") for name in _ADDRESS_FIELDS if not given.get(name)
    ]
    if problems:
        raise Refusal(400, *problems)


def _operations(call: Call) -> list[Record]:
    content = call.json()
    operations = content if isinstance(content, list) else [content]
    for operation in operations:
        if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
            raise Refusal(400, Problem("path", "may not be empty", "NotEmpty"))
        if operation.get("op") not in ("add", "replace", "remove"):
            raise Refusal(
                400, Problem("op", "Expected one of these: 'add', 'replace', 'remove'", "EnumValue")
            )
    return operations


def _property(definition: Record, value: Any) -> Record:
    """A property as the customer object shows it; `text` is the label of a dropdown's option."""
    options = definition.get("options", [])
    option = next((option for option in options if value in (option.get("id"), option["label"])), None)
    if definition["type"] == "dropdown" and option is None:
        raise Refusal(400, Problem("value", "unknown option", "EnumValue", value))
    chosen = str(value) if option is None else str(option.get("id", option["label"]))
    return {
        "type": definition["type"],
        "slug": definition["slug"],
        "name": definition["name"],
        "value": chosen,
        "text": chosen if option is None else option["label"],
        "source": {"name": "api"},
    }


def _organization_fields(content: Mapping[str, Any]) -> Record:
    if not isinstance(content.get("name"), str) or not content["name"]:
        raise Refusal(400, Problem("name", "may not be empty", "NotEmpty"))
    return {key: content[key] for key in _ORGANIZATION_FIELDS if key in content}
