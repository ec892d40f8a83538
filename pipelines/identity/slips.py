"""Where values one slip apart meet: texts that two such values share, and that few others do.

Pure functions on single values. Must not know records.
"""

from __future__ import annotations

HALF = 4
"""Digits of the end of a number; a slip lies in them or in what stands before them, never in both."""

SHORTEST = 4
"""Letters of the shortest label in which a slip is seen: with fewer another letter is another name."""


def number_meetings(number: str) -> tuple[str, ...]:
    """For a phone number: shared by two of one length with another digit in one place, or two swapped.

    >>> sorted(set(number_meetings("+4790000001")) & set(number_meetings("+4790000010")))
    ['+479000-00*']
    """
    start, end = number[:-HALF], number[-HALF:]
    return (
        # What a slip in the last two digits of a half leaves, and one in those before the last.
        f"{start}-{end[:-2]}*",
        f"{start}-*{end[-1:]}",
        f"{start[:-2]}*-{end}",
        f"*{start[-1:]}-{end}",
    )


def domain_meetings(domain: str) -> tuple[str, ...]:
    """For a domain: shared by two that are one slip apart, in the first label or behind it.

    A slip is never one of a digit, and in a short label another letter is another company (`nrs`, `nrk`).

    >>> sorted(set(domain_meetings("fjordbakeri.no")) & set(domain_meetings("fiordbakeri.no")))
    ['fordbakeri.no ']
    """
    label, _, rest = domain.partition(".")
    parts = deletions(label) if len(label) >= SHORTEST else []
    return f"{label}.", *(f"{part}.{rest} {digits(label)}" for part in parts)


def local_meetings(local: str, domain: str) -> tuple[str, ...]:
    """For the address of a mailbox: shared by two of one domain whose local parts are one slip apart."""
    return tuple(f"{part}@{domain} {digits(local)}" for part in deletions(local))


def deletions(text: str) -> list[str]:
    """The text and the text without one letter: two texts one slip apart share at least one of these.

    A slip is a letter more or less, another letter, or two that are swapped.
    """
    return sorted({text, *(text[:at] + text[at + 1 :] for at in range(len(text)))})


def digits(text: str) -> str:
    """The digits of a text, in order."""
    return "".join(sign for sign in text if sign.isdigit())
