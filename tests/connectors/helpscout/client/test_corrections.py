"""A customer is corrected in Help Scout: what differs is sent, the rest is let alone, and it is read back."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import PermanentError
from connectors.helpscout.simulator import HelpScoutSimulator
from connectors.helpscout.simulator_state import HelpScoutState
from tests.connectors.helpscout.client.conftest import Connect

OLD, OTHER, NEW, MORE = (f"{name}@bakeri.example.no" for name in ("kari", "k.berg", "kari.lie", "kl"))


@pytest.fixture
def kari(state: HelpScoutState) -> dict[str, Any]:
    """Customer 2 as the account holds it, with two addresses, a number and things that are not read."""
    state.add_customer(
        2, "Kari", "Berg", emails=[state.new_entry(OLD, "work"), state.new_entry(OTHER, "home")],
        phones=[state.new_entry("40 00 00 02", "mobile")], organization="Bakeri AS", jobTitle="Baker",
    )  # fmt: skip
    return state.customers[2].payload


def changes(simulator: HelpScoutSimulator) -> list[str]:
    sent = (one for one in simulator.requests if one.method != "GET" and "token" not in one.path)
    return [f"{one.method} {one.path}" for one in sent]


def entries(kari: dict[str, Any], kind: str) -> dict[int, tuple[str, str]]:
    return {one["id"]: (one["type"], one["value"]) for one in kari["_embedded"][kind]}


def test_a_name_is_corrected_and_the_rest_stays(connect: Connect, state: HelpScoutState, kari: Any) -> None:
    before = dict(kari)
    now = connect().corrections.correct_customer(2, {"last_name": "Lie"})
    after = state.customers[2].payload
    assert (now.first_name, now.last_name) == ("Kari", "Lie")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"lastName"}


def test_what_is_right_already_is_not_sent(
    connect: Connect, simulator: HelpScoutSimulator, kari: Any
) -> None:
    connect().corrections.correct_customer(2, {"first_name": "Kari", "emails": [OTHER, OLD]})
    assert changes(simulator) == []


def test_an_address_takes_the_place_of_the_wrong_one_and_keeps_its_entry(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, kari: Any
) -> None:
    ids = list(entries(kari, "emails"))
    connect().corrections.correct_customer(2, {"emails": [NEW, OTHER]})
    assert entries(state.customers[2].payload, "emails") == {ids[0]: ("work", NEW), ids[1]: ("home", OTHER)}
    assert changes(simulator) == [f"PUT /v2/customers/2/emails/{ids[0]}"]


def test_more_addresses_are_added_and_fewer_are_taken_away(
    connect: Connect, state: HelpScoutState, simulator: HelpScoutSimulator, kari: Any
) -> None:
    corrections = connect().corrections
    assert corrections.correct_customer(2, {"emails": [OLD, OTHER, MORE]}).emails == [OLD, OTHER, MORE]
    assert corrections.correct_customer(2, {"emails": [MORE], "phones": []}).emails == [MORE]
    assert entries(state.customers[2].payload, "phones") == {}
    assert [one.split(" ")[0] for one in changes(simulator)] == ["POST", "DELETE", "DELETE", "DELETE"]


def test_a_company_is_taken_off(connect: Connect, kari: Any) -> None:
    assert connect().corrections.correct_customer(2, {"organization": None}).organization is None


def test_an_address_of_another_customer_is_refused_and_told(
    connect: Connect, state: HelpScoutState, kari: Any
) -> None:
    state.add_customer(3, "Per", "Moe", emails=[state.new_entry(NEW, "work")])
    with pytest.raises(PermanentError, match="answered 409") as refused:
        connect().corrections.correct_customer(2, {"emails": [NEW]})
    assert NEW not in str(refused.value)


def test_a_value_that_is_not_taken_over_is_told_by_its_field(
    connect: Connect, state: HelpScoutState, kari: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "change_customer", lambda *arguments, **values: None)
    with pytest.raises(PermanentError, match="not taken over: last_name") as refused:
        connect().corrections.correct_customer(2, {"last_name": "Lie"})
    assert refused.value.fields == ("last_name",)


def test_a_customer_who_is_gone_is_told(connect: Connect) -> None:
    with pytest.raises(PermanentError, match="answered 404"):
        connect().corrections.correct_customer(404, {"last_name": "Lie"})


def test_a_field_that_cannot_be_corrected_there_is_refused_unsent(
    connect: Connect, simulator: HelpScoutSimulator
) -> None:
    with pytest.raises(ValueError, match="organization_number"):
        connect().corrections.correct_customer(2, {"organization_number": "310000004"})
    assert simulator.requests == []
