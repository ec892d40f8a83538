"""What a simulated Help Scout account holds, and the one way to change a record of it.

Every change goes through a method, so that the hidden times, the change log and the webhook events stay
consistent. Knows nothing of HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from connectors.simulation.gate import utc_now

Table = Literal["customers", "conversations", "organizations"]
Record = dict[str, Any]

TABLES: tuple[Table, ...] = ("customers", "conversations", "organizations")


@dataclass(frozen=True, slots=True)
class Stored:
    """One record as served, without its `_links`. Replaced as a whole, never changed in place."""

    payload: Record
    created_at: datetime
    modified_at: datetime
    """Hidden: no endpoint shows it, `modifiedSince` and `sortField=modifiedAt` compare it. For an
    organization it is the time of the last interaction."""


class Change(NamedTuple):
    """One entry of the change log; `stored` is None when the record was removed."""

    table: Table
    record_id: int
    at: datetime
    stored: Stored | None


class Event(NamedTuple):
    """What a webhook subscriber may hear of; `payload` is None when the record was deleted."""

    name: str
    table: Table
    record_id: int
    mailbox: int | None
    payload: Record | None


class Merge(NamedTuple):
    """The fate of a record that was merged away."""

    survivor: int
    at: datetime


@dataclass
class AccountRecords:
    """The records of one account by kind, their change log and their events."""

    app_id: str = "app"
    app_secret: str = "app-secret"  # noqa: S105  # of the simulator, not of an account
    now: Callable[[], datetime] = utc_now
    customers: dict[int, Stored] = field(default_factory=dict)
    conversations: dict[int, Stored] = field(default_factory=dict)
    organizations: dict[int, Stored] = field(default_factory=dict)
    threads: dict[int, list[Record]] = field(default_factory=dict)
    """Threads by conversation, in the order they were added."""
    mailboxes: list[Record] = field(default_factory=list)
    folders: dict[int, list[Record]] = field(default_factory=dict)
    """Folders by mailbox."""
    mailbox_fields: dict[int, list[Record]] = field(default_factory=dict)
    """Definitions of the conversations' custom fields by mailbox."""
    users: list[Record] = field(default_factory=list)
    mailbox_users: dict[int, list[int]] = field(default_factory=dict)
    """Ids of the users of a mailbox; one that is not listed is open to all."""
    teams: list[Record] = field(default_factory=list)
    team_members: dict[int, list[int]] = field(default_factory=dict)
    """Ids of users by team."""
    tags: list[Record] = field(default_factory=list)
    customer_properties: list[Record] = field(default_factory=list)
    organization_properties: list[Record] = field(default_factory=list)
    webhooks: dict[int, Record] = field(default_factory=dict)
    merged_conversations: dict[int, Merge] = field(default_factory=dict)
    merged_customers: dict[int, Merge] = field(default_factory=dict)
    pending_deletions: dict[int, datetime] = field(default_factory=dict)
    """Customers whose asynchronous deletion was accepted, with the time it will be done."""
    log: list[Change] = field(default_factory=list)
    """Every change in order: what the search index has to catch up with."""
    events: list[Event] = field(default_factory=list)
    last_entry_id: int = 71_000
    """The last id given to an e-mail, phone or other entry of a customer."""
    last_thread_id: int = 25_000_000_000
    _by_customer: dict[int, set[int]] = field(default_factory=dict)

    def table(self, name: Table) -> dict[int, Stored]:
        """The records of one kind by id."""
        return {
            "customers": self.customers,
            "conversations": self.conversations,
            "organizations": self.organizations,
        }[name]

    def put(
        self,
        table: Table,
        record_id: int,
        payload: Mapping[str, Any],
        created_at: datetime,
        modified_at: datetime,
    ) -> None:
        """Store any payload under an id: the way to a malformed record. Tells no subscriber."""
        stored = Stored(dict(payload), whole_seconds(created_at), whole_seconds(modified_at))
        self._store(table, record_id, stored, stored.modified_at)

    def put_fields(self, table: Table, record_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Set fields of a record to any value, well formed or not (`status="sovende"`)."""
        self._touch(table, record_id, self.table(table)[record_id].payload | fields, at)

    def remove_fields(self, table: Table, record_id: int, *names: str, at: datetime | None = None) -> None:
        """Leave fields out of a record, as the API does with what has no value."""
        payload = self.table(table)[record_id].payload
        kept = {key: value for key, value in payload.items() if key not in names}
        self._touch(table, record_id, kept, at)

    def drop(
        self, table: Table, record_id: int, *, at: datetime | None = None, event: str | None = "deleted"
    ) -> None:
        """Remove a record without a trace but the event of its deletion (None: not even that)."""
        mailbox = self.table(table)[record_id].payload.get("mailboxId")
        self._store(table, record_id, None, whole_seconds(at or self.now()))
        if event is not None:
            name = f"{_EVENT_NOUNS[table]}.{event}"
            self.events.append(Event(name, table, record_id, mailbox, None))

    def next_id(self, table: Table) -> int:
        """An id that no record of the kind has had."""
        merged = {"customers": self.merged_customers, "conversations": self.merged_conversations}
        return max([*self.table(table), *merged.get(table, ())], default=0) + 1

    def conversations_of(self, customer_id: int) -> list[int]:
        """Ids of the inquiries whose primary customer is the given one."""
        return sorted(self._by_customer.get(customer_id, ()))

    def _touch(self, table: Table, record_id: int, payload: Record, at: datetime | None) -> None:
        moment = whole_seconds(at or self.now())
        before = self.table(table)[record_id]
        if payload.get("updatedAt") == before.payload.get("updatedAt") and "updatedAt" in payload:
            payload = payload | {"updatedAt": timestamp(moment)}
        self._store(table, record_id, Stored(payload, before.created_at, moment), moment)

    def _store(self, table: Table, record_id: int, stored: Stored | None, at: datetime) -> None:
        """The one place where a record comes, changes or goes."""
        records = self.table(table)
        before = records.get(record_id)
        if table == "conversations":
            if before is not None:
                self._by_customer.get(owner_of(before.payload), set()).discard(record_id)
            if stored is not None:
                self._by_customer.setdefault(owner_of(stored.payload), set()).add(record_id)
        if stored is None:
            del records[record_id]
        else:
            records[record_id] = stored
        self.log.append(Change(table, record_id, at, stored))

    def _tell(self, name: str, table: Table, record_id: int) -> None:
        payload = self.table(table)[record_id].payload
        self.events.append(Event(name, table, record_id, payload.get("mailboxId"), payload))


def timestamp(moment: datetime) -> str:
    """Help Scout's format: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_seconds(moment: datetime) -> datetime:
    """A time as precise as the API is, in UTC."""
    return moment.astimezone(UTC).replace(microsecond=0)


def texts_of(payload: Mapping[str, Any], kind: str) -> list[str]:
    """The values of a customer's entries (`emails`, `phones` ...); malformed ones are passed over."""
    embedded = payload.get("_embedded")
    entries = embedded.get(kind) if isinstance(embedded, Mapping) else None
    if not isinstance(entries, list):
        return []
    return [entry["value"] for entry in entries if isinstance(entry, Mapping) and "value" in entry]


def owner_of(payload: Mapping[str, Any]) -> int:
    """The id of the primary customer, 0 when the record does not name one."""
    customer = payload.get("primaryCustomer")
    owner = customer.get("id") if isinstance(customer, Mapping) else None
    return owner if isinstance(owner, int) else 0


_EVENT_NOUNS: dict[Table, str] = {
    "customers": "customer",
    "conversations": "convo",
    "organizations": "organization",
}
