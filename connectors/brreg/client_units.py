"""What an answer of the register says of one unit, reduced to what may be kept of it.

Knows the register's objects, no HTTP. Of a removed unit nothing but its number is kept; of a sole
proprietor nothing that is only the person's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stdnum.no import orgnr

REMOVED = "removed"
UNKNOWN = "unknown"

SOLE_PROPRIETOR = "ENK"
# Where a unit does business, where a sub-unit lies, where post goes.
_ADDRESSES = ("forretningsadresse", "beliggenhetsadresse", "postadresse")
# A sole proprietor's address is usually the home, and earlier names of the firm hold earlier surnames.
_PERSONAL_OF_A_SOLE_PROPRIETOR = (*_ADDRESSES, "historiskeNavn")

_NUMBER = re.compile(r"[0-9]{9}")


def is_number(text: str) -> bool:
    """Whether a text has the form of an organisation number: nine digits, and nothing around them."""
    return bool(_NUMBER.fullmatch(text))


def can_exist(number: str) -> bool:
    """Whether a number of that form can have been issued: its check digit fits, and it is no filler."""
    return bool(orgnr.is_valid(number)) and len(set(number)) > 1


def unit_record(record: Mapping[str, Any], *, subunit: bool) -> dict[str, Any]:
    """An object of the register with the `status` and kind that it implies, ready for BrregUnit."""
    kept = dict(record)
    # One address only: a foreign one lacks parts, which must not be made up from another.
    for name in [name for name in _ADDRESSES if record.get(name)][1:]:
        kept.pop(name)
    if form_of(record) == SOLE_PROPRIETOR:
        for name in _PERSONAL_OF_A_SOLE_PROPRIETOR:
            kept.pop(name, None)
    return {**kept, "status": _status(record), "is_subunit": subunit}


def bare_record(number: str, status: str) -> dict[str, Any]:
    """A number of which the register gives (`unknown`) or allows (`removed`) nothing else to be kept."""
    return {"organisasjonsnummer": number, "status": status}


def form_of(record: Mapping[str, Any]) -> str | None:
    """The code of the organisation form: AS, ENK, BEDR …"""
    form = record.get("organisasjonsform")
    code = form.get("kode") if isinstance(form, Mapping) else None
    return code if isinstance(code, str) else None


def _status(record: Mapping[str, Any]) -> str:
    # A deletion shows by its date or by the class of the answer, and is undone by the lack of both.
    if record.get("slettedato") or str(record.get("respons_klasse", "")).startswith("Slettet"):
        return "deleted"
    if record.get("konkurs") is True or record.get("underKonkursbehandling") is True:
        return "bankrupt"
    if (
        record.get("underAvvikling") is True
        or record.get("underTvangsavviklingEllerTvangsopplosning") is True
    ):
        return "liquidation"
    return "active"
