"""Person names: taken apart, and compared.

Pure functions on single values. Nothing here decides that two records are one person; `relation` says only
what two names have to say about it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from pipelines.identity.normalise.emails import LocalName
from pipelines.identity.normalise.lexicon import (
    GIVEN_NAMES,
    GIVEN_SKELETONS,
    PET_CIRCLES,
    PLACEHOLDER_NAMES,
    ROLE_WORDS,
    TITLES,
)
from pipelines.identity.normalise.organizations import company_name, has_legal_form, looks_like_a_company
from pipelines.identity.normalise.text import clean, folded, skeleton

Kind = Literal["full", "single", "initials", "none"]


class PersonName(NamedTuple):
    """A name taken apart. Tokens are folded; a one-letter token is an initial."""

    first: str  # the first given name, or the only token; "" for none
    rest: tuple[str, ...]  # middle names and surnames, in order
    kind: Kind  # full: a whole first and a whole last name
    company: str | None = None  # an organisation written into the name, as written
    is_role: bool = False  # the fields hold a role (Kundeservice), not a person
    is_derived: bool = False  # read off an e-mail address: a hint, not a name somebody gave

    @property
    def tokens(self) -> tuple[str, ...]:
        """All tokens, first name first."""
        return (self.first, *self.rest) if self.first else self.rest

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for the same name in any order and spelling variant."""
        return tuple(sorted(skeleton(token) for token in self.tokens))


NO_NAME = PersonName("", (), "none")

_TOKENS = re.compile(r"[^\s.,\-–/_'’`´\"()]+")
_SPLIT = re.compile(r"\s+[-–|]\s+|\s*\|\s*|\s*[()]\s*|,\s*|\s+(?:hos|fra|i)\s+(?=[A-ZÆØÅ])|\s*/\s*(?=\S{3})")
_LOST_LETTER = re.compile(r"(?<=\w)[?\ufffd](?=\w)|^[?\ufffd](?=\w)")
_CONTACT = re.compile(r"\bv\s?/|\bc/o\b|\bved\s|\batt?n?[.:]", re.IGNORECASE)


def person_name(first: str | None, last: str | None, full: str | None = None) -> PersonName:
    """The name in the fields of a record; the whole name counts only when both parts are empty.

    Understands `Etternavn, Fornavn`, swapped fields, initials, titles, an organisation in either field or
    behind `v/`, a dash or in brackets, roles and placeholders instead of names.
    """
    given, family = _field(first), _field(last)
    if not given and not family:
        return _from_one_text(_field(full))
    if given and family:
        if "(" in given or "(" in family or " - " in family:
            return _from_one_text(f"{given} {family}")
        if looks_like_a_company(family) and not has_legal_form(given) and _tokens(given):
            return _from_one_text(given)._replace(company=family)
        if has_legal_form(f"{given} {family}") or _CONTACT.search(f"{given} {family}"):
            return _from_one_text(f"{given} {family}")
        return _named(_tokens(given), _tokens(family))
    name = _from_one_text(given or family)
    if given and name.rest and all(skeleton(token) in GIVEN_SKELETONS for token in name.tokens):
        return name._replace(rest=(), kind="single")  # "Linda Merete", the surname not given
    return name


def name_from_local(local: LocalName | None) -> PersonName:
    """The name an e-mail address spells out, marked as derived."""
    if local is None:
        return NO_NAME
    if local.surname is None:
        return PersonName(local.given, (), "single", is_derived=True)
    return PersonName(local.given, (local.surname,), "full", is_derived=True)


def _field(text: str | None) -> str:
    text = clean(text)
    if "?" in text or "\ufffd" in text:
        text = _LOST_LETTER.sub("", text)
    return "" if "@" in text else text.strip(" -–.,;:*?\"'")


def _from_one_text(text: str) -> PersonName:
    if not text:
        return NO_NAME
    if _CONTACT.search(text):
        company = company_name(text)
        if company.person:
            split = _CONTACT.search(text)
            assert split is not None
            before = text[: split.start()].strip(" ,(")
            owner = before if company.person != before else text[split.end() :].strip(" ,)")
            return _from_one_text(company.person)._replace(company=owner or None)
    parts = [part for part in _SPLIT.split(text) if part.strip()]
    if len(parts) > 1:
        companies = [part for part in parts if looks_like_a_company(part)]
        people = [part for part in parts if part not in companies]
        if companies and people:
            return _from_one_text(people[0])._replace(company=companies[0].strip())
        if not companies and text.count(",") == 1 and len(parts) == 2:
            return _named(_tokens(parts[1]), _tokens(parts[0]))
        if not companies and "," not in text:
            text = parts[0]
    words = [folded(token) for token in _TOKENS.findall(text)]
    if words and all(word in ROLE_WORDS for word in words):
        return NO_NAME._replace(is_role=True)
    if looks_like_a_company(text):
        known = bool(words) and skeleton(words[0]) in GIVEN_SKELETONS and not has_legal_form(text)
        if not known:
            return NO_NAME._replace(company=text)
    tokens = _tokens(text)
    return _named(tokens[:1], tokens[1:]) if tokens else _role_or_nothing(text)


def _tokens(text: str) -> list[str]:
    tokens = [folded(token) for token in _TOKENS.findall(text)]
    return [token for token in tokens if token.isalpha() and token not in TITLES] if tokens else []


def _role_or_nothing(text: str) -> PersonName:
    return NO_NAME._replace(is_role=any(folded(word) in ROLE_WORDS for word in _TOKENS.findall(text)))


def _named(given: list[str], family: list[str]) -> PersonName:
    """First and last names from the two fields, the fields swapped back when the lexicon says so."""
    tokens = given + family
    if not tokens or all(token in PLACEHOLDER_NAMES for token in tokens):
        return NO_NAME
    if any(token in ROLE_WORDS for token in tokens) and not any(
        skeleton(token) in GIVEN_SKELETONS for token in tokens if token not in ROLE_WORDS
    ):
        return NO_NAME._replace(is_role=True)
    if (
        given
        and family
        and skeleton(given[0]) not in GIVEN_SKELETONS
        and skeleton(family[0]) in GIVEN_SKELETONS
    ):
        tokens = family + given
    whole = sum(len(token) > 1 for token in tokens)
    if len(tokens) == 1:
        return PersonName(tokens[0], (), "single" if whole else "initials")
    if not whole:
        return PersonName(tokens[0], tuple(tokens[1:]), "initials")
    is_full = len(tokens[0]) > 1 and any(len(token) > 1 for token in tokens[1:])
    return PersonName(tokens[0], tuple(tokens[1:]), "full" if is_full else "initials")


class Relation(IntEnum):
    """What two names say about being one person's, from excluding it to being the same."""

    CONFLICT = 0  # two whole names that no one person bears
    MISSING = 1  # one of them says nothing
    PARTIAL = 2  # one is a single name or an initial that the other contains
    RENAMED = 3  # same first name, another surname: marriage, or another person
    INITIAL = 4  # one is abbreviated, nothing contradicts
    SIMILAR = 5  # both whole, a spelling error apart
    VARIANT = 6  # both whole: pet form, spelling variant, middle name or second surname more or less
    EQUAL = 7  # the same tokens in any order


# Looking a member up on its class costs as much as comparing two tokens.
CONFLICT, MISSING, PARTIAL, RENAMED, INITIAL, SIMILAR, VARIANT, EQUAL = Relation


def relation(a: PersonName, b: PersonName) -> Relation:
    """The relation of two names; symmetric."""
    return relation_by_key(a, b, a.key, b.key)


def relation_by_key(a: PersonName, b: PersonName, key_a: tuple[str, ...], key_b: tuple[str, ...]) -> Relation:
    """The relation of two names whose keys are at hand."""
    if a.kind == "none" or b.kind == "none":
        return MISSING
    if key_a == key_b:
        if a.kind == "full" and b.kind == "full":
            return EQUAL
        return INITIAL if len(a.tokens) > 1 else PARTIAL
    if len(a.tokens) == 1 or len(b.tokens) == 1:
        return _with_single(a, b)
    straight = _aligned(a.first, a.rest, b.first, b.rest)
    if straight >= SIMILAR:
        return straight
    if len(a.rest) != len(b.rest) and _joined(a.tokens, b.tokens):
        return VARIANT
    # One of the two may have its fields swapped.
    swapped = max(
        _aligned(a.first, a.rest, b.rest[-1], (b.first, *b.rest[:-1])),
        _aligned(a.rest[-1], (a.first, *a.rest[:-1]), b.first, b.rest),
    )
    if swapped >= INITIAL and swapped > straight:
        return swapped
    return straight


def same_token(a: str, b: str) -> bool:
    """The same name in any Norwegian spelling."""
    return a == b or (abs(len(a) - len(b)) < 4 and skeleton(a) == skeleton(b))


def one_slip(a: str, b: str) -> bool:
    """One typing error apart (two in a long name), unless both are names in their own right."""
    length = min(len(a), len(b))
    if length < 4 or (a[0] != b[0] and length < 6) or abs(len(a) - len(b)) > 2:
        return False
    if a in GIVEN_NAMES and b in GIVEN_NAMES:
        return False
    return OSA.distance(a, b, score_cutoff=2) <= (2 if length >= 9 else 1)


def pet_forms(a: str, b: str) -> bool:
    """Two forms one person goes by (Elisabeth, Lisbeth)."""
    mine = PET_CIRCLES.get(skeleton(a))
    return mine is not None and not mine.isdisjoint(PET_CIRCLES.get(skeleton(b), ()))


def _with_single(a: PersonName, b: PersonName) -> Relation:
    single, other = (a, b) if len(a.tokens) == 1 else (b, a)
    token = single.first
    if len(other.tokens) == 1:
        theirs = other.first
        if len(token) == 1 or len(theirs) == 1:
            return PARTIAL if token[0] == theirs[0] else CONFLICT
        if same_token(token, theirs) or pet_forms(token, theirs) or one_slip(token, theirs):
            return PARTIAL
        both_given = skeleton(token) in GIVEN_SKELETONS and skeleton(theirs) in GIVEN_SKELETONS
        return CONFLICT if both_given else MISSING
    if len(token) == 1:
        return PARTIAL if any(token == part[0] for part in other.tokens) else CONFLICT
    for part in other.tokens:
        if len(part) > 1 and (same_token(token, part) or one_slip(token, part)):
            return PARTIAL
    if len(token) <= 3 and token == "".join(part[0] for part in other.tokens):
        return PARTIAL  # "KH"
    if pet_forms(token, other.first) or (len(other.first) == 1 and token[0] == other.first):
        return PARTIAL
    if len(token) > 4 and token.startswith("".join(other.tokens)[: len(token)]):
        return PARTIAL  # "karihansen" as one word
    return CONFLICT


def _first_names(a: str, b: str) -> Relation:
    if len(a) == 1 or len(b) == 1:
        return INITIAL if a[0] == b[0] else CONFLICT
    if same_token(a, b):
        return EQUAL
    if pet_forms(a, b):
        return VARIANT
    return SIMILAR if one_slip(a, b) else CONFLICT


def _aligned(first_a: str, rest_a: tuple[str, ...], first_b: str, rest_b: tuple[str, ...]) -> Relation:
    """First names against each other, then what follows them: a shared surname, and nothing that excludes."""
    first = _first_names(first_a, first_b)
    if first is CONFLICT and len(rest_a) == len(rest_b) == 1:
        return CONFLICT  # most pairs; no middle name to be called by
    left_a, left_b, surname = list(rest_a), list(rest_b), CONFLICT
    for test, level in ((same_token, VARIANT), (one_slip, SIMILAR)):
        for token in rest_a:
            if len(token) > 1 and token in left_a:
                match = next((other for other in left_b if len(other) > 1 and test(token, other)), None)
                if match is not None:
                    left_a.remove(token)
                    left_b.remove(match)
                    surname = max(surname, level)
    if first is CONFLICT:
        used = _middle_name_used(first_a, left_a, first_b, left_b) or _middle_name_used(
            first_b, left_b, first_a, left_a
        )
        return VARIANT if used and surname >= VARIANT else CONFLICT
    if surname is CONFLICT:
        for one, other in ((left_a, left_b), (left_b, left_a)):
            if one and len(one[-1]) == 1:
                return INITIAL if any(token[0] == one[-1] for token in other) else CONFLICT
        return RENAMED if first >= SIMILAR else CONFLICT
    if left_a and left_b and not _initials_agree(left_a, left_b):
        given = [
            all(skeleton(token) in GIVEN_SKELETONS or len(token) == 1 for token in left)
            for left in (left_a, left_b)
        ]
        return CONFLICT if all(given) else INITIAL
    return min(first if first is not EQUAL else VARIANT, surname)


def _middle_name_used(first: str, left: list[str], other: str, others_left: list[str]) -> bool:
    """A middle name is used as the first: "Per Olav Hansen" signs "Olav Hansen"."""
    return (
        not others_left
        and first != other
        and skeleton(other) in GIVEN_SKELETONS
        and any(same_token(other, token) for token in left)
    )


def _initials_agree(left_a: list[str], left_b: list[str]) -> bool:
    return any(
        token[0] == other[0] and (len(token) == 1 or len(other) == 1) for token in left_a for other in left_b
    )


def _joined(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """`Anne Marie` and `Annemarie`: the same letters, divided otherwise."""
    return skeleton("".join(a)) == skeleton("".join(b))
