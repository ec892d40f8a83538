"""Which units have to be looked up again, from the simulated register's feeds of changes."""

from __future__ import annotations

from typing import Any

import pytest
import responses
from responses.matchers import query_param_matcher

from connectors.brreg import client_feed
from connectors.brreg.client import BrregClient
from connectors.brreg.client_feed import FeedPosition
from connectors.brreg.simulator import BrregSimulator
from connectors.brreg.simulator_state import BrregState
from connectors.egress import Egress
from connectors.errors import TransientError
from connectors.simulation.faults import RecordedRequest
from schemas.policy import load_policy

FIRST, SECOND, THIRD, BRANCH = "310001376", "310002747", "310004111", "310005487"
FOLLOWED = [FIRST, SECOND, BRANCH]
URL = "https://register.example.no/enhetsregisteret/api"


@pytest.fixture(autouse=True)
def register(state: BrregState) -> BrregState:
    state.add_unit(FIRST, "FØRSTE AS", announce=False)
    state.add_unit(SECOND, "ANDRE AS", announce=False)
    state.add_unit(THIRD, "TREDJE AS", announce=False)
    state.add_sub_unit(BRANCH, "FØRSTE AVD VOSS", FIRST, announce=False)
    return state


@pytest.fixture
def no_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.brreg.client.OVERLAP_IDS", 0)


def test_a_quiet_register_has_no_changes(client: BrregClient) -> None:
    assert client.changed_since(client.tip(), FOLLOWED) == (set(), client.tip())


def test_changes_after_the_tip_are_told_of_in_both_feeds(client: BrregClient, state: BrregState) -> None:
    position = client.tip()
    state.change_unit(FIRST, navn="FØRSTE NYE AS")
    state.change_unit(BRANCH, navn="FØRSTE NYE AVD VOSS")
    changed, later = client.changed_since(position, FOLLOWED)
    assert changed == {FIRST, BRANCH}
    assert later == client.tip()
    assert later.units < later.subunits


@pytest.mark.parametrize("what", ["dissolve", "dissolve_as_change", "remove", "revive", "unknown_kind"])
def test_every_kind_of_event_asks_for_a_new_look_up(
    client: BrregClient, state: BrregState, what: str
) -> None:
    if what == "revive":
        state.dissolve_unit(FIRST)
    position = client.tip()
    match what:
        case "dissolve":
            state.dissolve_unit(FIRST)
        case "dissolve_as_change":
            state.dissolve_unit(FIRST, announced_as="Endring")
        case "remove":
            state.remove_unit(FIRST)
        case "revive":
            state.revive_unit(FIRST)
        case "unknown_kind":
            state.announce(FIRST, "Ukjent")
    assert client.changed_since(position, FOLLOWED)[0] == {FIRST}


def test_units_that_are_not_followed_are_not_told_of(client: BrregClient, state: BrregState) -> None:
    position = client.tip()
    state.change_unit(THIRD, navn="TREDJE NYE AS")
    assert client.changed_since(position, FOLLOWED)[0] == set()


@pytest.mark.usefixtures("no_overlap")
def test_an_event_is_never_left_between_two_positions(client: BrregClient, state: BrregState) -> None:
    position = client.tip()
    for _ in range(5):
        state.change_unit(FIRST, navn="FØRSTE NYE AS")
        changed, position = client.changed_since(position, FOLLOWED)
        assert changed == {FIRST}


@pytest.mark.usefixtures("no_overlap")
def test_a_change_while_the_feed_is_read_is_told_of_now_or_next_time(
    client: BrregClient, simulator: BrregSimulator, state: BrregState
) -> None:
    position = client.tip()

    def change(request: RecordedRequest) -> None:
        if request.value("oppdateringsid"):
            state.change_unit(SECOND, navn=f"ANDRE {len(simulator.requests)} AS")

    state.change_unit(FIRST, navn="FØRSTE NYE AS")
    simulator.faults.between_requests = change
    changed, later = client.changed_since(position, FOLLOWED)
    simulator.faults.between_requests = None
    assert FIRST in changed
    assert SECOND in changed | client.changed_since(later, FOLLOWED)[0]


def test_an_event_that_appears_late_is_still_told_of(client: BrregClient, state: BrregState) -> None:
    """Ids are not promised to appear in order: one below the position can turn up afterwards."""
    state.change_unit(FIRST, navn="FØRSTE NYE AS")
    late = state.updates["enhet"].pop()
    state.change_unit(SECOND, navn="ANDRE NYE AS")
    position = client.tip()
    assert position.units > late.id
    state.updates["enhet"].insert(0, late)
    assert FIRST in client.changed_since(position, FOLLOWED)[0]


def test_a_feed_of_many_pages_is_read_to_its_end(
    client: BrregClient, simulator: BrregSimulator, state: BrregState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_feed, "PAGE", 10)
    position = client.tip()
    for number in range(35):
        state.change_unit(FIRST, navn=f"FØRSTE {number} AS")
    state.change_unit(SECOND, navn="ANDRE NYE AS")
    assert client.changed_since(position, FOLLOWED)[0] == {FIRST, SECOND}
    assert {each.value("page") for each in simulator.requests} == {None}


def test_a_feed_that_is_served_in_smaller_pages_than_asked_for_is_read_to_its_end(
    client: BrregClient, state: BrregState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 are documented as the most; a server or a proxy may allow fewer without saying so."""
    position = client.tip()
    for number in range(25):
        state.change_unit(FIRST, navn=f"FØRSTE {number} AS")
    state.change_unit(SECOND, navn="ANDRE NYE AS")
    ask = client_feed.Feed._events

    def capped(feed: client_feed.Feed, egress: Egress, query: dict[str, object]) -> tuple[list[Any], int]:
        return ask(feed, egress, {**query, "size": min(7, int(str(query["size"])))})

    monkeypatch.setattr(client_feed.Feed, "_events", capped)
    assert client.changed_since(position, FOLLOWED)[0] == {FIRST, SECOND}


@responses.activate
def test_the_newest_event_is_read_although_a_full_page_ends_right_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_feed, "PAGE", 1)
    for cursor, number in ((1, FIRST), (11, SECOND)):
        event = {"oppdateringsid": 10 if cursor == 1 else 11, "organisasjonsnummer": number}
        responses.get(
            f"{URL}/oppdateringer/enheter",
            json={"_embedded": {"oppdaterteEnheter": [event]}, "page": {"totalElements": 1}},
            match=[query_param_matcher({"oppdateringsid": str(cursor)}, strict_match=False)],
        )
    egress = BrregClient.connect(load_policy(), URL)._egress
    assert list(client_feed.UNITS.touched(egress, [FIRST, SECOND], 1, 11)) == [FIRST, SECOND]


def test_a_feed_that_ends_before_the_position_makes_everything_unknown(
    client: BrregClient, state: BrregState
) -> None:
    """Another register behind the same address, for instance the test environment."""
    state.change_unit(FIRST, navn="FØRSTE NYE AS")
    ahead = FeedPosition(client.tip().units + 5_000, client.tip().subunits)
    changed, position = client.changed_since(ahead, FOLLOWED)
    assert changed == set(FOLLOWED)
    assert position == client.tip()


def test_following_nothing_asks_for_the_tips_only(client: BrregClient, simulator: BrregSimulator) -> None:
    assert client.changed_since(FeedPosition(0, 0), ["12", "833286602"])[0] == set()
    assert len(simulator.requests) == 2


def test_a_list_of_numbers_that_is_too_long_is_split(
    client: BrregClient, simulator: BrregSimulator, state: BrregState
) -> None:
    position = client.tip()
    state.change_unit(FIRST, navn="FØRSTE NYE AS")
    state.change_unit(BRANCH, navn="FØRSTE NYE AVD VOSS")
    simulator.longest_url = 120
    assert client.changed_since(position, FOLLOWED)[0] == {FIRST, BRANCH}


@responses.activate
def test_an_event_without_an_id_is_an_error() -> None:
    answer = {
        "_embedded": {"oppdaterteEnheter": [{"organisasjonsnummer": FIRST}]},
        "page": {"totalElements": 1},
    }
    responses.get(f"{URL}/oppdateringer/enheter", json=answer)
    with pytest.raises(TransientError, match="has no id"):
        BrregClient.connect(load_policy(), URL).tip()
