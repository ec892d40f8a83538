"""What the audiences and the bounce lists hold of a person goes with the person, and at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from connectors.pages import Page
from pipelines.audiences.build import build_audiences
from pipelines.identity.rebuild import rebuild
from pipelines.privacy.bounces import Bounce, note_bounces
from pipelines.privacy.subjects import erasure
from pipelines.privacy.subjects.access import collect
from pipelines.privacy.subjects.finding import Hints
from pipelines.privacy.suppression import Suppression
from pipelines.store.landing import Lander
from schemas.payloads.base import Payload
from schemas.payloads.tripletex import TripletexContact, TripletexCustomer
from schemas.policy import load_policy
from schemas.tables.audiences import audience_member
from schemas.tables.bounces import email_bounce

NOW = datetime(2026, 5, 4, 1, 30, tzinfo=UTC)
SECRET = b"s" * 32
TUVA, TAGGED, ANE = "tuva@fjellbris.example.no", "tuva+kurs@fjellbris.example.no", "ane@fjellbris.example.no"


@pytest.fixture
def store(crm_engine: sa.Engine) -> sa.Engine:
    """A customer with two contact persons, the audiences built of them, and both their addresses bounced."""
    records: list[Payload] = [
        TripletexCustomer(id=20, name="Fjellbris AS", organization_number="310000004"),
        TripletexContact(id=21, customer_id=20, first_name="Tuva", last_name="Lien", email=TAGGED),
        TripletexContact(id=22, customer_id=20, first_name="Ane", last_name="Moe", email=ANE),
    ]
    for record in records:
        Lander(crm_engine, type(record), run_id="run", suppression=Suppression(SECRET)).land([Page([record])])
    rebuild(crm_engine, "run")
    assert build_audiences(crm_engine, [SECRET], "run", NOW).members == {"important_updates": 2}
    with crm_engine.begin() as connection:
        bounces = [Bounce(address, NOW, "hard") for address in (TUVA, TAGGED, ANE)]
        note_bounces(connection, [SECRET], Suppression(SECRET), bounces, "run", NOW)
    return crm_engine


def test_an_erasure_takes_the_address_out_of_the_audiences_before_they_are_built_again(
    store: sa.Engine,
) -> None:
    hints = Hints(emails=(TUVA,))
    with store.begin() as connection:
        plan = erasure.erase(connection, load_policy(), hints, Suppression(SECRET), NOW)
        left = connection.scalars(sa.select(audience_member.c.email)).all()
        assert (left, erasure.remaining(connection, hints, plan.suppressed())) == ([ANE], 0)


def test_the_proof_of_an_erasure_sees_an_address_that_is_left_in_an_audience(store: sa.Engine) -> None:
    hints = Hints(emails=(TUVA,))
    with store.begin() as connection:
        plan = erasure.erase(connection, load_policy(), hints, Suppression(SECRET), NOW)
        connection.execute(sa.update(audience_member).values(email=TUVA))
        assert erasure.remaining(connection, hints, plan.suppressed()) == 1


def test_an_erasure_forgets_that_the_persons_addresses_bounced_in_every_spelling(store: sa.Engine) -> None:
    with store.begin() as connection:
        erasure.erase(connection, load_policy(), Hints(emails=(TUVA,)), Suppression(SECRET), NOW)
        assert connection.scalar(sa.select(sa.func.count()).select_from(email_bounce)) == 1
        again = note_bounces(
            connection, [SECRET], Suppression(SECRET), [Bounce(TUVA, NOW, "hard")], "run", NOW
        )
    assert again.suppressed == 1


def test_a_shared_mailbox_that_bounced_stays_noted(store: sa.Engine) -> None:
    """It is not one person's: others would be written to there again."""
    post = "post@fjellbris.example.no"
    with store.begin() as connection:
        note_bounces(connection, [SECRET], Suppression(SECRET), [Bounce(post, NOW, "hard")], "run", NOW)
        erasure.erase(connection, load_policy(), Hints(emails=(TUVA, post)), Suppression(SECRET), NOW)
        assert connection.scalar(sa.select(sa.func.count()).select_from(email_bounce)) == 2


def test_whoever_asks_is_told_the_audiences_and_what_bounced(store: sa.Engine) -> None:
    with store.connect() as connection:
        dossier = collect(connection, load_policy(), Hints(emails=(TAGGED,)), NOW, [SECRET])
    told = {(row["what"], row.get("audience"), row.get("email")) for row in dossier.activity}
    assert ("audience_member", "important_updates", TAGGED) in told
    assert ("audience_change", "important_updates", None) in told
    assert ("email_bounce", None, TAGGED) in told
    assert ANE not in dossier.to_json()
