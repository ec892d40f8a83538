"""Erased stays erased, whatever comes afterwards: syncs, edits, merges, undone ones, expiry, restores.

What was restricted, objected to and released in between stays so, too.

A random sequence of these over a small world of persons, with the store looked at after every step.
ERASURE_SEQUENCES in the environment sets how many sequences are tried.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.pages import Page
from pipelines.identity.rebuild import rebuild
from pipelines.privacy import audit_log, retention
from pipelines.privacy.keys import email_keys
from pipelines.privacy.ledger_copy import LedgerCopyError, copy_ledger
from pipelines.privacy.restore import reapply
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.subjects.handling import (
    Office,
    handle_erasure,
    handle_objection,
    handle_release,
    handle_restriction,
    receive,
)
from pipelines.privacy.suppression import Suppression, SuppressionError
from pipelines.store.landing import Lander
from schemas.payloads.base import Payload
from schemas.payloads.helpscout import HelpScoutConversation, HelpScoutCustomer
from schemas.payloads.pindena import CourseSignup
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.policy import load_policy
from schemas.tables import crm, metadata

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
SECRET = b"a secret that is long enough"
PEOPLE = ("tuva lien", "jonas lien", "ane moe", "mikkel vik")
NEXT = ("sondre berg", "ragnhild dahl", "eivind lien", "ingunn haugen")
"""Who has each person's number after them."""


class World:
    """The sources as they are, and the store they are read into."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self.suppression = Suppression(SECRET, clock=lambda: NOW)
        self.office = Office(
            engine, load_policy(), SECRET, self.suppression, lambda: rebuild(engine, "run", own_domains=()),
            keep_copy=self.keep_copy,
        )  # fmt: skip
        with engine.begin() as connection:
            audit_log.begin(connection, NOW)
        self.records: list[Any] = [
            TripletexCustomer(
                id=1, name="Fjellbris AS", organization_number="310000004", phone="21 99 90 00",
                invoice_email="; ".join(map(address, range(len(PEOPLE)))), is_private_individual=False,
            )
        ]  # fmt: skip
        for person in range(len(PEOPLE)):
            self.add(person, "helpscout")
            self.add(person, "contact")
        self.erased: set[int] = set()
        self.recycled: set[int] = set()
        self.read: set[int] = set()
        self.restricted: set[str] = set()
        self.objected: set[int] = set()
        self.copy: list[str] = []
        self.backup: dict[str, list[dict[str, Any]]] | None = None

    def add(self, person: int, kind: str) -> None:
        """The person appears once more at a source, now and then on a phone that all of them share."""
        first, last = PEOPLE[person].title().split()
        number = 100 + len(self.records)
        own, shared = f"2199901{person}", "21999000"
        made: dict[str, Payload] = {
            "helpscout": HelpScoutCustomer(id=number, first_name=first, last_name=last, source_changed_at=NOW,
                                           emails=[address(person).upper()], phones=[own, shared]),
            "contact": TripletexContact(id=number, first_name=first, last_name=last, customer_id=1,
                                        email=address(person), mobile=f"+47 {own}"),
            "signup": CourseSignup(id=number, activity_id=7, first_name=first, last_name=last,
                                   email=f" {address(person)}", phone=own, company_name="Fjellbris AS"),
        }  # fmt: skip
        self.records.append(made[kind])
        if kind == "helpscout":
            self.records.append(HelpScoutConversation(id=number, customer_id=number, closed_at=NOW))

    def recycle(self, person: int) -> None:
        """The person's number goes to somebody else; both bear it while the person is still at a source."""
        first, last = NEXT[person].title().split()
        self.records.append(
            HelpScoutCustomer(id=500 + len(self.records), first_name=first, last_name=last,
                              source_changed_at=NOW, emails=[address(person, NEXT)],
                              phones=[f"2199901{person}"])
        )  # fmt: skip
        self.recycled.add(person)

    def sync(self, only: type[Payload] | None = None) -> None:
        """Read all sources, or one of them as a backfill does, and make the cards."""
        for payload in dict.fromkeys(type(record) for record in self.records):
            if only in (None, payload):
                lander = Lander(self.engine, payload, run_id="run", suppression=self.suppression)
                lander.land([Page([record for record in self.records if type(record) is payload])])
        if only is None:
            self.read = set(range(len(PEOPLE)))
        self.office.refresh()

    def erase(self, person: int) -> None:
        request = receive(self.office, "erasure", NOW, NOW)
        handle_erasure(self.office, request, Hints(emails=(address(person),)), NOW)
        self.erased.add(person)

    def keep_copy(self) -> None:
        """The copy beside the database, after each request."""
        with self.engine.connect() as connection:
            self.copy = list(copy_ledger(connection, SECRET))

    def edit(self, person: int) -> None:
        """At Help Scout the person is written otherwise, and has one more address."""
        for at, record in enumerate(self.records):
            if isinstance(record, HelpScoutCustomer) and address(person) in emails(record):
                changes = {
                    "first_name": str(record.first_name).upper(),
                    "emails": [*record.emails, f"{person}.privat@example.no"],
                    "source_changed_at": NOW + timedelta(minutes=len(record.emails)),
                }
                self.records[at] = record.model_copy(update=changes)

    def restrict(self, person: int) -> None:
        request = receive(self.office, "restriction", NOW, NOW)
        receipt = handle_restriction(self.office, request, Hints(emails=(address(person),)), NOW)
        if receipt.statement["outcome"] == "done":
            self.restricted.add(request.request_id)

    def object(self, person: int) -> None:
        request = receive(self.office, "objection", NOW, NOW)
        handle_objection(self.office, request, Hints(emails=(address(person),)), NOW)
        self.objected.add(person)

    def release(self, person: int) -> None:
        """The person wants to be a customer again, with everything that the sources have."""
        own = tuple((type(record).source, str(record.id)) for record in self.records if is_of(record, person))
        named = (address(person), f"{person}.privat@example.no")
        hints = Hints(emails=named, phones=(f"2199901{person}",), records=own)
        handle_release(self.office, receive(self.office, "release", NOW, NOW), hints, NOW)
        self.erased.discard(person)

    def expire(self) -> None:
        """The period of sign-ups is over."""
        retention.apply(
            self.engine, self.office.policy, NOW + timedelta(days=36_500), run_id="run",
            suppression=self.suppression, confirmed=True, only=["landing.course_signup"],
        )  # fmt: skip
        self.office.refresh()
        self.keep_copy()

    def merge(self, one: int, other: int) -> None:
        """Somebody decides that two persons are one."""
        ids = [
            next(record.id for record in self.records if emails(record) == {address(p)}) for p in (one, other)
        ]
        with self.engine.begin() as connection:
            connection.execute(
                sa.insert(crm.match_decision).values(
                    decision="same", left_source="helpscout_customer", left_source_id=str(ids[0]),
                    right_source="helpscout_customer", right_source_id=str(ids[1]), decided_at=NOW,
                )
            )  # fmt: skip
        self.office.refresh()

    def undo(self) -> None:
        """All decisions are taken back."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(crm.match_decision))
        self.office.refresh()

    def back_up(self) -> None:
        with self.engine.connect() as connection:
            self.backup = {
                table.fullname: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
                for table in metadata.sorted_tables
            }

    def restore(self) -> None:
        """The whole database as it was, its older ledger included; then the ledger's copy is put back."""
        if self.backup is None:
            return
        with self.engine.begin() as connection:
            put_back(connection, self.backup)
        reapply(self.engine, self.suppression, self.copy, now=NOW)
        self.office.refresh()

    def check(self) -> None:
        text = everything(self.engine)
        for person in range(len(PEOPLE)):
            if person in self.erased:
                assert address(person) not in text, "an erased address is back"
                assert person in self.recycled or f"2199901{person}" not in text, "an erased number is back"
                assert PEOPLE[person] not in text, "an erased name is back"
                assert f"{person}.privat@" not in text, "an erased person's other address is in"
        with self.engine.connect() as connection:
            assert audit_log.verify(connection).holds
            standing = {one.request_id for one in rights.standing_restrictions(connection)}
            assert standing == self.restricted, "a restriction is gone"
            for person in range(len(PEOPLE)):
                noted = rights.count_objections(connection, [SECRET], email_keys(address(person)))
                assert bool(noted) == (person in self.objected), "an objection is gone, or another's noted"

    def check_the_others(self) -> None:
        """After a full read everybody who was not erased is there, and the company with the shared phone."""
        text = everything(self.engine)
        for person in range(len(PEOPLE)):
            assert (address(person) in text) == (person not in self.erased)
            assert (address(person, NEXT) in text) == (person in self.recycled), "the next bearer"
        assert "+4721999000" in text
        assert "fjellbris as" in text


def address(person: int, people: tuple[str, ...] = PEOPLE) -> str:
    return f"{people[person].replace(' ', '.')}@example.no"


def is_of(record: Any, person: int) -> bool:
    """Whether a person is the one whom a record is about."""
    return (
        " ".join(getattr(record, f"{name}_name", None) or "" for name in ("first", "last")).lower()
        == (PEOPLE[person])
    )


def emails(record: Payload) -> set[str]:
    return {text.lower() for text in record.emails} if isinstance(record, HelpScoutCustomer) else set()


def put_back(connection: sa.Connection, backup: dict[str, list[dict[str, Any]]]) -> None:
    names = ", ".join(table.fullname for table in metadata.sorted_tables)
    connection.execute(sa.text(f"TRUNCATE {names}"))
    for table in metadata.sorted_tables:
        rows = backup[table.fullname]
        if rows:
            # Identity columns take the numbers they had.
            names = ", ".join(f'"{name}"' for name in rows[0])
            values = ", ".join(f":{name}" for name in rows[0])
            statement = sa.text(
                f"INSERT INTO {table.fullname} ({names}) OVERRIDING SYSTEM VALUE VALUES ({values})"
            )
            typed = [sa.bindparam(name, type_=table.c[name].type) for name in rows[0]]
            connection.execute(statement.bindparams(*typed), rows)
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.identity is not None:
                connection.execute(
                    sa.text(
                        f"SELECT setval(pg_get_serial_sequence('{table.fullname}', '{column.name}'),"
                        f" (SELECT coalesce(max({column.name}), 0) + 1 FROM {table.fullname}), false)"
                    )
                )


def everything(engine: sa.Engine) -> str:
    with engine.connect() as connection:
        return "\n".join(
            text
            for table in metadata.sorted_tables
            for text in connection.scalars(
                sa.select(sa.cast(sa.func.to_jsonb(table.table_valued()), sa.Text))
            )
        ).lower()


@contextmanager
def emptied(engine: sa.Engine) -> Iterator[World]:
    """A world on an empty store: examples of one test share a database."""
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE " + ", ".join(t.fullname for t in metadata.sorted_tables)))
    yield World(engine)


person = st.integers(0, len(PEOPLE) - 1)
steps = st.one_of(
    st.tuples(st.just("sync")),
    st.tuples(
        st.just("backfill"),
        st.sampled_from([HelpScoutCustomer, TripletexContact, CourseSignup, TripletexCustomer]),
    ),
    st.tuples(st.just("add"), person, st.sampled_from(["helpscout", "contact", "signup"])),
    st.tuples(st.just("erase"), person),
    st.tuples(st.just("recycle"), person),
    st.tuples(st.just("merge"), person, person).filter(lambda step: step[1] != step[2]),
    st.tuples(st.just("undo")),
    st.tuples(st.sampled_from(["edit", "restrict", "object", "release"]), person),
    st.tuples(st.just("expire")),
    st.tuples(st.just("back_up")),
    st.tuples(st.just("restore")),
)  # fmt: skip


@settings(
    max_examples=int(os.environ.get("ERASURE_SEQUENCES", "12")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(plan=st.lists(steps, min_size=4, max_size=10))
def test_erased_stays_erased_over_any_sequence(crm_engine: sa.Engine, plan: list[tuple[Any, ...]]) -> None:
    with emptied(crm_engine) as world:
        world.sync()
        for name, *arguments in plan:
            actions = {"backfill": world.sync}
            (actions.get(name) or getattr(world, name))(*arguments)
            world.check()
        world.undo()
        world.sync()
        world.check()
        world.check_the_others()


def test_the_next_bearer_of_an_erased_number_is_let_in_and_stays_after_a_restore(
    crm_engine: sa.Engine,
) -> None:
    world = World(crm_engine)
    world.sync()
    world.back_up()
    world.erase(0)
    world.recycle(0)
    for _ in range(2):
        world.sync()
        world.check()
        world.check_the_others()
        world.restore()
        world.check()


class TestRestore:
    """A backup from before an erasure does not undo it."""

    @pytest.fixture
    def world(self, crm_engine: sa.Engine) -> World:
        world = World(crm_engine)
        world.sync()
        world.back_up()
        world.erase(0)
        return world

    def test_without_the_copy_the_backup_would_bring_the_person_back(self, world: World) -> None:
        """Why the copy is needed; if this fails the next test proves nothing."""
        assert world.backup is not None
        with world.engine.begin() as connection:
            put_back(connection, world.backup)
        assert address(0) in everything(world.engine)

    def test_with_the_copy_the_person_is_erased_again_at_once(self, world: World) -> None:
        assert world.backup is not None
        with world.engine.begin() as connection:
            put_back(connection, world.backup)
        done = reapply(world.engine, world.suppression, world.copy, now=NOW)
        assert (done.removed, done.blanked) == (2, 1), "her two records, and the company's"
        assert done.entries == len([line for line in world.copy if "key_hmac" in line])
        world.check()
        again = reapply(world.engine, world.suppression, world.copy, now=NOW)
        assert (again.entries, again.removed, again.blanked) == (0, 0, 0)

    def test_the_copy_holds_no_value_in_the_clear(self, world: World) -> None:
        text = "".join(world.copy)
        assert text.count("\n") > 3
        for value in ("tuva", "lien", "2199901", "@"):
            assert value not in text

    def test_a_damaged_copy_is_refused_whole_with_its_line(self, world: World) -> None:
        with pytest.raises(LedgerCopyError, match="line 2"):
            reapply(world.engine, world.suppression, [world.copy[0], world.copy[1][:20]], now=NOW)

    def test_a_copy_under_another_secret_is_refused(self, world: World) -> None:
        with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
            reapply(world.engine, Suppression(b"another secret, just as long"), world.copy, now=NOW)


def test_what_expired_stays_away_as_well(crm_engine: sa.Engine) -> None:
    """A sign-up whose period is over does not come back with the next read or with a backup."""
    world = World(crm_engine)
    world.add(0, "signup")
    world.sync()
    world.back_up()
    later = NOW + timedelta(days=36_500)
    retention.apply(
        crm_engine, load_policy(), later, run_id="run", suppression=world.suppression,
        only=["landing.course_signup"],
    )  # fmt: skip
    with crm_engine.connect() as connection:
        world.copy = list(copy_ledger(connection, SECRET))
    world.restore()
    world.sync()
    with crm_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(crm.course_signup)) == 0
