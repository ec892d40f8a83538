"""Names and types of what the register answers, as the official contract and recorded answers have them.

Every field a simulated answer holds must stand in these tables, with this type.
"""

from typing import Any

import pytest

from connectors.brreg.simulator_state import BrregState, address
from tests.connectors.brreg.simulator.served import BRANCH, FJELLHEIM, FOTO, Api

LINK = {"href": str}
ADDRESS = {
    "land": str,
    "landkode": str,
    "postnummer": str,
    "poststed": str,
    "adresse": [(str, type(None))],
    "kommune": str,
    "kommunenummer": str,
}
CODE = {"kode": str, "beskrivelse": str}
FORM = CODE | {"utgaatt": str, "_links": {"self": LINK}}
NAME = {"navn": str, "fraDato": str, "tilDato": str}
COMMON = {
    "organisasjonsnummer": str,
    "navn": str,
    "organisasjonsform": FORM,
    "hjemmeside": str,
    "postadresse": ADDRESS,
    "registreringsdatoEnhetsregisteret": str,
    "registrertIMvaregisteret": bool,
    "naeringskode1": CODE,
    "naeringskode2": CODE,
    "naeringskode3": CODE,
    "hjelpeenhetskode": CODE,
    "antallAnsatte": int,
    "harRegistrertAntallAnsatte": bool,
    "overordnetEnhet": str,
    "epostadresse": str,
    "telefon": str,
    "mobil": str,
    "_links": {"self": LINK, "overordnetEnhet": LINK},
    "respons_klasse": str,
}
UNIT = COMMON | {
    "historiskeNavn": [NAME],
    "forretningsadresse": ADDRESS,
    "stiftelsesdato": str,
    "institusjonellSektorkode": CODE,
    "registrertIForetaksregisteret": bool,
    "registrertIStiftelsesregisteret": bool,
    "registrertIFrivillighetsregisteret": bool,
    "registrertIPartiregisteret": bool,
    "sisteInnsendteAarsregnskap": str,
    "konkurs": bool,
    "konkursdato": str,
    "underAvvikling": bool,
    "underTvangsavviklingEllerTvangsopplosning": bool,
    "maalform": str,
    "paategninger": [{"infotype": str, "tekst": str, "innfoertDato": str}],
    "erIKonsern": bool,
}
SUB_UNIT = COMMON | {"beliggenhetsadresse": ADDRESS, "oppstartsdato": str}
DELETED = {
    "organisasjonsnummer": str,
    "navn": str,
    "organisasjonsform": FORM,
    "historiskeNavn": [NAME],
    "slettedato": str,
    "nedleggelsesdato": str,
    "_links": {"self": LINK},
    "respons_klasse": str,
}
GONE = {"organisasjonsnummer": str, "slettedato": str, "_links": {"self": LINK}}
UPDATE = {
    "oppdateringsid": int,
    "dato": str,
    "organisasjonsnummer": str,
    "endringstype": str,
    "_links": {"enhet": LINK},
    "endringer": [{"op": str, "path": str, "value": object}],
}
REQUIRED = {
    "organisasjonsnummer",
    "navn",
    "organisasjonsform",
    "registreringsdatoEnhetsregisteret",
    "registrertIMvaregisteret",
    "registrertIForetaksregisteret",
    "registrertIStiftelsesregisteret",
    "registrertIFrivillighetsregisteret",
    "konkurs",
    "underAvvikling",
    "underTvangsavviklingEllerTvangsopplosning",
    "maalform",
    "harRegistrertAntallAnsatte",
    "paategninger",
}


def misfits(value: Any, shape: Any, path: str = "") -> list[str]:
    """Where a JSON value does not fit a shape: unknown names and other types."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{path} is no object"]
        return [
            misfit
            for key, inner in value.items()
            for misfit in (
                misfits(inner, shape[key], f"{path}/{key}") if key in shape else [f"{path}/{key} is unknown"]
            )
        ]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [misfit for inner in value for misfit in misfits(inner, shape[0], f"{path}[]")]
    exact = isinstance(value, shape) and (shape is not int or not isinstance(value, bool))
    return [] if exact else [f"{path} is {type(value).__name__}"]


@pytest.fixture(autouse=True)
def full(state: BrregState) -> None:
    """Every optional field that the tables know is set on some unit."""
    home = address(None, "Gata 3", postnummer="0155", poststed="OSLO")
    code = {"kode": "85.599", "beskrivelse": "Annen undervisning"}
    state.change_unit(
        FJELLHEIM,
        postadresse=home,
        hjemmeside="www.fjellheim.example.no",
        epostadresse="post@fjellheim.example.no",
        telefon="33 00 00 00",
        mobil="+47 400 00 000",
        naeringskode2=code,
        hjelpeenhetskode=code,
        institusjonellSektorkode={"kode": "2100", "beskrivelse": "Private aksjeselskaper mv."},
        stiftelsesdato="2016-02-15",
        sisteInnsendteAarsregnskap="2025",
        paategninger=[{"infotype": "NAVN", "tekst": "Tvist", "innfoertDato": "2026-01-02"}],
    )
    state.rename_unit(FJELLHEIM, "FJELLHEIM AS")
    state.bankrupt_unit(FJELLHEIM)
    state.change_unit(BRANCH, beliggenhetsadresse=home, oppstartsdato="2018-06-01", antallAnsatte=5)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        (f"/enheter/{FJELLHEIM}", UNIT),
        (f"/enheter/{FOTO}", UNIT),
        (f"/underenheter/{BRANCH}", SUB_UNIT),
    ],
)
def test_a_living_unit_fits(api: Api, path: str, shape: dict[str, Any]) -> None:
    assert misfits(api.unit(path), shape) == []


def test_a_main_unit_has_all_that_the_contract_requires(api: Api) -> None:
    assert api.unit(f"/enheter/{FOTO}").keys() >= REQUIRED


def test_deleted_and_removed_units_fit(api: Api, state: BrregState) -> None:
    state.dissolve_unit(FJELLHEIM)
    state.dissolve_unit(BRANCH)
    state.remove_unit(FOTO)

    assert misfits(api.unit(f"/enheter/{FJELLHEIM}"), DELETED) == []
    assert misfits(api.unit(f"/underenheter/{BRANCH}"), DELETED) == []
    assert misfits(api.get(f"/enheter/{FOTO}").json(), GONE) == []


def test_searches_and_feeds_fit(api: Api) -> None:
    units = api.rows("/enheter")
    updates = api.rows("/oppdateringer/enheter", includeChanges="true")

    assert units
    assert updates
    assert misfits(units, [UNIT]) == []
    assert misfits(updates, [UPDATE]) == []


def test_the_tables_do_notice_a_stranger() -> None:
    assert misfits({"href": "x", "title": 1}, LINK) == ["/title is unknown"]
    assert misfits({"antallAnsatte": True}, UNIT) == ["/antallAnsatte is bool"]
