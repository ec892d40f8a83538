"""The rules of the audiences once more, in plain Python, against what the database finds in random towns."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.privacy.bounces import Bounce, note_bounces
from pipelines.privacy.keys import email_keys
from pipelines.privacy.subjects.rights import object_to_marketing
from pipelines.privacy.suppression import Suppression
from schemas.tables import crm, privacy
from tests.pipelines.audiences.conftest import NOW, SECRET, Town

TODAY = NOW.date()
SOURCES = ("tripletex_contact", "order_form", "helpscout_customer", "course_signup")


@dataclass
class Person:
    """What the rules may know of somebody: addresses, the first one on the card, and ways to act."""

    card: str
    emails: list[str]
    is_internal: bool
    acts: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Source, organisation and the address in the ledger."""
    is_restricted: bool = False


@dataclass
class World:
    """A random town, as it was put into the store."""

    town: Town
    chance: random.Random
    active: set[str] = field(default_factory=set)
    billed: set[str] = field(default_factory=set)
    personal: set[str] = field(default_factory=set)
    people: list[Person] = field(default_factory=list)
    objected: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    bounced: set[str] = field(default_factory=set)

    def fill(self) -> None:
        customers = [self._customer() for _ in range(16)]
        for number in range(120):
            self._person(number, customers)
        every = sorted({email for person in self.people for email in person.emails})
        self.objected, self.erased, self.bounced = (
            set(self.chance.sample(every, len(every) // share)) for share in (10, 20, 8)
        )
        with self.town.engine.begin() as connection:
            ledger = Suppression(SECRET)
            object_to_marketing(connection, SECRET, [k for e in self.objected for k in email_keys(e)], NOW)
            ledger.add(connection, [key for email in self.erased for key in email_keys(email)], "erasure")
            # The ledger of bounces takes nothing of those who were erased.
            hard = [Bounce(email, NOW - timedelta(days=1), "hard") for email in sorted(self.bounced)]
            note_bounces(connection, [SECRET], ledger, hard, "run", NOW)
        self.bounced -= self.erased

    def _customer(self) -> tuple[str, int]:
        status = self.chance.choice(["active", "active", "active", "active", "liquidation", "bankrupt"])
        is_inactive, is_personal = self.chance.random() < 0.1, self.chance.random() < 0.2
        billed = TODAY - timedelta(days=self.chance.choice([10, 10, 399, 400]))
        customer = self.town.customer(
            status=status, is_inactive=is_inactive, is_personal=is_personal, billed=billed
        )
        if status != "bankrupt" and not is_inactive:
            self.active.add(customer[0])
        if status != "liquidation" and TODAY - billed < timedelta(days=400):
            self.billed.add(customer[0])
        if is_personal:
            self.personal.add(customer[0])
        return customer

    def _person(self, number: int, customers: list[tuple[str, int]]) -> None:
        pool = [
            f"p{number}@fjellrev.example.no",
            f"felles{number // 4}@fjellrev.example.no",
            f"post@firma{number // 5}.example.no",
        ]
        emails = self.chance.sample(pool, self.chance.choice([0, 1, 1, 2, 3]))
        is_internal = self.chance.random() < 0.05
        roles = [email for email in emails if email.startswith("post@")]
        card = self.town.person(*emails, roles=roles, is_internal=is_internal)
        person = Person(card, emails, is_internal)
        for _ in range(self.chance.choice([0, 1, 1, 2])):
            customer, source = self.chance.choice(customers), self._source()
            if source == "tripletex_contact":
                email = self.chance.choice([None, *emails, *emails, *emails])
                has_left = self.chance.random() < 0.1
                record = self.town.contact(card, customer, email and email.upper(), is_inactive=has_left)
                if not has_left:
                    person.acts.append((source, customer[0], email))
            else:
                record = self.town.acts(card, customer, source)
                person.acts.append((source, customer[0], None))
            if self.chance.random() < 0.05:
                person.is_restricted = True
                self._restrict(source, record)
        self.people.append(person)

    def _source(self) -> str:
        [source] = self.chance.choices(SOURCES, weights=[4, 1, 1, 1])
        return source

    def _restrict(self, source: str, record: int) -> None:
        self.town.put(
            privacy.hold,
            kind="restriction",
            data=f"landing.{source}",
            column_name="id",
            value=str(record),
            reason="request",
            created_at=NOW,
        )

    def expected(self) -> dict[str, dict[str, str]]:
        """By audience: the address of each member, by card."""
        wanted: dict[str, dict[str, str]] = {"important_updates": {}, "course_invitations": {}}
        for person in self.people:
            acts = [act for act in person.acts if act[1] in self.active]
            if not acts or self._is_out(person):
                continue
            wanted["important_updates"] |= self._best(person, person.emails)
            if not self.objected.intersection(person.emails):
                wanted["course_invitations"] |= self._best(
                    person, [email for email in person.emails if self._is_invited(email, acts)]
                )
        return {audience: self._one_letter_each(members) for audience, members in wanted.items()}

    def _is_out(self, person: Person) -> bool:
        return person.is_internal or person.is_restricted or not self.erased.isdisjoint(person.emails)

    def _is_invited(self, email: str, acts: list[tuple[str, str, str | None]]) -> bool:
        running = [act for act in acts if act[1] in self.billed]
        if email.startswith("post@"):
            return any(organization not in self.personal for _, organization, _ in running)
        return any(sale == email for _, _, sale in running)

    def _best(self, person: Person, emails: list[str]) -> dict[str, str]:
        working = [email for email in emails if email not in self.bounced]
        if not working:
            return {}

        def place(email: str) -> tuple[bool, bool, str]:
            return email.startswith("post@"), email != person.emails[0], email

        return {person.card: min(working, key=place)}

    def _one_letter_each(self, members: dict[str, str]) -> dict[str, str]:
        sharing: dict[str, list[str]] = defaultdict(list)
        for card, email in members.items():
            sharing[email].append(card)
        return {min(cards): email for email, cards in sharing.items()}

    def found(self) -> dict[str, dict[str, str]]:
        """What the store holds."""
        views: dict[str, dict[str, Any]] = {
            "important_updates": self.town.updated(),
            "course_invitations": self.town.invited(),
        }
        return {
            audience: {str(row.person_id): email for email, row in members.items()}
            for audience, members in views.items()
        }


@pytest.mark.parametrize("seed", range(4))
def test_the_database_finds_whom_the_rules_mean_and_nobody_else(town: Town, seed: int) -> None:
    world = World(town, random.Random(seed))
    world.fill()
    town.build("first")
    assert world.found() == world.expected()
    assert all(world.expected().values()), "the town says something"
    # A night later some have left, and a company has ended.
    gone = world.chance.choice(sorted(world.active))
    world.active.discard(gone)
    leaver = world.chance.choice([person for person in world.people if person.acts])
    leaver.acts.clear()
    with town.engine.begin() as connection:
        connection.execute(
            sa.update(crm.organization)
            .where(crm.organization.c.organization_id == gone)
            .values(status="bankrupt")
        )
        connection.execute(sa.delete(crm.source_link).where(crm.source_link.c.person_id == leaver.card))
    town.build("second")
    assert world.found() == world.expected()
