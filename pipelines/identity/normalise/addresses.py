"""Postal addresses: one key for a place, however its street is written.

Pure functions on single strings.
"""

from __future__ import annotations

import re

from pipelines.identity.normalise.text import clean, folded, squashed

_POSTAL_CODE = re.compile(r"(?:N-?|NO-?)?\s*(\d{4})\b", re.IGNORECASE)
_NOT_STREET = re.compile(r"^(?:c/o|att?n?\.?|v/)\b", re.IGNORECASE)
_ENDINGS = (
    (r"\b(postboks|pb\.?|p\.?b\.?|boks)\s*(?=\d)", "postboks "),
    (r"(?<=\w)(gaten|gata|gate|gt\.?)\b", "gt"),
    (r"\b(gaten|gata|gate|gt\.?)\b", "gt"),
    (r"(?<=\w)(veien|vegen|veg|vei|vn\.?|v\.)(?=\s|$)", "v"),
    (r"\b(veien|vegen|veg|vei)\b", "v"),
    (r"(?<=\w)(plassen|plass|pl\.?)\b", "pl"),
    (r"\b(plassen|plass)\b", "pl"),
)
_PATTERNS = tuple((re.compile(pattern), new) for pattern, new in _ENDINGS)


def postal_code(raw: str | None) -> str | None:
    """A Norwegian postal code as four digits (`N-0150`, `0150 OSLO`); None when there is none."""
    match = _POSTAL_CODE.match(raw.strip()) if raw else None
    return match.group(1) if match else None


def address_key(address: str | None, code: str | None) -> str | None:
    """Street and number with the postal code, comparable; None without a digit in the street line or a code.

    >>> address_key("Storgata 5 B", "0150") == address_key("STORGATEN 5B", "N-0150")
    True
    """
    zipped = postal_code(code)
    if not zipped or not address:
        return None
    lines = [
        line for part in re.split(r"[,\n]", address) if (line := clean(part)) and not _NOT_STREET.match(line)
    ]
    street = next((line for line in lines if any(sign.isdigit() for sign in line)), None)
    if street is None:
        return None
    line = folded(street)
    for pattern, new in _PATTERNS:
        line = pattern.sub(new, line)
    return f"{squashed(line)}|{zipped}"
