"""Searches: batches of numbers, names, filters, order, pages, and what is refused."""

from typing import Any
from urllib.parse import quote

import pytest

from connectors.brreg.simulator_state import BrregState
from tests.connectors.brreg.simulator.served import BRANCH, FJELLHEIM, FOTO, Api

ABSENT = "310004111"


def numbers_from(stem: int, count: int) -> list[str]:
    """Organisation numbers with their control digits, from eight digits upwards."""
    numbers: list[str] = []
    while len(numbers) < count:
        weighted = zip(map(int, str(stem)), (3, 2, 7, 6, 5, 4, 3, 2), strict=True)
        control = -sum(digit * weight for digit, weight in weighted) % 11
        if control < 10:
            numbers.append(f"{stem}{control}")
        stem += 1
    return numbers


def test_a_batch_answers_for_the_numbers_it_has(api: Api) -> None:
    assert api.numbers("/enheter", organisasjonsnummer=f"{FOTO},{ABSENT},{FJELLHEIM}") == [FJELLHEIM, FOTO]


def test_a_batch_leaves_out_deleted_and_removed_units_and_branches(api: Api, state: BrregState) -> None:
    state.dissolve_unit(FJELLHEIM)
    state.remove_unit(FOTO)

    assert api.numbers("/enheter", organisasjonsnummer=f"{FJELLHEIM},{FOTO},{BRANCH}") == []
    assert api.numbers("/underenheter", organisasjonsnummer=f"{FJELLHEIM},{BRANCH}") == [BRANCH]


def test_one_malformed_number_refuses_the_whole_batch(api: Api) -> None:
    answer = api.get("/enheter", organisasjonsnummer=f"{FJELLHEIM},12345,x")

    assert answer.status_code == 400
    assert [row["feilaktigVerdi"] for row in answer.json()["valideringsfeil"]] == ["12345", "x"]
    assert answer.json()["antallFeil"] == 2


def test_a_batch_shows_no_more_than_a_page(api: Api, state: BrregState) -> None:
    """Without `size` a batch of 30 known numbers answers for 20 of them."""
    batch = numbers_from(31_020_000, 30)
    for number in batch:
        state.add_unit(number, f"ENHET {number} AS", announce=False)

    assert len(api.numbers("/enheter", organisasjonsnummer=",".join(batch))) == 20
    assert len(api.numbers("/enheter", organisasjonsnummer=",".join(batch), size=30)) == 30


def test_more_than_two_thousand_numbers_are_refused(api: Api) -> None:
    api.simulator.longest_url = 1_000_000

    answer = api.get("/enheter", organisasjonsnummer=",".join(numbers_from(31_000_000, 2001)))

    assert answer.json()["valideringsfeil"][0]["parametere"] == ["organisasjonsnummer"]


def test_a_long_url_is_refused_in_html_before_the_api_sees_it(api: Api) -> None:
    """Encoded characters count: `%2C` is three of them."""
    batch = ",".join(numbers_from(31_000_000, 1400))
    api.simulator.longest_url = 16_384

    encoded = api.session.get(f"{api.url}/enheter?organisasjonsnummer={quote(batch)}", timeout=10)
    raw = api.session.get(f"{api.url}/enheter?organisasjonsnummer={batch}", timeout=10)

    assert (encoded.status_code, encoded.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert raw.status_code == 200


def test_an_empty_answer_embeds_nothing_and_links_only_to_itself(api: Api) -> None:
    answer = api.get("/enheter", organisasjonsnummer=ABSENT).json()

    assert answer == {
        "_links": {"self": {"href": f"{api.url}/enheter?organisasjonsnummer={ABSENT}"}},
        "page": {"size": 20, "totalElements": 0, "totalPages": 0, "number": 0},
    }


def test_pages_link_to_their_neighbours(api: Api, state: BrregState) -> None:
    state.add_unit("310100005", "TREDJE AS", announce=False)

    page = api.get("/enheter", size=1, page=1).json()

    assert page["page"] == {"size": 1, "totalElements": 3, "totalPages": 3, "number": 1}
    assert page["_links"].keys() == {"first", "prev", "self", "next", "last"}
    following = api.session.get(page["_links"]["next"]["href"], timeout=10).json()
    assert following["page"]["number"] == 2
    assert "next" not in following["_links"]


def test_a_page_beyond_the_last_is_empty(api: Api) -> None:
    assert "_embedded" not in api.get("/enheter", page=7).json()


@pytest.mark.parametrize(
    ("page", "size", "status"), [(0, 10_000, 200), (499, 20, 200), (500, 20, 400), (1, 10_000, 400)]
)
def test_the_window_ends_at_ten_thousand(api: Api, page: int, size: int, status: int) -> None:
    assert api.get("/enheter", page=page, size=size).status_code == status


@pytest.mark.parametrize(
    "query",
    [
        {"size": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"fraAntallAnsatte": "2"},
        {"tilAntallAnsatte": "3"},
        {"konkurs": "kanskje"},
        {"fraStiftelsesdato": "01.02.2026"},
        {"fraStiftelsesdato": "2026-02-30"},
        {"navnMetodeForSoek": "FUZZY"},
        {"navn": "x" * 181},
        {"sort": "epostadresse,ASC"},
        {"sort": "navn,OPP"},
        {"overordnetEnhet": "12"},
    ],
)
def test_invalid_parameters_are_refused(api: Api, query: dict[str, Any]) -> None:
    answer = api.get("/enheter", **query)

    assert answer.status_code == 400
    assert answer.json()["antallFeil"] == 1


def test_all_invalid_parameters_are_listed(api: Api) -> None:
    answer = api.get("/enheter", konkurs="x", page="y", organisasjonsnummer="z")

    assert answer.json()["antallFeil"] == 3


def test_unknown_parameters_are_ignored(api: Api) -> None:
    assert api.numbers("/enheter", epostadresse="post@example.no") == [FJELLHEIM, FOTO]


def test_names_are_searched_with_misspellings_the_best_first(api: Api, state: BrregState) -> None:
    state.add_unit("310100005", "FJELLHEIM AS", announce=False)
    state.add_unit("310100013", "HAVBLIKK AS", announce=False)

    assert api.numbers("/enheter", navn="fjelheim") == ["310100005", FJELLHEIM]
    assert api.numbers("/enheter", navn="Fjellheim konferanse")[0] == FJELLHEIM


def test_a_running_search_wants_the_words_as_they_stand(api: Api) -> None:
    assert api.numbers("/enheter", navn="kurs og", navnMetodeForSoek="FORTLOEPENDE") == [FJELLHEIM]
    assert api.numbers("/enheter", navn="konferanse kurs", navnMetodeForSoek="FORTLOEPENDE") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"organisasjonsform": "ENK,DA"}, [FOTO]),
        ({"organisasjonsform": "AS,ENK"}, [FJELLHEIM, FOTO]),
        ({"registrertIMvaregisteret": "true"}, [FJELLHEIM]),
        ({"konkurs": "true"}, []),
        ({"underKonkursbehandling": "false"}, [FJELLHEIM, FOTO]),
        ({"fraAntallAnsatte": "5"}, [FJELLHEIM]),
        ({"fraAntallAnsatte": "1", "tilAntallAnsatte": "4"}, [FOTO]),
        ({"kommunenummer": "3907,4601"}, [FJELLHEIM]),
        ({"forretningsadresse.poststed": "røros"}, [FOTO]),
        ({"forretningsadresse.adresse": "eksempelveien"}, [FJELLHEIM]),
        ({"naeringskode": "85"}, [FJELLHEIM]),
        ({"naeringskode": "85.42"}, []),
        ({"fraRegistreringsdatoEnhetsregisteret": "2026-11-01"}, [FJELLHEIM, FOTO]),
        ({"tilRegistreringsdatoEnhetsregisteret": "2026-10-31"}, []),
        ({"sort": "navn,DESC"}, [FOTO, FJELLHEIM]),
        ({"sort": "antallAnsatte,ASC"}, [FOTO, FJELLHEIM]),
    ],
)
def test_filters_and_order(api: Api, query: dict[str, str], found: list[str]) -> None:
    assert api.numbers("/enheter", **query) == found


def test_a_municipality_is_met_by_the_postal_address_too(api: Api, state: BrregState) -> None:
    place: dict[str, Any] = {"kommunenummer": "0301", "kommune": "OSLO", "landkode": "NO", "land": "Norge"}
    state.change_unit(FOTO, postadresse=place)

    assert api.numbers("/enheter", kommunenummer="0301") == [FOTO]
    assert api.numbers("/enheter", **{"forretningsadresse.kommunenummer": "0301"}) == []


def test_branches_are_found_by_their_parent(api: Api) -> None:
    assert api.numbers("/underenheter", overordnetEnhet=FJELLHEIM) == [BRANCH]


def test_a_search_sees_changes_made_between_two_requests(api: Api, state: BrregState) -> None:
    assert api.numbers("/enheter") == [FJELLHEIM, FOTO]

    state.remove_unit(FOTO)

    assert api.numbers("/enheter") == [FJELLHEIM]
