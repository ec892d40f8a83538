"""Keys of organisations: records without one in common have no say in each other's organisation.

A set of records that is closed under them has the same organisations as in a full run. Must not decide
anything.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.identity.closure import key_hashes
from pipelines.identity.company_index import slip_keys, without_last_words
from pipelines.identity.features import (
    CONTACT,
    CUSTOMER,
    HELPSCOUT,
    Bools,
    Features,
    Ints,
    Objects,
)
from pipelines.identity.normalise.domains import label_of
from pipelines.identity.normalise.organizations import core_of
from pipelines.identity.organization_names import names_that_decide
from pipelines.identity.slips import digits

_Part = tuple[str, list[str], Ints, Ints]
"""Kind of key, texts, and pairs of a row and the text it holds, by number; an empty text is no key."""


def organization_hashes(data: Features) -> Iterator[tuple[str, Ints, Ints]]:
    """Kind by kind (kind, canonical rows, keys), some pairs more than once.

    The keys of names one slip apart stand at the first record of each distinct name only; the name itself
    ties the other records to it.
    """
    for kind, texts, rows, at in _organization_keys(data):
        says = np.fromiter(map(bool, texts), dtype=bool, count=len(texts))[at]
        yield kind, rows[says], key_hashes(kind, texts)[at[says]]


def _organization_keys(data: Features) -> Iterator[_Part]:
    for numbers in (data.number, data.parent_number):
        yield _valued("number", numbers)
    yield from _company_names(data)
    domains, held = data.domains()
    yield "domain", domains, held.row, held.value
    yield "company", [label_of(domain) for domain in domains], held.row, held.value
    yield _valued("customer", data.source_id, data.source == CUSTOMER)
    yield _valued("customer", data.company_ref, data.source == CONTACT)
    yield _valued("helpscout_organization", data.company_ref, data.source == HELPSCOUT)
    chosen = data.somebodys_emails().of_rows(data.is_company | (data.company < 0))
    yield "mailbox", [value.key for value in data.email_values], chosen.row, chosen.value


def _company_names(data: Features) -> Iterator[_Part]:
    """Names, names with their department, names without a town at the end, and names one slip away."""
    bears = np.flatnonzero(data.company >= 0)
    row = np.concatenate([bears, data.former.row])
    code = np.concatenate([data.company[bears], data.former.value])
    cores = [name.core for name in data.companies]
    yield "company", cores, row, code
    if not cores:
        return
    number = _factorized(np.array(cores, dtype=object))[0]
    first = np.unique(number[code], return_index=True)[1]
    slips = [
        [f"{text} {digits(core)}" for text in slip_keys(core)]
        for core in (cores[at] for at in code[first].tolist())
    ]
    yield _listed("company_slip", slips, row[first], np.arange(len(first)))
    within = [[part.core for part in names_that_decide(text)] for text in data.company_texts]
    for name, also in zip(data.companies, within, strict=True):
        if name.department:
            also.append(core_of((*name.words, name.department)))
    yield _listed("company", within, row, code)
    towns = [[" ".join(parts) for parts in without_last_words(name)] for name in data.companies]
    yield _listed("company_town", towns, row, code)
    city, cities = _factorized(data.city)
    here = city[row] >= 0
    pair, at = np.unique(code[here] * max(len(cities), 1) + city[row[here]], return_inverse=True)
    named = zip(*(part.tolist() for part in np.divmod(pair, max(len(cities), 1))), strict=True)
    yield "company_town", [f"{cores[one]} {cities[town]}" for one, town in named], row[here], at


def _valued(kind: str, values: Objects, rows: Bools | None = None) -> _Part:
    """The values of some rows (default: of all), where they have one."""
    code, texts = _factorized(values)
    chosen = np.flatnonzero(code >= 0 if rows is None else rows & (code >= 0))
    return kind, texts, chosen, code[chosen]


def _listed(kind: str, lists: list[list[str]], rows: Ints, which: Ints) -> _Part:
    """Each row with all texts of its list, `which` of the lists."""
    sizes = np.array([len(some) for some in lists] or [0], dtype=np.int64)
    counts = sizes[which]
    owner = np.repeat(np.arange(len(which)), counts)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.cumsum(sizes) - sizes
    return kind, [text for some in lists for text in some], rows[owner], starts[which[owner]] + within


def _factorized(values: Objects) -> tuple[Ints, list[str]]:
    """A number for each value, -1 where there is none, and the distinct values as texts."""
    code, distinct = pd.factorize(values)
    return code.astype(np.int64), list(map(str, distinct))
