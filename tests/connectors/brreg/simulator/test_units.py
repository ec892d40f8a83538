"""One unit: the five answers, what each of them holds, and what they do not tell."""

import json
from datetime import date

import pytest

from connectors.brreg.simulator_state import BrregState, address, foreign_address
from tests.connectors.brreg.simulator.served import BRANCH, FJELLHEIM, FOTO, Api
from tests.connectors.served import Time

NEVER_ISSUED = "310004111"


def test_a_living_unit_answers_with_its_own_class(api: Api) -> None:
    unit = api.unit(f"/enheter/{FJELLHEIM}")

    assert unit["respons_klasse"] == "Enhet"
    assert unit["navn"] == "FJELLHEIM KURS OG KONFERANSE AS"
    assert unit["organisasjonsform"]["kode"] == "AS"
    assert unit["_links"]["self"]["href"] == f"{api.url}/enheter/{FJELLHEIM}"


def test_a_deleted_unit_still_answers_200_in_the_reduced_form(api: Api, state: BrregState) -> None:
    state.dissolve_unit(FJELLHEIM)

    assert api.unit(f"/enheter/{FJELLHEIM}").keys() == {
        "organisasjonsnummer",
        "navn",
        "organisasjonsform",
        "historiskeNavn",
        "slettedato",
        "_links",
        "respons_klasse",
    }
    assert api.unit(f"/enheter/{FJELLHEIM}")["slettedato"] == "2026-11-01"
    assert api.unit(f"/enheter/{FJELLHEIM}")["respons_klasse"] == "SlettetEnhet"


def test_a_unit_removed_for_legal_reasons_answers_410_without_a_name(api: Api, state: BrregState) -> None:
    state.remove_unit(FOTO)

    answer = api.get(f"/enheter/{FOTO}")

    assert answer.status_code == 410
    assert answer.json() == {
        "organisasjonsnummer": FOTO,
        "slettedato": "2026-11-01",
        "_links": {"self": {"href": f"{api.url}/enheter/{FOTO}"}},
    }


def test_an_unknown_number_answers_404_with_an_empty_body(api: Api) -> None:
    answer = api.get(f"/enheter/{NEVER_ISSUED}")

    assert (answer.status_code, answer.content) == (404, b"")


def test_an_unknown_path_answers_404_with_a_body(api: Api) -> None:
    """The one 404 must not be taken for the other: here the route is wrong, not the number."""
    answer = api.get("/enhter/310001376")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Not Found"


@pytest.mark.parametrize("number", ["31000137", "3100013760", "9ECD01011", "３１０００１３７６"])
def test_a_number_that_is_not_nine_digits_answers_400(api: Api, number: str) -> None:
    answer = api.get(f"/enheter/{number}")

    assert answer.status_code == 400
    assert answer.json() == {
        "tidsstempel": 1_793_509_272_049,
        "status": 400,
        "feilmelding": "Feilaktig forespørsel",
        "sti": f"/brreg/api/enheter/{number}",
        "antallFeil": 1,
        "valideringsfeil": [
            {
                "feilmelding": "Organisasjonsnummer må være et nummer med nøyaktig 9 siffer",
                "parametere": [number],
                "feilaktigVerdi": number,
            }
        ],
    }


def test_the_control_digit_is_not_checked(api: Api) -> None:
    assert api.get("/enheter/833286602").status_code == 404


def test_main_units_and_branches_do_not_answer_for_each_other(api: Api) -> None:
    assert api.get(f"/enheter/{BRANCH}").status_code == 404
    assert api.get(f"/underenheter/{FJELLHEIM}").status_code == 404


def test_a_branch_names_its_parent(api: Api) -> None:
    branch = api.unit(f"/underenheter/{BRANCH}")

    assert branch["respons_klasse"] == "Underenhet"
    assert branch["overordnetEnhet"] == FJELLHEIM
    assert branch["_links"]["overordnetEnhet"]["href"] == f"{api.url}/enheter/{FJELLHEIM}"


@pytest.mark.parametrize("name", ["SlettetUnderenhet", "SlettetEnhet"])
def test_a_deleted_branch_is_reduced_too(api: Api, state: BrregState, name: str) -> None:
    """The contract's schema and its text do not agree on the class of a deleted branch."""
    state.deleted_sub_unit_class = name  # type: ignore[assignment] # one of the two
    state.dissolve_unit(BRANCH)

    branch = api.unit(f"/underenheter/{BRANCH}")

    assert branch["respons_klasse"] == name
    assert branch["slettedato"] == branch["nedleggelsesdato"] == "2026-11-01"
    assert "overordnetEnhet" not in branch


def test_a_removed_branch_answers_410(api: Api, state: BrregState) -> None:
    state.remove_unit(BRANCH)

    assert api.get(f"/underenheter/{BRANCH}").status_code == 410


def test_a_deletion_can_be_taken_back(api: Api, state: BrregState) -> None:
    before = api.unit(f"/enheter/{FJELLHEIM}")
    state.dissolve_unit(FJELLHEIM)
    state.revive_unit(FJELLHEIM)

    assert api.unit(f"/enheter/{FJELLHEIM}") == before


def test_fields_that_are_not_set_are_absent(api: Api, state: BrregState) -> None:
    state.change_unit(FJELLHEIM, hjemmeside="www.fjellheim.example.no")
    assert api.unit(f"/enheter/{FJELLHEIM}")["hjemmeside"] == "www.fjellheim.example.no"

    state.change_unit(FJELLHEIM, hjemmeside=None)

    unit = api.unit(f"/enheter/{FJELLHEIM}")
    assert "hjemmeside" not in unit
    assert "postadresse" not in unit
    assert None not in unit.values()


@pytest.mark.parametrize(
    ("employees", "shown", "flag"), [(None, None, False), (0, None, True), (4, None, True), (5, 5, True)]
)
def test_fewer_than_five_employees_are_withheld(
    api: Api, state: BrregState, employees: int | None, shown: int | None, flag: bool
) -> None:
    state.change_unit(FJELLHEIM, antallAnsatte=employees)

    unit = api.unit(f"/enheter/{FJELLHEIM}")

    assert unit.get("antallAnsatte") == shown
    assert unit["harRegistrertAntallAnsatte"] is flag


def test_address_lines_may_be_empty_or_null(api: Api, state: BrregState) -> None:
    odd = address(None, "", "Gata 3", postnummer="0155", poststed="OSLO")
    state.change_unit(FJELLHEIM, postadresse=odd)

    assert api.unit(f"/enheter/{FJELLHEIM}")["postadresse"]["adresse"] == [None, "", "Gata 3"]


def test_a_foreign_address_has_neither_post_code_nor_municipality(api: Api, state: BrregState) -> None:
    abroad = foreign_address("Kungsgatan 1", "111 43 Stockholm", land="Sverige", landkode="SE")
    state.change_unit(FJELLHEIM, forretningsadresse=abroad)

    assert api.unit(f"/enheter/{FJELLHEIM}")["forretningsadresse"] == {
        "land": "Sverige",
        "landkode": "SE",
        "adresse": ["Kungsgatan 1", "111 43 Stockholm"],
    }


def test_old_names_are_kept_with_local_times(api: Api, state: BrregState, time: Time) -> None:
    state.rename_unit(FJELLHEIM, "FJELLHEIM AS")
    time.pass_by(days=1)
    state.rename_unit(FJELLHEIM, "FJELLHEIM GRUPPEN AS")

    unit = api.unit(f"/enheter/{FJELLHEIM}")

    assert unit["navn"] == "FJELLHEIM GRUPPEN AS"
    assert [name["navn"] for name in unit["historiskeNavn"]] == [
        "FJELLHEIM KURS OG KONFERANSE AS",
        "FJELLHEIM AS",
    ]
    assert unit["historiskeNavn"][1]["fraDato"] == "2026-11-01 06:01:12"
    assert unit["historiskeNavn"][1]["tilDato"] == "2026-11-02 06:01:12"


def test_bankruptcy_sets_the_flag_and_the_date(api: Api, state: BrregState) -> None:
    state.bankrupt_unit(FJELLHEIM)

    unit = api.unit(f"/enheter/{FJELLHEIM}")

    assert (unit["konkurs"], unit["konkursdato"]) == (True, "2026-11-01")


def test_norwegian_letters_are_sent_as_utf_8(api: Api, state: BrregState) -> None:
    state.add_unit("310009598", "ÆRLIG ØL OG ÅPENT HUS SÆRLAG", form="SÆR")

    answer = api.get("/enheter/310009598")

    assert "ÆRLIG ØL OG ÅPENT HUS" in answer.content.decode("utf-8")
    assert answer.json()["organisasjonsform"]["_links"]["self"]["href"].endswith("/S%C3%86R")


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/hal+json;charset=UTF-8", "application/hal+json"),
        (
            "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8",
            "application/vnd.brreg.enhetsregisteret.enhet.v2+json;charset=UTF-8",
        ),
    ],
)
def test_the_version_can_be_pinned(api: Api, accept: str, answered: str) -> None:
    answer = api.get(f"/enheter/{FJELLHEIM}", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, answered)


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        "application/vnd.brreg.enhetsregisteret.enhet.v1+json",
        "application/vnd.brreg.enhetsregisteret.underenhet.v2+json",
    ],
)
def test_another_media_type_is_refused_with_415(api: Api, accept: str) -> None:
    assert api.get(f"/enheter/{FJELLHEIM}", headers={"Accept": accept}).status_code == 415


def test_roles_are_served_with_birth_dates(api: Api, state: BrregState) -> None:
    """So that a test can prove that nobody asks for them: the request would be on record."""
    state.add_role(FJELLHEIM, "DAGL", "Kari", "Testesen", date(1980, 1, 1), since=date(2024, 1, 1))

    groups = api.unit(f"/enheter/{FJELLHEIM}/roller")["rollegrupper"]

    assert groups[0]["roller"][0]["person"]["fodselsdato"] == "1980-01-01"
    assert [request.path for request in api.simulator.requests] == [f"/enheter/{FJELLHEIM}/roller"]


def test_roles_follow_their_unit(api: Api, state: BrregState) -> None:
    assert api.get(f"/enheter/{NEVER_ISSUED}/roller").status_code == 404
    assert api.unit(f"/enheter/{FOTO}/roller")["rollegrupper"] == []

    state.remove_unit(FOTO)

    assert api.get(f"/enheter/{FOTO}/roller").status_code == 410


def test_only_reading_is_offered(api: Api) -> None:
    assert api.session.post(f"{api.url}/enheter", timeout=10).status_code == 405


def test_code_lists_name_forms_and_municipalities(api: Api) -> None:
    forms = {row["kode"] for row in api.rows("/organisasjonsformer/enheter")}

    assert {"AS", "ENK", "SÆR"} <= forms
    assert "BEDR" not in forms
    assert {row["kode"] for row in api.rows("/organisasjonsformer/underenheter")} == {"BEDR", "AAFY"}
    assert api.unit("/organisasjonsformer/ENK")["beskrivelse"] == "Enkeltpersonforetak"
    assert api.get("/organisasjonsformer/XYZ").status_code == 404
    assert {(row["nummer"], row["navn"]) for row in api.rows("/kommuner")} == {
        ("3907", "SANDEFJORD"),
        ("5025", "RØROS"),
    }


def test_a_fault_of_the_server_has_a_trace_to_quote(api: Api) -> None:
    api.simulator.faults.fail(500)

    answer = api.get(f"/enheter/{FJELLHEIM}")

    assert answer.status_code == 500
    assert answer.json().keys() == {"timestamp", "status", "error", "message", "path", "trace"}
    assert answer.json()["timestamp"] == "2026-11-01T05:01:12.049+0000"
    assert answer.json()["path"].endswith(f"/enheter/{FJELLHEIM}")


def test_a_refusal_for_haste_says_when_to_come_back(api: Api) -> None:
    api.simulator.faults.rate_limit = 1
    api.get(f"/enheter/{FJELLHEIM}")

    answer = api.get(f"/enheter/{FJELLHEIM}")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "48")


def test_a_truncated_answer_is_no_json(api: Api) -> None:
    api.simulator.faults.cut(keep_framing=True)

    with pytest.raises(json.JSONDecodeError):
        json.loads(api.get(f"/enheter/{FJELLHEIM}").content)
