"""Look-ups of organisations in the simulated register, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import count, islice
from typing import Any

import pytest
import responses
from stdnum.no import orgnr

from connectors.brreg.client import BrregClient
from connectors.brreg.simulator import BrregSimulator
from connectors.brreg.simulator_state import BrregState, address, foreign_address
from connectors.errors import PermanentError, RefusedByPolicyError, TransientError
from connectors.pages import Page
from schemas.payloads.brreg import BrregUnit
from schemas.policy import load_policy
from tests.connectors.fake_time import FakeTime

URL = "https://register.example.no/enhetsregisteret/api"


def valid_numbers() -> Iterator[str]:
    """Organisation numbers that start with 3, as none that was issued does."""
    return (str(number) for number in count(310_000_000) if orgnr.is_valid(str(number)))


NUMBERS = list(islice(valid_numbers(), 2_500))
AS, ENK, GONE, REMOVED, BRANCH, UNKNOWN, CLOSED_BRANCH, REMOVED_BRANCH, *MORE = NUMBERS


def units(pages: Iterable[Page[BrregUnit]]) -> dict[str, BrregUnit]:
    found = [record for page in pages for record in page.records]
    assert len(found) == len({record.number for record in found}), "a number came twice"
    return {record.number: record for record in found}


@pytest.fixture
def register(state: BrregState) -> BrregState:
    state.add_unit(
        AS,
        "FJELLHEIM KURS AS",
        forretningsadresse=address("Eksempelveien 5", postnummer="3241", poststed="SANDEFJORD"),
        hjemmeside="www.fjellheim.example.no",
        antallAnsatte=12,
        epostadresse="post@fjellheim.example.no",
    )
    state.add_unit(
        ENK,
        "TESTESEN FOTO",
        form="ENK",
        forretningsadresse=address("Heimvegen 1", postnummer="7374", poststed="RØROS"),
        mobil="900 00 000",
        aktivitet=["Fotograf Kari Testesen"],
    )
    state.rename_unit(ENK, "TESTESEN FOTOGRAFI")
    state.add_unit(GONE, "NEDLAGT EKSEMPEL AS")
    state.dissolve_unit(GONE)
    state.add_unit(REMOVED, "FJERNET EKSEMPEL AS")
    state.remove_unit(REMOVED)
    state.add_sub_unit(BRANCH, "FJELLHEIM KURS AVD BERGEN", AS)
    state.add_sub_unit(CLOSED_BRANCH, "FJELLHEIM KURS AVD MOLDE", AS)
    state.dissolve_unit(CLOSED_BRANCH)
    state.add_sub_unit(REMOVED_BRANCH, "FJELLHEIM KURS AVD VOSS", AS)
    state.remove_unit(REMOVED_BRANCH)
    return state


def test_each_number_comes_back_once_with_its_status(client: BrregClient, register: BrregState) -> None:
    asked = [AS, ENK, GONE, REMOVED, BRANCH, UNKNOWN, CLOSED_BRANCH, REMOVED_BRANCH, AS]
    found = units(client.units(asked))
    assert {number: (unit.status, unit.is_subunit) for number, unit in found.items()} == {
        AS: ("active", False),
        ENK: ("active", False),
        GONE: ("deleted", False),
        REMOVED: ("removed", False),
        BRANCH: ("active", True),
        UNKNOWN: ("unknown", False),
        CLOSED_BRANCH: ("deleted", True),
        REMOVED_BRANCH: ("removed", False),
    }
    assert found[GONE].name == "NEDLAGT EKSEMPEL AS"
    assert found[GONE].deleted_on == date(2026, 11, 25)
    assert found[BRANCH].parent_number == AS


def test_a_unit_comes_with_its_facts_and_without_its_contact_details(
    client: BrregClient, register: BrregState
) -> None:
    unit = units(client.units([AS]))[AS]
    assert (unit.name, unit.organization_form, unit.employees) == ("FJELLHEIM KURS AS", "AS", 12)
    assert (unit.address, unit.postal_code, unit.city) == ("Eksempelveien 5", "3241", "SANDEFJORD")
    assert unit.website == "www.fjellheim.example.no"
    assert "post@fjellheim.example.no" not in unit.model_dump_json()


@pytest.mark.parametrize("number", [REMOVED, UNKNOWN, REMOVED_BRANCH])
def test_of_a_removed_or_unknown_unit_nothing_but_the_number_is_kept(
    client: BrregClient, register: BrregState, number: str
) -> None:
    unit = units(client.units([number]))[number]
    kept = {name for name, value in unit.model_dump().items() if value not in (None, [], False)}
    assert kept == {"number", "status"}


def test_of_a_sole_proprietor_neither_home_nor_earlier_names_are_kept(
    client: BrregClient, register: BrregState
) -> None:
    unit = units(client.units([ENK]))[ENK]
    assert (unit.name, unit.organization_form, unit.status) == ("TESTESEN FOTOGRAFI", "ENK", "active")
    assert (unit.address, unit.postal_code, unit.city, unit.former_names) == (None, None, None, [])
    assert "Kari" not in unit.model_dump_json()


def test_the_parts_of_an_address_come_from_one_address(client: BrregClient, register: BrregState) -> None:
    register.add_unit(
        MORE[0],
        "UTLAND NUF",
        form="NUF",
        forretningsadresse=foreign_address("1 Example Street", land="Storbritannia", landkode="GB"),
        postadresse=address("Postboks 12", postnummer="3201", poststed="SANDEFJORD"),
    )
    unit = units(client.units([MORE[0]]))[MORE[0]]
    assert (unit.address, unit.postal_code, unit.city) == ("1 Example Street", None, None)
    assert unit.country == "GB"


def test_former_names_of_a_company_are_kept(client: BrregClient, register: BrregState) -> None:
    register.rename_unit(AS, "FJELLHEIM KONFERANSE AS")
    assert units(client.units([AS]))[AS].former_names == ["FJELLHEIM KURS AS"]


def test_bankruptcy_and_liquidation_show_in_the_status(client: BrregClient, register: BrregState) -> None:
    register.bankrupt_unit(AS)
    register.add_unit(MORE[0], "AVVIKLET AS", underAvvikling=True)
    register.add_unit(MORE[1], "TVUNGET AS", underTvangsavviklingEllerTvangsopplosning=True)
    found = units(client.units([AS, *MORE[:2]]))
    assert [found[number].status for number in (AS, *MORE[:2])] == ["bankrupt", "liquidation", "liquidation"]


def test_a_revived_unit_is_active_again(client: BrregClient, register: BrregState) -> None:
    register.revive_unit(GONE)
    assert units(client.units([GONE]))[GONE].status == "active"


@pytest.mark.parametrize("number", ["833286602", "999999999", "000000000", "310000001"])
def test_a_number_that_cannot_exist_is_unknown_without_a_request(
    client: BrregClient, simulator: BrregSimulator, number: str
) -> None:
    assert units(client.units([number]))[number].status == "unknown"
    assert simulator.requests == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678",
        "1234567890",
        "../roller",
        "31000137X",
        "３１０００１３７６",
        "310001376\n",
        "01017012345",
    ],
)
def test_what_is_no_number_is_rejected_without_a_request_or_a_trace(
    client: BrregClient, simulator: BrregSimulator, text: str
) -> None:
    (page,) = list(client.units([text]))
    assert (page.records, page.received) == ([], 1)
    assert simulator.requests == []
    assert not text or text not in repr(page.rejected)


def test_living_units_cost_one_request_per_thousand(
    client: BrregClient, simulator: BrregSimulator, state: BrregState
) -> None:
    for number in NUMBERS[:2_000]:
        state.add_unit(number, f"ENHET {number} AS", announce=False)
    assert len(units(client.units(NUMBERS[:2_000]))) == 2_000
    assert len(simulator.requests) == 2


def test_living_sub_units_cost_one_more_request_together(
    client: BrregClient, simulator: BrregSimulator, state: BrregState
) -> None:
    state.add_unit(AS, "FJELLHEIM AS")
    for number in MORE[:40]:
        state.add_sub_unit(number, f"AVD {number}", AS)
    found = units(client.units([AS, *MORE[:40]]))
    assert sum(unit.is_subunit for unit in found.values()) == 40
    assert len(simulator.requests) == 2


def test_a_batch_that_the_proxy_refuses_is_split_and_later_ones_are_smaller(
    client: BrregClient, simulator: BrregSimulator, state: BrregState
) -> None:
    simulator.longest_url = 7_000
    for number in NUMBERS:
        state.add_unit(number, f"ENHET {number} AS", announce=False)
    assert len(units(client.units(NUMBERS))) == len(NUMBERS)
    assert [each.status for each in simulator.requests].count(400) == 1


def test_one_number_that_spoils_every_batch_costs_a_few_requests_only(
    client: BrregClient, simulator: BrregSimulator, state: BrregState
) -> None:
    for number in NUMBERS[:1_000]:
        state.add_unit(number, f"ENHET {number} AS", announce=False)
    simulator.faults.fail(400, path="^/enheter$", times=4)
    assert len(units(client.units(NUMBERS[:1_000]))) == 1_000
    assert len(simulator.requests) < 20


@pytest.mark.parametrize("body", ["api", "html"])
def test_a_404_with_a_body_is_a_failure_and_no_unknown_unit(
    client: BrregClient, simulator: BrregSimulator, body: Any
) -> None:
    simulator.faults.fail(404, path="/enheter/", body=body)
    with pytest.raises(PermanentError, match="BRREG_URL"):
        list(client.units([UNKNOWN]))


@pytest.mark.parametrize("fault", [429, 500, 503, "reset", "cut", "cut_in_frame"])
def test_a_passing_fault_is_survived(
    client: BrregClient, simulator: BrregSimulator, register: BrregState, fault: int | str
) -> None:
    match fault:
        case int():
            simulator.faults.fail(fault, times=2, body="html")
        case "reset":
            simulator.faults.reset()
        case _:
            simulator.faults.cut(keep_framing=fault == "cut_in_frame")
    assert set(units(client.units([AS, GONE]))) == {AS, GONE}


def test_retry_after_is_obeyed(
    client: BrregClient, simulator: BrregSimulator, register: BrregState, fake_time: FakeTime
) -> None:
    simulator.faults.fail(429, headers={"Retry-After": "17"})
    assert set(units(client.units([AS]))) == {AS}
    assert sum(fake_time.slept) >= 17


def test_a_lasting_fault_ends_in_an_error_and_in_no_unknown_units(
    client: BrregClient, simulator: BrregSimulator
) -> None:
    simulator.faults.fail(500, path="/enheter/", times=7)
    with pytest.raises(TransientError):
        list(client.units([UNKNOWN]))


def test_a_malformed_unit_is_rejected_by_its_number_and_not_asked_again(
    client: BrregClient, simulator: BrregSimulator, register: BrregState
) -> None:
    register.change_unit(AS, navn="X" * 2_000)
    (page,) = list(client.units([AS]))
    assert [(each.source_id, each.reason) for each in page.rejected] == [(AS, "navn: is too long")]
    assert len(simulator.requests) == 1


def test_roles_are_never_asked_for(
    client: BrregClient, simulator: BrregSimulator, register: BrregState
) -> None:
    list(client.units([AS, ENK, GONE, REMOVED, BRANCH, UNKNOWN]))
    client.changed_since(client.tip(), [AS, ENK])
    assert not [each for each in simulator.requests if "roller" in each.path]
    with pytest.raises(RefusedByPolicyError):
        client._egress.request("GET", "/enheter/{number}/roller", variables={"number": AS})


def test_check_costs_one_request(client: BrregClient, simulator: BrregSimulator) -> None:
    client.check()
    assert client.requests_sent == len(simulator.requests) == 1


@responses.activate
def test_check_fails_where_something_else_than_the_register_answers() -> None:
    responses.get(f"{URL}/oppdateringer/enheter", json={"hello": "world"})
    with pytest.raises(TransientError, match="no list of the register"):
        BrregClient.connect(load_policy(), URL).check()


@responses.activate
def test_a_batch_that_tells_of_rows_and_holds_none_is_an_error() -> None:
    responses.get(f"{URL}/enheter", json={"page": {"totalElements": 3, "totalPages": 1}})
    with pytest.raises(TransientError, match="tells of 3 rows"):
        list(BrregClient.connect(load_policy(), URL).units([AS]))


@responses.activate
def test_units_that_were_not_asked_for_are_not_kept() -> None:
    rows = [{"organisasjonsnummer": number, "navn": "EKSEMPEL AS"} for number in (AS, MORE[0])]
    answer = {"_embedded": {"enheter": rows}, "page": {"totalElements": 2, "totalPages": 1}}
    responses.get(f"{URL}/enheter", json=answer)
    assert set(units(BrregClient.connect(load_policy(), URL).units([AS]))) == {AS}


@responses.activate
def test_a_server_with_smaller_pages_than_asked_for_is_paged_through() -> None:
    for page, number in enumerate([AS, ENK]):
        rows = [{"organisasjonsnummer": number, "navn": "EKSEMPEL AS"}]
        responses.get(
            f"{URL}/enheter",
            json={"_embedded": {"enheter": rows}, "page": {"totalElements": 2}},
            match=[responses.matchers.query_param_matcher({"page": str(page)}, strict_match=False)],
        )
    assert set(units(BrregClient.connect(load_policy(), URL).units([AS, ENK]))) == {AS, ENK}


@responses.activate
def test_an_answer_about_another_unit_is_an_error() -> None:
    responses.get(f"{URL}/enheter", json={"page": {"totalElements": 0}})
    responses.get(f"{URL}/enheter/{AS}", json={"organisasjonsnummer": ENK, "navn": "ANNEN AS"})
    with pytest.raises(TransientError, match="another unit"):
        list(BrregClient.connect(load_policy(), URL).units([AS]))


@responses.activate
def test_a_search_that_tells_of_rows_without_end_is_read_no_further_than_it_can_go() -> None:
    """As many rows as numbers were asked for is all that there can be."""
    body = {
        "page": {"totalElements": 10**9, "totalPages": 10**9},
        "_embedded": {"enheter": [{"organisasjonsnummer": AS, "navn": "FJELLHEIM KURS AS"}]},
    }
    responses.get(f"{URL}/enheter", json=body)
    client = BrregClient.connect(load_policy(), URL)
    assert units(client.units([AS]))[AS].name == "FJELLHEIM KURS AS"
    assert client.requests_sent == 1
