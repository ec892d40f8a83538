"""Phone numbers: E.164 by the Norwegian number plan, and what kind of line a number is.

Pure functions on single strings. Plain Norwegian numbers take a fast path whose number plan is read from
the phonenumbers metadata itself, so that the two cannot disagree; all else asks the library.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc, PhoneNumberType

Kind = Literal["mobile", "fixed", "service", "foreign", "unknown"]

_SEPARATORS = re.compile(r"\s*(?:[/,;|]|\bog\b|\beller\b|\bor\b|\n)\s*", re.IGNORECASE)
_SIGNS = str.maketrans("", "", " .-\t\u00a0")
_NOTE = re.compile(r"\([^0-9)]*\)|[a-zæøå:.]{3,}", re.IGNORECASE)


class Phone(NamedTuple):
    """One number: the key (E.164 when it is valid, else its digits) and the kind of line."""

    key: str
    kind: Kind
    is_valid: bool

    @property
    def identifies(self) -> bool:
        """Whether one person may be reached at it: not a service or short number, not nonsense."""
        return self.kind in ("mobile", "fixed", "foreign") and not is_placeholder_number(self.key)


def phones(raw: str | None) -> tuple[Phone, ...]:
    """Every number in a field that may hold several (`915 04 800 / 22 33 44 55`), in order, each once."""
    if not raw:
        return ()
    plain = plain_number(raw)
    if plain is not None:
        return (plain,)
    # The library would read what follows a comma or semicolon as an extension.
    parts = [part for part in _SEPARATORS.split(raw) if sum(sign.isdigit() for sign in part) >= 5]
    found = (phone(part) for part in (parts if len(parts) > 1 else [raw]))
    return tuple(dict.fromkeys(number for number in found if number is not None))


def phone(raw: str | None) -> Phone | None:
    """One number, read with Norway as home; None when there are fewer than three digits."""
    if not raw:
        return None
    plain = plain_number(raw)
    if plain is not None:
        return plain
    text = raw.strip()
    found = _by_library(text)
    if found is None or not found.is_valid:
        # A note beside the number ("(jobb)", "tlf:") would be read as keypad letters.
        without = _NOTE.sub(" ", text).replace("(0)", "")
        if without != text:
            found = _by_library(without) or found
    return found


def plain_number(raw: str) -> Phone | None:
    """A plain eight-digit Norwegian number, or None when the library must be asked.

    Digits that the plan has not given out are told by their first one, and are not valid.
    """
    digits = raw.translate(_SIGNS)
    if digits.startswith("+47"):
        digits = digits[3:]
    elif digits.startswith("0047"):
        digits = digits[4:]
    elif len(digits) == 10 and digits.startswith("47"):
        digits = digits[2:]
    if len(digits) != 8 or not digits.isdecimal() or not digits.isascii() or digits[0] in "018":
        return None
    kind = _PLAN.get(digits[:4])
    if kind is None:
        return Phone(f"+47{digits}", _unassigned(digits), False)
    return Phone(f"+47{digits}", kind, True) if kind != "mixed" else None


def is_placeholder_number(key: str) -> bool:
    """Digits nobody has: one digit repeated, or a run (`12345678`)."""
    digits = key.removeprefix("+47").lstrip("+")
    return len(set(digits)) <= 1 or digits in "01234567890123" or digits in "98765432109876"


def _by_library(text: str) -> Phone | None:
    try:
        number = phonenumbers.parse(text, "NO")
    except phonenumbers.NumberParseException:
        digits = re.sub(r"\D", "", text)
        return Phone(digits, "unknown", False) if 3 <= len(digits) <= 15 else None
    number.extension = None
    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        national = str(number.national_number)
        if number.country_code == 47 and len(national) == 8 and "1" < national[0] != "8":
            return Phone(key, _unassigned(national), False)
        return Phone(key, "unknown", False)
    if number.country_code != 47:
        return Phone(key, "foreign", True)
    return Phone(key, _TYPE_KINDS.get(phonenumbers.number_type(number), "service"), True)


def _unassigned(digits: str) -> Kind:
    """Eight digits outside the plan: 4 and 9 begin mobile numbers, the rest fixed lines. The plan grows."""
    return "mobile" if digits[0] in "49" else "fixed"


_TYPE_KINDS: dict[int, Kind] = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "mobile",
    PhoneNumberType.VOIP: "fixed",
}


def _norwegian_plan() -> dict[str, Literal["mobile", "fixed", "mixed"]]:
    """The kind of line by the first four digits, "mixed" where these do not decide."""
    patterns: dict[Literal["mobile", "fixed"], list[re.Pattern[str]]] = {"mobile": [], "fixed": []}
    for region in ("NO", "SJ"):  # Svalbard and Jan Mayen share +47
        metadata = PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        patterns["mobile"].extend(_patterns(metadata.mobile))
        patterns["fixed"].extend(_patterns(metadata.fixed_line))
    plan: dict[str, Literal["mobile", "fixed", "mixed"]] = {}
    for lead in (f"{number:04d}" for number in range(2000, 10000)):
        for kind, listed in patterns.items():
            fits = {any(p.fullmatch(f"{lead}{tail}") for p in listed) for tail in ("0000", "5555", "9999")}
            if fits == {True}:
                plan[lead] = kind
            elif len(fits) > 1:
                plan[lead] = "mixed"
    return plan


def _patterns(description: PhoneNumberDesc | None) -> list[re.Pattern[str]]:
    text = description.national_number_pattern if description is not None else None
    return [re.compile(text)] if text else []


_PLAN = _norwegian_plan()
