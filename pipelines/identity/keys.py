"""The keys by which the matching lets records meet: without one in common, no two can affect each other.

Follows what guards, organizations and evidence look at. Must not decide anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from pipelines.identity.clustering import digits
from pipelines.identity.company_index import deletion_keys
from pipelines.identity.features import (
    CONTACT,
    CUSTOMER,
    HELPSCOUT,
    Features,
    Ints,
    Objects,
    features,
    mail_domain,
)
from pipelines.identity.name_pairs import NamePairs
from pipelines.identity.normalise.organizations import CompanyName
from pipelines.identity.normalise.text import squashed

Key = tuple[str, Ints, Sequence[str]]

# Words that may follow a name and be left out of it (company_index.without_words).
_WORDS_LEFT_OUT = 2


def match_keys(records: pd.DataFrame) -> Iterator[Key]:
    """(kind, positions in the frame, keys) for each kind of key; a record may hold several of a kind."""
    data = features(records)
    for kind, rows, keys in _keys(data):
        yield kind, data.order[rows], keys


def _keys(data: Features) -> Iterator[Key]:
    emails, numbers = data.email_values, data.phone_values
    yield "email", data.emails.row, [emails[at].key for at in data.emails.value.tolist()]
    yield "phone", data.phones.row, [numbers[at].key for at in data.phones.value.tolist()]
    yield from _domains(data)
    yield from _held("number", data.number)
    yield from _held("number", data.parent_number)
    yield from _companies(data)
    for kind, source, refs in (
        ("customer", CUSTOMER, data.source_id),
        ("customer", CONTACT, data.company_ref),
        ("group", HELPSCOUT, data.company_ref),
    ):
        values = refs.copy()
        values[data.source != source] = None
        yield from _held(kind, values)
    yield from _held("address", data.address)
    yield from _nearly_alike(data)


def _held(kind: str, values: Objects) -> Iterator[Key]:
    rows = np.flatnonzero(pd.notna(values))
    yield kind, rows, [str(value) for value in values[rows]]


def _domains(data: Features) -> Iterator[Key]:
    """Mail and web domains, and the company name that each one spells."""
    of_value = [mail_domain(value) for value in data.email_values]
    rows, domains = data.emails.row.tolist(), [of_value[at] for at in data.emails.value.tolist()]
    sites = np.flatnonzero(pd.notna(data.website)).tolist()
    pairs = [(row, domain) for row, domain in zip(rows, domains, strict=True) if domain]
    pairs += [(row, str(data.website[row])) for row in sites]
    at = np.array([row for row, _ in pairs], dtype=np.int64)
    yield "domain", at, [domain for _, domain in pairs]
    yield "company", at, [squashed(domain.split(".", 1)[0]) for _, domain in pairs]


def _companies(data: Features) -> Iterator[Key]:
    """The names by which a company text may be looked up or found, spelling slips included."""
    by_text = [_spellings(name) for name in data.companies]
    named = np.flatnonzero(data.company >= 0)
    rows = np.concatenate([named, data.former.row])
    texts = np.concatenate([data.company[named], data.former.value])
    sizes = np.array([len(by_text[at]) for at in texts.tolist()], dtype=np.int64)
    yield "company", np.repeat(rows, sizes), [key for at in texts.tolist() for key in by_text[at]]


def _spellings(name: CompanyName) -> list[str]:
    if not name.core:
        return []
    cores = {name.core, *("".join(name.words[:-cut]) for cut in range(1, _WORDS_LEFT_OUT + 1))}
    if name.department:
        cores |= {name.core + name.department, "".join(name.words) + name.department}
    slips = {f"~{key}" for key in deletion_keys(name.core)}
    return sorted((cores | slips) - {""})


def _nearly_alike(data: Features) -> Iterator[Key]:
    """Where addresses and numbers of one whole name meet that are a slip apart."""
    pairs = NamePairs(data)
    whole = [pairs.whole(at) for at in range(len(pairs.names))]
    name = pairs.of_row
    held = data.emails.of_rows(name >= 0)
    places, locals_ = [], []
    for value in data.email_values:
        local, _, domain = value.key.rpartition("@")
        places.append(f"{domain} {digits(local)}")
        locals_.append(local)
    for kind, parts in (("place", places), ("local", locals_)):
        yield (
            kind,
            held.row,
            [
                f"{whole[name[row]]} {parts[at]}"
                for row, at in zip(held.row.tolist(), held.value.tolist(), strict=True)
            ],
        )
    lines = data.phones.of_rows(name >= 0)
    for kind, half in (("start", slice(None, -4)), ("end", slice(-4, None))):
        yield (
            kind,
            lines.row,
            [
                f"{whole[name[row]]} {data.phone_values[at].key[half]}"
                for row, at in zip(lines.row.tolist(), lines.value.tolist(), strict=True)
            ],
        )
