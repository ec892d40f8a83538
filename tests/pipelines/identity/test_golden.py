"""Golden records: which value a card shows, and that each one says where it comes from and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.identity.golden import Cards, golden
from pipelines.identity.invariants import value_columns
from pipelines.identity.ledger import Previous, assign
from pipelines.identity.match import GUARD_COLUMNS, LINK_COLUMNS, REVIEW_COLUMNS, Matching
from pipelines.identity.records import COLUMNS, canonical_order, record_keys
from schemas.tables import crm

NUMBER = "310005487"


def _time(day: int) -> pd.Timestamp:
    return pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=day)


def _records(*rows: dict[str, Any]) -> pd.DataFrame:
    lists = ("emails", "phones", "former_names")
    empty: dict[str, Any] = {name: [] if name in lists else None for name in COLUMNS}
    frame = pd.DataFrame([{"source": None, **empty, **row} for row in rows], columns=["source", *COLUMNS])
    frame = frame.astype(object).where(frame.notna(), None)
    for name in ("changed_at", "created_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def _matching(
    people: list[int], organizations: list[int], guards: Sequence[tuple[str, str]] = ()
) -> Matching:
    return Matching(
        person=np.array(people, dtype=np.int64),
        organization=np.array(organizations, dtype=np.int64),
        organization_rule=np.array(["by_rule" if at >= 0 else None for at in organizations], dtype=object),
        links=pd.DataFrame(columns=LINK_COLUMNS),
        reviews=pd.DataFrame(columns=REVIEW_COLUMNS),
        guards=pd.DataFrame([(kind, value, "shared", 2, 0) for kind, value in guards], columns=GUARD_COLUMNS),
    )


def _golden(records: pd.DataFrame, matching: Matching, **options: Any) -> Cards:
    previous = Previous(np.full(len(records), -1), [], {})
    keys, order = record_keys(records), canonical_order(records)
    people = assign("person", keys, order, matching.person, previous)
    organizations = assign("organization", keys, order, matching.organization, previous)
    return golden(records, matching, people, organizations, **options)


def _person(
    *rows: dict[str, Any], guards: Sequence[tuple[str, str]] = (), **options: Any
) -> tuple[Any, Any, Cards]:
    """(card, rule by field, all cards) of records that are one person."""
    cards = _golden(_records(*rows), _matching([0] * len(rows), [-1] * len(rows), guards), **options)
    return _only(cards.person), _rules(cards), cards


def _organization(*rows: dict[str, Any], people: list[int] | None = None) -> tuple[Any, Any, Cards]:
    cards = _golden(_records(*rows), _matching(people or [-1] * len(rows), [0] * len(rows)))
    return _only(cards.organization), _rules(cards, "organization"), cards


def _only(frame: pd.DataFrame) -> Any:
    assert len(frame) == 1
    return frame.iloc[0]


def _rules(cards: Cards, entity: str = "person") -> dict[str, tuple[str, str]]:
    origin = cards.field_origin[cards.field_origin["entity"] == entity]
    return {
        row["field"]: (row["rule"], f"{row['source']}:{row['source_id']}")
        for row in origin.to_dict("records")
    }


def _helpscout(number: int, **fields: Any) -> dict[str, Any]:
    return {"source": "helpscout_customer", "source_id": str(number), **fields}


def _contact(number: int, **fields: Any) -> dict[str, Any]:
    return {"source": "tripletex_contact", "source_id": str(number), **fields}


def _customer(number: int, **fields: Any) -> dict[str, Any]:
    return {"source": "tripletex_customer", "source_id": str(number), **fields}


def _signup(number: int, **fields: Any) -> dict[str, Any]:
    return {"source": "course_signup", "source_id": str(number), **fields}


def _unit(number: str = NUMBER, status: str = "active", **fields: Any) -> dict[str, Any]:
    told = {"organization_number": number, "unit_status": status}
    return {"source": "brreg_unit", "source_id": number, **told, **fields}


def test_a_newer_whole_name_beats_an_older_one() -> None:
    card, rules, _ = _person(
        _contact(1, first_name="Ingrid", last_name="Haugen", changed_at=_time(1)),
        _helpscout(2, first_name="Ingrid", last_name="Solberg", changed_at=_time(9)),
    )
    assert (card.first_name, card.last_name, card.full_name) == ("Ingrid", "Solberg", "Ingrid Solberg")
    assert rules["last_name"] == ("whole_name", "helpscout_customer:2")


def test_a_whole_name_beats_a_newer_part_and_capitals() -> None:
    card, rules, _ = _person(
        _contact(1, first_name="Ingrid", last_name="Haugen", changed_at=_time(1)),
        _helpscout(2, first_name="Ingrid", changed_at=_time(8)),
        _helpscout(3, first_name="INGRID", last_name="HAUGEN", changed_at=_time(9)),
    )
    assert card.full_name == "Ingrid Haugen"
    assert rules["full_name"] == ("whole_name", "tripletex_contact:1")


def test_names_come_from_one_record_together() -> None:
    card, rules, _ = _person(
        _helpscout(1, first_name="Ingrid", changed_at=_time(9)),
        _helpscout(2, last_name="Haugen", changed_at=_time(1)),
    )
    assert (card.first_name, card.last_name, card.full_name) == ("Ingrid", None, "Ingrid")
    assert "last_name" not in rules


def test_the_number_from_the_own_sign_up_beats_newer_ones() -> None:
    card, rules, cards = _person(
        _signup(1, phones=["900 00 001"], created_at=_time(1)),
        _helpscout(2, phones=["90000002"], changed_at=_time(9)),
    )
    assert card.phone == "+4790000001"
    assert rules["phone"] == ("own_sign_up", "course_signup:1")
    assert dict(zip(cards.person_phone["phone"], cards.person_phone["is_primary"], strict=True)) == {
        "+4790000001": True,
        "+4790000002": False,
    }


def test_a_shared_number_is_shown_only_when_there_is_no_other() -> None:
    switchboard = [("phone", "+4722000001")]
    rows = [
        _signup(1, phones=["22000001"], created_at=_time(9)),
        _helpscout(2, phones=["90000002"], changed_at=_time(1)),
    ]
    card, rules, _ = _person(*rows, guards=switchboard)
    assert (card.phone, rules["phone"][0]) == ("+4790000002", "support_contact")
    card, rules, _ = _person(rows[0], guards=switchboard)
    assert (card.phone, rules["phone"][0]) == ("+4722000001", "shared_number")


def test_an_own_address_beats_newer_role_and_shared_ones() -> None:
    card, rules, cards = _person(
        _contact(1, emails=["Ingrid.Haugen@fjord.example.no"], changed_at=_time(1)),
        _helpscout(2, emails=["post@fjord.example.no", "ola.berg@fjord.example.no"], changed_at=_time(9)),
        guards=[("email", "ola.berg@fjord.example.no")],
    )
    assert card.email == "ingrid.haugen@fjord.example.no"
    assert rules["email"] == ("own_address", "tripletex_contact:1")
    emails = cards.person_email.set_index("email")
    assert emails["is_primary"].to_dict() == {
        "ingrid.haugen@fjord.example.no": True,
        "ola.berg@fjord.example.no": False,
        "post@fjord.example.no": False,
    }
    assert emails.index[emails["is_role_address"]].tolist() == ["post@fjord.example.no"]


def test_every_address_is_kept_once_with_its_newest_record() -> None:
    _, _, cards = _person(
        _helpscout(1, emails=["a@fjord.example.no"], changed_at=_time(1)),
        _helpscout(2, emails=["A@fjord.example.no", "b@fjord.example.no"], changed_at=_time(2)),
    )
    kept = cards.person_email[["email", "source_id"]].itertuples(index=False, name=None)
    assert sorted(kept) == [("a@fjord.example.no", "2"), ("b@fjord.example.no", "2")]


def test_what_is_no_address_and_no_number_stays_off_the_card() -> None:
    card, rules, cards = _person(_helpscout(1, first_name="Ingrid", emails=["ikke oppgitt"], phones=["-"]))
    assert (card.email, card.phone) == (None, None)
    assert cards.person_email.empty
    assert cards.person_phone.empty
    assert set(rules) == {"first_name", "full_name"}


def test_whoever_has_an_own_address_of_the_company_is_internal() -> None:
    rows = [_helpscout(1, emails=["ingrid@fjord.example.no", "ingrid@eget.example.no"])]
    assert _person(*rows, own_domains={"eget.example.no"})[0].is_internal
    assert not _person(*rows, own_domains={"annet.example.no"})[0].is_internal
    assert not _person(*rows, own_domains={"get.example.no"})[0].is_internal


def test_the_register_beats_the_ledger_for_facts_and_the_ledger_has_billing() -> None:
    card, rules, _ = _organization(
        _unit(
            full_name="FJORD BAKERI AS",
            organization_form="AS",
            address="Strandgata 1",
            postal_code="5003",
            city="BERGEN",
            country="NO",
            employees=12,
            vat_registered=True,
        ),
        _customer(
            7,
            full_name="Fjord Bakeri",
            organization_number=f"NO {NUMBER} MVA",
            address="Postboks 9",
            postal_code="5001",
            city="Bergen",
            general_email="Post@fjord.example.no",
            invoice_email="faktura@fjord.example.no; regnskap@fjord.example.no",
            phones=["55000001"],
        ),
    )
    assert card["name"] == "FJORD BAKERI AS"
    assert (card.address, card.postal_code, card.city, card.country) == (
        "Strandgata 1",
        "5003",
        "BERGEN",
        "NO",
    )
    assert (card.organization_number, card.status, card.employees) == (NUMBER, "active", 12)
    assert (card.email, card.invoice_email) == ("post@fjord.example.no", "faktura@fjord.example.no")
    assert rules["name"] == ("register", f"brreg_unit:{NUMBER}")
    assert rules["invoice_email"] == ("billing_customer", "tripletex_customer:7")
    assert not card.is_personal


def test_an_address_is_not_put_together_from_two_records() -> None:
    card, _, _ = _organization(
        _unit(full_name="FJORD AS", city="BERGEN"),
        _customer(7, full_name="Fjord AS", address="Postboks 9", postal_code="5001", city="Oslo"),
    )
    assert (card.address, card.postal_code, card.city) == (None, None, "BERGEN")


def test_an_active_customer_beats_a_newer_inactive_one() -> None:
    card, rules, _ = _organization(
        _customer(1, full_name="Fjord", changed_at=_time(1)),
        _customer(2, full_name="Fjord (gammel)", is_inactive=True, changed_at=_time(9)),
    )
    assert (card["name"], rules["name"][0]) == ("Fjord", "billing_customer")
    assert (card.status, rules["status"][0]) == ("unverified", "not_in_register")


def test_a_sole_proprietor_is_personal() -> None:
    assert _organization(_unit(full_name="INGRID HAUGEN", organization_form="ENK"))[0].is_personal


def test_a_removed_unit_leaves_no_register_fact_on_the_card() -> None:
    card, rules, _ = _organization(
        _unit(status="removed"), _customer(7, full_name="Fjord AS", organization_number=NUMBER)
    )
    assert (card["name"], card.organization_number, card.status) == ("Fjord AS", NUMBER, "removed")
    assert rules["organization_number"] == ("billing_customer", "tripletex_customer:7")
    assert {field for field, (_, record) in rules.items() if record.startswith("brreg")} == {"status"}
    assert card.is_personal


def test_a_number_that_the_register_does_not_know_is_unverified() -> None:
    card, rules, _ = _organization(
        _unit(status="unknown"), _customer(7, full_name="Fjord AS", organization_number=NUMBER)
    )
    assert (card.organization_number, card.status) == (NUMBER, "unverified")
    assert rules["status"][0] == "not_in_register"


def test_a_subunit_points_at_its_parent() -> None:
    child = "311000012"
    cards = _golden(
        _records(
            _unit(full_name="FJORD AS"),
            _unit(child, full_name="FJORD AS AVD VOSS", is_subunit=True, parent_number=NUMBER),
        ),
        _matching([-1, -1], [0, 1]),
    )
    by_number = cards.organization.set_index("organization_number")
    assert by_number.loc[child, "status"] == "subunit"
    assert by_number.loc[child, "parent_organization_number"] == NUMBER
    ids = by_number["organization_id"].to_dict()
    assert by_number["parent_organization_id"].to_dict()[child] == ids[NUMBER]


def test_a_mailbox_without_a_person_gives_the_organisation_its_address() -> None:
    card, rules, _ = _organization(
        _unit(full_name="FJORD AS"), _helpscout(3, emails=["post@fjord.example.no"])
    )
    assert card.email == "post@fjord.example.no"
    assert rules["email"] == ("role_mailbox", "helpscout_customer:3")


def test_the_address_of_a_person_never_becomes_that_of_the_organisation() -> None:
    card, _, _ = _organization(
        _unit(full_name="FJORD AS"),
        _contact(
            3,
            first_name="Ingrid",
            last_name="Haugen",
            emails=["ingrid@fjord.example.no"],
            phones=["90000001"],
        ),
        people=[-1, 0],
    )
    assert (card.email, card.phone) == (None, None)


def test_an_organisation_only_written_about_takes_the_name_people_wrote() -> None:
    card, rules, _ = _organization(_signup(1, company_name="Fjord Bakeri"), people=[0])
    assert (card["name"], rules["name"][0]) == ("Fjord Bakeri", "written_by_contact")


def test_a_number_stands_on_one_card_only() -> None:
    """Two cards may claim one number when a person has decided that they differ; the register's keeps it."""
    cards = _golden(
        _records(_unit(full_name="FJORD AS"), _customer(7, full_name="Fjord", organization_number=NUMBER)),
        _matching([-1, -1], [0, 1]),
    )
    numbers = cards.organization.set_index("name")["organization_number"]
    assert (numbers["FJORD AS"], numbers["Fjord"]) == (NUMBER, None)


def test_persons_and_organisations_are_tied_by_the_best_record() -> None:
    cards = _golden(
        _records(
            _customer(7, full_name="Fjord AS"),
            _contact(1, first_name="Ingrid", company_ref="7"),
            _signup(2, first_name="Ingrid", company_name="Fjord"),
        ),
        _matching([-1, 0, 0], [0, 0, 0]),
    )
    tie = _only(cards.affiliation)
    assert (tie.source, tie.source_id, tie.rule) == ("tripletex_contact", "1", "by_rule")


def test_every_record_is_linked_even_one_without_a_card() -> None:
    cards = _golden(_records(_helpscout(1), _helpscout(2, first_name="Ingrid")), _matching([-1, 0], [-1, -1]))
    assert cards.source_link["source_id"].tolist() == ["1", "2"]
    assert cards.source_link["person_id"].isna().tolist() == [True, False]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_the_order_of_records_does_not_matter(order: list[int]) -> None:
    rows = [
        _helpscout(1, first_name="Ingrid", last_name="Haugen", emails=["a@fjord.example.no"]),
        _helpscout(2, first_name="Ingrid", last_name="Hauge", emails=["b@fjord.example.no"]),
        _helpscout(10, first_name="Ingrid", last_name="Haug", emails=["c@fjord.example.no"]),
    ]
    card, _, _ = _person(*(rows[at] for at in order))
    assert (card.full_name, card.email) == ("Ingrid Haug", "c@fjord.example.no")


_TEXT = st.one_of(
    st.none(), st.text("abcØ .,-@()1", max_size=6), st.sampled_from(["Ingrid", "Haugen", "Fjord AS"])
)
_MAIL = st.sampled_from(["a@fjord.example.no", "post@fjord.example.no", "x", "test@test.no", "b@gmial.com"])
_PHONE = st.sampled_from(["90000001", "22000001 / 90000002", "02800", "1", "12345678"])
_ROW = st.fixed_dictionaries(
    {
        "source": st.sampled_from(
            ["helpscout_customer", "tripletex_customer", "course_signup", "brreg_unit"]
        ),
        "first_name": _TEXT,
        "last_name": _TEXT,
        "full_name": _TEXT,
        "company_name": _TEXT,
        "city": _TEXT,
        "country": _TEXT,
        "emails": st.lists(_MAIL, max_size=2),
        "phones": st.lists(_PHONE, max_size=2),
        "organization_number": st.sampled_from([None, NUMBER, "1"]),
        "unit_status": st.sampled_from(["active", "removed", "unknown", "deleted"]),
        "changed_at": st.one_of(st.none(), st.integers(0, 3).map(_time)),
        "person": st.integers(-1, 2),
        "organization": st.integers(-1, 2),
    }
)


@settings(deadline=None)
@given(st.lists(_ROW, max_size=6))
def test_every_value_on_a_card_has_one_origin_in_a_record_of_that_card(rows: list[dict[str, Any]]) -> None:
    numbered = [{**row, "source_id": str(at)} for at, row in enumerate(rows)]
    records = _records(
        *({k: v for k, v in row.items() if k not in ("person", "organization")} for row in numbered)
    )
    people = [row["person"] if row["source"] != "brreg_unit" else -1 for row in rows]
    cards = _golden(records, _matching(people, [row["organization"] for row in rows]))
    for entity, frame, table in (
        ("person", cards.person, crm.person),
        ("organization", cards.organization, crm.organization),
    ):
        key = f"{entity}_id"
        held = {
            (card, field)
            for field in value_columns(table)
            for card, value in zip(frame[key], frame[field], strict=True)
            if value is not None
        }
        origin = cards.field_origin[cards.field_origin["entity"] == entity]
        assert sorted(held) == list(zip(origin["entity_id"], origin["field"], strict=True))
        linked = cards.source_link.set_index(["source", "source_id"])[key].to_dict()
        for row in origin.to_dict("records"):
            assert linked[row["source"], row["source_id"]] == row["entity_id"]
