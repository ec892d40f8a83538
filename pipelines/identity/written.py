"""Values as they go on a card: what people wrote, put into its usual shape, never into comparison form.

Pure functions on single values.
"""

from __future__ import annotations

from typing import NamedTuple

from pipelines.identity.normalise.names import person_name
from pipelines.identity.normalise.text import clean, folded


class WrittenName(NamedTuple):
    """A person's name for a card, and the kind of claim it makes (survivorship, `person.name`)."""

    first: str | None
    last: str | None
    full: str | None
    kind: str | None


NO_NAME = WrittenName(None, None, None, None)


def written_name(first: str | None, last: str | None, full: str | None = None) -> WrittenName:
    """A person's name as written: swapped and inverted names put right, an address or a role is no name.

    `full` counts only where both parts are empty; its last word is taken for the surname.
    """
    given, family = _field(first), _field(last)
    if given and family:
        if not (_is_plain(given) and _is_plain(family)):
            return _doubtful(first, last, f"{given} {family}", given, family)
        return _named(given, family)
    text = given or family or _field(full)
    if not text:
        return NO_NAME
    if text.count(",") == 1:
        family, _, given = (part.strip() for part in text.partition(","))
        return _doubtful(None, None, f"{given} {family}".strip(), given, family, source=text)
    head, _, tail = text.rpartition(" ")
    if not _is_plain(text):
        return _doubtful(None, None, text, head or tail, tail if head else "", source=text)
    if not head:
        if person_name(text, None).kind == "none":
            return NO_NAME
        is_family = bool(family) and not given
        return WrittenName(None if is_family else text, text if is_family else None, text, "partial_name")
    return _named(head, tail)


def written_text(value: str | None) -> str | None:
    """One line of text, mojibake put right; None when nothing is left."""
    return clean(value) or None


def written_country(value: str | None) -> str | None:
    """A country as two capital letters (ISO 3166), else None."""
    text = clean(value).upper()
    return text if len(text) == 2 and text.isascii() and text.isalpha() else None


def _field(text: str | None) -> str:
    text = clean(text)
    return "" if "@" in text else text.strip(" -–.,;:*?\"'")


def _is_plain(text: str) -> bool:
    return text.replace(" ", "").replace("-", "").replace(".", "").replace("'", "").isalpha()


def _named(given: str, family: str) -> WrittenName:
    name = person_name(given, family)
    if name.kind == "none":
        return NO_NAME
    if name.first == folded(family) and name.first != folded(given):
        given, family = family, given
    full = f"{given} {family}"
    if name.kind != "full":
        return WrittenName(given, family, full, "partial_name")
    capitals = full.isupper() or full.islower()
    return WrittenName(given, family, full, "whole_name_in_capitals" if capitals else "whole_name")


def _doubtful(
    first: str | None, last: str | None, full: str, given: str, family: str, source: str | None = None
) -> WrittenName:
    """A name with digits, brackets, a comma or an organisation in it: claims little unless it comes apart."""
    name = person_name(first, last, source)
    if name.kind == "none":
        return NO_NAME
    if name.company is None and _is_plain(given) and _is_plain(family) and given and family:
        return _named(given, family)
    return WrittenName(given or None, family or None, full, "partial_name")
