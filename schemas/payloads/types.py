"""Types of payload fields: text that is safe to store, times and dates that exist, or None.

APIs say "no value" as an absent field, null, an empty string or 0; all of them become None here.
"""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator
from stdnum.no import fodselsnummer

from schemas.zone import OSLO

MAX_TEXT = 1_000
"""Characters; longer text in a contact field is a fault, and the record is set aside."""
MAX_ENTRIES = 200
"""E-mail addresses, phone numbers or tags of one record; more is a fault."""
REDACTED = "[fødselsnummer]"

_BIGINT = 2**63
# In whole cents it must still fit into 18 digits.
_LARGEST_AMOUNT = Decimal("9999999999999999.99")
# Outside of them a time is an error, and an offset could carry it beyond what can be computed with.
_YEARS = range(1900, 2200)


class Fault(ValueError):
    """What is wrong with a value, in words that never hold the value: they are stored and shown."""


def clean_text(value: object) -> str | None:
    """Text without control characters and national identity numbers, in NFC, or None when empty.

    Raises Fault for something that is not text or a number, or is longer than MAX_TEXT.
    The identity numbers go because personopplysningsloven § 12 allows them only where they are needed.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise Fault("is not text")
    if not isinstance(value, str) and not _is_finite(value):
        raise Fault("is not a number")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise Fault("is too long")
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    text = _CONTROL.sub(" ", text).strip()
    return _without_identity_numbers(text) or None


# Control characters (NUL cannot be stored), line separators and lone surrogates stand for a space at most.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# Marks without a width: they hide in a name or reorder what is displayed. Joiners of emoji and letters stay.
_INVISIBLE = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
# People split an identity number where its parts meet, with any sign, or write it digit by digit.
_GAP = r"[\W_]{0,3}"
_ELEVEN_DIGITS = re.compile(
    rf"(?<!\d)(?:\d\d{_GAP}\d\d{_GAP}\d\d{_GAP}\d\d\d{_GAP}\d\d|\d(?:[\W_]{{1,3}}\d){{10}})(?!\d)"
)
# Norwegian test identities carry 80 in the month (Tenor); they are identity numbers too.
_SYNTHETIC_MONTH = re.compile(r"^(\d\d)([89])(\d{8})$")


def _without_identity_numbers(text: str) -> str:
    """The text with each identity number redacted, also one that follows upon other digits."""
    start = 0
    while match := _ELEVEN_DIGITS.search(text, start):
        digits = "".join(str(unicodedata.digit(sign)) for sign in match[0] if sign.isdecimal())
        if _is_identity_number(digits):
            text = text[: match.start()] + REDACTED + text[match.end() :]
            start = match.start() + len(REDACTED)
        else:
            start = match.start() + 1
    return text


def _is_identity_number(digits: str) -> bool:
    synthetic = _SYNTHETIC_MONTH.match(digits)
    if synthetic:
        first, second = fodselsnummer.calc_check_digit1(digits), fodselsnummer.calc_check_digit2(digits)
        return digits[9:] == f"{first}{second}"
    return bool(fodselsnummer.is_valid(digits))


def _texts(value: object) -> list[str]:
    """A list of texts out of a list of texts or of entries `{"value": …}` / `{"tag": …}`; doubles go."""
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise Fault("is not a list")
    if len(value) > MAX_ENTRIES:
        raise Fault("has too many entries")
    texts = [clean_text(_entry(item)) for item in value]
    return list(dict.fromkeys(text for text in texts if text))


def _entry(item: object) -> object:
    if isinstance(item, dict):
        return item.get("value", item.get("tag"))
    return item


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _none_if_zero(value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip()
    return None if value in ("", 0, "0") and value is not False else value


def _whole(value: object) -> int:
    """A whole number of 64 bits, given as such, as a decimal without a fraction, or in digits."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Fault("is not a number")
    if not _is_finite(value):
        raise Fault("is not a number")
    if not -_BIGINT <= value < _BIGINT:
        raise Fault("is no 64-bit number")
    if value != int(value):
        raise Fault("is not a whole number")
    return int(value)


def _is_finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or math.isfinite(value)


_DIGITS = re.compile(r"\s*-?[0-9]{1,20}\s*")


def _dated(value: object) -> object:
    """A time or a date in writing. A bare number would be taken for seconds since 1970."""
    if isinstance(value, str):
        value = value.strip()
        if value and not _ISO_DATE.match(value):
            raise Fault("is not a time")
        return value or None
    if value is not None and not isinstance(value, date):
        raise Fault("is not a time")
    return value


_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _with_zone(value: datetime) -> datetime:
    """An aware time; one without a zone is Norwegian local time (Tripletex, pindena.md)."""
    if value.year not in _YEARS:
        raise Fault("is no possible time")
    return value if value.tzinfo else value.replace(tzinfo=OSLO)


def _amount(value: object) -> object:
    if isinstance(value, bool):
        raise Fault("is no amount")
    return _none_if_blank(value)


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) > _LARGEST_AMOUNT:
        raise Fault("is no amount")
    return value


Text = Annotated[str | None, BeforeValidator(clean_text)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Id = Annotated[int, BeforeValidator(_whole)]
OptionalId = Annotated[Annotated[int, BeforeValidator(_whole)] | None, BeforeValidator(_none_if_zero)]
Time = Annotated[Annotated[datetime, AfterValidator(_with_zone)] | None, BeforeValidator(_dated)]
Day = Annotated[date | None, BeforeValidator(_dated)]
Amount = Annotated[Annotated[Decimal, AfterValidator(_finite)] | None, BeforeValidator(_amount)]
Flag = Annotated[bool | None, BeforeValidator(_none_if_blank)]
