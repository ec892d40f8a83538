"""Types of payload fields: text that is safe to store, times and dates that exist, or None.

APIs say "no value" as an absent field, null, an empty string or 0; all of them become None here.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator
from stdnum.no import fodselsnummer

MAX_TEXT = 1_000
"""Characters; longer text in a contact field is a fault, and the record is set aside."""
MAX_ENTRIES = 200
"""E-mail addresses, phone numbers or tags of one record; more is a fault."""
REDACTED = "[fødselsnummer]"

OSLO = ZoneInfo("Europe/Oslo")
_POSTGRES_YEARS = range(1, 9999)
_BIGINT = 2**63


def clean_text(value: object) -> str | None:
    """Text without control characters and national identity numbers, in NFC, or None when empty.

    Raises ValueError for something that is not text or a number, or is longer than MAX_TEXT.
    The identity numbers go because personopplysningsloven § 12 allows them only where they are needed.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("is not text")
    text = str(value)
    if len(text) > MAX_TEXT:
        raise ValueError("is too long")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = _UNSAFE.sub(" ", text).strip()
    if _ELEVEN_DIGITS.search(text):
        text = _ELEVEN_DIGITS.sub(_redact, text)
    return text or None


# Control characters (NUL cannot be stored), lone surrogates, and marks that reorder what is displayed.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]+")
_ELEVEN_DIGITS = re.compile(r"(?<!\d)\d{6}[ .-]?\d{5}(?!\d)")
# Norwegian test identities carry 80 in the month (Tenor); they are identity numbers too.
_SYNTHETIC_MONTH = re.compile(r"^(\d\d)([89])(\d{8})$")


def _redact(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return REDACTED if _is_identity_number(digits) else match[0]


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
        raise ValueError("is not a list")
    if len(value) > MAX_ENTRIES:
        raise ValueError("has too many entries")
    texts = [clean_text(_entry(item)) for item in value]
    return list(dict.fromkeys(text for text in texts if text))


def _entry(item: object) -> object:
    if isinstance(item, dict):
        return item.get("value", item.get("tag"))
    return item


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _none_if_zero(value: Any) -> Any:
    return None if value in ("", 0, "0") and value is not False else value


def _with_zone(value: datetime) -> datetime:
    """An aware time; one without a zone is Norwegian local time (Tripletex, pindena.md)."""
    if value.year not in _POSTGRES_YEARS:
        raise ValueError("is no possible time")
    return value if value.tzinfo else value.replace(tzinfo=OSLO)


def _fits_bigint(value: int) -> int:
    if not -_BIGINT <= value < _BIGINT:
        raise ValueError("is no 64-bit number")
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value) >= Decimal(10) ** 16:
        raise ValueError("is no amount")
    return value


Text = Annotated[str | None, BeforeValidator(clean_text)]
Texts = Annotated[list[str], BeforeValidator(_texts)]
Id = Annotated[int, AfterValidator(_fits_bigint)]
OptionalId = Annotated[Annotated[int, AfterValidator(_fits_bigint)] | None, BeforeValidator(_none_if_zero)]
Time = Annotated[Annotated[datetime, AfterValidator(_with_zone)] | None, BeforeValidator(_none_if_blank)]
Day = Annotated[date | None, BeforeValidator(_none_if_blank)]
Amount = Annotated[Annotated[Decimal, AfterValidator(_finite)] | None, BeforeValidator(_none_if_blank)]
Flag = Annotated[bool | None, BeforeValidator(_none_if_blank)]
