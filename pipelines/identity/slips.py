"""Where values one slip apart meet: texts that two such values share, and that few others do.

Pure functions on single values. Must not know records.
"""

from __future__ import annotations

from collections.abc import Iterator

# A slip lies before or within the last so many digits of a half; the other digits of it stay as they are.
_LAST = 2
HALF = 4
"""Digits of the end of a number; a slip lies in them or in what stands before them, never in both."""


def number_meetings(number: str) -> list[str]:
    """For a phone number: shared by two of one length with another digit in one place, or two swapped.

    >>> sorted(set(number_meetings("+4790000001")) & set(number_meetings("+4790000010")))
    ['+479000-00**']
    """
    start, end = number[:-HALF], number[-HALF:]
    return [*(f"{start}-{part}" for part in _parts(end)), *(f"{part}-{end}" for part in _parts(start))]


def domain_meetings(local: str, domain: str) -> Iterator[str]:
    """For the address of a mailbox: shared by two whose domains are one slip apart in the first label, or
    behind it.

    >>> one, other = set(domain_meetings("post", "fjord.no")), set(domain_meetings("post", "fiord.no"))
    >>> sorted(one & other)
    ['post@*rd.no']
    """
    label, _, rest = domain.partition(".")
    yield f"{local}@{label}."
    size = len(label)
    # A letter more or less: the shorter one's half is a half of the longer one too.
    for half in {size // 2, max(size - 1, 0) // 2}:
        yield f"{local}@{label[:half]}*.{rest}"
        yield f"{local}@*{label[size - half :]}.{rest}"


def _parts(digits: str) -> tuple[str, str, str]:
    """What a slip in the last digits leaves, what one before them leaves, and what a swap of both leaves."""
    return f"{digits[:-_LAST]}**", f"*{digits[-_LAST:]}", f"{digits[: -_LAST - 1]}**{digits[1 - _LAST :]}"
