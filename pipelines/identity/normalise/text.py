"""Text as it should have arrived, and its folded forms for comparison.

Pure functions on single strings; knows nothing of names, companies or frames.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii

_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_NOT_ALPHANUMERIC = re.compile(r"[^0-9a-z]+")
_DOUBLED = re.compile(r"([a-z])\1+")


def _mojibake_table() -> dict[str, str]:
    """UTF-8 of the letters À..ÿ and of typographic marks, as it looks when read as CP1252 or Latin-1."""
    table: dict[str, str] = {}
    marks = [bytes([code]).decode("cp1252", errors="ignore") for code in range(0x80, 0xA0)]
    for right in [chr(code) for code in range(0xA0, 0x100)] + [mark for mark in marks if mark]:
        for codec in ("latin-1", "cp1252"):
            wrong = right.encode("utf-8").decode(codec, errors="ignore")
            # Å and Æ begin words; what they would lead in is rarer than they are.
            if len(wrong) == len(right.encode("utf-8")) and wrong[0] not in "ÅÆ":
                table[wrong] = right
                # The lead byte is lower-cased together with a whole name now and then.
                if wrong[0] == "Ã" and right.isalpha():
                    table.setdefault("ã" + wrong[1:], right.lower())
    return table


_MOJIBAKE = _mojibake_table()
_MOJIBAKE_PATTERN = re.compile("|".join(re.escape(key) for key in sorted(_MOJIBAKE, key=len, reverse=True)))
_MOJIBAKE_MARKS = frozenset("ÃãÂâ")


def repaired(text: str) -> str:
    """The text with UTF-8 that was read as CP1252 or Latin-1 put right, once or twice over.

    >>> repaired("SÃ¸rensen"), repaired("Ãƒâ€¦se")
    ('Sørensen', 'Åse')
    """
    for _ in range(3):
        if _MOJIBAKE_MARKS.isdisjoint(text):
            break
        fixed = _MOJIBAKE_PATTERN.sub(lambda found: _MOJIBAKE[found.group()], text)
        if fixed == text:
            break
        text = fixed
    return text


def clean(text: str | None) -> str:
    """One line of NFC text without invisible signs or repeated spaces, mojibake put right; "" for None."""
    if not text:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", repaired(text)))
    return _SPACES.sub(" ", text).strip()


def folded(text: str) -> str:
    """Lower-case ASCII in which a Norwegian letter and its transliterations are one.

    ø, ö and oe become o; æ, ä and ae become a; å and aa become a. NFKD and dropping what is not ASCII
    would lose ø and æ altogether, since they have no decomposition.

    >>> folded("Ødegård"), folded("Oedegaard"), folded("ODEGARD")
    ('odegard', 'odegard', 'odegard')
    """
    text = text.casefold()
    if not text.isascii():
        text = text.translate(_NORDIC)
        if not text.isascii():
            text = anyascii(text).lower()
    return text.replace("aa", "a").replace("ae", "a").replace("oe", "o")


_NORDIC = str.maketrans({"æ": "a", "ä": "a", "å": "a", "ø": "o", "ö": "o", "ü": "u", "é": "e", "è": "e",
                         "ð": "d", "þ": "th", "ß": "ss"})  # fmt: skip


def squashed(text: str) -> str:
    """The folded text without anything but letters and digits.

    >>> squashed("Fjord-bakeri & Kaffe"), squashed("FJORD BAKERI KAFFE")
    ('fjordbakerikaffe', 'fjordbakerikaffe')
    """
    key = _NOT_ALPHANUMERIC.sub("", folded(text))
    while (again := folded(key)) != key:  # letters that met: Fana Anlegg, Fanaanlegg
        key = again
    return key


@lru_cache(maxsize=1 << 18)
def skeleton(token: str) -> str:
    """A folded token reduced to what its Norwegian spelling variants share.

    Th/t, ph/f, c or ck/k, w/v, z/s, x/ks, ie/y or i, ei/ey, dt/t, double letters.

    >>> skeleton("christoffer") == skeleton("kristofer"), skeleton("hanssen") == skeleton("hansen")
    (True, True)
    """
    if token.isalpha():
        for old, new in _SPELLINGS:
            if old in token:
                token = token.replace(old, new)
        token = _DOUBLED.sub(r"\1", token)
    return token


_SPELLINGS = (("ch", "k"), ("ck", "k"), ("kh", "k"), ("c", "k"), ("ph", "f"), ("th", "t"), ("dt", "t"),
              ("w", "v"), ("z", "s"), ("x", "ks"), ("q", "k"), ("ei", "i"), ("ey", "i"), ("oy", "oi"),
              ("ie", "i"), ("y", "i"), ("sj", "s"))  # fmt: skip
