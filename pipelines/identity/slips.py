"""Where values one slip apart meet: texts that two such values share, and that few others do.

Pure functions on single values. Must not know records.
"""

from __future__ import annotations

HALF = 4
"""Digits of the end of a number; a slip lies in them or in what stands before them, never in both."""
# Letters at either end of a domain's first label by which it is known, and from how many letters on the more.
_FEW, _MORE, _LONG = 2, 3, 6


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


def domain_meetings(local: str, domain: str) -> tuple[str, ...]:
    """For the address of a mailbox: shared by two whose domains are one slip apart, in the first label or
    behind it.

    >>> one, other = set(domain_meetings("post", "fjordbakeri.no")), domain_meetings("post", "fiordbakeri.no")
    >>> sorted(one.intersection(other))
    ['post@*eri.no']
    """
    label, _, rest = domain.partition(".")
    # At the border between short and long both, so that a letter more or less separates nobody.
    sizes = [_FEW] * (len(label) <= _LONG) + [_MORE] * (len(label) >= _LONG)
    ends = (text for size in sizes for text in (f"{label[:size]}*", f"*{label[-size:]}"))
    return f"{local}@{label}.", *(f"{local}@{end}.{rest}" for end in ends)
