"""What a search of the Brreg simulator matches and in which order, and what a feed tells.

Knows nothing of HTTP.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from rapidfuzz import fuzz, utils

from connectors.brreg.simulator_parameters import NOT_A_NUMBER, Parameters, is_number
from connectors.brreg.simulator_state import BrregState, Kind, Unit, Update

Test = Callable[[Mapping[str, Any]], bool]


def search(state: BrregState, kind: Kind, parameters: Parameters) -> Callable[[], list[Unit]]:
    """Read a search; the result finds the matching units in order. Raises Invalid."""
    numbers = parameters.numbers()
    tests = _tests(kind, parameters)
    name = parameters.one("navn")
    if name is not None and len(name) > 180:
        parameters.refuse("navn må være mellom 1 og 180 tegn", "navn", name)
    method = parameters.one("navnMetodeForSoek")
    if method not in (None, "FORTLOEPENDE"):
        parameters.refuse("navnMetodeForSoek må være FORTLOEPENDE", "navnMetodeForSoek", method or "")
    order = _order(parameters)
    parameters.check()

    def find() -> list[Unit]:
        units = state.living(kind, numbers)
        units = [unit for unit in units if all(test(unit.values) for test in tests)]
        if name is not None:
            units = _running(units, name) if method else _by_score(units, name)
        if order is not None:
            path, descending = order
            units.sort(key=lambda unit: _rank(_at(unit.values, path)), reverse=descending)
        return units

    return find


def feed(state: BrregState, kind: Kind, parameters: Parameters) -> Callable[[], list[Update]]:
    """Read a request for changes; the result lists them in order. Raises Invalid."""
    numbers = parameters.numbers()
    cursor = parameters.whole("oppdateringsid", 1, 1)
    since, before = parameters.moment("dato"), parameters.moment("updatedBefore")
    sort = parameters.one("sort") or "id,ASC"
    if not re.fullmatch(r"id(,(ASC|DESC))?", sort, re.IGNORECASE):
        parameters.refuse("Det kan kun sorteres på id", "sort", sort)
    parameters.check()

    def find() -> list[Update]:
        found = [
            update
            for update in state.updates_from(kind, cursor, numbers)
            if (since is None or update.at >= since) and (before is None or update.at < before)
        ]
        return found[::-1] if sort.upper().endswith("DESC") else found

    return find


_FLAGS: dict[str, tuple[str, ...]] = {
    name: (name,)
    for name in (
        "konkurs",
        "registrertIMvaregisteret",
        "registrertIForetaksregisteret",
        "registrertIStiftelsesregisteret",
        "registrertIFrivillighetsregisteret",
        "registrertIPartiregisteret",
        "underAvvikling",
        "underTvangsavviklingEllerTvangsopplosning",
    )
} | {"underKonkursbehandling": ("konkurs", "underTvangsavviklingEllerTvangsopplosning")}
"""What each parameter looks at."""
_DATES = {
    "enhet": (
        "registreringsdatoEnhetsregisteret",
        "stiftelsesdato",
        "registreringsdatoMerverdiavgiftsregisteret",
        "registreringsdatoForetaksregisteret",
        "registreringsdatoFrivillighetsregisteret",
        "registreringsdatoPartiregisteret",
    ),
    "underenhet": (
        "registreringsdatoEnhetsregisteret",
        "oppstartsdato",
        "datoEierskifte",
        "nedleggelsesdato",
        "registreringsdatoMerverdiavgiftsregisteret",
    ),
}
_PLACES = {"enhet": "forretningsadresse", "underenhet": "beliggenhetsadresse"}
_SORTABLE = """
    navn organisasjonsnummer overordnetEnhet organisasjonsform.kode antallAnsatte hjemmeside
    postadresse.kommune postadresse.kommunenummer registreringsdatoEnhetsregisteret
    registrertIMvaregisteret registrertIForetaksregisteret registrertIStiftelsesregisteret
    registrertIFrivillighetsregisteret naeringskode1.kode naeringskode2.kode naeringskode3.kode
    hjelpeenhetskode.kode forretningsadresse.kommune forretningsadresse.kommunenummer
    beliggenhetsadresse.kommune beliggenhetsadresse.kommunenummer stiftelsesdato
    institusjonellSektorkode.kode konkurs underAvvikling underTvangsavviklingEllerTvangsopplosning
""".split()
_LOWEST_SCORE = 75
"""How alike a name and a search must be, of 100."""


def _tests(kind: Kind, parameters: Parameters) -> list[Test]:
    tests = [*_flag_tests(parameters), *_date_tests(kind, parameters), *_employee_tests(parameters)]
    tests += _list_tests(kind, parameters)
    parent = parameters.one("overordnetEnhet")
    if parent is not None:
        if not is_number(parent):
            parameters.refuse(NOT_A_NUMBER, parent, parent)
        tests.append(lambda values: values.get("overordnetEnhet") == parent)
    site = parameters.one("hjemmeside")
    if site is not None:
        tests.append(lambda values: site.casefold() in str(values.get("hjemmeside", "")).casefold())
    return tests


def _flag_tests(parameters: Parameters) -> list[Test]:
    tests = []
    for name, fields in _FLAGS.items():
        wanted = parameters.flag(name)
        if wanted is not None:
            tests.append(_any_flag(fields, wanted))
    return tests


def _any_flag(fields: tuple[str, ...], wanted: bool) -> Test:
    return lambda values: any(values.get(each, False) for each in fields) == wanted


def _date_tests(kind: Kind, parameters: Parameters) -> list[Test]:
    tests = []
    for name in _DATES[kind]:
        title = name[0].upper() + name[1:]
        first, last = parameters.day(f"fra{title}"), parameters.day(f"til{title}")
        if first is not None:
            tests.append(_date_bound(name, first, upper=False))
        if last is not None:
            tests.append(_date_bound(name, last, upper=True))
    return tests


def _date_bound(name: str, bound: str, *, upper: bool) -> Test:
    if upper:
        return lambda values: name in values and values[name] <= bound
    return lambda values: name in values and values[name] >= bound


def _employee_tests(parameters: Parameters) -> list[Test]:
    tests: list[Test] = []
    fewest, most = parameters.one("fraAntallAnsatte"), parameters.one("tilAntallAnsatte")
    if fewest is not None:
        if not re.fullmatch(r"\d{1,7}", fewest) or 1 < int(fewest) < 5:
            text = "Minste antall ansatte må være 0, 1 eller større enn 4"
            parameters.refuse(text, "fraAntallAnsatte", fewest)
        else:
            low = int(fewest)
            tests.append(lambda values: values.get("antallAnsatte", 0) >= low)
    if most is not None:
        if not re.fullmatch(r"\d{1,7}", most) or 0 < int(most) < 4:
            text = "Største antall ansatte må være 0, 4 eller større enn 4"
            parameters.refuse(text, "tilAntallAnsatte", most)
        else:
            high = int(most)
            tests.append(lambda values: values.get("antallAnsatte", 0) <= high)
    return tests


def _list_tests(kind: Kind, parameters: Parameters) -> list[Test]:
    place = _PLACES[kind]
    exact = {
        "organisasjonsform": ("organisasjonsform.kode",),
        "institusjonellSektorkode": ("institusjonellSektorkode.kode",),
        "sisteInnsendteAarsregnskap": ("sisteInnsendteAarsregnskap",),
        "kommunenummer": ("postadresse.kommunenummer", f"{place}.kommunenummer"),
    }
    for where in ("postadresse", place):
        for part in ("kommunenummer", "landkode", "postnummer", "poststed"):
            exact[f"{where}.{part}"] = (f"{where}.{part}",)
    tests = [_one_of(paths, wanted) for name, paths in exact.items() if (wanted := parameters.many(name))]
    for where in ("postadresse", place):
        if wanted := parameters.many(f"{where}.adresse"):
            tests.append(_address_holds(where, wanted))
    if wanted := parameters.many("naeringskode"):
        tests.append(_in_trade(tuple(wanted)))
    return tests


def _one_of(paths: tuple[str, ...], wanted: list[str]) -> Test:
    folded = {each.casefold() for each in wanted}
    return lambda values: any(str(_at(values, path) or "").casefold() in folded for path in paths)


def _address_holds(where: str, wanted: list[str]) -> Test:
    folded = [each.casefold() for each in wanted]

    def test(values: Mapping[str, Any]) -> bool:
        lines = " ".join(line or "" for line in values.get(where, {}).get("adresse", ())).casefold()
        return any(each in lines for each in folded)

    return test


def _in_trade(wanted: tuple[str, ...]) -> Test:
    """A code of any level: 85, 85.5 and 85.599 all find 85.599."""
    return lambda values: any(
        str(_at(values, f"naeringskode{place}.kode") or "").startswith(wanted) for place in (1, 2, 3)
    )


def _by_score(units: list[Unit], name: str) -> list[Unit]:
    words = utils.default_process(name).split()
    scored = []
    for unit in units:
        own = utils.default_process(str(unit.values["navn"]))
        score = _score(words, own.split())
        if score >= _LOWEST_SCORE:
            # Among equals the shorter name is the closer one.
            scored.append((-score, len(own), unit.number, unit))
    return [unit for *_, unit in sorted(scored, key=lambda row: row[:3])]


def _score(words: list[str], own: list[str]) -> float:
    """How well each word searched for is found among the words of a name, 0 to 100."""
    best = [max((fuzz.ratio(word, each) for each in own), default=0.0) for word in words]
    return sum(best) / len(best) if best else 0.0


def _running(units: list[Unit], name: str) -> list[Unit]:
    folded = name.casefold()
    return [unit for unit in units if folded in str(unit.values["navn"]).casefold()]


def _order(parameters: Parameters) -> tuple[str, bool] | None:
    text = parameters.one("sort")
    if text is None:
        return None
    path, _, direction = text.partition(",")
    if path not in _SORTABLE or direction.upper() not in ("", "ASC", "DESC"):
        parameters.refuse("Ugyldig sortering", "sort", text)
        return None
    return path, direction.upper() == "DESC"


def _at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for step in path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    return (1, value.casefold()) if isinstance(value, str) else (2, value)
