"""The records frame: what of each landing table is read, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa

from pipelines.identity.records import COLUMNS, canonical_order, read_records, record_keys
from schemas.tables.landing import TABLES

if TYPE_CHECKING:
    from tests.pipelines.identity.conftest import Landing


def _read(engine: sa.Engine, **only: Any) -> pd.DataFrame:
    with engine.connect() as connection:
        return read_records(connection, only or None)


def _one(engine: sa.Engine) -> Any:
    records = _read(engine)
    assert len(records) == 1
    return records.iloc[0]


def test_an_empty_store_has_no_records(crm_engine: sa.Engine) -> None:
    records = _read(crm_engine)
    assert records.empty
    assert list(records.columns) == ["source", *COLUMNS]


def test_a_support_customer_has_all_addresses_and_numbers(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put(
        "helpscout_customer",
        3,
        first_name="Ingrid",
        last_name="Haugen",
        organization="Fjord",
        organization_id=8,
        organization_number="310005487",
        emails=["a@fjord.example.no", "b@fjord.example.no"],
        phones=["900 00 001"],
        source_changed_at=datetime(2026, 3, 4, 5, 6, 7, 89, tzinfo=UTC),
    )
    record = _one(crm_engine)
    assert (record.source, record.source_id) == ("helpscout_customer", "3")
    assert (record.first_name, record.last_name, record.full_name) == ("Ingrid", "Haugen", None)
    assert (record.emails, record.phones) == (["a@fjord.example.no", "b@fjord.example.no"], ["900 00 001"])
    assert (record.company_name, record.company_ref, record.organization_number) == (
        "Fjord",
        "8",
        "310005487",
    )
    assert record.changed_at == pd.Timestamp("2026-03-04T05:06:07.000089Z")
    assert record.created_at is pd.NaT
    assert (record.is_private, record.is_inactive) == (None, None)


def test_addresses_in_one_billing_field_are_taken_apart(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put(
        "tripletex_customer",
        1,
        name="Fjord AS",
        is_private_individual=False,
        email="post@fjord.example.no",
        invoice_email="a@fjord.example.no; b@fjord.example.no",
        phone="55000001",
        mobile="90000001",
    )
    record = _one(crm_engine)
    assert record.emails == ["post@fjord.example.no", "a@fjord.example.no", "b@fjord.example.no"]
    assert (record.general_email, record.phones) == ("post@fjord.example.no", ["55000001", "90000001"])
    assert (record.full_name, record.is_private) == ("Fjord AS", False)


def test_a_private_customer_is_reached_at_the_mobile_first(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put(
        "tripletex_customer",
        1,
        name="Ingrid Haugen",
        is_private_individual=True,
        phone="55000001",
        mobile="90000001",
    )
    record = _one(crm_engine)
    assert (record.phones, record.emails) == (["90000001", "55000001"], [])


def test_the_postal_address_is_read_whole_or_not_at_all(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put(
        "tripletex_customer",
        1,
        postal_address_1="Postboks 9",
        physical_address_1="Strandgata 1",
        physical_code="5003",
        physical_city="Bergen",
    )
    landing.put(
        "tripletex_customer",
        2,
        postal_country="NO",
        physical_address_1="Strandgata 1",
        physical_address_2="2. etg",
        physical_code="5003",
        physical_country="SE",
    )
    columns = ["address", "postal_code", "city", "country"]
    assert _read(crm_engine)[columns].to_numpy().tolist() == [
        ["Postboks 9", None, None, None],
        ["Strandgata 1, 2. etg", "5003", None, "SE"],
    ]


def test_a_contact_points_at_its_customer(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put(
        "tripletex_contact",
        5,
        first_name="Ingrid",
        email="a@fjord.example.no",
        mobile="90000001",
        work_phone="55000001",
        customer_id=17,
        is_inactive=True,
    )
    record = _one(crm_engine)
    assert (record.company_ref, record.phones, record.is_inactive) == ("17", ["90000001", "55000001"], True)


def test_a_sign_up_is_as_old_as_the_day_it_was_first_read(crm_engine: sa.Engine, landing: Landing) -> None:
    """The source tells no time, and a read that was cut short and repeated must not change the order."""
    landing.put("course_signup", 5, activity_id=1, company_name="Fjord", email="a@fjord.example.no")
    with crm_engine.begin() as connection:
        connection.execute(
            sa.update(TABLES["course_signup"]).values(first_seen_at=datetime(2026, 3, 4, 23, 59, tzinfo=UTC))
        )
    record = _one(crm_engine)
    assert record.created_at == pd.Timestamp("2026-03-04", tz="UTC")
    assert record.changed_at is pd.NaT
    assert record.phones == []


def test_of_a_removed_unit_only_the_number_and_the_state_are_read(
    crm_engine: sa.Engine, landing: Landing
) -> None:
    landing.put(
        "brreg_unit",
        "310005487",
        status="removed",
        name="FJORD AS",
        city="BERGEN",
        former_names=["BRE AS"],
        organization_form="AS",
        employees=7,
        website="fjord.example.no",
        is_subunit=True,
    )
    record = _one(crm_engine).drop(["source", "source_id", "emails", "phones", "former_names"])
    told = {name: value for name, value in record.items() if value is not None and value is not pd.NaT}
    assert told == {"organization_number": "310005487", "unit_status": "removed", "is_private": False}
    assert _one(crm_engine).former_names == []


def test_a_deleted_record_is_left_out(crm_engine: sa.Engine, landing: Landing) -> None:
    landing.put("order_form", 1, activity_id=2, first_name="Ingrid")
    landing.put("order_form", 2, activity_id=2, first_name="Ola")
    landing.mark_deleted("order_form", 1)
    assert record_keys(_read(crm_engine)) == ["order_form:2"]


def test_some_records_can_be_read_by_their_ids(crm_engine: sa.Engine, landing: Landing) -> None:
    for number in (1, 2, 10):
        landing.put("order_form", number, activity_id=2)
        landing.put("course_signup", number, activity_id=2)
    landing.put("brreg_unit", "310005487", status="active")
    some = _read(crm_engine, order_form=["10", "2", "77"], brreg_unit=["310005487"])
    assert record_keys(some) == ["brreg_unit:310005487", "order_form:2", "order_form:10"]
    assert _read(crm_engine, order_form=[]).empty


def test_records_are_ordered_by_number_not_by_text() -> None:
    records = pd.DataFrame(
        {"source": ["course_signup", "course_signup", "brreg_unit"], "source_id": ["10", "9", "310005487"]}
    )
    assert canonical_order(records).tolist() == [2, 1, 0]
