"""The keys by which the matching lets records meet: without one in common, no two can affect each other.

The keys of organisations are the matching's own; those of persons are taken wider than it takes them, so that
they follow from a record alone. Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.identity.closure import key_hashes
from pipelines.identity.features import Features, Held, Ints, mail_domain
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.organization_keys import organization_hashes
from pipelines.identity.slips import domain_meetings, local_meetings, number_meetings


def match_keys(data: Features) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (position in the frame of the records, hash of a key it holds), kind by kind."""
    for _, rows, hashes in organization_hashes(data):
        yield data.order[rows], hashes
    for rows, hashes in _of_persons(data):
        yield data.order[rows], hashes


def _of_persons(data: Features) -> Iterator[tuple[Ints, Ints]]:
    """Pairs (canonical row, hash), every distinct value hashed once."""
    held = data.somebodys_emails()
    yield held.row, key_hashes("email", [value.key for value in data.email_values])[held.value]
    somebodys = np.array([value.identifies for value in data.phone_values] or [False], dtype=bool)
    held = data.phones.where(somebodys)
    yield held.row, key_hashes("phone", [value.key for value in data.phone_values])[held.value]
    code, addresses = pd.factorize(data.address)
    rows = (code >= 0).nonzero()[0]
    yield rows, key_hashes("address", list(addresses))[code[rows]]
    for kind, rows, keys in _nearly_alike(data):
        yield rows, key_hashes(kind, keys)


def _nearly_alike(data: Features) -> Iterator[tuple[str, Ints, list[str]]]:
    """Where addresses and mobile numbers of one whole name meet that are a slip apart.

    The keys stand at the first record of each domain, or of each name and value: the domain or the value
    itself ties the other ones to it.
    """
    domain_of = np.array([mail_domain(value) for value in data.email_values] or [None], dtype=object)
    code, domains = pd.factorize(domain_of)
    _, first = np.unique(code[data.emails.value], return_index=True)
    first = first[code[data.emails.value[first]] >= 0]
    texts = [domain_meetings(domains[at]) for at in code[data.emails.value[first]].tolist()]
    sizes = np.array([len(some) for some in texts], dtype=np.int64)
    yield "domain_slip", np.repeat(data.emails.row[first], sizes), [text for some in texts for text in some]
    pairs = NamePairs(data)
    written = (pairs.of_row >= 0) & (pairs.is_full & ~pairs.is_derived)[np.maximum(pairs.of_row, 0)]
    anyones = code < 0
    split = [value.key.rpartition("@") for value in data.email_values]
    places = [
        local_meetings(local, host) if is_anyones else ()
        for (local, _, host), is_anyones in zip(split, anyones.tolist(), strict=False)
    ]
    names, rows, values = _first_of_each(data.emails.of_rows(written).where(anyones), pairs)
    yield from _met("place", names, rows, [places[at] for at in values])
    mobile = np.array(
        [value.kind in ("mobile", "foreign") for value in data.phone_values] or [False], dtype=bool
    )
    numbers = [
        number_meetings(value.key) if is_mobile else ()
        for value, is_mobile in zip(data.phone_values, mobile.tolist(), strict=False)
    ]
    names, rows, values = _first_of_each(data.phones.of_rows(written).where(mobile), pairs)
    yield from _met("number_slip", names, rows, [numbers[at] for at in values])


def _first_of_each(held: Held, pairs: NamePairs) -> tuple[list[str], Ints, list[int]]:
    """Whole name, row and value of the first row of each whole name and value."""
    whole = [pairs.whole(at) for at in range(len(pairs.names))]
    number = pd.factorize(np.array(whole or [""], dtype=object))[0]
    width = int(held.value.max(initial=0)) + 1
    _, first = np.unique(number[pairs.of_row[held.row]] * width + held.value, return_index=True)
    rows = held.row[first]
    return [whole[at] for at in pairs.of_row[rows].tolist()], rows, held.value[first].tolist()


def _met(
    kind: str, names: list[str], rows: Ints, texts: list[tuple[str, ...]]
) -> Iterator[tuple[str, Ints, list[str]]]:
    """Each name with each of its texts; some at a time, as all of them would take more than the records."""
    for start in range(0, len(names), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        sizes = np.array([len(of_name) for of_name in texts[some]], dtype=np.int64)
        told = [
            f"{name} {text}"
            for name, of_name in zip(names[some], texts[some], strict=True)
            for text in of_name
        ]
        yield kind, np.repeat(rows[some], sizes), told


_AT_ONCE = 50_000
