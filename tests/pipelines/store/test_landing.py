"""Every record of an answer ends in one column of the reconciliation, and only changes are written."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.pages import Page, read_page
from pipelines.privacy.keys import email_keys
from pipelines.privacy.suppression import Screening, Suppression
from pipelines.store import landing as landing_module
from pipelines.store.cursors import move_cursor, read_cursor
from pipelines.store.landing import Lander
from pipelines.store.tally import Tally
from schemas.payloads.helpscout import HelpScoutCustomer
from schemas.payloads.tripletex import TripletexCustomer
from schemas.tables.landing import TABLES, rejected

TABLE = TABLES["helpscout_customer"]
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def customer(number: int, name: str = "Kari", minutes: int = 0) -> dict[str, Any]:
    """A Help Scout customer as the API sends it, changed so many minutes after noon."""
    changed = (NOON + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"id": number, "firstName": name, "updatedAt": changed, "_embedded": {"emails": []}}


def page(*records: object) -> Page[HelpScoutCustomer]:
    return read_page(HelpScoutCustomer, records)


def land(engine: sa.Engine, *pages: Page[HelpScoutCustomer]) -> Tally:
    lander = Lander(engine, HelpScoutCustomer, run_id="run", suppression=Suppression(b"s" * 32))
    return lander.land(pages)


def names(engine: sa.Engine) -> dict[int, str]:
    with engine.connect() as connection:
        return dict(connection.execute(sa.select(TABLE.c.id, TABLE.c.first_name)).all())


def test_new_records_are_stored(crm_engine: sa.Engine) -> None:
    tally = land(crm_engine, page(customer(1), customer(2, "Ola")))
    assert (tally.received, tally.stored, tally.difference) == (2, 2, 0)
    assert names(crm_engine) == {1: "Kari", 2: "Ola"}


def test_the_same_records_again_change_no_row(crm_engine: sa.Engine) -> None:
    land(crm_engine, page(customer(1)))
    with crm_engine.connect() as connection:
        before = connection.scalar(sa.text("SELECT xmin FROM landing.helpscout_customer"))
    tally = land(crm_engine, page(customer(1)))
    with crm_engine.connect() as connection:
        after = connection.scalar(sa.text("SELECT xmin FROM landing.helpscout_customer"))
    assert (tally.stored, tally.unchanged) == (0, 1)
    assert before == after


def test_an_older_version_never_overwrites_a_newer_one(crm_engine: sa.Engine) -> None:
    land(crm_engine, page(customer(1, "Ny", minutes=5)))
    tally = land(crm_engine, page(customer(1, "Gammel", minutes=1)))
    assert names(crm_engine) == {1: "Ny"}
    assert (tally.stored, tally.unchanged) == (0, 1)


def test_of_two_versions_in_one_read_the_newer_stays_whatever_the_order(crm_engine: sa.Engine) -> None:
    tally = land(crm_engine, page(customer(1, "Ny", minutes=5)), page(customer(1, "Gammel", minutes=1)))
    assert names(crm_engine) == {1: "Ny"}
    assert (tally.received, tally.stored, tally.repeated, tally.difference) == (2, 1, 1, 0)


def test_a_malformed_record_is_set_aside_with_a_reason_and_without_its_values(crm_engine: sa.Engine) -> None:
    broken = customer(7) | {"firstName": ["Hemmelig"]}
    tally = land(crm_engine, page(customer(1), broken, "no object"))
    assert (tally.received, tally.stored, tally.rejected, tally.difference) == (3, 1, 2, 0)
    with crm_engine.connect() as connection:
        kept = dict(connection.execute(sa.select(rejected.c.source_id, rejected.c.reason)).all())
    assert kept["7"] == "firstName: is not text"
    assert "Hemmelig" not in str(kept)


def test_a_record_that_is_whole_again_is_no_longer_set_aside(crm_engine: sa.Engine) -> None:
    land(crm_engine, page(customer(7) | {"firstName": ["x"]}))
    land(crm_engine, page(customer(7)))
    with crm_engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(rejected)) == 0


def test_a_record_that_comes_back_is_no_longer_deleted(crm_engine: sa.Engine) -> None:
    land(crm_engine, page(customer(1)))
    with crm_engine.begin() as connection:
        landing_module.mark_deleted(connection, HelpScoutCustomer, [1])
    assert land(crm_engine, page(customer(1))).stored == 1
    with crm_engine.connect() as connection:
        assert connection.scalar(sa.select(TABLE.c.deleted_at_source)) is None


def test_undeclared_fields_are_dropped_and_counted(crm_engine: sa.Engine) -> None:
    tally = land(crm_engine, page(customer(1) | {"shoeSize": 44}, customer(2) | {"shoeSize": 38}))
    assert tally.unknown_fields == {"shoeSize": 2}


def test_a_cursor_never_moves_back(crm_engine: sa.Engine) -> None:
    with crm_engine.begin() as connection:
        move_cursor(connection, "helpscout_customer", NOON)
        move_cursor(connection, "helpscout_customer", NOON - timedelta(days=1))
        assert read_cursor(connection, "helpscout_customer") == (NOON, None)
        move_cursor(connection, "brreg_unit", NOON, 7)
        move_cursor(connection, "brreg_unit", NOON, 5)
        assert read_cursor(connection, "brreg_unit") == (NOON, 7)


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_module, "BUFFER_ROWS", 3)


@pytest.mark.usefixtures("small_buffers")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(
        st.lists(
            st.one_of(
                st.builds(customer, st.integers(1, 6), st.sampled_from("AB"), st.integers(0, 9)),
                st.just({"id": 9, "firstName": {}}),
            ),
            max_size=5,
        ),
        max_size=5,
    )
)
def test_any_stream_of_answers_adds_up_and_ends_in_the_newest_versions(
    crm_engine: sa.Engine, answers: list[list[dict[str, Any]]]
) -> None:
    with crm_engine.begin() as connection:
        connection.execute(sa.delete(TABLE))
    tally = land(crm_engine, *(page(*records) for records in answers))
    assert tally.difference == 0
    assert tally.stored == len({r["id"] for a in answers for r in a if r["id"] != 9})
    newest: dict[int, datetime] = {}
    for answer in answers:
        for record in page(*answer).records:
            assert record.source_changed_at is not None
            newest[record.id] = max(newest.get(record.id, NOON), record.source_changed_at)
    with crm_engine.connect() as connection:
        assert dict(connection.execute(sa.select(TABLE.c.id, TABLE.c.source_changed_at)).all()) == newest


def test_what_is_stored_as_it_came_is_not_screened_again(crm_engine: sa.Engine) -> None:
    """A source that is read whole every night would otherwise cost its size once somebody was erased."""
    screened: list[list[int]] = []

    class Watched(Suppression):
        def screen(self, connection: sa.Connection, source: str, records: Iterable[Any]) -> Screening:
            arriving = list(records)
            screened.append([record.id for record in arriving])
            return super().screen(connection, source, arriving)

    for records in ([customer(1), customer(2)], [customer(1), customer(2, "Ola"), customer(3)]):
        Lander(crm_engine, HelpScoutCustomer, run_id="run", suppression=Watched(b"s" * 32)).land(
            [page(*records)]
        )
    assert screened == [[1, 2], [2, 3]]


def test_what_an_erasure_took_from_a_companys_record_comes_back_when_it_is_released(
    crm_engine: sa.Engine,
) -> None:
    """A record that is stored in another form than it came in is not taken for what came."""
    suppression, erased = Suppression(b"s" * 32), email_keys("tuva@fjellbris.example.no")
    company = {"id": 5, "name": "Fjellbris AS", "email": "tuva@fjellbris.example.no"}

    def stored_address() -> str | None:
        lander = Lander(crm_engine, TripletexCustomer, run_id="run", suppression=suppression)
        lander.land([read_page(TripletexCustomer, [company])])
        with crm_engine.connect() as connection:
            return connection.scalar(sa.select(TABLES["tripletex_customer"].c.email))

    with crm_engine.begin() as connection:
        suppression.add(connection, erased, "erasure")
    assert stored_address() is None
    with crm_engine.begin() as connection:
        suppression.release(connection, erased)
    assert stored_address() == "tuva@fjellbris.example.no"


def test_no_erasure_begins_between_the_comparison_and_the_screening(crm_engine: sa.Engine) -> None:
    """What was stored as it came is not screened, so it has to be there still."""
    other = sa.create_engine(crm_engine.url)

    class Watched(Suppression):
        def screen(self, connection: sa.Connection, source: str, records: Iterable[Any]) -> Screening:
            with other.begin() as erasing:
                erasing.exec_driver_sql("SET LOCAL lock_timeout = 1")
                with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                    self.lock(erasing)
            return super().screen(connection, source, records)

    lander = Lander(crm_engine, HelpScoutCustomer, run_id="run", suppression=Watched(b"s" * 32))
    assert lander.land([page(customer(1))]).stored == 1
    other.dispose()


@pytest.mark.parametrize(("mine", "theirs"), [(1, 5), (5, 1)])
def test_of_two_runs_that_land_a_new_record_at_once_the_newer_version_stays(
    crm_engine: sa.Engine, mine: int, theirs: int
) -> None:
    """The other run commits after this one has looked and before it writes."""
    other = sa.create_engine(crm_engine.url)
    moments = iter([None])

    @sa.event.listens_for(crm_engine, "savepoint")
    def meanwhile(*told: object) -> None:
        for _ in moments:
            land(other, page(customer(1, f"Minutt {theirs}", minutes=theirs), customer(2)))

    tally = land(crm_engine, page(customer(1, f"Minutt {mine}", minutes=mine), customer(3)))
    other.dispose()
    assert names(crm_engine) == {1: "Minutt 5", 2: "Kari", 3: "Kari"}
    assert (tally.received, tally.difference) == (2, 0)
    assert tally.stored == (2 if mine == 5 else 1)
