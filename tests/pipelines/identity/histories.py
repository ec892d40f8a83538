"""Histories of landing tables, random ones too, and what the store holds after each night of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pipelines.identity.rebuild import rebuild, refresh
from pipelines.identity.reporting import IdentityReport, count_all
from schemas.tables import crm

if TYPE_CHECKING:
    from tests.pipelines.identity.conftest import Landing

NUMBERS = ("310005487", "311000012")
_TIMES_OF_WRITING = {"created_at", "updated_at", "first_seen_at", "event_id", "occurred_at", "run_id"}


def snapshot(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the schema but times of writing, in a fixed order.

    Blocks go by the smallest of their keys: a name that a refresh keeps is one of them, a rebuild's is this.
    """
    tables = [table for table in crm.person.metadata.sorted_tables if table.schema == "crm"]
    with engine.connect() as connection:
        key = crm.match_key.c
        names = sa.select(key.block, sa.func.min(key.key_hash).label("name")).group_by(key.block).subquery()
        for table in (crm.match_block, crm.match_crowd, crm.match_key):
            connection.execute(
                sa.update(table).values(block=names.c.name).where(table.c.block == names.c.block)
            )
        return {
            table.name: sorted(
                map(tuple, connection.execute(sa.select(*_columns(table)))),
                key=lambda row: tuple(map(repr, row)),
            )
            for table in tables
            if table not in (crm.identity_state, crm.match_decision)
        }


def _columns(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in _TIMES_OF_WRITING]


_NAMES = st.sampled_from(
    [("Ingrid", "Haugen"), ("Ingrid", "Solberg"), ("Nils", "Myhre"), ("I", "Haugen"), (None, None)]
)
_MAILS = st.sampled_from(
    [
        None,
        "ingrid.haugen@fjord.example.no",
        "ingrid@privat.example.no",
        "post@fjord.example.no",
        "nils.myhre@fjord.example.no",
        "nils.myhre@bre.example.no",
        "ingrid.haugen@fjrod.example.no",
        "skitur1@nettpost.example.no",
        "ukjent@ukjent.no",
    ]
)
_PHONES = st.sampled_from([None, "90000001", "90000002", "90000081", "90080001", "22000001", "00000000"])
_COMPANIES = st.sampled_from([None, "Fjord Verksted AS", "Fjord Verksted", "Bre Bakeri AS", "Fjord"])
_KEY = st.integers(1, 3)


@st.composite
def _person(draw: st.DrawFn, source: str) -> tuple[Any, ...]:
    (first, last), mail, phone = draw(_NAMES), draw(_MAILS), draw(_PHONES)
    fields: dict[str, Any] = {"first_name": first, "last_name": last}
    if source == "helpscout_customer":
        fields |= {
            "emails": [mail] if mail else [],
            "phones": [phone] if phone else [],
            "organization": draw(_COMPANIES),
        }
    elif source == "tripletex_contact":
        fields |= {"email": mail, "mobile": phone, "customer_id": draw(_KEY)}
    else:
        fields |= {"email": mail, "phone": phone, "company_name": draw(_COMPANIES), "activity_id": 1}
    return "put", source, draw(_KEY), fields


@st.composite
def _customer(draw: st.DrawFn) -> tuple[Any, ...]:
    fields = {
        "name": draw(st.sampled_from(["Fjord Verksted AS", "Bre Bakeri AS", "Ingrid Haugen"])),
        "organization_number": draw(st.sampled_from([None, *NUMBERS])),
        "is_private_individual": draw(st.booleans()),
        "email": draw(_MAILS),
        "phone": draw(_PHONES),
    }
    return "put", "tripletex_customer", draw(_KEY), fields


@st.composite
def _unit(draw: st.DrawFn) -> tuple[Any, ...]:
    fields = {
        "status": draw(st.sampled_from(["active", "deleted", "removed", "unknown"])),
        "name": draw(st.sampled_from(["FJORD VERKSTED AS", "BRE BAKERI AS"])),
        "organization_form": draw(st.sampled_from(["AS", "ENK"])),
        "parent_number": draw(st.sampled_from([None, *NUMBERS])),
    }
    return "put", "brreg_unit", draw(st.sampled_from(NUMBERS)), fields


@st.composite
def _fact(draw: st.DrawFn) -> tuple[Any, ...]:
    facts = ["helpscout_conversation", "tripletex_invoice", "tripletex_subscription"]
    source = draw(st.sampled_from(facts))
    order = {"order_id": draw(_KEY)} if source == "tripletex_subscription" else {}
    return "put", source, draw(_KEY), {"customer_id": draw(_KEY), **order}


_SOURCES = st.sampled_from(
    [
        "helpscout_customer",
        "tripletex_customer",
        "tripletex_contact",
        "course_signup",
        "order_form",
        "brreg_unit",
        "helpscout_conversation",
        "tripletex_invoice",
        "tripletex_subscription",
    ]
)
_LOSS = st.tuples(st.sampled_from(["mark_deleted", "remove"]), _SOURCES, _KEY, st.just(dict[str, Any]()))
_RECORD = st.tuples(
    st.sampled_from(["helpscout_customer", "tripletex_contact", "course_signup"]), _KEY.map(str)
)
_DECISION = st.tuples(st.just("decide"), st.sampled_from(["same", "different"]), _RECORD, _RECORD).filter(
    lambda step: step[2] != step[3]
)
_PERSONS = [
    _person(source) for source in ("helpscout_customer", "tripletex_contact", "course_signup", "order_form")
]
STEP = st.one_of(
    *_PERSONS, _customer(), _unit(), _fact(), _LOSS, _DECISION, st.just(("withdraw", None, None, None))
)


def _play(engine: sa.Engine, landing: Landing, step: tuple[Any, ...]) -> None:
    kind, what, key, fields = step
    if kind == "put":
        landing.put(what, key, **fields)
    elif kind in ("mark_deleted", "remove"):
        getattr(landing, kind)(what, NUMBERS[key % 2] if what == "brreg_unit" else key)
    else:
        with engine.begin() as connection:
            connection.execute(sa.delete(crm.match_decision))
            if kind == "decide":
                connection.execute(
                    sa.insert(crm.match_decision).values(
                        decision=what,
                        left_source=key[0],
                        left_source_id=key[1],
                        right_source=fields[0],
                        right_source_id=fields[1],
                    )
                )


def history(
    engine: sa.Engine,
    landing: Landing,
    nights: list[list[tuple[Any, ...]]],
    make: Callable[[], IdentityReport],
) -> list[dict[str, list[tuple[Any, ...]]]]:
    with engine.begin() as connection:
        tables = [t for t in crm.person.metadata.sorted_tables if t.schema in ("crm", "landing")]
        names = ", ".join(f"{table.schema}.{table.name}" for table in tables)
        connection.exec_driver_sql(f"TRUNCATE {names}")
    outcomes = []
    for night in nights:
        for step in night:
            _play(engine, landing, step)
        report = make()
        outcomes.append(snapshot(engine))
        with engine.connect() as connection:
            totals = count_all(connection)
        assert {name: getattr(report, name) for name in totals} == totals
    return outcomes


def assert_refreshing_is_rebuilding(
    engine: sa.Engine, landing: Landing, nights: list[list[tuple[Any, ...]]]
) -> None:
    """After every night the store holds, row for row, what a rebuild makes of it."""
    refreshed = history(engine, landing, nights, lambda: refresh(engine, "run"))
    rebuilt = history(engine, landing, nights, lambda: rebuild(engine, "run"))
    for one, other in zip(refreshed, rebuilt, strict=True):
        for name in other:
            assert one[name] == other[name], name


LAW = settings(
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
"""A history takes seconds, and its fixtures serve all of them."""
