"""Filters and orders of Help Scout's lists: from query parameters to a predicate and a sort key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.helpscout.simulator_http import Call, Problem, Refusal, whole_number
from connectors.helpscout.simulator_index import Keeps, SortKey
from connectors.helpscout.simulator_query import Field, QueryError, Value, parse_query, parse_time
from connectors.helpscout.simulator_records import Record, Stored, owner_of, texts_of
from connectors.helpscout.simulator_state import HelpScoutState
from connectors.simulation.gate import same_text


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a table a list shows, and in which order."""

    keeps: Keeps
    sort_key: SortKey
    descending: bool
    parameters: tuple[tuple[str, str], ...]
    """The parameters that were understood: they identify the list and come back in its links."""
    own_records_only: bool = True
    """Whether rows and order depend on nothing but each record itself."""


def select_customers(call: Call, state: HelpScoutState, *, inclusive: bool) -> Selection:
    """The v2 list of people. Unknown parameters (`email`, `size` ...) are ignored, as by the API."""
    conditions = [
        _condition(call, "firstName", lambda text: _equals("firstName", text)),
        _condition(call, "lastName", lambda text: _equals("lastName", text)),
        _condition(call, "mailbox", lambda text: _in_mailbox(state, whole_number(text, "mailbox"))),
        _condition(call, "modifiedSince", lambda text: _modified_since(text, inclusive)),
        _condition(call, "query", lambda text: _searched(text, _CUSTOMER_FIELDS)),
    ]
    key, descending = _sorting(call, _CUSTOMER_SORTS)
    used = ("firstName", "lastName", "mailbox", "modifiedSince", "query", "sortField", "sortOrder")
    alone = call.value("mailbox") is None
    return Selection(_all(conditions), key, descending, _parameters(call, used), alone)


def select_customers_v3(call: Call, *, inclusive: bool) -> Selection:
    """The v3 list of people: always newest first, id as tie-breaker."""
    conditions = [
        _condition(call, "firstName", lambda text: _equals("firstName", text)),
        _condition(call, "lastName", lambda text: _equals("lastName", text)),
        _condition(call, "email", _has_email),
        _condition(call, "createdSince", lambda text: _created_since(text, inclusive)),
        _condition(call, "modifiedSince", lambda text: _modified_since(text, inclusive)),
        _condition(call, "query", lambda text: _searched(text, _CUSTOMER_FIELDS)),
    ]
    used = ("firstName", "lastName", "email", "createdSince", "modifiedSince", "query")
    return Selection(_all(conditions), created_at, True, _parameters(call, used))


def select_conversations(
    call: Call, state: HelpScoutState, *, inclusive: bool, spam_in_all: bool
) -> Selection:
    """The list of inquiries; without `status` only the active ones."""
    conditions = [
        _has_status(call.value("status") or "active", spam_in_all),
        _condition(call, "mailbox", lambda text: _is_one_of("mailboxId", _numbers(text, "mailbox"))),
        _condition(call, "folder", lambda text: _is_one_of("folderId", _numbers(text, "folder"))),
        _condition(call, "tag", _has_tag),
        _condition(call, "assigned_to", _assigned_to),
        _condition(call, "number", lambda text: _is_one_of("number", _numbers(text, "number"))),
        _condition(call, "modifiedSince", lambda text: _modified_since(text, inclusive)),
        _condition(call, "customFieldsByIds", _has_custom_fields),
        _condition(call, "query", lambda text: _searched(text, _conversation_fields(state))),
    ]
    key, descending = _sorting(call, _CONVERSATION_SORTS)
    used = (
        *("status", "mailbox", "folder", "tag", "assigned_to", "number", "modifiedSince"),
        *("customFieldsByIds", "query", "sortField", "sortOrder", "embed"),
    )
    return Selection(_all(conditions), key, descending, _parameters(call, used))


def select_organizations(call: Call, counts: Callable[[str], Mapping[int, int]]) -> Selection:
    """The list of companies. `counts` gives customers or conversations by organization."""
    field, _, direction = (call.value("sort") or "lastInteractionAt,desc").partition(",")
    if direction not in ("", "asc", "desc"):
        raise _not_in("sort", direction, ("asc", "desc"))
    match field:
        case "name":
            key = _text_key("name")
        case "lastInteractionAt":
            key = modified_at
        case "customerCount" | "conversationCount":
            counted = counts(field)

            def key(stored: Stored) -> Any:
                return counted.get(stored.payload["id"], 0)

        case _:
            raise _not_in("sort", field, _ORGANIZATION_SORTS)
    alone = not field.endswith("Count")
    return Selection(_everything, key, direction != "asc", _parameters(call, ("sort",)), alone)


def select_members(organization_id: int) -> Selection:
    """The people of a company, newest first."""
    return Selection(_is_one_of("organizationId", {organization_id}), created_at, True, ())


def select_conversations_of(state: HelpScoutState, organization_id: int) -> Selection:
    """The inquiries of a company's people, newest first, whatever their status."""

    def belongs(stored: Stored) -> bool:
        owner = state.customers.get(owner_of(stored.payload))
        return owner is not None and owner.payload.get("organizationId") == organization_id

    return Selection(belongs, created_at, True, (), own_records_only=False)


def created_at(stored: Stored) -> datetime:
    """Sort key: creation."""
    return stored.created_at


def modified_at(stored: Stored) -> datetime:
    """Sort key: the hidden time of the last change."""
    return stored.modified_at


def _text_key(name: str) -> SortKey:
    return lambda stored: str(stored.payload.get(name) or "").casefold()


def _number_key(name: str) -> SortKey:
    return lambda stored: number if isinstance(number := stored.payload.get(name), int) else 0


def _customer_key(*names: str) -> SortKey:
    def key(stored: Stored) -> str:
        person = stored.payload.get("primaryCustomer")
        parts = person if isinstance(person, Mapping) else {}
        return " ".join(str(parts.get(name) or "") for name in names).casefold()

    return key


def _waiting_since(stored: Stored) -> str:
    waiting = stored.payload.get("customerWaitingSince")
    return str(waiting.get("time", "")) if isinstance(waiting, Mapping) else ""


_CUSTOMER_SORTS: dict[str, SortKey] = {
    "createdAt": created_at,
    "modifiedAt": modified_at,
    "firstName": _text_key("firstName"),
    "lastName": _text_key("lastName"),
    "score": created_at,
}
_CONVERSATION_SORTS: dict[str, SortKey] = {
    "createdAt": created_at,
    "modifiedAt": modified_at,
    "customerEmail": _customer_key("email"),
    "customerName": _customer_key("first", "last"),
    "mailboxid": _number_key("mailboxId"),
    "number": _number_key("number"),
    "score": created_at,
    "status": _text_key("status"),
    "subject": _text_key("subject"),
    "waitingSince": _waiting_since,
}
_ORGANIZATION_SORTS = ("name", "customerCount", "conversationCount", "lastInteractionAt")
_STATUSES = ("active", "all", "closed", "open", "pending", "spam")


def _sorting(call: Call, sorts: Mapping[str, SortKey]) -> tuple[SortKey, bool]:
    field, order = call.value("sortField") or "createdAt", call.value("sortOrder") or "desc"
    if field not in sorts:
        raise _not_in("sortField", field, tuple(sorts))
    if order not in ("asc", "desc"):
        raise _not_in("sortOrder", order, ("asc", "desc"))
    return sorts[field], order == "desc"


def _parameters(call: Call, used: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    values = ((name, call.value(name)) for name in used)
    return tuple((name, value) for name, value in values if value is not None)


def _condition(call: Call, name: str, build: Callable[[str], Keeps]) -> Keeps:
    value = call.value(name)
    return _everything if value is None else build(value)


def _everything(stored: Stored) -> bool:
    return True


def _all(conditions: list[Keeps]) -> Keeps:
    asked = [condition for condition in conditions if condition is not _everything]
    if len(asked) == 1:
        return asked[0]
    return lambda stored: all(condition(stored) for condition in asked)


def _equals(name: str, text: str) -> Keeps:
    return lambda stored: same_text(str(stored.payload.get(name) or ""), text)


def _is_one_of(name: str, wanted: set[int]) -> Keeps:
    return lambda stored: stored.payload.get(name) in wanted


def _in_mailbox(state: HelpScoutState, mailbox: int) -> Keeps:
    def keeps(stored: Stored) -> bool:
        return any(
            state.conversations[conversation].payload.get("mailboxId") == mailbox
            for conversation in state.conversations_of(stored.payload.get("id", 0))
        )

    return keeps


def _modified_since(text: str, inclusive: bool) -> Keeps:
    since = _time(text, "modifiedSince")
    if inclusive:
        return lambda stored: stored.modified_at >= since
    return lambda stored: stored.modified_at > since


def _created_since(text: str, inclusive: bool) -> Keeps:
    since = _time(text, "createdSince")
    if inclusive:
        return lambda stored: stored.created_at >= since
    return lambda stored: stored.created_at > since


def _has_email(text: str) -> Keeps:
    return lambda stored: any(same_text(value, text) for value in _emails(stored.payload))


def _has_status(status: str, spam_in_all: bool) -> Keeps:
    if status not in _STATUSES:
        raise _not_in("status", status, _STATUSES)
    match status:
        case "all" if spam_in_all:
            return _everything
        case "all":
            return lambda stored: stored.payload.get("status") != "spam"
        case "open":
            return lambda stored: stored.payload.get("status") in ("active", "pending")
        case _:
            return lambda stored: stored.payload.get("status") == status


def _has_tag(text: str) -> Keeps:
    wanted = {name.strip().casefold() for name in text.split(",")}
    return lambda stored: not wanted.isdisjoint(_tags(stored.payload))


def _assigned_to(text: str) -> Keeps:
    if text == "-1":
        return lambda stored: "assignee" not in stored.payload
    user = whole_number(text, "assigned_to")
    return lambda stored: _assignee(stored.payload) == user


def _has_custom_fields(text: str) -> Keeps:
    wanted: dict[int, str] = {}
    for pair in text.split(","):
        number, colon, value = pair.partition(":")
        if not colon:
            raise Refusal(400, Problem("customFieldsByIds", "malformed", "Malformed", text, "QUERY"))
        wanted[whole_number(number, "customFieldsByIds")] = value

    def keeps(stored: Stored) -> bool:
        held = {item["id"]: str(item["value"]) for item in stored.payload.get("customFields", ())}
        return all(held.get(number) == value for number, value in wanted.items())

    return keeps


def _searched(text: str, fields: Mapping[str, Field[Stored]]) -> Keeps:
    try:
        return parse_query(text, fields)
    except QueryError as error:
        raise Refusal(400, Problem("query", str(error), "Query", text, "QUERY")) from None


def _contains(texts: Callable[[Record], list[str]]) -> Field[Stored]:
    """The search is a `contains`, without regard to case."""

    def field(value: Value) -> Keeps:
        wanted = [text.casefold() for text in value.texts]

        def keeps(stored: Stored) -> bool:
            return any(part in text.casefold() for text in texts(stored.payload) for part in wanted)

        return keeps

    return field


def _is_any(texts: Callable[[Record], list[str]]) -> Field[Stored]:
    def field(value: Value) -> Keeps:
        wanted = {text.casefold() for text in value.texts}
        return lambda stored: any(text.casefold() in wanted for text in texts(stored.payload))

    return field


def _time_range(key: Callable[[Stored], datetime]) -> Field[Stored]:
    """`field:[A TO B]`; a single time stands for "since then", as in the older documentation."""

    def field(value: Value) -> Keeps:
        if value.is_range:
            return lambda stored: value.within(key(stored))
        since = parse_time(value.texts[0])
        return lambda stored: key(stored) >= since

    return field


def _emails(payload: Record) -> list[str]:
    return [value for value in texts_of(payload, "emails") if isinstance(value, str)]


def _email_domains(payload: Record) -> list[str]:
    return [email.rpartition("@")[2] for email in _emails(payload)]


def _field(*names: str) -> Callable[[Record], list[str]]:
    return lambda payload: [str(payload.get(name) or "") for name in names]


_CUSTOMER_FIELDS: dict[str, Field[Stored]] = {
    "firstName": _is_any(_field("firstName")),
    "lastName": _is_any(_field("lastName")),
    "email": _contains(_emails),
    "emailDomain": _is_any(_email_domains),
    "createdAt": _time_range(created_at),
    "modifiedAt": _time_range(modified_at),
    "modifiedSince": _time_range(modified_at),
}


def _conversation_fields(state: HelpScoutState) -> dict[str, Field[Stored]]:
    def bodies(payload: Record) -> list[str]:
        return [str(thread.get("body", "")) for thread in state.threads.get(payload["id"], ())]

    return {
        "subject": _contains(_field("subject")),
        "body": _contains(bodies),
        "email": _contains(_conversation_emails),
        "customerIds": _is_any(lambda payload: [str(owner_of(payload))]),
        "tag": _is_any(lambda payload: sorted(_tags(payload))),
        "assigned": _is_any(_assigned_names),
        "status": _is_any(_field("status")),
        "number": _is_any(_field("number")),
        "createdAt": _time_range(created_at),
        "modifiedAt": _time_range(modified_at),
        "modifiedSince": _time_range(modified_at),
    }


def _conversation_emails(payload: Record) -> list[str]:
    person = payload.get("primaryCustomer")
    own = [str(person.get("email", ""))] if isinstance(person, Mapping) else []
    return own + [str(address) for key in ("cc", "bcc") for address in payload.get(key) or ()]


def _tags(payload: Record) -> set[str]:
    tags = payload.get("tags")
    names = [tag.get("tag") for tag in tags if isinstance(tag, Mapping)] if isinstance(tags, list) else []
    return {name.casefold() for name in names if isinstance(name, str)}


def _assignee(payload: Record) -> int | None:
    person = payload.get("assignee")
    return person.get("id") if isinstance(person, Mapping) else None


def _assigned_names(payload: Record) -> list[str]:
    person = payload.get("assignee")
    if not isinstance(person, Mapping):
        return ["Unassigned"]
    return [f"{person.get('first', '')} {person.get('last', '')}".strip(), str(person.get("email", ""))]


def _numbers(text: str, path: str) -> set[int]:
    return {whole_number(part.strip(), path) for part in text.split(",")}


def _time(text: str, path: str) -> datetime:
    try:
        return parse_time(text)
    except QueryError:
        raise Refusal(400, Problem(path, "malformed date", "MalformedDate", text, "QUERY")) from None


def _not_in(path: str, value: str, allowed: tuple[str, ...]) -> Refusal:
    expected = ", ".join(f"'{name}'" for name in allowed)
    return Refusal(400, Problem(path, f"Expected one of these: {expected}", "EnumValue", value, "QUERY"))
