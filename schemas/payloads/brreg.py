"""What is read from the Brønnøysund register (clause S2): facts about a unit, looked up by its number.

No roles, no contact details, no free text: brreg_norway.md 1.4 (minimal allow-list) and 1.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, AliasPath, BeforeValidator, Field

from schemas.categories import ADDRESS, NAME, PUBLIC
from schemas.payloads.base import Payload, System
from schemas.payloads.types import Day, Flag, OptionalId, Text, Texts

UnitStatus = Literal["active", "bankrupt", "liquidation", "deleted", "removed", "unknown"]


def _lines(value: Any) -> Any:
    """Address lines as one text; the register sends a list that may hold null and empty strings."""
    if isinstance(value, list):
        return ", ".join(str(line).strip() for line in value if line and str(line).strip())
    return value


def _names(value: Any) -> Any:
    """The names out of `historiskeNavn`, whose items carry dates too."""
    if isinstance(value, list):
        return [item.get("navn") if isinstance(item, dict) else item for item in value]
    return value


def _address(part: str) -> AliasChoices:
    """A part of the unit's address: where it does business, for a sub-unit where it lies, else its post."""
    return AliasChoices(
        AliasPath("forretningsadresse", part),
        AliasPath("beliggenhetsadresse", part),
        AliasPath("postadresse", part),
    )


class BrregUnit(Payload):
    """A unit or sub-unit of the register. One row per organisation number that was looked up.

    `status`: active, bankrupt, liquidation, deleted (dissolved), removed (taken out of the open data for
    legal reasons: then nothing but the number is kept) or unknown (the register has no such number).
    """

    system: ClassVar[System] = "brreg"
    source: ClassVar[str] = "brreg_unit"
    key: ClassVar[str] = "number"
    not_read: ClassVar[frozenset[str]] = frozenset(
        """
        _links respons_klasse epostadresse telefon mobil aktivitet vedtektsfestetFormaal vedtektsdato
        stiftelsesdato maalform paategninger kapital erIKonsern institusjonellSektorkode naeringskode2
        naeringskode3 hjelpeenhetskode harRegistrertAntallAnsatte sisteInnsendteAarsregnskap
        registreringsdatoEnhetsregisteret registreringsdatoMerverdiavgiftsregisteret
        registreringsdatoMerverdiavgiftsregisteretEnhetsregisteret
        registreringsdatoFrivilligMerverdiavgiftsregisteret frivilligMvaRegistrertBeskrivelser
        registreringsdatoAntallAnsatteEnhetsregisteret registreringsdatoAntallAnsatteNAVAaregisteret
        registreringsdatoForetaksregisteret registreringsdatoFrivillighetsregisteret
        registreringsdatoPartiregisteret registreringsdatoStiftelsesregisteret
        registrertIForetaksregisteret registrertIStiftelsesregisteret registrertIFrivillighetsregisteret
        registrertIPartiregisteret konkursdato underAvviklingDato konkurs underAvvikling
        underTvangsavviklingEllerTvangsopplosning underKonkursbehandling
        underUtenlandskInsolvensbehandlingDato underRekonstruksjonsforhandlingDato
        tvangsavvikletPgaManglendeSlettingDato tvangsopplostPgaManglendeDagligLederDato
        tvangsopplostPgaManglendeRevisorDato tvangsopplostPgaManglendeRegnskapDato
        tvangsopplostPgaMangelfulltStyreDato fravalgRevisjonDato fravalgRevisjonBeslutningsDato
        registreringsnummerIHjemlandet oppstartsdato datoEierskifte nedleggelsesdato
        """.split()
    )

    number: Annotated[str, PUBLIC] = Field(validation_alias="organisasjonsnummer", pattern=r"^\d{9}$")
    status: Annotated[UnitStatus, PUBLIC] = Field(description="What the register says of the unit")
    is_subunit: Annotated[bool, PUBLIC] = Field(False, description="A sub-unit (underenhet)")
    name: Annotated[Text, NAME] = Field(
        None, validation_alias="navn", description="For a sole proprietor it holds a person's name"
    )
    former_names: Annotated[Texts, BeforeValidator(_names), NAME] = Field(
        default_factory=list, validation_alias="historiskeNavn", description="Earlier names, oldest first"
    )
    organization_form: Annotated[Text, PUBLIC] = Field(
        None, validation_alias=AliasPath("organisasjonsform", "kode"), description="E.g. AS, ENK, BEDR"
    )
    parent_number: Annotated[Text, PUBLIC] = Field(
        None, validation_alias="overordnetEnhet", description="Number of the unit this one belongs to"
    )
    deleted_on: Annotated[Day, PUBLIC] = Field(None, validation_alias="slettedato")
    vat_registered: Annotated[Flag, PUBLIC] = Field(None, validation_alias="registrertIMvaregisteret")
    industry_code: Annotated[Text, PUBLIC] = Field(
        None, validation_alias=AliasPath("naeringskode1", "kode"), description="SN2025"
    )
    industry: Annotated[Text, PUBLIC] = Field(
        None, validation_alias=AliasPath("naeringskode1", "beskrivelse"), description="Industry in words"
    )
    employees: Annotated[OptionalId, PUBLIC] = Field(
        None, validation_alias="antallAnsatte", description="Null where the register withholds it (0 to 4)"
    )
    website: Annotated[Text, PUBLIC] = Field(None, validation_alias="hjemmeside")
    address: Annotated[Text, BeforeValidator(_lines), ADDRESS] = Field(
        None, validation_alias=_address("adresse")
    )
    postal_code: Annotated[Text, ADDRESS] = Field(None, validation_alias=_address("postnummer"))
    city: Annotated[Text, ADDRESS] = Field(None, validation_alias=_address("poststed"))
    country: Annotated[Text, ADDRESS] = Field(
        None, validation_alias=_address("landkode"), description="Country, ISO 3166 two letters"
    )

    @classmethod
    def shows_fields(cls, record: Mapping[str, Any]) -> bool:
        """Of a dissolved unit the register tells a few facts, of a removed or unknown one none."""
        return record.get("status") not in ("deleted", "removed", "unknown")
