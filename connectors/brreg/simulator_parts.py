"""Parts of a unit in the register: addresses and organisation forms, as they stand in the API."""

from typing import Any

Part = dict[str, Any]


def organisation_form(code: str) -> Part:
    """An organisation form as it stands in a unit."""
    return {"kode": code, "beskrivelse": FORMS[code]}


def address(
    *lines: str | None,
    postnummer: str,
    poststed: str,
    kommune: str | None = None,
    kommunenummer: str | None = None,
) -> Part:
    """A Norwegian address as it stands in a unit."""
    return {
        "land": "Norge",
        "landkode": "NO",
        "postnummer": postnummer,
        "poststed": poststed,
        "adresse": list(lines),
        "kommune": kommune or poststed,
        "kommunenummer": kommunenummer or "0301",
    }


def foreign_address(*lines: str, land: str, landkode: str, poststed: str | None = None) -> Part:
    """An address abroad: without post code and municipality."""
    place = {} if poststed is None else {"poststed": poststed}
    return {"land": land, "landkode": landkode, **place, "adresse": list(lines)}


FORMS = {
    "AAFY": "Underenhet til ikke-næringsdrivende",
    "ADOS": "Administrativ enhet - offentlig sektor",
    "ANNA": "Annen juridisk person",
    "ANS": "Ansvarlig selskap med solidarisk ansvar",
    "AS": "Aksjeselskap",
    "ASA": "Allmennaksjeselskap",
    "BBL": "Boligbyggelag",
    "BEDR": "Underenhet til næringsdrivende og offentlig forvaltning",
    "BRL": "Borettslag",
    "DA": "Ansvarlig selskap med delt ansvar",
    "ENK": "Enkeltpersonforetak",
    "ESEK": "Eierseksjonssameie",
    "FKF": "Fylkeskommunalt foretak",
    "FLI": "Forening/lag/innretning",
    "FYLK": "Fylkeskommune",
    "IKS": "Interkommunalt selskap",
    "KBO": "Konkursbo",
    "KF": "Kommunalt foretak",
    "KIRK": "Den norske kirke",
    "KOMM": "Kommune",
    "KS": "Kommandittselskap",
    "NUF": "Norskregistrert utenlandsk foretak",
    "ORGL": "Organisasjonsledd",
    "PRE": "Partrederi",
    "SA": "Samvirkeforetak",
    "SAM": "Tingsrettslig sameie",
    "SF": "Statsforetak",
    "STAT": "Staten",
    "STI": "Stiftelse",
    "SÆR": "Annet foretak iflg. særskilt lov",
    "UTLA": "Utenlandsk enhet",
}
SUB_UNIT_FORMS = ("AAFY", "BEDR")
