"""The units behind the Brreg simulator, and the feed of their changes.

Every change goes through a method, so that units and feed tell the same story. Fields are named as in
the API. Knows nothing of HTTP.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from connectors.brreg.simulator_parts import address, foreign_address, organisation_form
from connectors.brreg.simulator_patch import differences

__all__ = [
    "BrregState",
    "Kind",
    "Unit",
    "Update",
    "Values",
    "address",
    "feed_stamp",
    "foreign_address",
]

Values = dict[str, Any]
Kind = Literal["enhet", "underenhet"]
Status = Literal["active", "deleted", "removed"]
UpdateType = Literal["Ny", "Endring", "Sletting", "Fjernet", "Ukjent"]

OSLO = ZoneInfo("Europe/Oslo")
FEWEST_SHOWN = 5
"""The number of employees is withheld below this."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. Replaced as a whole, never changed in place."""

    number: str
    kind: Kind
    values: Mapping[str, Any]
    """Fields as in the API, without `_links` and `respons_klasse`. `antallAnsatte` is the true number."""
    status: Status = "active"
    deleted_on: date | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of a change feed. `at` is when it was published."""

    id: int
    at: datetime
    number: str
    kind: Kind
    type: UpdateType
    operations: tuple[Values, ...] = ()
    """RFC 6902 operations, for `Endring` only."""


@dataclass
class BrregState:
    """The register. `now` stamps changes; all times are aware."""

    now: Callable[[], datetime]
    units: dict[str, Unit] = field(default_factory=dict)
    updates: dict[Kind, list[Update]] = field(default_factory=lambda: {"enhet": [], "underenhet": []})
    """The two feeds, in the order of their ids."""
    roles: dict[str, list[Values]] = field(default_factory=dict)
    deleted_sub_unit_class: Literal["SlettetUnderenhet", "SlettetEnhet"] = "SlettetUnderenhet"
    """`respons_klasse` of a deleted branch: the contract's schema names it like a main unit's."""
    revision: int = 0
    """Moves with every change of any unit."""
    last_update_id: int = 25_200_000
    _updates_of: dict[str, list[Update]] = field(default_factory=dict)

    def add_unit(
        self,
        number: str,
        name: str,
        *,
        form: str = "AS",
        at: datetime | None = None,
        announce: bool = True,
        **fields: Any,
    ) -> None:
        """Register a main unit; `fields` are named as in the API.

        Without `announce` the feed does not tell of it: it was there before the feed began.
        """
        moment = at or self.now()
        values: Values = {
            "organisasjonsnummer": number,
            "navn": name,
            "organisasjonsform": organisation_form(form),
            "registreringsdatoEnhetsregisteret": _day(moment).isoformat(),
            "registrertIMvaregisteret": form not in _WITHOUT_VAT,
            "registrertIForetaksregisteret": form in _IN_BUSINESS_REGISTER,
            "registrertIStiftelsesregisteret": form == "STI",
            "registrertIFrivillighetsregisteret": False,
            "registrertIPartiregisteret": False,
            "konkurs": False,
            "underAvvikling": False,
            "underTvangsavviklingEllerTvangsopplosning": False,
            "maalform": "Bokmål",
            "paategninger": [],
            "erIKonsern": False,
            **fields,
        }
        self._add(Unit(number, "enhet", _with_flag(values)), moment, announce)

    def add_sub_unit(
        self,
        number: str,
        name: str,
        parent: str,
        *,
        form: str = "BEDR",
        at: datetime | None = None,
        announce: bool = True,
        **fields: Any,
    ) -> None:
        """Register a branch (underenhet) of a main unit."""
        moment = at or self.now()
        values: Values = {
            "organisasjonsnummer": number,
            "navn": name,
            "organisasjonsform": organisation_form(form),
            "registreringsdatoEnhetsregisteret": _day(moment).isoformat(),
            "registrertIMvaregisteret": form == "BEDR",
            "overordnetEnhet": parent,
            **fields,
        }
        self._add(Unit(number, "underenhet", _with_flag(values)), moment, announce)

    def change_unit(self, number: str, *, at: datetime | None = None, **fields: Any) -> None:
        """Change fields of a unit; None takes a field away (absent, never null)."""
        unit = self.units[number]
        if "antallAnsatte" in fields:
            fields.setdefault("harRegistrertAntallAnsatte", fields["antallAnsatte"] is not None)
        values = {key: value for key, value in {**unit.values, **fields}.items() if value is not None}
        self._change(unit, replace(unit, values=values), at)

    def rename_unit(self, number: str, name: str, *, at: datetime | None = None) -> None:
        """Give a unit a new name; the old one joins the historical names."""
        moment = at or self.now()
        unit = self.units[number]
        past = list(unit.values.get("historiskeNavn", ()))
        until = _local_stamp(moment)
        since = (
            past[-1]["tilDato"] if past else f"{unit.values['registreringsdatoEnhetsregisteret']} 08:00:00"
        )
        past.append({"navn": unit.values["navn"], "fraDato": min(since, until), "tilDato": until})
        self.change_unit(number, at=moment, navn=name, historiskeNavn=past)

    def bankrupt_unit(self, number: str, *, at: datetime | None = None) -> None:
        """Open bankruptcy proceedings."""
        moment = at or self.now()
        self.change_unit(number, at=moment, konkurs=True, konkursdato=_day(moment).isoformat())

    def dissolve_unit(
        self,
        number: str,
        *,
        at: datetime | None = None,
        announced_as: Literal["Sletting", "Endring"] = "Sletting",
    ) -> None:
        """Delete a unit from the register: it still answers, in the reduced form.

        The feed has been seen to tell of it either way: as `Sletting`, or as an `Endring` that adds
        `/slettedato`.
        """
        moment = at or self.now()
        unit = self.units[number]
        values = dict(unit.values)
        if unit.kind == "underenhet":
            values.setdefault("nedleggelsesdato", _day(moment).isoformat())
        gone = replace(unit, status="deleted", deleted_on=_day(moment), values=values)
        if announced_as == "Endring":
            self._change(unit, gone, moment)
        else:
            self.put(gone)
            self._publish(gone, "Sletting", moment)

    def revive_unit(self, number: str, *, at: datetime | None = None) -> None:
        """Take a deletion back; the feed tells of it as an `Endring`."""
        unit = self.units[number]
        values = {key: value for key, value in unit.values.items() if key != "nedleggelsesdato"}
        self._change(unit, replace(unit, status="active", deleted_on=None, values=values), at)

    def remove_unit(self, number: str, *, at: datetime | None = None) -> None:
        """Remove a unit from the open data for legal reasons: copies must go as well."""
        moment = at or self.now()
        unit = self.units[number]
        gone = replace(unit, status="removed", deleted_on=unit.deleted_on or _day(moment))
        self.put(gone)
        self._publish(gone, "Fjernet", moment)

    def add_role(
        self,
        number: str,
        role: Literal["DAGL", "INNH", "LEDE", "MEDL", "REVI"],
        first: str,
        last: str,
        born: date,
        *,
        since: date,
    ) -> None:
        """Give a unit a role holder: personal data that this project must never ask for."""
        self.roles.setdefault(number, []).append(
            {"role": role, "first": first, "last": last, "born": born, "since": since}
        )

    def announce(self, number: str, kind: UpdateType, *, at: datetime | None = None) -> None:
        """Publish an entry without a change behind it (`Ukjent`, a repeated `Endring`)."""
        self._publish(self.units[number], kind, at or self.now())

    def living(self, kind: Kind, numbers: Collection[str] | None = None) -> list[Unit]:
        """The units that a search can find, in the order of their numbers: all, or those of `numbers`."""
        if numbers is None:
            units = list(self.units.values())
        else:
            units = [self.units[number] for number in numbers if number in self.units]
        found = [unit for unit in units if unit.kind == kind and unit.status == "active"]
        return sorted(found, key=lambda unit: unit.number)

    def updates_from(self, kind: Kind, cursor: int, numbers: Collection[str] | None = None) -> list[Update]:
        """The entries of a feed from an id on, that id included: all, or those about `numbers`."""
        if numbers is None:
            updates = self.updates[kind]
            return updates[bisect_left(updates, cursor, key=lambda update: update.id) :]
        about = [update for number in numbers for update in self._updates_of.get(number, ())]
        found = [update for update in about if update.id >= cursor and update.kind == kind]
        return sorted(found, key=lambda update: update.id)

    def put(self, unit: Unit) -> None:
        """Store any unit, and tell nobody: the way to a malformed record."""
        self.units[unit.number] = unit
        self.revision += 1

    def shown(self, unit: Unit) -> Values:
        """What the API shows of a unit, in the API's order, without `_links`."""
        values = dict(unit.values)
        match unit.status:
            case "removed":
                return {"organisasjonsnummer": unit.number, "slettedato": _iso(unit.deleted_on)}
            case "deleted":
                values = {key: values[key] for key in _KEPT if key in values}
                values["slettedato"] = _iso(unit.deleted_on)
                if unit.kind == "enhet":
                    values.setdefault("historiskeNavn", [])
                values["respons_klasse"] = (
                    "SlettetEnhet" if unit.kind == "enhet" else self.deleted_sub_unit_class
                )
            case "active":
                employees = values.get("antallAnsatte")
                if isinstance(employees, int) and employees < FEWEST_SHOWN:
                    del values["antallAnsatte"]
                values["respons_klasse"] = unit.kind.capitalize()
        return dict(sorted(values.items(), key=_position))

    def _add(self, unit: Unit, moment: datetime, announce: bool) -> None:
        self.put(unit)
        if announce:
            self._publish(unit, "Ny", moment)

    def _change(self, before: Unit, after: Unit, at: datetime | None) -> None:
        self.put(after)
        operations = tuple(differences(self.shown(before), self.shown(after)))
        self._publish(after, "Endring", at or self.now(), operations)

    def _publish(
        self, unit: Unit, kind: UpdateType, moment: datetime, operations: tuple[Values, ...] = ()
    ) -> None:
        # Both feeds draw from one sequence, and ids are skipped.
        self.last_update_id += 1 + self.last_update_id % 4
        update = Update(self.last_update_id, moment, unit.number, unit.kind, kind, operations)
        self.updates[unit.kind].append(update)
        self._updates_of.setdefault(unit.number, []).append(update)
        self.revision += 1


_KEPT = ("organisasjonsnummer", "navn", "organisasjonsform", "historiskeNavn", "nedleggelsesdato")
"""What is left of a deleted unit."""
_WITHOUT_VAT = frozenset({"ENK", "FLI", "STI", "BRL", "ESEK", "KBO", "UTLA", "ORGL", "ADOS", "SAM"})
_IN_BUSINESS_REGISTER = frozenset({"AS", "ASA", "ANS", "DA", "KS", "NUF", "SA", "SF", "BRL", "BBL", "IKS"})
_ORDER = """
    organisasjonsnummer navn organisasjonsform historiskeNavn slettedato hjemmeside postadresse
    registreringsdatoEnhetsregisteret registrertIMvaregisteret frivilligMvaRegistrertBeskrivelser
    naeringskode1 naeringskode2 naeringskode3 hjelpeenhetskode antallAnsatte harRegistrertAntallAnsatte
    overordnetEnhet registreringsdatoMerverdiavgiftsregisteret
    registreringsdatoMerverdiavgiftsregisteretEnhetsregisteret
    registreringsdatoFrivilligMerverdiavgiftsregisteret registreringsdatoAntallAnsatteEnhetsregisteret
    registreringsdatoAntallAnsatteNAVAaregisteret epostadresse telefon mobil forretningsadresse
    beliggenhetsadresse oppstartsdato datoEierskifte nedleggelsesdato stiftelsesdato
    institusjonellSektorkode registrertIForetaksregisteret registrertIStiftelsesregisteret
    registrertIFrivillighetsregisteret sisteInnsendteAarsregnskap konkurs konkursdato underAvvikling
    underAvviklingDato underTvangsavviklingEllerTvangsopplosning tvangsavvikletPgaManglendeSlettingDato
    tvangsopplostPgaManglendeDagligLederDato tvangsopplostPgaManglendeRevisorDato
    tvangsopplostPgaManglendeRegnskapDato tvangsopplostPgaMangelfulltStyreDato maalform vedtektsdato
    vedtektsfestetFormaal aktivitet registreringsnummerIHjemlandet registreringsdatoForetaksregisteret
    registreringsdatoFrivillighetsregisteret registrertIPartiregisteret
    registreringsdatoPartiregisteret paategninger erIKonsern fravalgRevisjonDato
    fravalgRevisjonBeslutningsDato kapital
""".split()
_PLACE = {name: position for position, name in enumerate(_ORDER)}


def _position(item: tuple[str, Any]) -> int:
    return len(_ORDER) + 1 if item[0] == "respons_klasse" else _PLACE.get(item[0], len(_ORDER))


def _with_flag(values: Values) -> Values:
    """The flag tells that employees are registered, also where their number is withheld."""
    return {"harRegistrertAntallAnsatte": values.get("antallAnsatte") is not None} | values


def _day(moment: datetime) -> date:
    return moment.astimezone(OSLO).date()


def _local_stamp(moment: datetime) -> str:
    return moment.astimezone(OSLO).strftime("%Y-%m-%d %H:%M:%S")


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def feed_stamp(moment: datetime) -> str:
    """A time as in the feeds: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
