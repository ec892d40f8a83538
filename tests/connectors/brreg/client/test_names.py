"""Look-ups by name: of organisations only, since a name in a query leaves the house."""

from __future__ import annotations

import pytest

from connectors.brreg.client import BrregClient
from connectors.brreg.client_names import could_be_a_persons
from connectors.brreg.simulator import BrregSimulator
from connectors.brreg.simulator_state import BrregState
from connectors.errors import RefusedByPolicyError

PERSONS = [
    "Ola Nordmann",
    "KARI TESTESEN",
    "Nordmann, Ola",
    "Testesen Foto",
    "Åsa Berg",
    "Asa Berg",
    "BERG ASA",
    "Amadou Ba",
    "AMADOU BA",
    "Maria Da Silva",
    "Kirsten Bank",
    "Oddny Kirke",
    "Halvor Sogn",
    "Ola",
    "",
    "   ",
    "1234",
    "ola.nordmann@example.no",
    "Ola Nordmann 1985",
]
ORGANISATIONS = [
    "Fjellheim Kurs og Konferanse AS",
    "FJELLHEIM A/S",
    "Fjellheim as",
    "Fjellheim Eiendom DA",
    "Fjellheim Energi ASA",
    "Sandefjord kommune",
    "SANDEFJORD KOMMUNE",
    "Vestland fylkeskommune",
    "Fjellheim idrettslag",
    "Fjellheim Turnforening",
    "Fjellskolen",
    "Stiftelsen Fjellheim",
    "Den norske fjellklubben",
    "Universitetet i Fjellheim",
    "Fjellheim Group Ltd",
]


@pytest.mark.parametrize("name", PERSONS)
def test_a_name_that_could_be_a_persons_is_not_looked_up(
    client: BrregClient, simulator: BrregSimulator, name: str
) -> None:
    with pytest.raises(RefusedByPolicyError) as caught:
        client.find_company(name)
    assert simulator.requests == []
    assert not name.strip() or name not in str(caught.value)


@pytest.mark.parametrize("name", ORGANISATIONS)
def test_a_name_with_a_sign_of_an_organisation_may_be_looked_up(name: str) -> None:
    assert not could_be_a_persons(name)


def test_a_company_is_found_by_its_name(client: BrregClient, state: BrregState) -> None:
    state.add_unit("310001376", "FJELLHEIM KURS OG KONFERANSE AS")
    state.add_unit("310004111", "HAVHEIM AS")
    found = client.find_company("Fjellheim Kurs og Konferanse AS")
    assert [(unit.number, unit.status) for unit in found] == [("310001376", "active")]


def test_a_dissolved_company_and_a_sole_proprietor_are_not_found(
    client: BrregClient, state: BrregState
) -> None:
    state.add_unit("310001376", "FJELLHEIM KURS AS")
    state.dissolve_unit("310001376")
    state.add_unit("310002747", "FJELLHEIM KURS KARI TESTESEN", form="ENK")
    assert client.find_company("Fjellheim Kurs AS") == []


def test_a_hit_that_cannot_be_read_makes_no_other_hit_sure(client: BrregClient, state: BrregState) -> None:
    state.add_unit("310001376", "FJELLHEIM KURS AS")
    state.add_unit("310004111", "FJELLHEIM KURS AS", hjemmeside="x" * 2_000)
    assert client.find_company("Fjellheim Kurs AS") == []


def test_a_name_that_nobody_has_is_found_nowhere(client: BrregClient, simulator: BrregSimulator) -> None:
    assert client.find_company("Ukjent Eksempel AS") == []
    assert len(simulator.requests) == 1


def test_too_long_a_name_is_not_sent(client: BrregClient, simulator: BrregSimulator) -> None:
    with pytest.raises(RefusedByPolicyError):
        client.find_company("Fjellheim " * 20 + "AS")
    assert simulator.requests == []
