"""Organisation numbers and company names.

Pure functions on single strings. Rules of names: the designation of the legal form stands last by law
(foretaksnavneloven § 2-2), and people leave it out, abbreviate, add a department or a contact person.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from stdnum.no import orgnr

from pipelines.identity.normalise.lexicon import GIVEN_SKELETONS
from pipelines.identity.normalise.text import clean, folded, skeleton, squashed

_LABELS = re.compile(
    r"^(?:org(?:anisasjons)?\.?\s*-?\s*(?:nr|nummer)?\.?|foretaksregisteret|mva\.?|vat)[:\s]*", re.IGNORECASE
)
_SIGNS = re.compile(r"[\s.,\-–/:_]+")
_EMBEDDED_NUMBER = re.compile(
    r"(?<!\d)(?:NO\s?)?(\d{3}[ .\u00a0]?\d{3}[ .\u00a0]?\d{3})(?:\s?MVA)?(?!\d)", re.IGNORECASE
)
# They pass the check digit and are typed to get past a form.
_PLACEHOLDER_NUMBERS = frozenset({"000000000", "999999999", "123456785", "987654325"})


def organization_number(raw: str | None) -> str | None:
    """Nine digits that pass mod 11, from any way of writing them (`NO 912 345 678 MVA`); else None.

    Eleven digits are a national identity number, never an organisation number: None.
    """
    if not raw:
        return None
    text = raw if raw.isascii() else clean(raw)
    text = _SIGNS.sub("", _LABELS.sub("", text.strip())).upper()
    text = text.removeprefix("NO").removesuffix("MVA").removesuffix("VAT")
    if len(text) != 9 or not text.isdigit() or text in _PLACEHOLDER_NUMBERS or not orgnr.is_valid(text):
        return None
    return text


class CompanyName(NamedTuple):
    """A company name taken apart. Keys are folded: letters and digits only, og/and/& left out."""

    core: str  # key without legal form, department and contact person; "" when nothing is left
    full: str  # key with the legal form; equals `core` when none was written
    form: str | None  # legal form as the register codes it
    department: str | None  # key of what follows `avd.` or the legal form: a branch or a town
    person: str | None  # the contact person written into it (`v/ Kari Hansen`), as written
    number: str | None  # an organisation number written into it
    words: tuple[str, ...]  # folded words of the core, in order


NOTHING = CompanyName("", "", None, None, None, None, ())

_FORMS = {
    "as": "AS", "a/s": "AS", "a.s": "AS", "a.s.": "AS", "asa": "ASA", "enk": "ENK", "ans": "ANS", "da": "DA",
    "ks": "KS", "nuf": "NUF", "sa": "SA", "ba": "BA", "se": "SE", "sti": "STI", "sf": "SF", "kf": "KF",
    "fkf": "FKF", "iks": "IKS", "hf": "HF", "rhf": "RHF", "bbl": "BBL", "brl": "BRL", "fli": "FLI",
    "aksjeselskap": "AS", "enkeltpersonforetak": "ENK", "stiftelse": "STI", "borettslag": "BRL",
    "ab": "AB", "aps": "APS", "gmbh": "GMBH", "ltd": "LTD", "ltd.": "LTD", "limited": "LTD", "inc": "INC",
    "inc.": "INC", "llc": "LLC", "oy": "OY", "b.v.": "BV", "bv": "BV", "plc": "PLC", "sarl": "SARL",
}  # fmt: skip
# What may stand inside a name and end it: "Fjord AS Bergen", "Fjord AS avd. Bergen".
_ENDING_FORMS = frozenset({"AS", "ASA", "ANS", "NUF"})
# Unlike the others these are words of everyday names; as forms they count only when the name has more words.
_WORD_FORMS = frozenset({"stiftelse", "borettslag", "aksjeselskap", "enkeltpersonforetak"})

_DEPARTMENT = re.compile(
    r"[\s,\-–(]+(?:avd\b\.?|avdeling(?:en)?\b|avd\.(?=\S)|dept\.?\b|filial\b)\s*:?\s*", re.IGNORECASE
)
# A department of the firm behind a dash or a comma: "Fjord - HR", "Fjord, økonomiavdelingen".
_DEPARTMENT_WORDS = frozenset(
    """
    hr it ikt okonomi regnskap lonn personal personell marked markedsforing salg innkjop drift lager logistikk
    kundeservice kundesenter administrasjon adm ledelse ledelsen resepsjon support kommunikasjon
    fakturamottak hovedkontor prosjekt prosjekter kurs opplaering kvalitet hms sentralbord juridisk
    """.split()
)
_SEPARATED = re.compile(r"\s+[-–]\s+|\s*,\s+|\s+/\s+")
# A stroke without blanks stands between names, not in `A/S` or `v/`.
_SIDES = re.compile(rf"{_SEPARATED.pattern}|\s*[()]\s*|(?<=\w{{3}})/(?=\w{{3}})")
# "Firma Kari Hansen": what it is, before the name.
_KIND_BEFORE = re.compile(r"^(?:firma(?:et)?|bedrift(?:en)?|selskapet)\b[\s:]+(?=\S{2})", re.IGNORECASE)
# "FjordAS": a form written without the blank before it. Capitals after a small letter, so that "Haas" and
# "HAAS" stay what they are.
_GLUED_FORM = re.compile(r"(?<=[a-zæøå0-9])(ASA|AS|ANS|NUF|DA|SA|BA|KS|IKS|ENK)$")
# "Norsk Tennis for.": with its dot, at the end, where a preposition cannot stand.
_SHORT_ASSOCIATION = re.compile(r"(?<=\s)for\.$", re.IGNORECASE)

_CONTACT = re.compile(r"[\s,(]+(?:v\s?/|ved\s|att?n?\.?\s?:|att\.|att\s)\s*", re.IGNORECASE)
_CARE_OF = re.compile(r"[\s,(]*\bc/o\s*", re.IGNORECASE)
_WORDS = re.compile(r"[^\s,()\-–\"'&+]+")
_DROPPED = frozenset({"og", "and", "the"})
_ABBREVIATIONS = {
    "mek": "mekanisk", "mekaniske": "mekanisk", "verkst": "verksted", "entr": "entreprenor",
    "entrepr": "entreprenor", "entreprenorforretning": "entreprenor", "komm": "kommune", "vgs":
    "videregaendeskole",
    "fylkesk": "fylkeskommune", "norway": "norge", "gruppen": "gruppe", "intl": "international",
    "elektr": "elektro", "transp": "transport", "rorl": "rorlegger", "snekk": "snekker", "eiend": "eiendom",
    "regnsk": "regnskap", "rgnsk": "regnskap", "forr": "forretning", "handelsf": "handelsforening",
    "kons": "konsulent", "ind": "industri", "serv": "service", "prod": "produksjon", "tekn": "teknisk",
}  # fmt: skip

PLACEHOLDER_COMPANIES = frozenset(
    """
    privat privatperson privatkunde ingen ingenfirma ingenbedrift selvstendig selvstendignaringsdrivende
    na none frilans frilanser freelance freelancer pensjonist student arbeidsledig ukjent test x xx xxx
    firma bedrift ikkeaktuelt ingenarbeidsgiver enkeltpersonforetak enk as hjemme meg megselv egetfirma
    jobbsoker jobbsøker arbeidssøker null nei ja ufør uføretrygdet trygdet hjemmeværende
    """.split()
)

# Words that say "an organisation" when they stand in a name field.
_ORGANIZATION_WORDS = frozenset(
    """
    kommune fylkeskommune skole barnehage universitet hogskole forening foreningen forbund forbundet
    idrettslag klubb klubben stiftelsen stiftelse kirke menighet sykehus museum hotell regnskap consult
    consulting service bygg eiendom transport holding invest gruppe gruppen entreprenor verksted elektro
    media reklame bakeri rorlegger kulturskole fagskole bibliotek radet avdeling direktoratet
    departementet borettslag sameiet sameie kor korps orkester teater legesenter tannlegesenter senter
    sentret butikk
    """.split()
)

_ORGANIZATION_ENDINGS = (
    "kommune", "skole", "barnehage", "forening", "lag", "klubb", "korps", "kontor", "senter", "sykehjem",
)  # fmt: skip

# Words that tell members of a group apart: a name with one and a name without are two organisations.
DISTINGUISHING = frozenset(
    """
    holding invest investering eiendom eiendommer drift gruppe konsern norge norden nordic nord sor ost vest
    midt international service utleie kapital capital ventures partner partners media produksjon salg bygg
    transport prosjekt utvikling finans forvaltning energi consulting consult butikk engros import shipping
    pensjonskasse bedriftsidrettslag velforening venner stiftelse
    """.split()
)


def company_name(raw: str | None) -> CompanyName:
    """A company name as people or the register write it, taken apart; `NOTHING` when it names none.

    >>> company_name("Fjord & Fjell A/S avd. Bergen v/ Kari Hansen")[:5]
    ('fjordfjell', 'fjordfjell|AS', 'AS', 'bergen', 'Kari Hansen')
    """
    text = clean(raw).rstrip(" !?;:*")
    if not text:
        return NOTHING
    number = None
    embedded = _EMBEDDED_NUMBER.search(text)
    if embedded:
        number = organization_number(embedded.group(1))
        if number:
            text = (text[: embedded.start()] + " " + text[embedded.end() :]).strip(" ,()-")
            text = re.sub(r"[\s,(]*\borg\.?\s*-?(?:nr|nummer)\.?:?\s*$", "", text, flags=re.IGNORECASE)
    text, person = _without_contact(_KIND_BEFORE.sub("", text))
    text, department = _without_department(_SHORT_ASSOCIATION.sub("forening", text))
    text = _GLUED_FORM.sub(r" \1", text)
    words, form, tail = _without_form([word for word in _WORDS.findall(text) if word.strip(".")])
    if tail and department is None:
        department = squashed("".join(tail)) or None
    keys = [_ABBREVIATIONS.get(key, key) for word in words if (key := squashed(word)) and key not in _DROPPED]
    core = core_of(keys)
    if _as_written(words) in PLACEHOLDER_COMPANIES or not core:
        return NOTHING._replace(person=person, number=number)
    full = f"{core}|{form}" if form and core else core
    return CompanyName(core, full, form if core else None, department, person, number, tuple(keys))


def _as_written(words: list[str]) -> str:
    """The words without folding: `Aas` is a name, `AS` is none."""
    return "".join(sign for sign in "".join(words).casefold() if sign.isalnum())


def core_of(words: Iterable[str]) -> str:
    """The key of folded words in a row."""
    return squashed("".join(words))


def with_department(name: CompanyName) -> CompanyName:
    """The name with its department as its last word: a sub-unit may bear it."""
    department = name.department or ""
    words = (*name.words, department)
    return name._replace(core=core_of(words), words=words, department=None)


def names_within(text: str | None) -> tuple[CompanyName, ...]:
    """The names on either side of a dash, comma, stroke or bracket: `Fana skole (Bergen kommune)` has two.

    What only says which department (`avd. nord`, `HR`) is no name.
    """
    parts = _SIDES.split(clean(text) or "")
    if len(parts) < 2:
        return ()
    return tuple(name for part in parts if not _says_department(part) and (name := company_name(part)).core)


def _says_department(text: str) -> bool:
    words = [word for sign in _WORDS.findall(text) if (word := squashed(sign))]
    return bool(words) and (_DEPARTMENT.match(f" {text}") is not None or all(map(_is_department, words)))


def _without_department(text: str) -> tuple[str, str | None]:
    """The company and the key of its department, from `Fjord avd. Bergen` or `Fjord - HR`."""
    department = None
    for split in _SEPARATED.finditer(text):
        tail = [word for sign in _WORDS.findall(text[split.end() :]) if (word := squashed(sign))]
        if split.start() > 0 and tail and all(_is_department(word) for word in tail):
            text, department = text[: split.start()], core_of(tail)
            break
    branch = _DEPARTMENT.search(text)
    if branch and branch.start() > 0:
        text, department = text[: branch.start()], squashed(text[branch.end() :]) or department
    return text, department


def _is_department(word: str) -> bool:
    return word in _DEPARTMENT_WORDS or word in _DROPPED or word.endswith(("avdeling", "avdelingen"))


def _without_contact(text: str) -> tuple[str, str | None]:
    """The company and the contact person of `Fjord AS v/ Kari Hansen` or `Kari Hansen c/o Fjord AS`."""
    split = _CARE_OF.search(text)
    if split:
        before, after = text[: split.start()].strip(" ,("), text[split.end() :].strip(" ,)")
        if not before or _is_the_company(before, after):
            return before or after, (after or None) if before else None
        return after, before
    split = _CONTACT.search(text)
    if split and split.start() > 0:
        before, after = text[: split.start()].strip(" ,("), text[split.end() :].strip(" ,)")
        return (
            (after, before)
            if has_legal_form(after) and not has_legal_form(before)
            else (before, after or None)
        )
    return text, None


def _is_the_company(before: str, after: str) -> bool:
    """Whether it is the first of two names with `c/o` between that is the organisation's."""
    for says in (has_legal_form, _begins_like_a_person):
        if says(before) != says(after):
            return says(before) == (says is has_legal_form)
    return looks_like_a_company(before) and not looks_like_a_company(after)


def _begins_like_a_person(text: str) -> bool:
    return skeleton(folded(text.split()[0])) in GIVEN_SKELETONS if text else False


def _without_form(words: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Words without the legal form, the form, and the words after a form in the middle.

    Compared before folding: `Aas` and `Ås` are surnames and places, `as` is not.
    """
    lowered = [_designation(word) for word in words]
    if len(words) > 1 and lowered[-1] in _FORMS:
        form = _FORMS[lowered[-1]]
        return words[:-1], form, []
    if len(words) > 1 and lowered[0] in ("as", "a/s"):
        return words[1:], "AS", []
    for place in range(1, len(words) - 1):
        if (
            lowered[place] in _FORMS
            and lowered[place] not in _WORD_FORMS
            and _FORMS[lowered[place]] in _ENDING_FORMS
        ):
            return words[:place], _FORMS[lowered[place]], words[place + 1 :]
    return words, None, []


def _designation(word: str) -> str:
    """The word as a designation is written; the full stop behind `AS.` ends the text, not the word."""
    lowered = word.casefold()
    return lowered if lowered in _FORMS else lowered.rstrip(".")


def has_legal_form(text: str) -> bool:
    """Whether the text ends in (or holds) the designation of a legal form, as a company name does."""
    _, form, _ = _without_form([word for word in _WORDS.findall(text) if word.strip(".")])
    return form is not None


def looks_like_a_company(text: str) -> bool:
    """Whether a name field holds an organisation's name: a legal form, or a word only organisations bear."""
    if has_legal_form(text):
        return True
    words = [folded(word) for word in _WORDS.findall(text)]
    return any(word in _ORGANIZATION_WORDS for word in words) or any(
        word.endswith(_ORGANIZATION_ENDINGS) and len(word) > 9 for word in words
    )
