"""The change feeds: cursor, kinds of change, operations, and the unit behind each entry."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from connectors.brreg.simulator_patch import differences
from connectors.brreg.simulator_state import BrregState
from tests.connectors.brreg.simulator.served import BRANCH, FJELLHEIM, FOTO, Api
from tests.connectors.served import Time

FEED = "/oppdateringer/enheter"


@pytest.fixture
def told(state: BrregState, time: Time) -> list[str]:
    """A change, a removal and a new unit, a minute apart; the numbers in the order of the feed."""
    state.change_unit(FJELLHEIM, mobil="900 00 000")
    time.pass_by(minutes=1)
    state.remove_unit(FOTO)
    time.pass_by(minutes=1)
    state.add_unit("310100005", "NY AS")
    return [FJELLHEIM, FOTO, "310100005"]


def test_an_empty_interval_embeds_nothing(api: Api) -> None:
    answer = api.get(FEED, oppdateringsid=1).json()

    assert "_embedded" not in answer
    assert answer["page"]["totalElements"] == 0


def test_entries_name_the_unit_and_the_kind_of_change(api: Api, told: list[str]) -> None:
    first = api.rows(FEED)[0]

    assert first == {
        "oppdateringsid": first["oppdateringsid"],
        "dato": "2026-11-01T05:01:12.049Z",
        "organisasjonsnummer": FJELLHEIM,
        "endringstype": "Endring",
        "_links": {"enhet": {"href": f"{api.url}/enheter/{FJELLHEIM}"}},
    }
    assert [row["endringstype"] for row in api.rows(FEED)] == ["Endring", "Fjernet", "Ny"]


def test_the_cursor_is_inclusive(api: Api, told: list[str]) -> None:
    ids = [row["oppdateringsid"] for row in api.rows(FEED)]

    assert api.numbers(FEED, oppdateringsid=ids[1]) == told[1:]
    assert api.numbers(FEED, oppdateringsid=ids[1] + 1) == told[2:]


def test_ids_rise_and_have_gaps(api: Api, state: BrregState) -> None:
    for number in range(8):
        state.change_unit(FJELLHEIM, mobil=f"900 00 00{number}")

    ids = [row["oppdateringsid"] for row in api.rows(FEED)]
    steps = [later - earlier for earlier, later in itertools.pairwise(ids)]

    assert min(steps) > 0
    assert max(steps) > 1


def test_the_tip_is_the_first_of_the_descending_order(api: Api, told: list[str]) -> None:
    newest = api.rows(FEED, size=1, sort="id,DESC")

    assert newest[0]["oppdateringsid"] == max(row["oppdateringsid"] for row in api.rows(FEED))


def test_the_feed_starts_at_a_time_inclusive(api: Api, told: list[str]) -> None:
    assert api.numbers(FEED, dato="2026-11-01T05:02:12.049Z") == told[1:]
    assert api.numbers(FEED, updatedBefore="2026-11-01T05:02:12.049Z") == told[:1]


@pytest.mark.parametrize(
    "query",
    [
        {"dato": "2026-11-01"},
        {"dato": "2026-11-01T05:00:00Z"},
        {"dato": "2026-11-01T05:00:00.000+01:00"},
        {"dato": "2026-13-01T05:00:00.000Z"},
        {"oppdateringsid": "0"},
        {"oppdateringsid": "sist"},
        {"sort": "dato,ASC"},
        {"size": "10001"},
        {"organisasjonsnummer": "1234"},
    ],
)
def test_invalid_parameters_are_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.get(FEED, **query).status_code == 400


def test_the_feed_can_be_narrowed_to_watched_numbers(api: Api, told: list[str]) -> None:
    ids = [row["oppdateringsid"] for row in api.rows(FEED)]

    assert api.numbers(FEED, organisasjonsnummer=f"{told[2]},{told[0]}") == [told[0], told[2]]
    assert api.numbers(FEED, organisasjonsnummer=told[0], oppdateringsid=ids[0]) == [told[0]]
    assert api.numbers(FEED, organisasjonsnummer=told[0], oppdateringsid=ids[1]) == []


def test_operations_come_only_when_asked_for(api: Api, told: list[str]) -> None:
    assert all("endringer" not in row for row in api.rows(FEED))

    rows = api.rows(FEED, includeChanges="true")

    assert rows[0]["endringer"] == [{"op": "add", "path": "/mobil", "value": "900 00 000"}]
    assert "endringer" not in rows[1]


def test_an_address_is_changed_line_by_line(api: Api, state: BrregState) -> None:
    address = state.units[FJELLHEIM].values["forretningsadresse"]
    state.change_unit(FJELLHEIM, forretningsadresse=address | {"adresse": ["Nyveien 1"]})

    assert api.rows(FEED, includeChanges="true")[0]["endringer"] == [
        {"op": "replace", "path": "/forretningsadresse/adresse/0", "value": "Nyveien 1"},
        {"op": "remove", "path": "/forretningsadresse/adresse/1"},
    ]


def test_a_removal_and_its_410_come_together(api: Api, told: list[str]) -> None:
    removed = [row for row in api.rows(FEED) if row["endringstype"] == "Fjernet"]

    assert [api.session.get(row["_links"]["enhet"]["href"], timeout=10).status_code for row in removed] == [
        410
    ]


def test_a_deletion_may_come_as_a_deletion(api: Api, state: BrregState) -> None:
    state.dissolve_unit(FJELLHEIM)

    assert [row["endringstype"] for row in api.rows(FEED)] == ["Sletting"]


def test_a_deletion_may_come_as_a_change(api: Api, state: BrregState) -> None:
    state.dissolve_unit(FJELLHEIM, announced_as="Endring")

    (row,) = api.rows(FEED, includeChanges="true")

    assert row["endringstype"] == "Endring"
    assert {"op": "add", "path": "/slettedato", "value": "2026-11-01"} in row["endringer"]
    assert {"op": "replace", "path": "/respons_klasse", "value": "SlettetEnhet"} in row["endringer"]
    assert api.unit(f"/enheter/{FJELLHEIM}")["respons_klasse"] == "SlettetEnhet"


def test_a_revival_comes_as_a_change(api: Api, state: BrregState) -> None:
    state.dissolve_unit(FJELLHEIM)
    state.revive_unit(FJELLHEIM)

    assert [row["endringstype"] for row in api.rows(FEED)] == ["Sletting", "Endring"]


def test_an_entry_may_have_no_known_kind(api: Api, state: BrregState) -> None:
    state.announce(FJELLHEIM, "Ukjent")

    assert [row["endringstype"] for row in api.rows(FEED)] == ["Ukjent"]


def test_branches_have_a_feed_of_their_own(api: Api, state: BrregState) -> None:
    state.change_unit(BRANCH, navn="AVD BERGEN")

    assert api.numbers(FEED) == []
    (row,) = api.rows("/oppdateringer/underenheter")
    assert row["_links"].keys() == {"underenhet"}
    assert api.numbers("/oppdateringer/underenheter", organisasjonsnummer=FJELLHEIM) == []


def test_another_media_type_is_refused_with_415(api: Api) -> None:
    vendor = "application/vnd.brreg.enhetsregisteret.oppdatering.enhet.v1+json"

    assert api.get(FEED, headers={"Accept": "text/html"}).status_code == 415
    assert api.get(FEED, headers={"Accept": vendor}).status_code == 200


def test_a_change_between_two_pages_is_in_the_next_one(api: Api, state: BrregState, time: Time) -> None:
    """A walk by cursor never loses what is published while it walks."""
    state.change_unit(FJELLHEIM, mobil="900 00 001")
    state.change_unit(FOTO, mobil="900 00 002")
    first = api.rows(FEED, size=1)

    state.change_unit(FJELLHEIM, at=time.now + timedelta(seconds=1), mobil="900 00 003")

    assert api.numbers(FEED, oppdateringsid=first[-1]["oppdateringsid"] + 1) == [FOTO, FJELLHEIM]


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"a": 1}, [{"op": "remove", "path": "/b"}]),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, [{"op": "add", "path": "/a/2", "value": 3}]),
        (
            {"a": [1, 2, 3]},
            {"a": [1]},
            [{"op": "remove", "path": "/a/2"}, {"op": "remove", "path": "/a/1"}],
        ),
        ({"x/y~z": 1}, {"x/y~z": 2}, [{"op": "replace", "path": "/x~1y~0z", "value": 2}]),
    ],
)
def test_operations_follow_rfc_6902(
    before: dict[str, Any], after: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    assert differences(before, after) == operations
