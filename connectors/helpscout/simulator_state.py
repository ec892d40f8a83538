"""The records behind the Help Scout simulator, with the hidden `modifiedAt` of each.

Every change goes through a method, so that the hidden time, the change log and the links between
records stay consistent. Knows nothing of HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Table = Literal["customers", "conversations", "organizations"]
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """One record as served, without its `_links`. Replaced as a whole, never changed in place."""

    payload: Record
    created_at: datetime
    modified_at: datetime
    """Hidden: no endpoint shows it, `modifiedSince` and `sortField=modifiedAt` compare it."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A conversation that was merged away."""

    survivor: int
    at: datetime


@dataclass
class HelpScoutState:
    """One Help Scout account. `now` stamps changes; all times are aware and in UTC."""

    app_id: str
    app_secret: str
    now: Callable[[], datetime]
    customers: dict[int, Stored] = field(default_factory=dict)
    conversations: dict[int, Stored] = field(default_factory=dict)
    organizations: dict[int, Stored] = field(default_factory=dict)
    threads: dict[int, list[Record]] = field(default_factory=dict)
    mailboxes: list[Record] = field(default_factory=list)
    users: list[Record] = field(default_factory=list)
    tags: list[Record] = field(default_factory=list)
    customer_properties: list[Record] = field(default_factory=list)
    organization_properties: list[Record] = field(default_factory=list)
    merged_conversations: dict[int, Merge] = field(default_factory=dict)
    merged_customers: dict[int, int] = field(default_factory=dict)
    log: list[tuple[Table, int]] = field(default_factory=list)
    """Every change in order: what the search index has to catch up with."""
    last_entry_id: int = 71_000
    """The last id given to an e-mail, phone or other entry of a customer."""

    def table(self, name: Table) -> dict[int, Stored]:
        """The records of one kind by id."""
        return {
            "customers": self.customers,
            "conversations": self.conversations,
            "organizations": self.organizations,
        }[name]

    def add_customer(
        self,
        customer_id: int,
        first: str = "",
        last: str = "",
        *,
        emails: tuple[str, ...] = (),
        phones: tuple[str, ...] = (),
        at: datetime | None = None,
        modified_at: datetime | None = None,
        **fields: Any,
    ) -> Record:
        """Add a person; `fields` are further fields of the customer object (`jobTitle` ...)."""
        created = at or self.now()
        modified = modified_at or created
        payload: Record = {
            "id": customer_id,
            "firstName": first,
            "lastName": last,
            "gender": "Unknown",
            **{key: value for key, value in fields.items() if key != "properties"},
            "photoType": "default",
            "conversationCount": 0,
            "createdAt": timestamp(created),
            "updatedAt": timestamp(modified),
            "background": fields.get("background", ""),
            "draft": False,
            "_embedded": {
                "emails": [self.entry(value, "work") for value in emails],
                "phones": [self.entry(value, "work") for value in phones],
                "chats": [],
                "social_profiles": [],
                "websites": [],
                "properties": fields.get("properties", []),
            },
        }
        self.put("customers", customer_id, payload, created, modified)
        return payload

    def change_customer(self, customer_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change top-level fields; `emails=` and `phones=` (texts) replace the embedded entries."""
        payload = dict(self.customers[customer_id].payload)
        embedded = dict(payload["_embedded"])
        for key in ("emails", "phones"):
            if key in fields:
                embedded[key] = [self.entry(value, "work") for value in fields.pop(key)]
        payload |= {**fields, "_embedded": embedded}
        self._touch("customers", customer_id, payload, at)

    def delete_customer(self, customer_id: int) -> None:
        """Hard delete: the person and all their conversations. There is no tombstone."""
        self.drop("customers", customer_id)
        for conversation_id in self.conversations_of(customer_id):
            self.delete_conversation(conversation_id)

    def merge_customers(self, loser: int, winner: int, *, at: datetime | None = None) -> None:
        """Merge as in the web interface: e-mails, phones and conversations move to the winner."""
        gone, kept = self.customers[loser].payload, dict(self.customers[winner].payload)
        embedded = dict(kept["_embedded"])
        for key in ("emails", "phones"):
            embedded[key] = [*embedded[key], *gone["_embedded"][key]]
        self._touch("customers", winner, kept | {"_embedded": embedded}, at)
        for conversation_id in self.conversations_of(loser):
            self.change_conversation(conversation_id, at=at, primaryCustomer=self.customer_stub(winner))
        self.merged_customers[loser] = winner
        self.drop("customers", loser)

    def add_conversation(
        self,
        conversation_id: int,
        customer_id: int,
        subject: str,
        *,
        status: str = "active",
        kind: str = "email",
        mailbox: int,
        at: datetime | None = None,
        closed_at: datetime | None = None,
        closed_by: int = 0,
        tags: tuple[str, ...] = (),
        bodies: tuple[str, ...] = (),
        **fields: Any,
    ) -> Record:
        """Add an inquiry. `closed_by` 0 is what the API shows for "by nobody"."""
        created = at or self.now()
        modified = closed_at or created
        customer = self.customer_stub(customer_id)
        payload: Record = {
            "id": conversation_id,
            "number": conversation_id % 1_000_000,
            "threads": max(1, len(bodies)),
            "type": kind,
            "folderId": 11,
            "status": status,
            "state": "published",
            "subject": subject,
            "preview": bodies[-1][:80] if bodies else "",
            "mailboxId": mailbox,
            "createdBy": customer,
            "createdAt": timestamp(created),
            "closedBy": closed_by,
            **self._closing(closed_by, closed_at),
            "userUpdatedAt": timestamp(modified),
            "customerWaitingSince": {"time": timestamp(created)},
            "source": {"type": kind if kind != "phone" else "manual", "via": "customer"},
            "tags": [tag for tag in map(self._tag, tags)],
            "cc": [],
            "bcc": [],
            "primaryCustomer": customer,
            "customFields": [],
            **fields,
        }
        self.put("conversations", conversation_id, payload, created, modified)
        self.threads[conversation_id] = [
            self._thread(conversation_id * 10 + number, customer, body, created)
            for number, body in enumerate(bodies or (subject,))
        ]
        self._count_conversations(customer_id, created)
        return payload

    def change_conversation(self, conversation_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of an inquiry; the hidden `modifiedAt` moves, no visible one need to."""
        payload = self.conversations[conversation_id].payload | fields
        self._touch("conversations", conversation_id, payload, at)

    def close_conversation(self, conversation_id: int, *, by: int, at: datetime | None = None) -> None:
        """Close an inquiry as the user `by` (0: nobody)."""
        moment = at or self.now()
        self.change_conversation(
            conversation_id,
            at=moment,
            status="closed",
            closedBy=by,
            userUpdatedAt=timestamp(moment),
            **self._closing(by, moment),
        )

    def delete_conversation(self, conversation_id: int) -> None:
        """Remove an inquiry; a later GET finds nothing."""
        self.drop("conversations", conversation_id)
        self.threads.pop(conversation_id, None)

    def merge_conversations(self, loser: int, survivor: int, *, at: datetime | None = None) -> None:
        """Merge one inquiry into another; the loser's id answers 301 for 60 days, then 404."""
        moment = at or self.now()
        count = len(self.threads[loser]) + len(self.threads[survivor])
        self.threads[survivor] = [*self.threads[survivor], *self.threads[loser]]
        self.change_conversation(survivor, at=moment, threads=count)
        self.merged_conversations[loser] = Merge(survivor, moment)
        self.delete_conversation(loser)

    def add_organization(
        self,
        organization_id: int,
        name: str,
        *,
        domains: tuple[str, ...] = (),
        number: str | None = None,
        at: datetime | None = None,
    ) -> Record:
        """Add a company; `number` is kept as the property `orgnr`."""
        created = at or self.now()
        payload: Record = {
            "id": organization_id,
            "name": name,
            "website": domains[0] if domains else "",
            "description": "",
            "location": "NO",
            "note": "",
            "domains": list(domains),
            "phones": [],
            "brandColor": "#1F6FEB",
            "properties": [
                {
                    "definitionId": 1001,
                    "slug": "orgnr",
                    "name": "Org.nr",
                    "type": "text",
                    "value": number,
                }
            ]
            if number
            else [],
        }
        self.put("organizations", organization_id, payload, created, created)
        return payload

    def conversations_of(self, customer_id: int) -> list[int]:
        """Ids of the inquiries whose primary customer is the given one."""
        return [
            conversation_id
            for conversation_id, stored in list(self.conversations.items())
            if stored.payload["primaryCustomer"].get("id") == customer_id
        ]

    def customer_stub(self, customer_id: int) -> Record:
        """A person as named inside a conversation."""
        payload = self.customers[customer_id].payload
        emails = payload["_embedded"]["emails"]
        email = emails[0]["value"] if isinstance(emails, list) and emails else ""
        return {
            "id": customer_id,
            "type": "customer",
            "first": payload["firstName"],
            "last": payload["lastName"],
            "email": email,
        }

    def entry(self, value: str, kind: str) -> Record:
        """A new e-mail, phone or website entry with an id of its own."""
        self.last_entry_id += 1
        return {"id": self.last_entry_id, "value": value, "type": kind}

    def put(
        self,
        table: Table,
        record_id: int,
        payload: Mapping[str, Any],
        created_at: datetime,
        modified_at: datetime,
    ) -> None:
        """Store any payload under an id: the way to a malformed record."""
        self.table(table)[record_id] = Stored(dict(payload), created_at, modified_at)
        self.log.append((table, record_id))

    def drop(self, table: Table, record_id: int) -> None:
        """Remove a record without a trace."""
        del self.table(table)[record_id]
        self.log.append((table, record_id))

    def _touch(self, table: Table, record_id: int, payload: Record, at: datetime | None) -> None:
        moment = at or self.now()
        if "updatedAt" in payload:
            payload = payload | {"updatedAt": timestamp(moment)}
        self.put(table, record_id, payload, self.table(table)[record_id].created_at, moment)

    def _count_conversations(self, customer_id: int, at: datetime) -> None:
        """A conversation moves its customer's `updatedAt`, though the profile stays the same."""
        stored = self.customers[customer_id]
        count = stored.payload.get("conversationCount", 0) + 1
        moment = max(at, stored.modified_at)
        self._touch("customers", customer_id, stored.payload | {"conversationCount": count}, moment)

    def _closing(self, by: int, at: datetime | None) -> Record:
        closing: Record = {"closedAt": timestamp(at)} if at else {}
        user = next((user for user in self.users if user["id"] == by), None)
        if user is not None:
            closing["closedByUser"] = {
                "id": by,
                "type": "user",
                "first": user["firstName"],
                "last": user["lastName"],
                "email": user["email"],
            }
        return closing

    def _tag(self, name: str) -> Record:
        known = next((tag for tag in self.tags if tag["name"] == name), None)
        if known is None:
            known = {"id": 9150 + len(self.tags), "name": name, "slug": name, "color": "green"}
            self.tags.append(known)
        return {"id": known["id"], "color": "#929499", "tag": name}

    def _thread(self, thread_id: int, customer: Record, body: str, at: datetime) -> Record:
        return {
            "id": thread_id,
            "type": "customer",
            "status": "active",
            "state": "published",
            "action": {"type": "default", "associatedEntities": {}},
            "body": body,
            "source": {"type": "email", "via": "customer"},
            "customer": customer,
            "createdBy": customer,
            "savedReplyId": 0,
            "to": [],
            "cc": [],
            "bcc": [],
            "createdAt": timestamp(at),
            "_embedded": {"attachments": []},
        }


def timestamp(moment: datetime) -> str:
    """Help Scout's format: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
