"""A simulated Help Scout account as a story tells it: people write in, move, merge, and are deleted.

Each method does what one act at Help Scout does, its effects on other records included. Knows nothing of
HTTP.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.helpscout.simulator_records import (
    AccountRecords,
    Merge,
    Record,
    owner_of,
    texts_of,
    timestamp,
    whole_seconds,
)

ENTRY_KINDS = ("emails", "phones", "chats", "social_profiles", "websites")


@dataclass
class HelpScoutState(AccountRecords):
    """One Help Scout account. `now` stamps changes that are given no `at`.

    All times are aware; the API knows whole seconds of UTC, so fractions are cut off. Methods that
    name a record raise KeyError when there is none. Times and ids may be given in any order, so a world
    with a past is built with the same methods as a change between two requests.
    """

    # Customers

    def add_customer(
        self,
        customer_id: int,
        first: str = "",
        last: str = "",
        *,
        emails: Sequence[str | Record] = (),
        phones: Sequence[str | Record] = (),
        chats: Sequence[str | Record] = (),
        social_profiles: Sequence[str | Record] = (),
        websites: Sequence[str | Record] = (),
        properties: Sequence[Record] = (),
        address: Record | None = None,
        at: datetime | None = None,
        modified_at: datetime | None = None,
        **fields: Any,
    ) -> Record:
        """Add a person. Texts in `emails`, `phones` ... become entries of type `work`.

        `fields` are further fields of the customer object (`jobTitle`, `organization`,
        `organizationId` ...). `modified_at` may lie before `at`: the API shows such rows.
        """
        created = whole_seconds(at or self.now())
        modified = whole_seconds(modified_at or created)
        payload: Record = {
            "id": customer_id,
            "firstName": first,
            "lastName": last,
            "gender": "Unknown",
            "photoType": "default",
            "photoUrl": "https://avatars.example.no/customer/02.png",
            "conversationCount": 0,
            "createdAt": timestamp(created),
            "updatedAt": timestamp(modified),
            "background": "",
            "draft": False,
            **fields,
            "_embedded": {
                "emails": self._entries("emails", emails),
                "phones": self._entries("phones", phones),
                "chats": self._entries("chats", chats),
                "social_profiles": self._entries("social_profiles", social_profiles),
                "websites": self._entries("websites", websites),
                "properties": list(properties),
                **({"address": address} if address else {}),
            },
        }
        self.put("customers", customer_id, payload, created, modified)
        self._tell("customer.created", "customers", customer_id)
        return payload

    def change_customer(self, customer_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of a person.

        `emails`, `phones`, `chats`, `social_profiles` and `websites` (texts or entries), `properties`
        and `address` (None: no address) replace what is embedded; anything else is a top-level field.
        """
        payload = self.customers[customer_id].payload
        embedded = dict(payload["_embedded"])
        for key in ENTRY_KINDS:
            if key in fields:
                embedded[key] = self._entries(key, fields.pop(key))
        if "properties" in fields:
            embedded["properties"] = list(fields.pop("properties"))
        if "address" in fields:
            embedded.pop("address", None)
            if address := fields.pop("address"):
                embedded["address"] = address
        self._touch("customers", customer_id, payload | fields | {"_embedded": embedded}, at)
        self._tell("customer.updated", "customers", customer_id)

    def delete_customer(self, customer_id: int, *, at: datetime | None = None) -> None:
        """Hard delete: the person and all their conversations. There is no tombstone."""
        self.drop("customers", customer_id, at=at)
        self.pending_deletions.pop(customer_id, None)
        for conversation_id in self.conversations_of(customer_id):
            self.delete_conversation(conversation_id, at=at)

    def merge_customers(self, loser: int, winner: int, *, at: datetime | None = None) -> None:
        """Merge as in the web interface: entries and conversations move to the winner.

        No event tells of the loser: there is none for a merge of customers.
        """
        moment = whole_seconds(at or self.now())
        gone, kept = self.customers[loser].payload["_embedded"], self.customers[winner].payload["_embedded"]
        self.merged_customers[loser] = Merge(winner, moment)
        self.drop("customers", loser, at=moment, event=None)
        self.change_customer(winner, at=moment, **{key: [*kept[key], *gone[key]] for key in ENTRY_KINDS})
        for conversation_id in self.conversations_of(loser):
            self.change_conversation(conversation_id, at=moment, primaryCustomer=self.customer_stub(winner))
            self._count_conversation(winner, +1, moment)

    def move_email(self, value: str, *, source: int, target: int, at: datetime | None = None) -> None:
        """Move an e-mail address from one person to another, as an agent may do.

        Raises KeyError when the source does not have it.
        """
        entries = self.customers[source].payload["_embedded"]["emails"]
        moved = [entry for entry in entries if entry["value"] == value]
        if not moved:
            raise KeyError("the source has no such address")
        self.change_customer(source, at=at, emails=[entry for entry in entries if entry["value"] != value])
        held = self.customers[target].payload["_embedded"]["emails"]
        self.change_customer(target, at=at, emails=[*held, *moved])

    def accept_deletion(self, customer_id: int, *, due: datetime) -> None:
        """Take on an asynchronous deletion, to be done at `due`."""
        self.pending_deletions[customer_id] = due

    def settle_deletions(self) -> None:
        """Do the asynchronous deletions that are due."""
        now = self.now()
        for customer_id in [key for key, due in self.pending_deletions.items() if due <= now]:
            self.delete_customer(customer_id)

    # Conversations

    def add_conversation(
        self,
        conversation_id: int,
        customer_id: int,
        subject: str,
        *,
        mailbox: int,
        status: str = "active",
        kind: str = "email",
        assignee: int | None = None,
        tags: Iterable[str] = (),
        bodies: Sequence[str] = (),
        closed_by: int = 0,
        at: datetime | None = None,
        closed_at: datetime | None = None,
        **fields: Any,
    ) -> Record:
        """Add an inquiry. `kind` is email, chat or phone; `bodies` are its threads, oldest first.

        `closed_by` 0 is what the API shows for "by nobody"; `fields` are further fields of the object.
        """
        created = whole_seconds(at or self.now())
        modified = whole_seconds(closed_at or created)
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
            "preview": bodies[-1][:80] if bodies else subject[:80],
            "mailboxId": mailbox,
            **({} if assignee is None else {"assignee": self.user_stub(assignee)}),
            "createdBy": customer,
            "createdAt": timestamp(created),
            "closedBy": closed_by,
            **self._closing(closed_by, closed_at),
            "userUpdatedAt": timestamp(modified),
            "customerWaitingSince": {"time": timestamp(created)},
            "source": {"type": kind if kind != "phone" else "manual", "via": "customer"},
            "tags": [self._tag(name) for name in tags],
            "cc": [],
            "bcc": [],
            "primaryCustomer": customer,
            "customFields": [],
            **fields,
        }
        self.threads[conversation_id] = [
            self._thread(kind, customer, customer, body, created) for body in bodies or (subject,)
        ]
        self.put("conversations", conversation_id, payload, created, modified)
        self._count_conversation(customer_id, +1, created)
        self._tell("convo.created", "conversations", conversation_id)
        return payload

    def change_conversation(self, conversation_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of an inquiry; the hidden `modifiedAt` moves, no visible time need to."""
        payload = self.conversations[conversation_id].payload | fields
        self._touch("conversations", conversation_id, payload, at)
        for key, event in _CONVERSATION_EVENTS.items():
            if key in fields:
                self._tell(event, "conversations", conversation_id)

    def close_conversation(self, conversation_id: int, *, by: int, at: datetime | None = None) -> None:
        """Close an inquiry as the user `by` (0: nobody)."""
        moment = whole_seconds(at or self.now())
        self.change_conversation(
            conversation_id,
            at=moment,
            status="closed",
            closedBy=by,
            userUpdatedAt=timestamp(moment),
            **self._closing(by, moment),
        )

    def reply(
        self,
        conversation_id: int,
        body: str,
        *,
        by: int | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> None:
        """Add a thread: a message of the user `by`, or the customer's own when there is none.

        `fields` are further fields of the thread (`state="draft"`, `_embedded={"attachments": [...]}`).
        """
        moment = whole_seconds(at or self.now())
        payload = self.conversations[conversation_id].payload
        author = payload["primaryCustomer"] if by is None else self.user_stub(by)
        thread = self._thread(payload["type"], payload["primaryCustomer"], author, body, moment)
        self.threads[conversation_id] = [*self.threads[conversation_id], thread | fields]
        moved = {"status": "active"} if by is None else {"userUpdatedAt": timestamp(moment)}
        self._touch(
            "conversations",
            conversation_id,
            payload | {"threads": len(self.threads[conversation_id]), "preview": body[:80]} | moved,
            moment,
        )
        event = "convo.customer.reply.created" if by is None else "convo.agent.reply.created"
        self._tell(event, "conversations", conversation_id)

    def delete_conversation(self, conversation_id: int, *, at: datetime | None = None) -> None:
        """Remove an inquiry; a later GET finds nothing."""
        owner = owner_of(self.conversations[conversation_id].payload)
        self.drop("conversations", conversation_id, at=at)
        self.threads.pop(conversation_id, None)
        if owner in self.customers:
            self._count_conversation(owner, -1, at or self.now())

    def merge_conversations(self, loser: int, survivor: int, *, at: datetime | None = None) -> None:
        """Merge one inquiry into another; the loser's id answers 301 for 60 days, then 404."""
        moment = whole_seconds(at or self.now())
        threads = [*self.threads[survivor], *self.threads[loser]]
        owner = owner_of(self.conversations[loser].payload)
        self.merged_conversations[loser] = Merge(survivor, moment)
        self.drop("conversations", loser, at=moment, event=None)
        del self.threads[loser]
        self.threads[survivor] = threads
        self.change_conversation(survivor, at=moment, threads=len(threads))
        if owner in self.customers:
            self._count_conversation(owner, -1, moment)
        self._tell("convo.merged", "conversations", survivor)

    # Organizations

    def add_organization(
        self,
        organization_id: int,
        name: str,
        *,
        domains: Sequence[str] = (),
        number: str | None = None,
        at: datetime | None = None,
        **fields: Any,
    ) -> Record:
        """Add a company; `number` is kept as the property `orgnr`."""
        created = whole_seconds(at or self.now())
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
            "properties": [_number_property(number)] if number else [],
            **fields,
        }
        self.put("organizations", organization_id, payload, created, created)
        self._tell("organization.created", "organizations", organization_id)
        return payload

    def change_organization(self, organization_id: int, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of a company."""
        payload = self.organizations[organization_id].payload | fields
        self._touch("organizations", organization_id, payload, at)
        self._tell("organization.updated", "organizations", organization_id)

    def delete_organization(self, organization_id: int, *, at: datetime | None = None) -> None:
        """Remove a company; its people stay, without it."""
        self.drop("organizations", organization_id, at=at)
        for customer_id in self.members_of(organization_id):
            self.remove_fields("customers", customer_id, "organizationId", at=at)

    def members_of(self, organization_id: int) -> list[int]:
        """Ids of the people of a company."""
        return [
            customer_id
            for customer_id, stored in list(self.customers.items())
            if stored.payload.get("organizationId") == organization_id
        ]

    # What an account has besides

    def add_mailbox(
        self, mailbox_id: int, name: str, email: str, *, at: datetime | None = None, **fields: Any
    ) -> Record:
        """Add an inbox; `fields` are further fields of the mailbox object."""
        created = timestamp(at or self.now())
        mailbox: Record = {
            "id": mailbox_id,
            "name": name,
            "slug": f"{mailbox_id:016x}",
            "email": email,
            "createdAt": created,
            "updatedAt": created,
            **fields,
        }
        self.mailboxes.append(mailbox)
        return mailbox

    def add_user(
        self, user_id: int, first: str, last: str, email: str, *, at: datetime | None = None, **fields: Any
    ) -> Record:
        """Add an agent; the first one is the user whom the app belongs to."""
        created = timestamp(at or self.now())
        user: Record = {
            "id": user_id,
            "firstName": first,
            "lastName": last,
            "email": email,
            "role": "user" if self.users else "owner",
            "timezone": "Europe/Oslo",
            "createdAt": created,
            "updatedAt": created,
            "type": "user",
            "mention": first.casefold(),
            "initials": (first[:1] + last[:1]).upper(),
            "jobTitle": "",
            "phone": "",
            "alternateEmails": [],
            "companyId": 7,
            **fields,
        }
        self.users.append(user)
        return user

    def add_team(self, team_id: int, name: str, members: Sequence[int] = ()) -> Record:
        """Add a team of users."""
        created = timestamp(self.now())
        team: Record = {
            "id": team_id,
            "name": name,
            "createdAt": created,
            "updatedAt": created,
            "timezone": "Europe/Oslo",
            "photoUrl": "",
            "mention": name.casefold(),
            "initials": name[:2].upper(),
        }
        self.teams.append(team)
        self.team_members[team_id] = list(members)
        return team

    def customer_stub(self, customer_id: int) -> Record:
        """A person as named inside a conversation."""
        payload = self.customers[customer_id].payload
        return {
            "id": customer_id,
            "type": "customer",
            "first": payload.get("firstName", ""),
            "last": payload.get("lastName", ""),
            "email": next(iter(texts_of(payload, "emails")), ""),
        }

    def user_stub(self, user_id: int) -> Record:
        """An agent as named inside a conversation."""
        user = next(user for user in self.users if user["id"] == user_id)
        return {
            "id": user_id,
            "type": user["type"],
            "first": user["firstName"],
            "last": user["lastName"],
            "email": user["email"],
        }

    def new_entry(self, value: str, kind: str) -> Record:
        """An e-mail, phone or other entry of a customer, with an id of its own."""
        self.last_entry_id += 1
        return {"id": self.last_entry_id, "value": value, "type": kind}

    def _entries(self, kind: str, given: Any) -> Any:
        """Entries of texts and entries; anything else is stored as it is, for malformed records."""
        if isinstance(given, str) or not isinstance(given, Sequence):
            return given
        entries = [self.new_entry(item, "work") if isinstance(item, str) else item for item in given]
        if kind == "websites":
            return [{key: value for key, value in entry.items() if key != "type"} for entry in entries]
        return entries

    def _count_conversation(self, customer_id: int, step: int, at: datetime) -> None:
        """A conversation moves its customer's `updatedAt`, though the profile stays the same."""
        stored = self.customers[customer_id]
        count = max(0, stored.payload.get("conversationCount", 0) + step)
        moment = max(whole_seconds(at), stored.modified_at)
        self._touch("customers", customer_id, stored.payload | {"conversationCount": count}, moment)
        organization = stored.payload.get("organizationId")
        if organization in self.organizations:
            company = self.organizations[organization]
            moment = max(moment, company.modified_at)
            self._touch("organizations", organization, company.payload, moment)

    def _closing(self, by: int, at: datetime | None) -> Record:
        closing: Record = {"closedAt": timestamp(at)} if at else {}
        if any(user["id"] == by for user in self.users):
            closing["closedByUser"] = self.user_stub(by)
        return closing

    def _tag(self, name: str) -> Record:
        known = next((tag for tag in self.tags if tag["name"] == name), None)
        if known is None:
            created = timestamp(self.now())
            known = {
                "id": 9150 + len(self.tags),
                "name": name,
                "slug": name.casefold(),
                "color": "green",
                "createdAt": created,
                "updatedAt": created,
                "ticketCount": 0,
            }
            self.tags.append(known)
        known["ticketCount"] += 1
        return {"id": known["id"], "color": "#929499", "tag": name}

    def _thread(self, kind: str, customer: Record, author: Record, body: str, at: datetime) -> Record:
        self.last_thread_id += 1
        by_customer = author["type"] == "customer"
        own_kind = kind if kind in ("chat", "phone") else "customer" if by_customer else "message"
        return {
            "id": self.last_thread_id,
            "type": own_kind,
            "status": "active",
            "state": "published",
            "action": {"type": "default", "associatedEntities": {}},
            "body": body,
            "source": {"type": "email", "via": "customer" if by_customer else "user"},
            "customer": customer,
            "createdBy": author,
            "savedReplyId": 0,
            "to": [],
            "cc": [],
            "bcc": [],
            "createdAt": timestamp(at),
            "_embedded": {"attachments": []},
        }


_CONVERSATION_EVENTS = {
    "status": "convo.status",
    "tags": "convo.tags",
    "assignee": "convo.assigned",
    "mailboxId": "convo.moved",
    "customFields": "convo.custom-fields",
}


def _number_property(number: str) -> Record:
    return {"definitionId": 1001, "slug": "orgnr", "name": "Org.nr", "type": "text", "value": number}
