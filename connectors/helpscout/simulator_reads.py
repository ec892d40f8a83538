"""Everything the simulated Help Scout lets a client read."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from starlette.responses import Response

from connectors.helpscout import simulator_shapes as shapes
from connectors.helpscout.simulator_account import Account, Routes
from connectors.helpscout.simulator_http import Call, Refusal, hal, whole_number
from connectors.helpscout.simulator_lists import (
    Selection,
    select_conversations,
    select_conversations_of,
    select_customers,
    select_customers_v3,
    select_members,
    select_organizations,
)
from connectors.helpscout.simulator_pages import Rows, customers_page, numbered_page, plain_list
from connectors.helpscout.simulator_records import Record, Table


class Reads:
    """The GET endpoints over one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def routes(self) -> Routes:
        """Method, path and handler of each."""
        return [
            ("GET", "/v2/users", self._users),
            ("GET", "/v2/users/me", lambda call: self._user(call, self._owner_id())),
            ("GET", "/v2/users/{id}", lambda call: self._user(call, call.id())),
            ("GET", "/v2/mailboxes", self._mailboxes),
            ("GET", "/v2/mailboxes/{id}", self._mailbox),
            (
                "GET",
                "/v2/mailboxes/{id}/folders",
                lambda call: self._of_mailbox(call, "folders", self._account.state.folders),
            ),
            (
                "GET",
                "/v2/mailboxes/{id}/fields",
                lambda call: self._of_mailbox(call, "fields", self._account.state.mailbox_fields),
            ),
            ("GET", "/v2/teams", lambda call: self._static(call, "teams", self._account.state.teams)),
            ("GET", "/v2/teams/{id}/members", self._team_members),
            ("GET", "/v2/tags", lambda call: self._static(call, "tags", self._account.state.tags)),
            ("GET", "/v2/tags/{id}", self._tag),
            ("GET", "/v2/customers", self._customers),
            ("GET", "/v3/customers", self._customers_v3),
            ("GET", "/v2/customers/{id}", self._customer),
            ("GET", "/v2/customers/{id}/address", self._address),
            ("GET", "/v2/customers/{id}/{entries}", self._customer_entries),
            ("GET", "/v2/customer-properties", self._customer_properties),
            ("GET", "/v2/organizations", self._organizations),
            ("GET", "/v2/organizations/properties", self._organization_properties),
            ("GET", "/v2/organizations/properties/{slug}", self._organization_property),
            ("GET", "/v2/organizations/{id}", self._organization),
            ("GET", "/v2/organizations/{id}/customers", self._organization_customers),
            ("GET", "/v2/organizations/{id}/conversations", self._organization_conversations),
            ("GET", "/v2/conversations", self._conversations),
            ("GET", "/v2/conversations/{id}", lambda call: self._conversation(call, "v2")),
            ("GET", "/v3/conversations/{id}", lambda call: self._conversation(call, "v3")),
            ("GET", "/v2/conversations/{id}/threads", lambda call: self._threads(call, "v2")),
            ("GET", "/v3/conversations/{id}/threads", lambda call: self._threads(call, "v3")),
        ]

    # Lists that follow the index

    def _numbered(
        self,
        call: Call,
        table: Table,
        selection: Selection,
        shape: Callable[[int, Record], Record],
        *,
        path: str,
        size: int,
    ) -> Response:
        live = self._account.live(path, table, selection)

        def between(start: int, stop: int) -> list[Record]:
            shown = live.window(start, stop, descending=selection.descending)
            return [shape(record_id, live.stored(record_id).payload) for record_id in shown]

        return numbered_page(
            call,
            self._account.behaviour,
            Rows(len(live), between),
            key=table,
            path=path,
            size=size,
            parameters=selection.parameters,
        )

    def _customers(self, call: Call) -> Response:
        inclusive = self._account.behaviour.modified_since_inclusive
        selection = select_customers(call, self._account.state, inclusive=inclusive)
        size = self._account.behaviour.page_size
        return self._numbered(
            call, "customers", selection, self._customer_shape(call), path="/v2/customers/", size=size
        )

    def _customers_v3(self, call: Call) -> Response:
        selection = select_customers_v3(call, inclusive=self._account.behaviour.modified_since_inclusive)
        path = "/v3/customers"
        return customers_page(
            call,
            self._account.behaviour,
            self._account.live(path, "customers", selection),
            path=path,
            shape=self._customer_shape(call),
            parameters=selection.parameters,
            now=self._account.clock(),
        )

    def _conversations(self, call: Call) -> Response:
        selection = select_conversations(
            call,
            self._account.state,
            inclusive=self._account.behaviour.modified_since_inclusive,
            spam_in_all=self._account.behaviour.spam_in_all,
        )
        shape = self._conversation_shape(call, embed_threads=call.value("embed") == "threads")
        size = self._account.behaviour.conversation_page_size
        return self._numbered(call, "conversations", selection, shape, path="/v2/conversations/", size=size)

    def _organizations(self, call: Call) -> Response:
        selection = select_organizations(call, self._organization_counts)

        def shape(record_id: int, payload: Record) -> Record:
            return shapes.organization(call.base, record_id, payload, extra={})

        path, size = "/v2/organizations/", self._account.behaviour.page_size
        return self._numbered(call, "organizations", selection, shape, path=path, size=size)

    def _organization_customers(self, call: Call) -> Response:
        organization_id = call.id()
        self._account.record("organizations", organization_id)
        path, size = f"/v2/organizations/{organization_id}/customers/", self._account.behaviour.page_size
        selection, shape = select_members(organization_id), self._customer_shape(call)
        return self._numbered(call, "customers", selection, shape, path=path, size=size)

    def _organization_conversations(self, call: Call) -> Response:
        organization_id = call.id()
        self._account.record("organizations", organization_id)
        path, size = f"/v2/organizations/{organization_id}/conversations/", self._account.behaviour.page_size
        selection = select_conversations_of(self._account.state, organization_id)
        shape = self._conversation_shape(call, embed_threads=False)
        return self._numbered(call, "conversations", selection, shape, path=path, size=size)

    def _customer_shape(self, call: Call) -> Callable[[int, Record], Record]:
        return lambda record_id, payload: shapes.customer(call.base, record_id, payload)

    def _conversation_shape(self, call: Call, *, embed_threads: bool) -> Callable[[int, Record], Record]:
        now = self._account.state.now()

        def shape(record_id: int, payload: Record) -> Record:
            threads = self._embedded_threads(record_id) if embed_threads else []
            return shapes.conversation(call.base, record_id, payload, threads, now, version="v2")

        return shape

    def _embedded_threads(self, conversation_id: int) -> list[Record]:
        """At most one page of threads, and of a chat only its first part."""
        threads = self._newest_first(conversation_id)
        chat = [thread for thread in threads if thread.get("type") in ("chat", "beaconchat")]
        shown = [thread for thread in threads if thread not in chat[:-1]]
        return shown[: self._account.behaviour.thread_page_size]

    def _newest_first(self, conversation_id: int) -> list[Record]:
        added_last_first = reversed(self._account.state.threads.get(conversation_id, []))
        return sorted(added_last_first, key=lambda thread: str(thread.get("createdAt")), reverse=True)

    # Single records, always current

    def _customer(self, call: Call) -> Response:
        customer_id = call.id()
        merge = self._account.state.merged_customers.get(customer_id)
        if self._account.behaviour.merged_customer == "moved":
            self._account.follow(merge, f"{call.base}/v2/customers")
        stored = self._account.record("customers", customer_id)
        return hal(shapes.customer(call.base, customer_id, stored.payload))

    def _address(self, call: Call) -> Response:
        customer_id = call.id()
        address = self._account.record("customers", customer_id).payload["_embedded"].get("address")
        if address is None:
            raise Refusal(404)
        return hal(shapes.with_self(f"{call.base}/v2/customers/{customer_id}/address", address))

    def _customer_entries(self, call: Call) -> Response:
        customer_id, path_key = call.id(), call.path_params["entries"]
        kind = path_key.replace("-", "_")
        if path_key not in ("emails", "phones", "chats", "social-profiles", "websites"):
            raise Refusal(404)
        entries = self._account.record("customers", customer_id).payload["_embedded"].get(kind, [])
        path = f"/v2/customers/{customer_id}/{path_key}"
        rows = [shapes.with_self(f"{call.base}{path}/{entry['id']}", entry) for entry in entries]
        key = self._account.behaviour.social_profiles_key if kind == "social_profiles" else path_key
        return plain_list(call, key=key, path=path, rows=rows)

    def _conversation(self, call: Call, version: Literal["v2", "v3"]) -> Response:
        conversation_id = call.id()
        merge = self._account.state.merged_conversations.get(conversation_id)
        self._account.follow(merge, f"{call.base}/{version}/conversations")
        stored = self._account.record("conversations", conversation_id)
        threads = self._embedded_threads(conversation_id) if call.value("embed") == "threads" else []
        now = self._account.state.now()
        return hal(
            shapes.conversation(call.base, conversation_id, stored.payload, threads, now, version=version)
        )

    def _threads(self, call: Call, version: Literal["v2", "v3"]) -> Response:
        conversation_id = call.id()
        self._account.record("conversations", conversation_id)
        threads = self._newest_first(conversation_id)

        def between(start: int, stop: int) -> list[Record]:
            return [shapes.thread(call.base, thread, version=version) for thread in threads[start:stop]]

        return numbered_page(
            call,
            self._account.behaviour,
            Rows(len(threads), between),
            key="threads",
            path=f"/{version}/conversations/{conversation_id}/threads/",
            size=self._account.behaviour.thread_page_size,
        )

    def _organization(self, call: Call) -> Response:
        organization_id = call.id()
        payload = self._account.record("organizations", organization_id).payload
        extra: Record = {}
        if call.flag("includeProperties"):
            extra["properties"] = payload.get("properties", [])
        if call.flag("includeCounts"):
            for field in ("customerCount", "conversationCount"):
                extra[field] = self._organization_counts(field).get(organization_id, 0)
        return hal(shapes.organization(call.base, organization_id, payload, extra=extra))

    def _organization_counts(self, field: str) -> Mapping[int, int]:
        """Customers or conversations by organization."""
        counts: Counter[int] = Counter()
        for customer_id, stored in list(self._account.state.customers.items()):
            organization = stored.payload.get("organizationId")
            if organization is not None:
                own = (
                    1 if field == "customerCount" else len(self._account.state.conversations_of(customer_id))
                )
                counts[organization] += own
        return counts

    # What an account has besides

    def _users(self, call: Call) -> Response:
        state, email, mailbox = self._account.state, call.value("email"), call.value("mailbox")
        users = state.users if email is None else [user for user in state.users if user["email"] == email]
        if mailbox is not None:
            members = state.mailbox_users.get(whole_number(mailbox, "mailbox"))
            users = users if members is None else [user for user in users if user["id"] in members]
        return self._static(call, "users", users)

    def _user(self, call: Call, user_id: int) -> Response:
        user = _with_id(self._account.state.users, user_id)
        return hal(shapes.with_self(f"{call.base}/v2/users/{user_id}", user))

    def _owner_id(self) -> int:
        if not self._account.state.users:
            raise Refusal(404)
        return int(self._account.state.users[0]["id"])

    def _mailboxes(self, call: Call) -> Response:
        visible = [
            mailbox
            for mailbox in self._account.state.mailboxes
            if self._account.faults.visible("mailboxes", mailbox)
        ]
        return self._static(call, "mailboxes", visible, lambda row: shapes.mailbox(call.base, row))

    def _mailbox(self, call: Call) -> Response:
        mailbox = _with_id(self._account.state.mailboxes, call.id())
        if not self._account.faults.visible("mailboxes", mailbox):
            raise Refusal(self._account.behaviour.forbidden_status)
        return hal(shapes.mailbox(call.base, mailbox))

    def _of_mailbox(self, call: Call, key: str, rows: Mapping[int, list[Record]]) -> Response:
        mailbox_id = call.id()
        _with_id(self._account.state.mailboxes, mailbox_id)
        path = f"/v2/mailboxes/{mailbox_id}/{key}"
        return self._static(call, key, rows.get(mailbox_id, []), dict, path=path)

    def _team_members(self, call: Call) -> Response:
        team_id = call.id()
        _with_id(self._account.state.teams, team_id)
        members = self._account.state.team_members.get(team_id, [])
        users = [user for user in self._account.state.users if user["id"] in members]
        return self._static(call, "users", users, path=f"/v2/teams/{team_id}/members")

    def _tag(self, call: Call) -> Response:
        tag_id = call.id()
        return hal(
            shapes.with_self(f"{call.base}/v2/tags/{tag_id}", _with_id(self._account.state.tags, tag_id))
        )

    def _customer_properties(self, call: Call) -> Response:
        rows = self._account.state.customer_properties
        return plain_list(call, key="customer-properties", path="/v2/customer-properties", rows=rows)

    def _organization_properties(self, call: Call) -> Response:
        path, rows = "/v2/organizations/properties", self._account.state.organization_properties
        return plain_list(call, key="organization-properties", path=path, rows=rows)

    def _organization_property(self, call: Call) -> Response:
        slug = call.path_params["slug"]
        found = next(
            (row for row in self._account.state.organization_properties if row["slug"] == slug), None
        )
        if found is None:
            raise Refusal(404)
        return hal(shapes.with_self(f"{call.base}/v2/organizations/properties/{slug}", found))

    def _static(
        self,
        call: Call,
        key: str,
        records: Sequence[Record],
        shape: Callable[[Record], Record] | None = None,
        *,
        path: str | None = None,
    ) -> Response:
        """A numbered list of something there is little of."""
        folder = path or f"/v2/{key}"
        shaped = shape or (lambda row: shapes.with_self(f"{call.base}/v2/{key}/{row['id']}", row))
        return numbered_page(
            call,
            self._account.behaviour,
            Rows(len(records), lambda start, stop: [shaped(record) for record in records[start:stop]]),
            key=key,
            path=f"{folder}/",
            size=self._account.behaviour.page_size,
        )


def _with_id(records: Sequence[Record], record_id: int) -> Record:
    found = next((record for record in records if record.get("id") == record_id), None)
    if found is None:
        raise Refusal(404)
    return found
