"""A new secret forgets no objection, and in time needs the earlier one no more."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from pipelines.audiences.build import build_audiences
from pipelines.privacy.keys import Key, email_keys, phone_keys, source_key
from pipelines.privacy.subjects import rights
from pipelines.privacy.subjects.objections_renewed import renew_objections
from pipelines.privacy.suppression import SuppressionError
from schemas.tables import crm
from schemas.tables.privacy import objection
from tests.pipelines.audiences.conftest import NOW, SECRET, Town

NEW = b"n" * 32
OLA, KARI = "ola@fjellrev.example.no", "kari@fjellrev.example.no"
EARLIER = NOW - timedelta(days=40)


def object_to(town: Town, *keys: Key, secret: bytes = SECRET) -> None:
    with town.engine.begin() as connection:
        rights.object_to_marketing(connection, secret, keys, EARLIER)


def noted(town: Town, secret: bytes, *keys: Key) -> int:
    with town.engine.connect() as connection:
        return rights.count_objections(connection, [secret], keys)


def contact(town: Town, email: str) -> str:
    person = town.person(email)
    town.contact(person, town.customer(), email)
    return person


def test_addresses_numbers_and_records_that_are_met_move_with_their_day(town: Town) -> None:
    person = contact(town, OLA)
    number, address = phone_keys("21 99 90 01"), email_keys(OLA)
    town.put(
        crm.person_phone, person_id=person, phone="+4721999001", is_primary=True,
        source="tripletex_contact", source_id="1",
    )  # fmt: skip
    with town.engine.connect() as connection:
        link = connection.execute(sa.select(crm.source_link.c.source, crm.source_link.c.source_id)).first()
    assert link is not None
    keys = [*address, *number, source_key(*link)]
    object_to(town, *keys)
    build_audiences(town.engine, [NEW, SECRET], "run", NOW)
    assert noted(town, NEW, *keys) == 3
    with town.engine.connect() as connection:
        assert set(connection.scalars(sa.select(objection.c.created_at))) == {EARLIER}
    assert OLA not in town.invited()
    build_audiences(town.engine, [NEW], "run", NOW)
    assert OLA not in town.invited(), "and the earlier secret is needed no more"


def test_what_nobody_meets_stays_and_still_needs_its_secret(town: Town) -> None:
    contact(town, OLA)
    object_to(town, *email_keys(KARI))
    build_audiences(town.engine, [NEW, SECRET], "run", NOW)
    assert noted(town, SECRET, *email_keys(KARI)) == 1
    with pytest.raises(SuppressionError, match="PRIVACY_SECRET"):
        build_audiences(town.engine, [NEW], "run", NOW)


def test_one_that_is_noted_under_both_is_there_once(town: Town) -> None:
    keys = email_keys(OLA)
    object_to(town, *keys)
    object_to(town, *keys, secret=NEW)
    assert renew_objections(town.engine, [NEW, SECRET], keys) == 1
    assert noted(town, NEW, *keys) == 1


def test_a_preview_and_a_lone_secret_move_nothing(town: Town) -> None:
    contact(town, OLA)
    object_to(town, *email_keys(OLA))
    build_audiences(town.engine, [NEW, SECRET], "run", NOW, keep=False)
    assert renew_objections(town.engine, [SECRET], email_keys(OLA)) == 0
    assert noted(town, SECRET, *email_keys(OLA)) == 1


def test_one_that_was_taken_back_is_not_moved(town: Town) -> None:
    object_to(town, *email_keys(OLA))
    with town.engine.begin() as connection:
        assert rights.withdraw_objection(connection, [NEW, SECRET], email_keys(OLA)) == 1
    assert renew_objections(town.engine, [NEW, SECRET], email_keys(OLA)) == 0
