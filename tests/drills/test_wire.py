"""What left the machine, as the other side heard it, and what the ledger of disclosures says: the same.

Two nights, a registration of customers, a correction, an erasure and an alert; every request is recorded by
the server that got it. What a request tells is judged here by the names that the APIs give their fields, and
by the values themselves, not by the policy.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import pytest
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from connectors.sandbox.server import Sandbox
from connectors.simulation.faults import RecordedRequest
from connectors.simulation.server import LoopbackServer
from pipelines.platform_seed import seed_platform
from pipelines.settings import EMBEDDED_DIRECTORY
from pipelines.store.database import PLATFORM_DATABASE
from pipelines.store.embedded import embedded_url
from pipelines.store.engines import make_engine
from pipelines.store.migrate import create_platform
from schemas.tables.platform import participant_submission
from tests.e2e.home import Home, Rows

CANARIES = ("kanarifugl.deltaker@example.no", "Kanari Fuglesang-Prøve", "21999777", "310000888")
"""What a participant submitted, and nobody else."""
TELLING = {
    "organisasjonsnummer": "organization.public",
    "navn": "organization.public",
    "organizationNumber": "organization.public",
    "name": "user.name",
    "firstName": "user.name",
    "lastName": "user.name",
    "email": "user.contact.email",
    "invoiceEmail": "user.contact.email",
    "phoneNumber": "user.contact.phone_number",
    "phoneNumberMobile": "user.contact.phone_number",
    "phoneNumberWork": "user.contact.phone_number",
    "postalAddress": "user.contact.address",
    "physicalAddress": "user.contact.address",
    "website": "user.contact.organization",
    "organization": "user.contact.organization",
}
"""Fields of the four APIs that say something of somebody, with the category of what they say."""


ERASED_NAME = "Slettet"
REGISTER = {"enheter": "GET /enheter", "oppdateringer": "GET /oppdateringer/enheter"}
"""How the ledger calls a question to the register, by the first part of its path."""

Line = tuple[str, str, str]
"""Recipient, request (`PUT /contact/{id}`), record (`order_form:17`)."""


@dataclass(frozen=True)
class Act:
    """Something that was done, the requests that it made, and what it wrote into the ledger."""

    requests: tuple[RecordedRequest, ...]
    ledger: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Watched:
    """All that was done."""

    acts: Mapping[str, Act]
    alerts: tuple[str, ...]
    store: Rows
    """The landing tables before anybody was erased."""
    ledger: tuple[Mapping[str, Any], ...]
    """As it was at the end."""
    submitted: frozenset[str]
    """What participants have submitted and nobody told us otherwise."""

    def requests(self) -> list[RecordedRequest]:
        return [request for act in self.acts.values() for request in act.requests]


class Hook:
    """A webhook that remembers all it was sent."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        headers = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        self.heard.append(f"{request.url}\n{headers}\n{(await request.body()).decode()}")
        await PlainTextResponse("ok")(scope, receive, send)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, postgres_directory: Path) -> Iterator[Watched]:
    folder = Path(tempfile.mkdtemp(prefix="wire-", dir=postgres_directory.parent))
    folder.chmod(0o755)
    world, hook = tmp_path_factory.mktemp("wire") / "world", Hook()
    with closing(LoopbackServer(hook)) as server, Sandbox(world) as sandbox:
        home = Home.make(
            folder / "home", sandbox.environment() | {"ALERT_WEBHOOK_URL": f"{server.url}/hemmelig"}
        )
        plant(home, world)
        acts: dict[str, Act] = {}

        def act(name: str, *arguments: str) -> str:
            asked, known = len(sandbox.requests), {row["disclosure_id"]: row for row in ledger(home)}
            done = home.run(*arguments)
            assert done.code == 0, done.output
            changed = [row for row in ledger(home) if row != known.get(row["disclosure_id"])]
            acts[name] = Act(tuple(sandbox.requests[asked:]), tuple(changed))
            return done.output

        act("first night", "-m", "pipelines.cli.sync")
        act("second night", "-m", "pipelines.cli.sync")
        sending = folder / "register.json"
        sending.write_text(json.dumps({"ops": {"crm__registration": {"config": {"dry_run": False}}}}))
        job = ("job", "execute", "-m", "pipelines.definitions", "-j", "register_customers")
        act("registration", "-m", "dagster", *job, "--config", str(sending))
        person = somebody(home)
        changes = (
            f"helpscout_customer:{person['helpscout']}:organization=Rettelsen Forlag AS",
            f"helpscout_customer:{person['helpscout']}:emails={person['email']}; ny@rettet.example.no",
            f"tripletex_contact:{person['contact']}:mobile=21999555",
        )
        correct = [part for change in changes for part in ("--correct", change)]
        store = home.rows("landing")
        for kind, options in (("rectification", correct), ("erasure", [])):
            subject = ("-m", "pipelines.cli.subject")
            opened = act(f"{kind} opened", *subject, "open", kind, "--email", person["email"], *options)
            [number] = re.findall(r"Request (\S+),", opened)
            act(kind, *subject, "apply", number, "--tell")
        act("alert", "-m", "pipelines.cli.alert_test")
        yield Watched(acts, tuple(hook.heard), store, tuple(ledger(home)), submitted(home, store))


def plant(home: Home, world: Path) -> None:
    """Fill the registration system's database, with a submission that is nobody's on any card."""
    engine = make_engine(embedded_url(home.folder / EMBEDDED_DIRECTORY, PLATFORM_DATABASE))
    create_platform(engine)
    seed_platform(engine, world)
    with engine.begin() as connection:
        submitted = sa.insert(participant_submission).from_select(
            ["id", "customer_org", "activity_id", "submitted_at", "answers"],
            sa.select(
                sa.func.max(participant_submission.c.id) + 1,
                sa.func.max(participant_submission.c.customer_org),
                sa.func.max(participant_submission.c.activity_id),
                sa.func.max(participant_submission.c.submitted_at),
                sa.literal(
                    dict(zip(("E-post", "Navn", "Telefon", "Org"), CANARIES, strict=True)),
                    participant_submission.c.answers.type,
                ),
            ),
        )
        connection.execute(submitted)
    engine.dispose()


def ledger(home: Home) -> list[dict[str, Any]]:
    return home.rows("privacy").get("privacy.disclosure", [])


def submitted(home: Home, store: Rows) -> frozenset[str]:
    """Values of participants' answers; who is rightly both is in the landing tables as well."""
    engine = make_engine(embedded_url(home.folder / EMBEDDED_DIRECTORY, PLATFORM_DATABASE))
    with engine.connect() as connection:
        answers = connection.scalars(sa.select(participant_submission.c.answers)).all()
    engine.dispose()
    told, known = (
        {str(value) for answer in answers for value in answer.values()},
        json.dumps(store, default=str),
    )
    return frozenset(value for value in told if len(value) > 6 and json.dumps(value)[1:-1] not in known)


def somebody(home: Home) -> dict[str, str]:
    """Who is in Help Scout, under one address, and a contact in Tripletex."""
    query = """
        SELECT c.emails[1] AS email, h.source_id AS helpscout, t.source_id AS contact
        FROM crm.source_link AS h JOIN crm.source_link AS t USING (person_id)
        JOIN landing.helpscout_customer AS c ON c.id = h.source_id::bigint
        WHERE h.source = 'helpscout_customer' AND t.source = 'tripletex_contact' AND cardinality(c.emails) = 1
        ORDER BY 1 LIMIT 1"""
    engine = home.engine()
    with engine.connect() as connection:
        row = connection.execute(sa.text(query)).mappings().one()
    engine.dispose()
    return {name: str(value) for name, value in row.items()}


def fields(request: RecordedRequest) -> list[tuple[str, str]]:
    """All that a request carries but for its path: names and texts of its query and its body."""
    text = request.body.decode()
    if "json" not in (request.header("content-type") or ""):
        return [*request.query, *parse_qsl(text)]
    body = json.loads(text or "{}")
    if isinstance(body, list):
        body = {operation["path"].strip("/"): operation.get("value") for operation in body}
    return [*request.query, *((name, _text(value)) for name, value in body.items())]


def _text(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(filter(None, map(_text, value.values())))
    return "" if value is None else str(value)


def told(request: RecordedRequest) -> dict[str, set[str]]:
    """By category, what a request says of somebody: values that are not empty, and whom a change is about."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, text in fields(request):
        category = TELLING.get(name)
        if name == "value":
            category = "user.contact.email" if "/emails" in request.path else "user.contact.phone_number"
        if category and text and text != ERASED_NAME:
            found[category].add(text)
    if request.method in ("PUT", "DELETE") and (changed := re.fullmatch(CHANGED, request.path)):
        found["user.unique_id"].add(changed[1])
    return found


CHANGED = r"/(?:contact|customer|v2/customers)/(\d+)"


def lines(act: Act, store: Rows) -> dict[Line, set[str]]:
    """What the ledger has to say of an act, the register left aside: categories by recipient and record."""
    found: dict[Line, set[str]] = defaultdict(set)
    for request in act.requests:
        if request.system == "brreg" or not (said := told(request)):
            continue
        path = re.sub(r"/(contact|customers?)/\d+", r"/\1/{id}", request.path)
        path = re.sub(r"/(emails|phones)/\d+", r"/\1/{entry}", path)
        # Whether an address is put beside others or in the place of one shows only when it is sent.
        line = re.sub(r"^POST (.*/(emails|phones))$", r"PUT \1/{entry}", f"{request.method} {path}")
        for record in _records(request, said, store):
            found[request.system, line, record] |= said.keys()
    return dict(found)


def _records(request: RecordedRequest, said: Mapping[str, set[str]], store: Rows) -> list[str]:
    """Whom a request is about: by the id in its path, else the order forms from which its values come."""
    if numbered := re.search(r"/(contact|customers?)/(\d+)", request.path):
        kind = "customer" if "customer" in numbered[1] else "contact"
        return [f"{request.system}_{kind}:{numbered[2]}"]
    values = {
        value.lower()
        for value in said.get("user.contact.email", set()) | said.get("organization.public", set())
    }
    assert values, "a request about nobody who can be told apart"
    forms = {f"order_form:{row['id']}": json.dumps(row, default=str) for row in store["landing.order_form"]}
    found = [record for record, text in forms.items() if any(value in text.lower() for value in values)]
    assert found, "a request about somebody who is on no order form"
    return found


def written(act: Act) -> dict[Line, set[str]]:
    """What the ledger says of an act, the register left aside."""
    found: dict[Line, set[str]] = defaultdict(set)
    for row in act.ledger:
        if row["recipient"] != "brreg":
            record = f"{row['source']}:{row['source_id']}"
            found[row["recipient"], row["request"], record] |= set(row["categories"])
    return dict(found)


ACTS = ("first night", "second night", "registration", "rectification opened", "rectification",
        "erasure opened", "erasure", "alert")  # fmt: skip
SILENT = {"first night", "second night", "rectification opened", "erasure opened", "alert"}
"""Acts that tell nobody but the register anything."""


@pytest.mark.parametrize("name", ACTS)
def test_the_ledger_says_what_the_recipient_heard_no_more_and_no_less(watched: Watched, name: str) -> None:
    act = watched.acts[name]
    heard = lines(act, watched.store)
    assert bool(heard) == (name not in SILENT)
    assert written(act) == heard


@pytest.mark.parametrize(
    ("name", "purpose"),
    [("registration", "billing"), ("rectification", "accountability"), ("erasure", "accountability")],
)
def test_each_disclosure_has_the_purpose_of_its_act(watched: Watched, name: str, purpose: str) -> None:
    assert {row["purpose"] for row in watched.acts[name].ledger} == {purpose}


def test_the_acts_reach_every_kind_of_request_that_tells_something(watched: Watched) -> None:
    """Else the equality above says less than it seems to."""
    heard = {line[:2] for act in watched.acts.values() for line in lines(act, watched.store)}
    assert heard >= {
        ("tripletex", "GET /customer"),
        ("tripletex", "POST /customer"),
        ("tripletex", "POST /contact"),
        ("tripletex", "PUT /contact/{id}"),
        ("helpscout", "PATCH /v2/customers/{id}"),
        ("helpscout", "PUT /v2/customers/{id}/emails/{entry}"),
        ("helpscout", "DELETE /v2/customers/{id}"),
    }


def asked(act: Act, question: str) -> set[str]:
    """Organisation numbers that the register was asked for."""
    numbers: set[str] = set()
    for request in act.requests:
        if (
            request.system == "brreg"
            and REGISTER.get(request.path.split("/")[1].replace("under", "")) == question
        ):
            numbers.update(re.findall(r"\d{9}", f"{request.path} {request.value('organisasjonsnummer')}"))
    return numbers


@pytest.mark.parametrize("night", ["first night", "second night"])
@pytest.mark.parametrize("question", REGISTER.values())
def test_each_number_the_register_was_asked_for_is_listed_or_counted(
    watched: Watched, night: str, question: str
) -> None:
    """A company's is counted; one that is a person's business, or nobody knows whose, is listed."""
    act = watched.acts[night]
    heard = asked(act, question)
    rows = [row for row in act.ledger if (row["source"], row["request"]) == ("brreg_unit", question)]
    listed = {row["source_id"] for row in rows} - {"*"}
    assert bool(heard) == (night != "first night" or question == "GET /enheter"), (
        "the first night follows nobody"
    )
    assert listed <= heard
    assert sum(row["records"] for row in rows if row["source_id"] == "*") == len(heard - listed)
    assert {row["times"] for row in rows} <= {1, 2}
    units = {row["number"]: row for row in watched.store["landing.brreg_unit"]}
    for number in heard - listed:
        unit = units[number]
        assert units.get(unit["parent_number"], unit)["organization_form"] != "ENK"
    assert all((row["recipient"], row["purpose"]) == ("brreg", "customer_relationship") for row in rows)
    assert all(row["categories"] == ["organization.public"] for row in rows)


def test_each_name_the_register_was_asked_for_is_counted(watched: Watched) -> None:
    names = [request.value("navn") for request in watched.requests() if request.value("navn")]
    rows = [row for row in watched.ledger if row["source"] == "brreg_name"]
    assert len(names) == sum(row["records"] for row in rows) > 0
    assert {row["source_id"] for row in rows} == {"*"}


def test_nothing_is_in_the_ledger_that_no_act_wrote(watched: Watched) -> None:
    seen = {row["disclosure_id"] for act in watched.acts.values() for row in act.ledger}
    assert {row["disclosure_id"] for row in watched.ledger} == seen


def test_no_other_part_of_a_request_holds_a_value_of_anybody(watched: Watched) -> None:
    """What `told` knows by name is all there is: addresses, numbers and names are nowhere else."""
    known = values(watched.store)
    assert len(known) > 300
    for request in watched.requests():
        rest = [text for name, text in fields(request) if name not in TELLING and name != "value"]
        rest += [text for name, text in request.headers if name != "authorization"]
        found = known.intersection(re.split(r"[\s,;:()\"]+", " ".join(rest).lower()))
        assert not found, (
            f"{request.method} {request.path}: {len(found)} values beside those that are declared"
        )


def values(store: Rows) -> set[str]:
    """Addresses, phone numbers, organisation numbers of all sources, in small letters."""
    text = json.dumps([rows for table, rows in store.items() if table not in NOTES], default=str).lower()
    emails = re.findall(r"[\w.+-]+@[\w.-]+", text)
    return {*emails, *re.findall(r"\b3\d{8}\b", text), *re.findall(r"(?:\+47)?\b21 ?99 ?\d\d ?\d\d\b", text)}


NOTES = {"landing.load", "landing.cursor", "landing.activity"}


def test_what_participants_submitted_is_in_no_request_and_no_alert(watched: Watched) -> None:
    assert watched.submitted >= set(CANARIES)
    heard = [*watched.alerts]
    for request in watched.requests():
        heard += [request.path, *(f"{name} {text}" for name, text in (*fields(request), *request.headers))]
    everything = unquote_plus("\n".join(heard)).lower()
    assert not [value for value in watched.submitted if value.lower() in everything]


def test_an_alert_is_one_line_of_nobody(watched: Watched) -> None:
    [alert] = watched.alerts
    assert json.loads(alert.splitlines()[-1]).keys() == {"text"}
    assert not values(watched.store).intersection(re.split(r"[\s,;:()\"]+", alert.lower()))
